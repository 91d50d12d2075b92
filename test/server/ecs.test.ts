/**
 * Client subnet (RFC 7871) as queries meet it: through respond(), and over UDP and TCP sockets.
 */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { ServedPlace } from "../../src/geo/served-place.ts";
import { formatAddress, parseAddress, parsePrefix } from "../../src/lib/address.ts";
import { respond } from "../../src/server/respond.ts";
import type { PoolSpec } from "../../src/steering/spec.ts";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { decodeClientSubnet, encodeClientSubnet, OptionCode } from "../../src/wire/edns.ts";
import { encodeMessage, type Message } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { formatRdata } from "../../src/wire/rdata/index.ts";
import { parseType } from "../../src/wire/rr-type.ts";
import { configurationOf, decodeReply, poolOf, viewOf, zoneOf } from "../support/answers.ts";
import { framed, TcpClient } from "./harness.ts";
import { startPlane, stopPlanes } from "./planes.ts";
import { UdpClient } from "./udp-client.ts";

const ZONE = `
$ORIGIN ecs.test.
$TTL 300
@       SOA   ns1 hostmaster 1 7200 900 1209600 60
@       NS    ns1
ns1     A     192.0.2.53
static  A     192.0.2.10
alias   CNAME place
twice   CNAME cname
child   NS    ns.child
ns.child A    192.0.2.54
old     DNAME static
`;

const LONG = "x".repeat(60);

/** Members as in poolOf(), each with the network behind `for` that it serves. */
function geoPool(id: string, members: readonly string[], more: Partial<PoolSpec> = {}): PoolSpec {
  const pairs = members.map((member) => member.split(" for ") as [string, string]);
  const pool = poolOf(
    id,
    pairs.map(([member]) => member),
    { policy: [{ type: "geo", options: {} }], ...more },
  );
  return {
    ...pool,
    members: pool.members.map((member, i) => ({ ...member, serves: [placeOf(pairs[i]![1])] })),
  };
}

function placeOf(text: string): ServedPlace {
  return text === "*" ? { kind: "all" } : { kind: "network", ...parsePrefix(text)! };
}

const many = Array.from({ length: 8 }, (_, i) => `m${i} 192.0.2.${i + 100} 2001:db8::${i + 100}`);

const POOLS = [
  geoPool("place", [
    "wide 192.0.2.1 2001:db8::1 for 8.8.0.0/16",
    "narrow 192.0.2.2 2001:db8::2 for 8.8.8.0/22",
    "six 192.0.2.6 2001:db8::6 for 2a00:1450::/32",
    "rest 192.0.2.3 for *",
  ]),
  geoPool("cname", [
    "target place.ecs.test. for 8.0.0.0/8",
    "target nowhere.ecs.test. for 9.0.0.0/8",
    "target static.ecs.test. for *",
  ]),
  geoPool("first", ["target second.ecs.test. for 8.8.8.0/24", "target static.ecs.test. for *"]),
  geoPool("second", ["eight 192.0.2.8 for 8.0.0.0/8", "rest 192.0.2.9 for *"]),
  geoPool("big", ["pool many for 8.8.0.0/16", "pool many2 for *"]),
  poolOf("many", many, { answers: 8 }),
  poolOf("many2", many, { answers: 8 }),
  poolOf("sticky", many, { policy: [{ type: "hash", options: {} }] }),
  poolOf("shares", many, { policy: [{ type: "weighted", options: {} }] }),
  poolOf("turns", many, { policy: [{ type: "round-robin", options: {} }] }),
];
const STEERED = {
  place: "place",
  cname: "cname",
  first: "first",
  second: "second",
  sticky: "sticky",
  shares: "shares",
  turns: "turns",
  [`*.${LONG}.${LONG}.${LONG}`]: "big",
};
const view = viewOf([zoneOf(ZONE, STEERED)], POOLS);

interface Asking {
  /** Data of the option; null = none. */
  readonly ecs?: Uint8Array | null;
  readonly resolver?: string;
  readonly transport?: "udp" | "tcp";
  readonly udpSize?: number;
}

