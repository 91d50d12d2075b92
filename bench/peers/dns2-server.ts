/**
 * A small authoritative server on dns2: a Map of names, a wildcard, NXDOMAIN with the SOA. It
 * does as little as a right answer needs, so what is measured is dns2 and not this file.
 * Usage: node dns2-server.ts PORT.
 *
 * @module
 */
import DNS from "dns2";
import { LARGE_ZONE_NAMES, largeZoneLabel } from "../workloads.ts";
import {
  LARGE_ZONE,
  largeZoneAddress,
  SMALL_ZONE,
  STATIC_ADDRESS,
  WEIGHTED_MEMBERS,
  WILDCARD_ADDRESS,
} from "./zones.ts";

const { Packet } = DNS;
const addresses = new Map<string, string>([
  [`www.${SMALL_ZONE}`, STATIC_ADDRESS],
  [`weighted.${SMALL_ZONE}`, WEIGHTED_MEMBERS[2].address],
]);
for (let n = 0; n < LARGE_ZONE_NAMES; n++) {
  addresses.set(`${largeZoneLabel(n)}.${LARGE_ZONE}`, largeZoneAddress(n));
}

const SOA = {
  name: SMALL_ZONE,
  type: Packet.TYPE.SOA,
  class: Packet.CLASS.IN,
  ttl: 300,
  primary: `ns1.${SMALL_ZONE}`,
  admin: `hostmaster.${SMALL_ZONE}`,
  serial: 1,
  refresh: 7200,
  retry: 900,
  expiration: 1_209_600,
  minimum: 300,
};

const server = DNS.createServer({
  udp: true,
  handle(request, send) {
    const reply = Packet.createResponseFromRequest(request);
    const question = request.questions[0]!;
    const key = question.name.toLowerCase();
    const address =
      addresses.get(key) ?? (key.endsWith(`.wild.${SMALL_ZONE}`) ? WILDCARD_ADDRESS : undefined);
    reply.header.aa = 1;
    if (address !== undefined) {
      reply.answers.push(Packet.createResourceFromQuestion(question, { ttl: 300, address }));
    } else {
      reply.header.rcode = 3;
      reply.authorities.push(new Packet.Resource(SOA));
    }
    void send(reply);
  },
});
await server.listen({ udp: { port: Number(process.argv[2]), address: "127.0.0.1" } });
