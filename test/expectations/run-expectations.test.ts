import { expect, test } from "vitest";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { runExpectations } from "../../src/expectations/run-expectations.ts";
import { loadPlaceData } from "../../src/geo/place-data.ts";
import { formatFault } from "../../src/lib/fault.ts";

const ZONE = `zones:
  example.test:
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.53 }
      ns2: { A: 198.51.100.53 }
      www: { pool: web }
      drawn: { pool: drawn }
      shut: { pool: shut }
      alias: { CNAME: www }
      cdn: { pool: cdn }
      "*.apps": { pool: eu }
`;

const POOLS = `pools:
  web:
    policy: failover
    members: [{ pool: eu }, { pool: us, name: america }]
  eu:
    policy: failover
    when-down: rescue
    members:
      - { name: eu-1, address: [192.0.2.1, "2001:db8::1"] }
      - { name: eu-2, address: [192.0.2.2, "2001:db8::2"] }
  us:
    members: [{ name: us-1, address: [198.51.100.1, "2001:db8:1::1"] }]
  rescue:
    members: [{ name: eu-1, address: [203.0.113.1, "2001:db8:2::1"] }]
  drawn:
    answers: 2
    members:
      - { name: big, address: [192.0.2.11, "2001:db8::11"], weight: 3 }
      - { name: small, address: [192.0.2.12, "2001:db8::12"] }
  shut:
    when-down: closed
    members: [{ name: only, address: [192.0.2.21, "2001:db8::21"] }]
  cdn:
    members:
      - { name: ours, target: www.example.test }
`;

/** The faults of these expectations, without their file, and how many hold. */
function run(...lines: string[]) {
  const text = `${ZONE}    expect:\n${lines.map((line) => `      - ${line}\n`).join("")}${POOLS}`;
  const { configuration, expectations, faults } = parseDocuments([{ file: "a.yaml", text, modifiedMs: 0 }]);
  expect(faults.map(formatFault)).toEqual([]);
  const result = runExpectations(configuration!, expectations, { places: null, latency: null });
  return {
    lines: result.faults.map((fault) => formatFault(fault).replace(/^a\.yaml:/, "")),
    held: result.held,
  };
}

const FROM = "from: 203.0.113.7";

test.each([
  ["a pool", `{ name: www, ${FROM}, then: eu }`],
  ["a pool above", `{ name: www, ${FROM}, then: web }`],
  ["a member that is a pool", `{ name: www, ${FROM}, then: web/eu }`],
  ["a member", `{ name: www, ${FROM}, then: eu/eu-1 }`],
  ["a member without its pool", `{ name: www, ${FROM}, when: { down: eu }, never: eu-2 }`],
  ["an address", `{ name: www, ${FROM}, type: AAAA, then: "2001:DB8:0::1" }`],
  ["any of a list", `{ name: drawn, ${FROM}, then: [big, small] }`],
  ["NODATA", `{ name: shut, ${FROM}, when: { down: shut }, then: NODATA }`],
  ["never", `{ name: www, from: [203.0.113.7, 2001:db8::/32], never: [us, NODATA] }`],
  ["a pool that is down", `{ name: www, ${FROM}, when: { down: [eu] }, then: us }`],
  ["a member that is down", `{ name: www, ${FROM}, when: { down: eu/eu-1 }, then: eu/eu-2 }`],
  [
    "a member that is a pool and is down",
    `{ name: www, ${FROM}, when: { down: [web/eu] }, then: web/america }`,
  ],
  ["all below a pool that is down", `{ name: www, ${FROM}, when: { down: web }, then: rescue }`],
  ["a last resort", `{ name: a.apps, ${FROM}, when: { down: eu }, then: rescue }`],
  ["a name in full", `{ name: www.example.test., ${FROM}, then: eu }`],
  ["a name below a wildcard", `{ name: a.b.apps, ${FROM}, then: eu }`],
  ["an alias", `{ name: alias, ${FROM}, then: eu }`],
  ["a steered CNAME", `{ name: cdn, ${FROM}, then: cdn/ours }`],
  ["what stands behind a steered CNAME", `{ name: cdn, ${FROM}, then: eu }`],
  ["a share of NODATA", `{ name: shut, ${FROM}, when: { down: shut }, share: { NODATA: 90-100 } }`],
  ["shares", `{ name: drawn, ${FROM}, share: { big: 72-78, drawn/small: 22-28 } }`],
])("runExpectations() holds of %s", (_, line) => {
  expect(run(line)).toEqual({ lines: [], held: 1 });
});

