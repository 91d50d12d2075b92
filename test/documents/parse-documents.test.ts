import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Configuration } from "../../src/documents/configuration.ts";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { ZoneTable } from "../../src/documents/zone-table.ts";
import { findPlace } from "../../src/geo/places.ts";
import { formatFault } from "../../src/lib/fault.ts";
import { formatName, nameKey, parseName } from "../../src/wire/name.ts";
import { formatRdata } from "../../src/wire/rdata/index.ts";
import { RRType, typeMnemonic } from "../../src/wire/rr-type.ts";
import type { ZoneData } from "../../src/zone/zone-data.ts";

const AT = Date.UTC(2026, 0, 1);

function parse(texts: Record<string, string> | string, previous?: Configuration, modifiedMs = AT) {
  const files = typeof texts === "string" ? { "a.yaml": texts } : texts;
  const { configuration, faults } = parseDocuments(
    Object.entries(files).map(([file, text]) => ({ file, text, modifiedMs })),
    { previous },
  );
  return { configuration, lines: faults.map(formatFault) };
}

/** The configuration of documents that have no fault. */
function good(
  texts: Record<string, string> | string,
  previous?: Configuration,
  modifiedMs = AT,
): Configuration {
  const { configuration, lines } = parse(texts, previous, modifiedMs);
  expect(lines).toEqual([]);
  return configuration!;
}

function zoneOf(configuration: Configuration, apex = "example.test.") {
  return configuration.zones.get(nameKey(parseName(apex)))!;
}

/** The text of one file, which has no fault. */
function one(text: string): string {
  good(text);
  return text;
}

/** The records of a zone of one file that has no error. */
function dataOf(text: string, apex = "example.test."): ZoneData {
  const file = { file: "a.yaml", text, modifiedMs: AT };
  return parseDocuments([file], { keepData: () => true }).data.get(nameKey(parseName(apex)))!;
}

/** Records in presentation form, without the SOA. */
function records(text: string, apex = "example.test."): string[] {
  return dataOf(text, apex)
    .rrs.filter((rr) => rr.type !== RRType.SOA)
    .map(
      (rr) => `${formatName(rr.owner)} ${rr.ttl} ${typeMnemonic(rr.type)} ${formatRdata(rr.type, rr.rdata)}`,
    );
}

function soa(text: string, apex = "example.test."): string {
  const rr = dataOf(text, apex).rrs.find(({ type }) => type === RRType.SOA)!;
  return `${rr.ttl} ${formatRdata(rr.type, rr.rdata)}`;
}

function serial(configuration: Configuration): number {
  return zoneOf(configuration).serial;
}

const NS = '"@": { NS: [ns1.example.net., ns2.example.net.] }';

/** A zone with the records given, one a line, beside its NS. */
function zone(...lines: string[]): string {
  return `zones:\n  example.test:\n    records:\n${[NS, ...lines].map((line) => `      ${line}\n`).join("")}`;
}

test.each(["", "\n\n", "# nothing yet\n", "---\n", "\uFEFF"])(
  "parseDocuments() refuses a file without a document: %j",
  (empty) => {
    expect(parse({ "a.yaml": one(zone()), "b.yaml": empty }).lines).toEqual([
      "b.yaml:1:1: the file is empty; write zones, pools or monitors into it, or delete it",
    ]);
  },
);

test("parseDocuments() takes an empty map for a file that says nothing", () => {
  good({ "a.yaml": zone(), "b.yaml": "{}\n", "c.yaml": "zones: {}\n" });
});

test("parseDocuments() checks a zone though a record of it is unreadable, but misses nothing that may be there", () => {
  const text = `zones:
  example.test:
    records:
      "@": { NS: 1 2 3, MX: 10 mail }
      www: { CNAME: a, TXT: x }
      ns1: { A: 192.0.2.300 }
`;
  expect(parse(text).lines.map((line) => line.replace(/;.*/, ""))).toEqual([
    expect.stringMatching(/^a\.yaml:4:18: /),
    "a.yaml:5:14: CNAME beside TXT at www.example.test.",
    expect.stringMatching(/^a\.yaml:6:17: /),
  ]);
});