function queryOf(question: string, { ecs = null, udpSize = 1232 }: Asking): Uint8Array {
  const [name, type] = question.split(" ") as [string, string];
  const options = ecs === null ? [] : [{ code: OptionCode.ECS, data: ecs }];
  return encodeMessage({
    id: 4711,
    question: [{ name: parseName(`${name}.ecs.test.`), type: parseType(type)! }],
    edns: { udpSize, options },
  });
}

function ask(question: string, asking: Asking = {}): Message {
  const octets = queryOf(question, asking);
  const resolver = parseAddress(asking.resolver ?? "198.51.100.53")!;
  const address = new Uint8Array(16);
  address.set(resolver);
  const transport = asking.transport ?? "udp";
  const client = { family: resolver.length === 4 ? 4 : 6, address, port: 53, transport } as const;
  const out = new Uint8Array(transport === "udp" ? 4096 : 65_535);
  return decodeReply(out.slice(0, respond(view, { octets, length: octets.length }, client, out)));
}

/** Option data of a network. */
function subnet(text: string): Uint8Array {
  const { address, length } = parsePrefix(text)!;
  return encodeClientSubnet({ address, sourcePrefixLength: length, scopePrefixLength: 0 });
}

function askFor(question: string, network: string, asking: Asking = {}): Message {
  return ask(question, { ...asking, ecs: subnet(network) });
}

/** Option data of the reply; undefined = none. */
function ecsOf({ edns }: Message): Uint8Array | undefined {
  return edns?.options.find(({ code }) => code === OptionCode.ECS)?.data;
}

function scopeOf(message: Message): number | undefined {
  return ecsOf(message)?.[3];
}

function answerOf({ answer }: Message): string {
  return answer.map(({ type, rdata }) => formatRdata(type, rdata)).join(" ");
}

const MALFORMED: readonly (readonly [string, readonly number[]])[] = [
  ["nothing", []],
  ["no more than a family", [0, 1]],
  ["no scope", [0, 1, 0]],
  ["family 0, all zero", [0, 0, 0, 0]],
  ["family 0 and an address", [0, 0, 24, 0, 8, 8, 8]],
  ["family 3", [0, 3, 0, 0]],
  ["a family in the wrong order of octets", [1, 0, 24, 0, 8, 8, 8]],
  ["IPv4 source 33", [0, 1, 33, 0, 8, 8, 8, 8, 8]],
  ["IPv6 source 129", [0, 2, 129, 0, ...new Array<number>(17).fill(0)]],
  ["a scope", [0, 1, 24, 24, 8, 8, 8]],
  ["source 0 and a scope", [0, 1, 0, 1]],
  ["an octet too few", [0, 1, 24, 0, 8, 8]],
  ["an octet too many", [0, 1, 24, 0, 8, 8, 8, 0]],
  ["the whole address for a /24", [0, 1, 24, 0, 8, 8, 8, 8]],
  ["a bit beyond the source length", [0, 1, 23, 0, 8, 8, 9]],
  ["the last bit beyond a length of 1", [0, 1, 1, 0, 0x81]],
  ["octets with source 0", [0, 1, 0, 0, 0]],
  ["an IPv6 bit beyond", [0, 2, 60, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0x08]],
];

describe("respond(), ECS in bad form (RFC 7871 sections 6 and 7.1.2)", () => {
  test.each(MALFORMED)("is FORMERR, with an OPT and no ECS: %s", (_what, data) => {
    for (const transport of ["udp", "tcp"] as const) {
      for (const question of ["place A", "static A", "nowhere A"]) {
        const reply = ask(question, { ecs: Uint8Array.from(data), transport });
        expect([reply.rcode, reply.answer, reply.edns?.options]).toEqual([Rcode.FORMERR, [], []]);
      }
    }
  });

  test("is FORMERR when there are two", () => {
    const ecs = { code: OptionCode.ECS, data: subnet("8.8.8.0/24") };
    const octets = encodeMessage({
      question: [{ name: parseName("place.ecs.test."), type: 1 }],
      edns: { options: [ecs, ecs] },
    });
    const out = new Uint8Array(4096);
    const client = { family: 4, address: new Uint8Array(16), port: 53, transport: "udp" } as const;
    const reply = decodeReply(out.slice(0, respond(view, { octets, length: octets.length }, client, out)));
    expect(reply.rcode).toBe(Rcode.FORMERR);
  });
});

