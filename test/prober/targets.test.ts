import { describe, expect, test } from "vitest";
import type { Configuration } from "../../src/documents/configuration.ts";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { endpointsOf, isSameToProbe } from "../../src/prober/targets.ts";

const DOCUMENTS = `monitors:
  web: { type: http }
  ping: { type: icmp, observe: true }
pools:
  a:
    monitor: web
    members:
      - { address: [192.0.2.1, "2001:db8:0::1"] }
      - { address: 192.0.2.2, enabled: false }
  b: { monitor: web, members: [192.0.2.1, 192.0.2.3] }
  c: { monitor: ping, members: [192.0.2.1] }
  d: { members: [192.0.2.9] }
  e: { monitor: web, members: [{ target: www.example.net. }, { pool: b }] }
`;

function read(text: string): Configuration {
  const { configuration, faults } = parseDocuments([{ file: "test.yaml", text, modifiedMs: 0 }]);
  if (configuration === undefined) throw new Error(JSON.stringify(faults));
  return configuration;
}

test("endpointsOf() has each address that a monitor checks once, disabled or observed as well", () => {
  const endpoints = endpointsOf(read(DOCUMENTS));
  expect([...endpoints.keys()].sort()).toEqual([
    "ping 192.0.2.1",
    "web 192.0.2.1",
    "web 192.0.2.2",
    "web 192.0.2.3",
    "web 2001:db8::1",
  ]);
  expect(endpoints.get("web 2001:db8::1")).toMatchObject({
    monitor: { id: "web" },
    target: { address: "2001:db8::1", family: 6 },
  });
});

describe("isSameToProbe()", () => {
  const before = read(DOCUMENTS);
  const with_ = (id: string, change: object): Configuration => ({
    ...before,
    pools: new Map([...before.pools, [id, { ...before.pools.get(id)!, ...change }]]),
  });

  test("overlooks zones, and pools without a monitor", () => {
    expect(isSameToProbe(before, { ...before, pools: new Map(before.pools) })).toBe(true);
    expect(isSameToProbe(before, with_("d", { members: [] }))).toBe(true);
  });

  test("sees members, monitors, and what is gone", () => {
    expect(isSameToProbe(before, with_("a", { members: [] }))).toBe(false);
    expect(isSameToProbe(before, with_("d", { monitor: "web" }))).toBe(false);
    expect(isSameToProbe(before, with_("a", { monitor: undefined }))).toBe(false);
    const pools = new Map(before.pools);
    pools.delete("c");
    expect(isSameToProbe(before, { ...before, pools })).toBe(false);
    expect(isSameToProbe(before, { ...before, monitors: new Map() })).toBe(false);
  });
});