test("parseDocuments() reads on behind a key that stands twice, with its first value", () => {
  const text = `${zone("www: { A: 192.0.2.1 }", "www: { B: 192.0.2.2 }", "x: { C: y }")}pools: { web: 7 }\n`;
  expect(parse(text).lines.map((line) => line.replace(/;.*/, ""))).toEqual([
    'a.yaml:6:7: the key "www" stands twice in one map, first at line 5',
    expect.stringMatching(/^a\.yaml:7:12: unknown RR type "C"/),
    expect.stringMatching(/^a\.yaml:8:15: "web" is the number 7/),
  ]);
});

test("parseDocuments() speaks up about addresses that no client can reach, of members and of records", () => {
  const text = `${zone("www: { pool: web }", 'a: { A: 127.0.0.1, AAAA: "::ffff:192.0.2.1" }')}pools: { web: { members: ["::ffff:192.0.2.1", 0.0.0.0] } }\n`;
  expect(parse(text).lines).toEqual([
    "a.yaml:6:12: warning: A 127.0.0.1 of a.example.test. is a loopback address; clients cannot reach a server by it",
    "a.yaml:6:26: AAAA ::ffff:192.0.2.1 of a.example.test. is IPv4 in the form of IPv6; write 192.0.2.1",
    "a.yaml:7:27: ::ffff:192.0.2.1 is IPv4 in the form of IPv6; write 192.0.2.1",
    "a.yaml:7:47: warning: 0.0.0.0 is the unspecified address; clients cannot reach a server by it",
  ]);
});

test("parseDocuments() refuses tags, options of steps that have none, and warns of addresses at a cut", () => {
  expect(parse(`${zone()}pools: { web: { members: !!binary aGk= } }\n`).lines).toContainEqual(
    expect.stringContaining("the tag !!binary, which documents have no use for; write a plain value"),
  );
  expect(
    parse(`pools: { web: { policy: [{ random: { x: 1 } }], members: [192.0.2.1] } }\n`).lines,
  ).toContainEqual(expect.stringContaining('random takes no options; leave "x" out'));
  expect(parse(zone("sub: { NS: ns.example.net., A: 192.0.2.1 }")).lines).toEqual([
    expect.stringContaining("stand at its delegation and are glue for no NS; they are never answered"),
  ]);
});

test("parseDocuments() does not call unknown what an empty file may have held", () => {
  const { lines } = parse({ "a.yaml": zone("www: { pool: web }"), "b.yaml": "" });
  expect(lines).toEqual([
    "b.yaml:1:1: the file is empty; write zones, pools or monitors into it, or delete it",
  ]);
});