describe("respond(), whom ECS makes the client", () => {
  test("the network in it, not the resolver", () => {
    expect(answerOf(askFor("place A", "8.8.8.0/24", { resolver: "9.9.9.9" }))).toBe("192.0.2.2");
    expect(answerOf(askFor("place A", "8.8.16.0/24", { resolver: "8.8.8.8" }))).toBe("192.0.2.1");
    expect(answerOf(askFor("place AAAA", "2a00:1450:1::/56", { resolver: "8.8.8.8" }))).toBe("2001:db8::6");
  });

  test("the resolver, where there is none, and then the reply has none", () => {
    const reply = ask("place A", { resolver: "8.8.8.8" });
    expect([answerOf(reply), ecsOf(reply)]).toEqual(["192.0.2.2", undefined]);
    expect(answerOf(ask("place A", { resolver: "2a00:1450::1" }))).toBe("192.0.2.6");
  });

  test.each(["0.0.0.0/0", "::/0"])(
    "the resolver, where it is %s: scope 0, whatever was looked at",
    (network) => {
      const reply = askFor("place A", network, { resolver: "8.8.8.8" });
      expect([answerOf(reply), scopeOf(reply)]).toEqual(["192.0.2.2", 0]);
    },
  );

  // The resolver's other clients in that network get the same; those outside of it may be placed by their own.
  test.each([
    ["10.1.2.0/24", 8],
    ["192.168.0.0/16", 16],
    ["127.0.0.1/32", 8],
    ["100.64.3.0/24", 10],
    ["192.0.2.0/24", 24],
    ["224.0.0.0/24", 4],
    ["fd00:1::/56", 1],
    ["fe80::/64", 1],
    ["2001:db8:1::/56", 32],
    ["::1/128", 81],
    ["2002:a01:203::/48", 24],
  ])("the resolver, where it is the special network %s: scope %i", (network, scope) => {
    const reply = askFor("place A", network, { resolver: "8.8.8.8" });
    expect([answerOf(reply), scopeOf(reply)]).toEqual(["192.0.2.2", scope]);
    expect(scopeOf(askFor("shares A", network, { resolver: "8.8.8.8" }))).toBe(0);
  });

  test("nobody, where the resolver is special too", () => {
    const reply = askFor("place A", "10.1.2.0/24", { resolver: "127.0.0.1" });
    expect([answerOf(reply), scopeOf(reply)]).toEqual(["192.0.2.3", 8]);
  });

  test("the IPv4 network that stands in an IPv6 one", () => {
    const reply = askFor("place A", "2002:808:808::/48");
    expect([answerOf(reply), scopeOf(reply)]).toEqual(["192.0.2.2", 16 + 22]);
    expect(answerOf(askFor("place A", "64:ff9b::808:800/120"))).toBe("192.0.2.2");
  });
});