test("runExpectations() says of each expectation that fails what came instead, and why", () => {
  const { lines, held } = run(
    `{ name: www, ${FROM}, then: us }`,
    `{ name: www, ${FROM}, then: eu }`,
    `{ name: www, ${FROM}, when: { down: eu }, then: [eu/eu-1, eu/eu-2] }`,
    `{ name: www, ${FROM}, when: { down: [eu, us] }, type: AAAA, then: NODATA }`,
    `{ name: a.apps, ${FROM}, when: { down: eu }, never: rescue }`,
    `{ name: shut, ${FROM}, when: { down: shut/only }, then: only }`,
    `{ name: drawn, ${FROM}, then: big }`,
    `{ name: drawn, ${FROM}, never: small }`,
    `{ name: drawn, ${FROM}, share: { big: 40-50 } }`,
    `{ name: drawn, ${FROM}, share: { small: 40-50 } }`,
  );
  expect(lines).toMatchInlineSnapshot(`
    [
      "14:9: www.example.test. A from 203.0.113.7: expected us, got 192.0.2.1 (eu/eu-1); in pool web failover: in the order written eu is first of those that stand",
      "16:9: www.example.test. A from 203.0.113.7: expected eu/eu-1 or eu/eu-2, got 198.51.100.1 (us/us-1); in pool web eu is out: down",
      "17:9: www.example.test. AAAA from 203.0.113.7: expected NODATA, got 2001:db8:2::1 (rescue/eu-1); pool web is down: 0 of 2 members are up, min-up is 1; FAIL-OPEN, as if all enabled members were up; in pool web failover: in the order written eu is first of those that stand; pool eu is down: 0 of 2 members are up, min-up is 1; last resort is pool rescue; in pool rescue weighted: only eu-1 is left; no draw is needed",
      "18:9: a.apps.example.test. A from 203.0.113.7: expected never rescue, got 203.0.113.1 (rescue/eu-1); pool eu is down: 0 of 2 members are up, min-up is 1; last resort is pool rescue; in pool rescue weighted: only eu-1 is left; no draw is needed",
      "19:9: shut.example.test. A from 203.0.113.7: expected only, got NODATA; pool shut is down: 0 of 1 members are up, min-up is 1; when-down is closed, so NODATA; in pool shut only is out: down",
      "20:9: drawn.example.test. A from 203.0.113.7: expected big, got 192.0.2.11 (drawn/big) and 192.0.2.12 (drawn/small)",
      "21:9: drawn.example.test. A from 203.0.113.7: expected never small, got 192.0.2.11 (drawn/big) and 192.0.2.12 (drawn/small); in pool drawn weighted drew 0.844 of 4: big",
      "22:9: drawn.example.test. A from 203.0.113.7: expected 40-50% from big, got 75.4% of 2500 draws with seed 1: drawn/big 75.4%, drawn/small 24.6%; in pool drawn weighted drew 0.844 of 4: big",
      "23:9: drawn.example.test. A from 203.0.113.7: expected 40-50% from small, got 24.6% of 2500 draws with seed 1: drawn/big 75.4%, drawn/small 24.6%; in pool drawn weighted drew 0.844 of 4: big",
    ]
  `);
  expect(held).toBe(1);
});

test("runExpectations() draws the same each time", () => {
  const lines = [`{ name: drawn, ${FROM}, share: { big: 10-15 } }`, `{ name: drawn, ${FROM}, never: small }`];
  expect(run(...lines)).toEqual(run(...lines));
});

test("runExpectations() starts each expectation with all members up", () => {
  const { held } = run(
    `{ name: www, ${FROM}, when: { down: eu }, then: us }`,
    `{ name: www, ${FROM}, then: eu }`,
  );
  expect(held).toBe(2);
});