test("parseDocuments() takes the example of the design, but for what later versions bring", () => {
  const text = `
monitors:
  web:
    type: http                    # http | tcp | tls | dns | icmp | grpc | agent (HAProxy agent-check)
    port: 8080
    path: /healthz
    expect: { status: 200-299, body: ok }
    interval: 10s                 # 1s and up
    timeout: 5s
    down-after: 3                 # consecutive failures; each is rechecked after recheck first
    up-after: 2
    recheck: 1s
    quorum: majority              # of the regions that see it: majority | any | all | a number
pools:
  web:                            # what the name answers from: a pool of pools
    members: [{ pool: eu }, { pool: us }, { pool: ap }]
  eu:
    region: eu-west
    location: DUB
    monitor: web
    policy: weighted
    answers: 2
    members:
      - { name: eu-1, address: [192.0.2.10, "2001:db8::10"], weight: 3 }
      - { name: eu-2, address: 192.0.2.11 }
      - { name: eu-standby, address: 192.0.2.12, weight: 0 }
  us: { region: us-east, location: "aws:us-east-1", monitor: web, members: [{ address: 198.51.100.10 }] }
  ap: { region: ap-south, location: BOM, monitor: web, members: [{ address: 203.0.113.10 }] }
zones:
  gslb.example.com:
    ttl: 300
    contact: hostmaster@example.com
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.53, AAAA: "2001:db8::53" }
      ns2: { A: 198.51.100.53 }
      www: { pool: web, ttl: 30 }
      "*.apps": { pool: web }
      mail: { MX: ["10 mx1.example.net."], TXT: "any type in presentation form" }
      child: { NS: [ns.child], ttl: 3600 }
      ns.child: { A: 192.0.2.54 }
`;
  const { configuration, lines } = parse(text);
  expect(lines).toEqual([
    expect.stringContaining('pool "us" has no IPv6 address'),
    expect.stringContaining('pool "ap" has no IPv6 address'),
  ]);
  const { pools, monitors } = configuration!;
  expect(pools.get("eu")).toMatchObject({
    id: "eu",
    region: "eu-west",
    location: findPlace("DUB"),
    monitor: "web",
    policy: [{ type: "weighted", options: { draw: "random" } }],
    answers: 2,
    minUp: 1,
    whenDown: "open",
    members: [
      {
        kind: "endpoint",
        name: "eu-1",
        weight: 3,
        enabled: true,
        ipv4: Uint8Array.of(192, 0, 2, 10),
        ipv6: Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10),
      },
      {
        kind: "endpoint",
        name: "eu-2",
        weight: 1,
        enabled: true,
        ipv4: Uint8Array.of(192, 0, 2, 11),
        ipv6: null,
      },
      {
        kind: "endpoint",
        name: "eu-standby",
        weight: 0,
        enabled: true,
        ipv4: Uint8Array.of(192, 0, 2, 12),
        ipv6: null,
      },
    ],
  });
  // Where the pool stands, and in which region, is known of the member that it is.
  expect(pools.get("web")!.members[1]).toEqual({
    kind: "pool",
    name: "us",
    weight: 1,
    enabled: true,
    pool: "us",
    serves: [],
    location: findPlace("aws:us-east-1"),
    bias: 0,
    region: "us-east",
    capacity: null,
  });
  expect(monitors.get("web")).toMatchObject({
    intervalMs: 10_000,
    timeoutMs: 5000,
    downAfter: 3,
    upAfter: 2,
    quorum: "majority",
  });
  const gslb = zoneOf(configuration!, "gslb.example.com.");
  expect(gslb.id).toBe("gslb.example.com");
  expect(gslb.image.poolIds).toEqual(["web"]);
  const { steered } = dataOf(text, "gslb.example.com.");
  expect(steered.map(({ owner, pool, ttl }) => [formatName(owner), pool, ttl])).toEqual([
    ["www.gslb.example.com.", "web", 30],
    ["*.apps.gslb.example.com.", "web", 300],
  ]);
});

test("no files, and ones that say nothing, are an empty configuration", () => {
  for (const texts of [{}, "zones:\npools:\n", "{}"]) {
    expect(good(texts)).toEqual({ zones: ZoneTable.EMPTY, pools: new Map(), monitors: new Map() });
  }
});

describe("records", () => {
  test("have the TTL of their type, else of their owner, else of the zone", () => {
    const text = one(
      `zones:\n  example.test:\n    ttl: 1h\n    records:\n      ${NS}\n      a: { ttl: 5m, A: 192.0.2.1, AAAA: { ttl: 7, data: ["2001:db8::1"] } }\n      b: { A: [192.0.2.2, 192.0.2.3] }\n`,
    );
    expect(records(text).slice(2)).toEqual([
      "a.example.test. 300 A 192.0.2.1",
      "a.example.test. 7 AAAA 2001:db8::1",
      "b.example.test. 3600 A 192.0.2.2",
      "b.example.test. 3600 A 192.0.2.3",
    ]);
  });

  test("owners and names in rdata are relative to the zone, or absolute with a final dot", () => {
    const lines = [
      "www.example.test.: { CNAME: host }",
      "10: { PTR: host }",
      "010: { PTR: host.example.net. }",
      "host: { A: 192.0.2.1 }",
    ];
    expect(
      records(one(zone(...lines)))
        .filter((line) => !line.startsWith("example"))
        .sort(),
    ).toEqual([
      "010.example.test. 300 PTR host.example.net.",
      "10.example.test. 300 PTR host.example.test.",
      "host.example.test. 300 A 192.0.2.1",
      "www.example.test. 300 CNAME host.example.test.",
    ]);
  });

  test("TXT that does not begin with a quote is one whole text, cut at 255 octets", () => {
    const text = one(
      zone(
        "a: { TXT: v=spf1 include:x.test -all }",
        'b: { TXT: \'"two" "strings"\' }',
        `c: { TXT: ${"x".repeat(300)} }`,
        'd: { TXT: "" }',
        'e: { TXT: "k=ü; p=1" }',
        "f: { TXT: '\\# 2 0161' }",
      ),
    );
    const texts = dataOf(text).rrs.filter(({ type }) => type === RRType.TXT);
    expect(texts.map(({ rdata }) => Buffer.from(rdata).toString())).toEqual([
      "\x1av=spf1 include:x.test -all",
      "\x03two\x07strings",
      `${String.fromCharCode(255)}${"x".repeat(255)}${String.fromCharCode(45)}${"x".repeat(45)}`.replace(
        "\xff",
        "\ufffd",
      ),
      "\0",
      "\x09k=ü; p=1",
      "\x01a",
    ]);
  });
});