describe("respond(), the scope of the reply", () => {
  test.each([
    ["place A", "8.8.8.0/24", "192.0.2.2", 22],
    ["place AAAA", "8.8.8.0/24", "2001:db8::2", 22],
    ["place A", "8.8.8.8/32", "192.0.2.2", 22],
    ["place A", "8.9.1.0/24", "192.0.2.3", 16],
    ["place AAAA", "2a00:1450:4000::/56", "2001:db8::6", 32],
    // Parts of it have a member of their own: the resolver must tell more to be given more.
    ["place A", "8.8.0.0/20", "192.0.2.1", 21],
    ["place A", "8.0.0.0/8", "192.0.2.3", 13],
    ["alias A", "8.8.8.0/24", "place.ecs.test. 192.0.2.2", 22],
    ["place ANY", "8.8.8.0/24", "192.0.2.2", 22],
    ["place TXT", "8.8.8.0/24", "", 0],
    ["sticky A", "8.8.8.0/24", undefined, 24],
    ["sticky A", "8.8.8.8/32", undefined, 24],
    ["sticky AAAA", "2a00:1450:4000::/56", undefined, 56],
  ])("to %s for %s: %s /%i", (question, network, answer, scope) => {
    const reply = askFor(question, network);
    expect(reply.rcode).toBe(Rcode.NOERROR);
    if (answer !== undefined) expect(answerOf(reply)).toBe(answer);
    expect(scopeOf(reply)).toBe(scope);
  });

  test.each([
    ["shares A", Rcode.NOERROR],
    ["shares AAAA", Rcode.NOERROR],
    ["turns A", Rcode.NOERROR],
    ["static A", Rcode.NOERROR],
    ["static AAAA", Rcode.NOERROR],
    ["nowhere A", Rcode.NXDOMAIN],
    ["www.child A", Rcode.NOERROR],
    ["x.old A", Rcode.NXDOMAIN],
  ])("to %s is 0: nothing depends on the client", (question, rcode) => {
    for (const network of ["8.8.8.0/24", "10.0.0.0/24", "0.0.0.0/0", "2a00:1450::/56"]) {
      const reply = askFor(question, network, { resolver: "8.8.8.8" });
      expect([reply.rcode, scopeOf(reply)]).toEqual([rcode, 0]);
    }
  });

  test("is the longest of all choices that a chain of CNAMEs went through", () => {
    const both = askFor("twice A", "8.8.8.0/24");
    expect(answerOf(both)).toBe("cname.ecs.test. place.ecs.test. 192.0.2.2");
    expect(scopeOf(both)).toBe(22);
    const wide = askFor("twice A", "8.9.0.0/24");
    expect([answerOf(wide), scopeOf(wide)]).toEqual(["cname.ecs.test. place.ecs.test. 192.0.2.3", 16]);
    const first = askFor("cname A", "9.9.9.0/24");
    expect([first.rcode, answerOf(first), scopeOf(first)]).toEqual([Rcode.NXDOMAIN, "nowhere.ecs.test.", 8]);
    const narrowFirst = askFor("first A", "8.8.8.0/24");
    expect([answerOf(narrowFirst), scopeOf(narrowFirst)]).toEqual(["second.ecs.test. 192.0.2.8", 24]);
    expect(scopeOf(askFor("second A", "8.8.8.0/24"))).toBe(8);
    expect(scopeOf(askFor("cname CNAME", "8.8.8.0/24"))).toBe(8);
    expect(scopeOf(askFor("cname TXT", "9.9.9.0/24"))).toBe(8);
  });

  test("is there when the answer does not fit, and the same over TCP", () => {
    const long = `${"y".repeat(60)}.${LONG}.${LONG}.${LONG} AAAA`;
    const cut = askFor(long, "8.8.8.0/24", { udpSize: 512 });
    expect([cut.tc, cut.answer.length, scopeOf(cut)]).toEqual([true, 0, 16]);
    const whole = askFor(long, "8.8.8.0/24", { transport: "tcp" });
    expect([whole.tc, whole.answer.length, scopeOf(whole)]).toEqual([false, 8, 16]);
  });

  test("stays out of refusals, and of queries of another class", () => {
    const octets = queryOf("place A", { ecs: subnet("8.8.8.0/24") });
    octets[12 + "place.ecs.test.".length + 1 + 3] = 4; // class HS
    const out = new Uint8Array(4096);
    const client = { family: 4, address: new Uint8Array(16), port: 53, transport: "udp" } as const;
    const reply = decodeReply(out.slice(0, respond(view, { octets, length: octets.length }, client, out)));
    expect([reply.rcode, reply.edns?.options]).toEqual([Rcode.REFUSED, []]);
  });
});