test("runExpectations() says of each expectation that cannot be run what would be right", () => {
  const { lines, held } = run(
    `{ name: wwww, ${FROM}, then: eu }`,
    `{ name: ns1, ${FROM}, then: eu }`,
    `{ name: www, ${FROM}, then: drawn }`,
    `{ name: www, ${FROM}, then: [eu, uss, 192.0.2.99] }`,
    `{ name: www, ${FROM}, never: eu/eu-3 }`,
    `{ name: www, ${FROM}, then: eu-1 }`,
    `{ name: www, ${FROM}, share: { eus: 10-20 } }`,
    `{ name: www, ${FROM}, when: { down: [eu, uu] }, then: us }`,
    `{ name: www, ${FROM}, when: { down: eu/eu1 }, then: us }`,
    `{ name: www, ${FROM}, when: { load: { web/eu: 5 } }, then: us }`,
    `{ name: www, ${FROM}, when: { load: { eu/eu-1: 5 } }, then: us }`,
    `{ name: www, ${FROM}, when: { load: { eu-1: 5 } }, then: us }`,
    `{ name: www, ${FROM}, when: { latency: { eu/eu-1: 5, eu-west: 7 } }, then: us }`,
    `{ name: www, from: [FR, AS64500, "*"], then: eu }`,
  );
  expect(lines).toMatchInlineSnapshot(`
    [
      "14:17: wwww.example.test. does not exist; did you mean www.example.test.?",
      "15:17: ns1.example.test. is not steered, so every client gets the same; did you mean www.example.test.?",
      "16:41: www.example.test. is never answered from "drawn"; it can be from eu, rescue, us, web",
      "17:52: www.example.test. is never answered from "uss"; did you mean "us"?",
      "17:57: no member that www.example.test. can be answered from has 192.0.2.99; did you mean "192.0.2.1"?",
      "18:41: www.example.test. is never answered from "eu/eu-3"; did you mean "eu/eu-1"?",
      "19:41: "eu-1" may be eu/eu-1 or rescue/eu-1; write which of them is meant",
      "20:55: www.example.test. is never answered from "eus"; did you mean "us"?",
      "21:60: "uu" is no pool and no member; did you mean "eu"?",
      "22:49: "eu/eu1" is no pool and no member; did you mean "eu/eu-1"?",
      "23:65: "web/eu" is a pool, which reports no load; name members of it",
      "24:66: "eu/eu-1" has no capacity, so its load changes nothing; give the member a capacity",
      "25:63: "eu-1" is no member; did you mean "eu/eu-1"?",
      "26:69: "eu/eu-1" has no region; give one to it or to its pool",
      "26:81: "eu-west" is no region of a member, and no member; write a region, or a member as pool/member",
      "27:29: no place data says which networks are "FR"; give --geo FILE, or name a network",
      "27:33: no place data says which networks are "AS64500"; give --geo FILE, or name a network",
      "27:42: no place data says which networks are "*"; give --geo FILE, or name a network",
    ]
  `);
  expect(held).toBe(0);
});

const PLACED = `      placed: { pool: placed }
      fast: { pool: fast }
      sure: { pool: sure }
      busy: { pool: busy }
      own: { pool: own }
    expect:
`;

const PLACED_POOLS = `  placed:
    policy: [geo, weighted]
    members:
      - { pool: us, serves: [FR, "*"] }
      - { pool: eu, serves: europe }
      - { pool: rescue, serves: [198.51.100.0/24, AS64500] }
  fast:
    policy: { latency: { samples: 5 } }
    members:
      - { pool: eu, region: eu-west }
      - { pool: us, region: us-east }
      - { pool: rescue, region: us-east }
  sure:
    policy: proximity
    members:
      - { pool: eu, location: DUB }
      - { pool: us, location: "aws:us-east-1" }
  busy:
    policy: [load, weighted]
    members:
      - { name: left, address: 192.0.2.31, capacity: 100, low: 50%, high: 100% }
      - { name: right, address: 192.0.2.32, capacity: 100 }
  own:
    policy: hash
    members: [192.0.2.41, 192.0.2.42, 192.0.2.43]
`;

/** With the country data that comes along. */
function runPlaced(...lines: string[]) {
  const text = `${ZONE}${PLACED}${lines.map((line) => `      - ${line}\n`).join("")}${POOLS}${PLACED_POOLS}`;
  const { configuration, expectations, faults } = parseDocuments([{ file: "a.yaml", text, modifiedMs: 0 }]);
  expect(faults.filter(({ severity }) => severity === "error")).toEqual([]);
  const clientTables = { places: loadPlaceData([]), latency: null };
  const result = runExpectations(configuration!, expectations, clientTables);
  return {
    lines: result.faults.map((fault) => formatFault(fault).replace(/^a\.yaml:/, "")),
    held: result.held,
  };
}

test("runExpectations() asks as clients of countries, continents and networks", () => {
  const { lines, held } = runPlaced(
    "{ name: placed, from: FR, then: us }",
    "{ name: placed, from: [DE, IE], then: eu }",
    '{ name: placed, from: DE, type: AAAA, then: ["2001:db8::1"] }',
    "{ name: placed, from: [asia, BR], then: us }",
    "{ name: placed, from: DE, when: { down: eu/eu-1 }, then: eu-2 }",
    "{ name: sure, from: [GB, FR], then: eu }",
    "{ name: sure, from: [GB, US], share: { eu: 45-55 } }",
  );
  expect(lines).toEqual([]);
  expect(held).toBe(7);
});