describe("SOA", () => {
  test("is made of the first NS, the contact and the time of the file", () => {
    expect(soa(zone())).toBe(
      `300 ns1.example.net. hostmaster.example.test. ${AT / 1000} 7200 900 1209600 300`,
    );
  });

  test.each([
    ["joe.doe@example.net", "joe\\.doe.example.net."],
    ["joe", "joe.example.test."],
    ["joe.example.net", "joe.example.net."],
    ["joe.example.net.", "joe.example.net."],
  ])("has contact %s as %s", (contact, rname) => {
    const text = zone().replace("records:", `ttl: 60\n    contact: ${contact}\n    records:`);
    expect(soa(text)).toBe(`60 ns1.example.net. ${rname} ${AT / 1000} 7200 900 1209600 60`);
  });

  test("that is given stays as it is", () => {
    const given = NS.replace("}", ", SOA: { ttl: 9, data: ns1.example.net. joe 5 1 2 3 4 } }");
    expect(soa(zone().replace(NS, given))).toBe("9 ns1.example.net. joe.example.test. 5 1 2 3 4");
  });
});

describe("after a reload", () => {
  const before = good(zone("a: { A: 192.0.2.1 }"));

  test("a zone that did not change is the same object, though its file is newer", () => {
    const after = good(`# a comment\n${zone("a: { A: 192.0.2.1 }")}`, before, AT + 5000);
    expect(zoneOf(after)).toBe(zoneOf(before));
  });

  test.each([
    ["data", "a: { A: 192.0.2.2 }"],
    ["a TTL", "a: { A: 192.0.2.1, ttl: 5 }"],
    ["the case of a name", "A: { A: 192.0.2.1 }"],
    ["one record more", "a: { A: [192.0.2.1, 192.0.2.2] }"],
  ])("%s that changed makes another object with a greater serial", (_, line) => {
    const after = good(zone(line), before, AT + 5000);
    expect(zoneOf(after)).not.toBe(zoneOf(before));
    expect(serial(after)).toBe(AT / 1000 + 5);
  });

  test("a serial grows though the clock went back", () => {
    const after = good(zone("a: { A: 192.0.2.2 }"), before, AT - 5000);
    expect(serial(after)).toBe(AT / 1000 + 1);
    expect(serial(good(zone("a: { A: 192.0.2.3 }"), after, AT - 5000))).toBe(AT / 1000 + 2);
  });

  test("a steered name that changed changes the zone, a pool that changed does not", () => {
    const pool = (address: string) =>
      `pools: { web: { members: [{ name: a, address: [${address}, "2001:db8::1"] }] } }`;
    const text = (ttl: number, address: string) =>
      `${zone(`www: { pool: web, ttl: ${ttl} }`)}${pool(address)}\n`;
    const first = good(text(30, "192.0.2.1"));
    expect(zoneOf(good(text(30, "192.0.2.2"), first))).toBe(zoneOf(first));
    expect(zoneOf(good(text(31, "192.0.2.1"), first))).not.toBe(zoneOf(first));
  });

  test("a given serial that did not grow with the data is a warning", () => {
    const given = (address: string) =>
      zone(`a: { A: ${address} }`).replace("NS:", "SOA: ns1.example.net. joe 5 1 2 3 4, NS:");
    const first = good(given("192.0.2.1"));
    expect(parse(given("192.0.2.2"), first).lines).toEqual([
      expect.stringMatching(
        /^a\.yaml:4:14: warning: zone "example.test" changed, but the serial of its own SOA did not grow;/,
      ),
    ]);
  });
});

