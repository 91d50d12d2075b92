/** Whose A and AAAA agree, and whose have nothing to do with each other: see src/steering/pairs.ts. */
import { afterEach, expect, test } from "vitest";
import { parseAddress, parsePrefix } from "../../src/lib/address.ts";
import { respond } from "../../src/server/respond.ts";
import type { View } from "../../src/server/view.ts";
import { secretOf, setSecret } from "../../src/steering/pairs.ts";
import { encodeClientSubnet, OptionCode } from "../../src/wire/edns.ts";
import { encodeMessage } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { formatRdata } from "../../src/wire/rdata/index.ts";
import { parseType } from "../../src/wire/rr-type.ts";
import { configurationOf, decodeReply, poolOf, viewOf, zoneOf } from "../support/answers.ts";
import { startPlane, stopPlanes } from "./planes.ts";

const ZONE = "$ORIGIN pairs.test.\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns.example.\n";
const MEMBERS = [1, 2, 3, 4].map((i) => `m${i} 192.0.2.${i} 2001:db8::${i}`);
const ROUNDS = 400;

afterEach(stopPlanes);

function viewWith(policy: string): View {
  const pool = poolOf("p", MEMBERS, { policy: [{ type: policy, options: {} }] });
  const view = viewOf([zoneOf(ZONE, { www: "p" })], [pool]);
  setSecret(view.snapshot.live.pairs, 4711);
  return view;
}

/** Who asks: `8.8.8.53`, or `8.8.8.53 for 60.1.1.0/24` with ECS. The last character of the address that came. */
function ask(view: View, type: "A" | "AAAA", asker: string): string {
  const [resolver, network] = asker.split(" for ") as [string, string?];
  const prefix = network === undefined ? undefined : parsePrefix(network)!;
  const data = prefix && {
    code: OptionCode.ECS,
    data: encodeClientSubnet({
      address: prefix.address,
      sourcePrefixLength: prefix.length,
      scopePrefixLength: 0,
    }),
  };
  const octets = encodeMessage({
    id: 1,
    question: [{ name: parseName("www.pairs.test."), type: parseType(type)! }],
    edns: { udpSize: 1232, options: data === undefined ? [] : [data] },
  });
  const known = parseAddress(resolver)!;
  const address = new Uint8Array(16);
  address.set(known);
  const client = { family: known.length === 4 ? 4 : 6, address, port: 53, transport: "udp" } as const;
  const out = new Uint8Array(4096);
  const { answer } = decodeReply(out.slice(0, respond(view, { octets, length: octets.length }, client, out)));
  return formatRdata(answer[0]!.type, answer[0]!.rdata).at(-1)!;
}

test.each([
  ["a resolver", "8.8.8.53", "8.8.8.53"],
  ["a client of a resolver", "8.8.8.53 for 60.1.1.0/24", "8.8.8.53 for 60.1.1.0/24"],
  ["a client of a resolver of many addresses", "8.8.8.53 for 60.1.1.0/24", "8.8.8.77 for 60.1.1.0/24"],
  ["the same over IPv6", "2a00:1450:1::1 for 60.1.1.0/24", "2a00:1450:1:2::7 for 60.1.1.0/24"],
])("A and AAAA agree of %s", (_, one, other) => {
  for (const policy of ["weighted", "round-robin"]) {
    const view = viewWith(policy);
    for (let round = 0; round < 50; round++) expect(ask(view, "AAAA", other)).toBe(ask(view, "A", one));
  }
});

test.each([
  ["names their network in ECS", "198.51.101.7 for 60.1.1.0/24", "8.8.8.53 for 60.1.1.0/24"],
  ["does so over IPv6", "2a00:1450:2::1 for 60.1.1.0/24", "2a00:1450:1::1 for 60.1.1.0/24"],
  ["names a resolver's address in ECS", "198.51.101.7 for 8.8.8.53/32", "8.8.8.53"],
])("nobody chooses for others who asks until it likes the answer, and %s", (_, attacker, victim) => {
  const view = viewWith("weighted");
  let hits = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // What it leaves behind is a number that gives member 1.
    while (ask(view, "AAAA", attacker) !== "1");
    if (ask(view, "A", victim) === "1") hits++;
  }
  // A quarter; six standard deviations are one run in 500 million, and the seed is fixed. Were they paired, it were all.
  expect(Math.abs(hits - ROUNDS / 4)).toBeLessThan(6 * Math.sqrt((ROUNDS * 3) / 16));
});

test("which clients have one key depends on the secret", () => {
  const view = viewWith("weighted");
  const pairs = Array.from({ length: 50 }, (_, secret) => {
    const first = ask(view, "A", "8.8.8.53");
    setSecret(view.snapshot.live.pairs, secret);
    return ask(view, "AAAA", "8.8.8.53") === first;
  });
  expect(pairs).toContain(false);
});

test("pairs of a server have a secret", async () => {
  const planes = await Promise.all([0, 1].map(() => startPlane(configurationOf([]), { udp: "dgram" })));
  const secrets = planes.map(({ plane }) => secretOf(plane.snapshot.live.pairs));
  expect(secrets[0]).not.toBe(secrets[1]);
});