test("runExpectations() takes loads as said, and draws a client for each answer of a share", () => {
  const { lines, held } = runPlaced(
    '{ name: busy, from: "*", share: { left: 45-55, right: 45-55 } }',
    '{ name: busy, from: "*", when: { load: { busy/left: 75 } }, share: { left: 28-38, right: 62-72 } }',
    "{ name: busy, from: 192.0.2.0/24, when: { load: { busy/left: 100 } }, then: right }",
    '{ name: own, from: "*", share: { own/192.0.2.41: 28-38, 192.0.2.42: 28-38, 192.0.2.43: 28-38 } }',
    "{ name: own, from: 192.0.2.0/24, share: { 192.0.2.41: 0-10, 192.0.2.42: 0-10, 192.0.2.43: 0-10 } }",
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^23:9: own\.example\.test\. A from 192\.0\.2\.0\/24: expected 0-10% from .* got 100% of 2500 draws/,
  );
  expect(held).toBe(4);
});

test("runExpectations() asks each client many times, since a member may come seldom", () => {
  const when = "when: { load: { busy/left: 98 } }"; // a 26th of the answers
  const { lines } = runPlaced(
    `{ name: busy, from: 192.0.2.0/24, ${when}, then: right }`,
    `{ name: busy, from: 192.0.2.0/24, ${when}, never: left }`,
  );
  expect(lines).toEqual([
    expect.stringContaining("expected right, got 192.0.2.31 (busy/left)"),
    expect.stringContaining("expected never left, got 192.0.2.31 (busy/left)"),
  ]);
});

test("runExpectations() takes round-trip times as said, by region or by member, of networks and of countries", () => {
  const { lines, held } = runPlaced(
    "{ name: fast, from: 203.0.113.0/24, when: { latency: { eu-west: 20, us-east: 80 } }, then: eu }",
    "{ name: fast, from: FR, when: { latency: { fast/eu: 80, fast/us: 20 } }, then: [us, rescue] }",
    "{ name: fast, from: 2001:db8::/48, when: { latency: { us-east: 80 } }, then: [us, rescue] }",
    "{ name: fast, from: 0.0.0.0/0, when: { latency: { us-east: 80 } }, then: us }",
    "{ name: fast, from: 203.0.113.0/24, when: { latency: { eu-west: 80, us-east: 20 } }, then: [us, rescue] }",
  );
  expect(lines).toMatchInlineSnapshot(`
    [
      "22:68: the clients are a network too wide to be measured; name one of /8 or longer, or of /24 in IPv6",
    ]
  `);
  expect(held).toBe(4);
});

test("runExpectations() says why the place of a client led elsewhere, and which place data it misses", () => {
  const { lines } = runPlaced(
    "{ name: placed, from: FR, then: eu }",
    "{ name: placed, from: [DE, JP], never: us }",
    "{ name: sure, from: US, then: eu }",
    "{ name: placed, from: [US-CA, FR], then: us }",
    "{ name: placed, from: AS64500, then: rescue }",
  );
  expect(lines.map((line) => line.replace(/\([^()]*\.mmdb\)/, "(FILE)"))).toMatchInlineSnapshot(`
    [
      "19:9: placed.example.test. A from FR: expected eu, got 198.51.100.1 (us/us-1) for 2.13.77.0/24 (16 of 16 networks fail); in pool placed geo dropped eu: does not serve country FR",
      "20:9: placed.example.test. A from DE, JP: expected never us, got 198.51.100.1 (us/us-1) for 14.9.187.0/24 (16 of 32 networks fail); in pool placed geo: the most specific that candidates serve of this client is *; in pool us weighted: only us-1 is left; no draw is needed",
      "21:9: sure.example.test. A from US: expected eu, got 198.51.100.1 (us/us-1) for 4.52.30.0/24 (16 of 16 networks fail); in pool sure proximity: us is the nearest, 906 km away, the client being placed by its country",
      "22:32: the place data (FILE) has no network of "US-CA"; give --geo FILE with data that has, or name a network",
      "23:25: the place data (FILE) has no network of "AS64500"; give --geo FILE with data that has, or name a network",
    ]
  `);
});
