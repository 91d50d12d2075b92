/**
 * Two Windroses and a recursive resolver between them, in a process of their own:
 *
 *   stdin: name, type ─► unbound ─ stub-zone, any port ─► parent: gslb.test
 *                           └───── referral, port 53 ───► child: child.gslb.test
 *
 * Resolvers follow a referral to port 53 and no other, so the child has to stand there, on a
 * loopback address that nobody else uses. That is why this is a process of its own: where
 * the port is not to be had, the test starts it in a network namespace, where it is.
 *
 * Speaks lines: JSON `{ "name": …, "type": …, "network": … }` in (the network goes into ECS), the reply in hex out; "ready" comes first. Ends
 * with its input, and takes all that it started with it.
 *
 * Usage: node resolver-session.ts UNBOUND DIRECTORY
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parsePrefix } from "../../src/lib/address.ts";
import { type EdnsOption, encodeClientSubnet, OptionCode } from "../../src/wire/edns.ts";
import { encodeMessage } from "../../src/wire/message.ts";
import { CHILD_DOCUMENTS, CHILD_ENDPOINT, PARENT_DOCUMENTS } from "./resolver-zones.ts";
import { ask, Child, type Endpoint, freePort, startWindrose, waitUntilAnswering } from "./support.ts";

const LOOPBACK = "127.0.0.1";

async function main(unbound: string, directory: string): Promise<void> {
  const children: Child[] = [];
  try {
    for (const folder of ["parent", "child", "unbound"]) mkdirSync(join(directory, folder));
    const parent: Endpoint = { address: LOOPBACK, port: await freePort(LOOPBACK) };
    children.push(
      await startWindrose({
        endpoint: parent,
        directory: join(directory, "parent"),
        documents: PARENT_DOCUMENTS,
        apex: "gslb.test.",
      }),
    );
    children.push(
      await startWindrose({
        endpoint: CHILD_ENDPOINT,
        directory: join(directory, "child"),
        documents: CHILD_DOCUMENTS,
        apex: "child.gslb.test.",
      }),
    );
    const resolver: Endpoint = { address: LOOPBACK, port: await freePort(LOOPBACK) };
    const configuration = join(directory, "unbound", "unbound.conf");
    writeFileSync(configuration, unboundConfiguration(join(directory, "unbound"), resolver, parent));
    const child = new Child(unbound, ["-d", "-p", "-c", configuration], { cwd: directory });
    children.push(child);
    await waitUntilAnswering(child, resolver, "gslb.test.");

    process.stdout.write("ready\n");
    for await (const line of createInterface(process.stdin)) {
      const { name, type, network } = JSON.parse(line) as { name: string; type: string; network?: string };
      const options = network === undefined ? [] : [clientSubnet(network)];
      const reply = encodeMessage(await ask(resolver, name, type, undefined, options));
      process.stdout.write(`${Buffer.from(reply).toString("hex")}\n`);
    }
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

/** All of the network is told, however long its prefix is. */
function clientSubnet(network: string): EdnsOption {
  const { address, length } = parsePrefix(network)!;
  const data = encodeClientSubnet({ address, sourcePrefixLength: length, scopePrefixLength: 0 });
  return { code: OptionCode.ECS, data };
}

/**
 * A resolver as it is run today (0x20, minimised qnames), without the root and without DNSSEC. To our servers it sends
 * ECS: that of a query which has it, else the client's own network.
 */
function unboundConfiguration(directory: string, resolver: Endpoint, parent: Endpoint): string {
  return `server:
  interface: ${resolver.address}@${resolver.port}
  access-control: 127.0.0.0/8 allow
  directory: "${directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  module-config: "subnetcache iterator"
  send-client-subnet: ${parent.address}
  send-client-subnet: ${CHILD_ENDPOINT.address}
  do-ip6: no
  do-not-query-localhost: no
  local-zone: "test." nodefault
  use-caps-for-id: yes
  qname-minimisation: yes
  target-fetch-policy: "0 0 0 0 0"
  max-udp-size: 8192
remote-control:
  control-enable: no
stub-zone:
  name: "gslb.test."
  stub-addr: ${parent.address}@${parent.port}
`;
}

await main(process.argv[2]!, process.argv[3]!);