describe("several files", () => {
  test("are one configuration", () => {
    const configuration = good({
      "zones.yaml": zone("www: { pool: web }"),
      "pools/web.yaml":
        'pools: { web: { monitor: ping, members: [{ name: a, address: [192.0.2.1, "2001:db8::1"] }] } }',
      "monitors.yml": "monitors: { ping: { type: icmp } }",
    });
    expect([configuration.zones.size, configuration.pools.size, configuration.monitors.size]).toEqual([
      1, 1, 1,
    ]);
  });

  test("that define a name twice are told of both places", () => {
    const pool = 'pools:\n  web: { members: [{ name: a, address: [192.0.2.1, "2001:db8::1"] }] }\n';
    const { configuration, lines } = parse({
      "b.yaml": `${pool}${zone("www: { pool: web }")}`,
      "a.yaml": pool,
      "c.yaml": "\nzones: { EXAMPLE.test: { records: {} } }",
    });
    expect(configuration).toBeUndefined();
    expect(lines).toEqual([
      'b.yaml:2:3: pool "web" is defined twice, first at a.yaml:2:3; keep one, or rename this one',
      'c.yaml:2:10: zone EXAMPLE.test. is defined twice, first as "example.test" at b.yaml:4:3; put both into one',
    ]);
  });

  test("of which one is no YAML: nothing is called unknown that may be in it", () => {
    const { configuration, lines } = parse({ "a.yaml": zone("www: { pool: web }"), "b.yaml": "pools: [" });
    expect(configuration).toBeUndefined();
    expect(lines).toEqual([expect.stringMatching(/^b\.yaml:1:\d+: /)]);
  });
});

test("anchors and merge keys work, and a fault is shown where the anchor has it", () => {
  const text = (weight: string) => `pools:
  a: &base
    answers: 2
    members: [{ name: x, address: [192.0.2.1, "2001:db8::1"], weight: ${weight} }]
  b: { <<: *base, answers: 3 }
${zone("a: { pool: a }", "b: { pool: b }")}`;
  const { pools } = good(text("5"));
  expect(pools.get("b")).toEqual({ ...pools.get("a"), id: "b", answers: 3 });
  const line = "a.yaml:4:71: weight is the number -5; wanted a whole number from 0 to 1000000";
  expect(parse(text("-5")).lines).toEqual([line, line]);
});

test("faults have the same places whether the quick reader or the library read the file", () => {
  const text = `${zone("www: { pool: wbe, A: 192.0.2.300 }", "x:", "y: { A: }")}pools:\n  web:\n    members:\n      - { adress: x }\n      - name: q\n`;
  const quick = parse(text).lines;
  expect(quick.length).toBeGreaterThan(5);
  expect(parse(`${text}# ü\n`).lines).toEqual(quick);
  expect(parse(`${text}monitors: &none\n`).lines).toEqual(quick);
});

test("a chain of pools as long as a file ends in a fault, not in a crash", () => {
  const pools = Array.from(
    { length: 20_000 },
    (_, i) => `  p${i}: { members: [{ pool: p${i + 1} }] }\n`,
  ).join("");
  const { lines } = parse(`pools:\n${pools}  p20000: { members: [192.0.2.1] }\n${zone("www: { pool: p0 }")}`);
  expect(lines[0]).toContain("pools nest 9 levels deep");
});

test("brackets without end are a fault, not a crash", () => {
  expect(parse(`a: ${"[".repeat(200_000)}`).lines).toHaveLength(1);
});