describe("respond(), ECS of any form that is right", () => {
  const anySubnet = fc.oneof(
    fc.tuple(fc.constant(4), fc.integer({ min: 0, max: 32 }), fc.uint8Array({ minLength: 4, maxLength: 4 })),
    fc.tuple(
      fc.constant(16),
      fc.integer({ min: 0, max: 128 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    ),
  );

  test("comes back octet by octet but for the scope, which its family has room for", () => {
    fc.assert(
      fc.property(
        anySubnet,
        fc.constantFrom("place A", "twice AAAA", "static A", "nowhere A", "sticky A"),
        ([octets, sourcePrefixLength, address], question) => {
          const ecs = encodeClientSubnet({ address, sourcePrefixLength, scopePrefixLength: 0 });
          const came = ecsOf(ask(question, { ecs }))!;
          expect([...came.subarray(0, 3), 0, ...came.subarray(4)]).toEqual([...ecs]);
          expect(came[3]).toBeLessThanOrEqual(8 * octets);
          if (sourcePrefixLength === 0) expect(came[3]).toBe(0);
          expect(decodeClientSubnet(came, false)).not.toBeNull();
        },
      ),
    );
  });

  test("has a scope within which every client gets the same", () => {
    const near = fc.constantFrom(
      "8.8.0.0",
      "8.8.8.0",
      "8.0.0.0",
      "9.0.0.0",
      "192.0.2.0",
      "10.0.0.0",
      "198.51.100.0",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          near.map((text) => parseAddress(text)!),
          fc.uint8Array({ minLength: 4, maxLength: 4 }),
        ),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.integer({ min: 0, max: 32 }),
        fc.constantFrom("place A", "twice A", "sticky A"),
        (start, noise, kept, question) => {
          const mix = (from: Uint8Array, bits: number) =>
            from.map((octet, i) => {
              const mask = 0xff00 >> Math.min(8, Math.max(0, bits - 8 * i));
              return (octet & mask) | (noise[i]! & ~mask & 0xff);
            });
          const address = mix(start, kept);
          const first = askFor(question, `${formatAddress(address)}/32`, { resolver: "8.8.8.8" });
          const scope = scopeOf(first)!;
          const other = address.map((octet, i) => {
            const mask = 0xff00 >> Math.min(8, Math.max(0, scope - 8 * i));
            return (octet & mask) | (noise[3 - i]! & ~mask & 0xff);
          });
          const second = askFor(question, `${formatAddress(other)}/32`, { resolver: "8.8.8.8" });
          const shown = `${formatAddress(address)} ${formatAddress(other)} /${scope}`;
          expect([shown, answerOf(second)]).toEqual([shown, answerOf(first)]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe.each(["auto", "dgram"] as const)("over sockets, --udp %s", (udp) => {
  afterEach(stopPlanes);

  test("UDP and TCP answer every form of ECS with the octets that respond() gives", async () => {
    const { port } = await startPlane(configurationOf([zoneOf(ZONE, STEERED)], POOLS), { udp });
    const options = [
      ...MALFORMED.map(([, data]) => Uint8Array.from(data)),
      ...["8.8.8.0/24", "8.8.0.0/20", "0.0.0.0/0", "10.1.2.0/24", "2a00:1450::/56", "::/0"].map(subnet),
      null,
    ];
    const asked = [
      "place A",
      "place AAAA",
      "alias A",
      "twice A",
      "static A",
      "nowhere A",
      "www.child A",
    ].flatMap((question) => options.map((ecs) => ({ question, ecs })));
    const queries = asked.map(({ question, ecs }) => queryOf(question, { ecs }));
    const wanted = (transport: "udp" | "tcp") =>
      asked.map(({ question, ecs }) => ask(question, { ecs, transport, resolver: "127.0.0.1" }));

    const client = await UdpClient.connect(port);
    const replies = [];
    for (const query of queries) replies.push(decodeReply(Uint8Array.from(await client.exchange(query))));
    client.close();
    expect(replies).toEqual(wanted("udp"));

    const tcp = await TcpClient.connect(port);
    tcp.write(framed(...queries));
    expect((await tcp.received(queries.length)).map((reply) => decodeReply(Uint8Array.from(reply)))).toEqual(
      wanted("tcp"),
    );
    tcp.socket.destroy();
  });
});
