import { expect, test } from "vitest";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { runExpectations } from "../../src/expectations/run-expectations.ts";
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
  ["a last resort", `{ name: a.apps, ${FROM}, when: { down: eu }, then: rescue }`],
  ["a name in full", `{ name: www.example.test., ${FROM}, then: eu }`],
  ["a name below a wildcard", `{ name: a.b.apps, ${FROM}, then: eu }`],
  ["an alias", `{ name: alias, ${FROM}, then: eu }`],
  ["a steered CNAME", `{ name: cdn, ${FROM}, then: cdn/ours }`],
  ["what stands behind a steered CNAME", `{ name: cdn, ${FROM}, then: eu }`],
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
      "20:9: drawn.example.test. A from 203.0.113.7: expected big, got 192.0.2.12 (drawn/small) and 192.0.2.11 (drawn/big); in pool drawn weighted drew 3.115 of 4: small",
      "21:9: drawn.example.test. A from 203.0.113.7: expected 40-50% from big, got 75.4% of 2500 draws with seed 1: drawn/big 75.4%, drawn/small 24.6%; in pool drawn weighted drew 2.462 of 4: big",
      "22:9: drawn.example.test. A from 203.0.113.7: expected 40-50% from small, got 24.6% of 2500 draws with seed 1: drawn/big 75.4%, drawn/small 24.6%; in pool drawn weighted drew 2.462 of 4: big",
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
      "25:63: "eu-1" is no member; write it as pool/member",
      "26:69: "eu/eu-1" has no region; give one to it or to its pool",
      "26:81: "eu-west" is no region of a member, and no member; write a region, or a member as pool/member",
      "27:29: no place data says which networks are "FR"; give --geo FILE, or name a network",
      "27:33: no place data says which networks are "AS64500"; give --geo FILE, or name a network",
      "27:42: no place data says which networks are "*"; give --geo FILE, or name a network",
    ]
  `);
  expect(held).toBe(0);
});