describe("generated documents", () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const ttl = fc.oneof(fc.nat(0x7fff_ffff), fc.constantFrom("5m", "1h30m", "2D", "0s"));
  const octet = fc.nat(255);
  const ipv4 = fc.tuple(octet, octet).map(([a, b]) => `198.18.${a}.${b}`);
  const ipv6 = fc.nat(0xffff).map((group) => `2001:db8::${group.toString(16)}`);
  const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
  const name = fc.record(
    {
      A: fc.oneof(ipv4, fc.uniqueArray(ipv4, { minLength: 1, maxLength: 3 }), fc.record({ ttl, data: ipv4 })),
      AAAA: ipv6,
      TXT: fc.string().filter((text) => !/^(?:"|\\#)/.test(text)),
      MX: fc.tuple(fc.nat(65_535), label).map(([preference, host]) => `${preference} ${host}.example.net.`),
      TYPE65280: fc
        .uint8Array({ minLength: 1, maxLength: 9 })
        .map((octets) => `\\# ${octets.length} ${Buffer.from(octets).toString("hex")}`),
      ttl,
    },
    { requiredKeys: ["A"] },
  );
  const endpoint = fc.record(
    { address: fc.tuple(ipv4, ipv6), weight: fc.nat(1_000_000), enabled: fc.constant(true) },
    { requiredKeys: ["address"] },
  );
  const pool = fc.record(
    {
      members: fc
        .array(endpoint, { minLength: 1, maxLength: 4 })
        .map((members) => members.map((member, i) => ({ name: `m${i}`, ...member }))),
      answers: optional(fc.integer({ min: 1, max: 8 })),
      "when-down": optional(fc.constantFrom("open", "closed")),
      policy: optional(
        fc.constantFrom<unknown>("random", { weighted: { draw: "smooth" } }, { type: "round-robin" }, [
          "random",
          "failover",
        ]),
      ),
      location: optional(
        fc.tuple(
          fc.double({ min: -90, max: 90, noNaN: true }),
          fc.double({ min: -180, max: 180, noNaN: true }),
        ),
      ),
    },
    { requiredKeys: ["members"] },
  );
  const documents = fc.record({
    pools: fc.dictionary(label, pool, { maxKeys: 4 }),
    zone: fc.dictionary(label, name, { maxKeys: 8 }),
    apex: label,
    flow: fc.constantFrom(0, 1, 2),
  });

  test("that are valid have no fault", () => {
    fc.assert(
      fc.property(documents, ({ pools, zone: names, apex, flow }) => {
        const ids = Object.keys(pools).filter((id) => id !== "open" && id !== "closed");
        const steered = ids.map((id) => [`steered-by.${id}`, { pool: id }]);
        const value = JSON.parse(
          JSON.stringify({
            pools: Object.fromEntries(ids.map((id) => [id, pools[id]])),
            zones: {
              [`${apex}.test`]: {
                records: {
                  "@": { NS: ["ns1.example.net.", "ns2.example.net."] },
                  ...names,
                  ...Object.fromEntries(steered),
                },
              },
            },
          }),
        );
        const text =
          flow === 0 ? JSON.stringify(value) : stringify(value, { lineWidth: flow === 1 ? 0 : 40 });
        const { configuration, lines } = parse(text);
        expect(lines).toEqual([]);
        expect(zoneOf(configuration!, `${apex}.test.`).image.poolIds).toEqual(ids);
      }),
      { numRuns: 300 },
    );
  });

  test("whatever a file holds, parseDocuments() gives faults and never throws", () => {
    const key = fc.constantFrom(
      ..."zones pools monitors members address weight policy type records @ www A NS TXT ttl data name pool when-down expect x.test http".split(
        " ",
      ),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom<unknown>(
          null,
          true,
          -1,
          0,
          3,
          1.5,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          "",
          "web",
          "192.0.2.1",
          "weighted",
          "open",
          "a..b",
        ),
        fc.string(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.oneof(key, fc.string()), tie("value"), { maxKeys: 4 }),
      ),
    }));
    const shaped = fc.dictionary(
      fc.constantFrom("zones", "pools", "monitors"),
      fc.dictionary(label, fc.dictionary(key, value)),
    );
    fc.assert(
      fc.property(fc.oneof(value, shaped), (content) => {
        const { configuration, lines } = parse(stringify(content));
        expect(configuration === undefined).toBe(lines.some((line) => !line.includes(": warning: ")));
        for (const line of lines) expect(line).not.toContain("compare them with");
      }),
      { numRuns: 300 },
    );
  });
});

test("parseDocuments() reads what a pool makes of verdicts, and says nothing of it where the document does not", () => {
  const text = `
monitors:
  web: { type: icmp }
pools:
  a: { monitor: web, warm-up: 60s, max-out: 50%, health-view: region, members: [192.0.2.1, 192.0.2.2] }
  b: { monitor: web, max-out: 1, members: [192.0.2.3, 192.0.2.4] }
`;
  const { pools } = parse(text).configuration!;
  expect(pools.get("a")).toMatchObject({ warmUpMs: 60_000, maxOut: { percent: 50 }, healthView: "region" });
  expect(pools.get("b")).toMatchObject({ maxOut: 1 });
  expect(Object.keys(pools.get("b")!)).not.toContain("warmUpMs");
  expect(Object.keys(pools.get("b")!)).not.toContain("healthView");
});
