import { describe, expect, test } from "vitest";
import { type MemberRules, PoolHealth, type PoolRules } from "../../src/health/effective.ts";
import { START_MS, verdictWith } from "./notation.ts";

const RULES: PoolRules = {
  minUp: 1,
  warmUpMs: 60_000,
  maxOut: null,
  healthView: "quorum",
  observe: false,
};
const MEMBERS: MemberRules[] = ["a", "b"].map((name) => ({
  name,
  enabled: true,
  ipv4: `web ${name}`,
  ipv6: null,
}));
const DOWN = verdictWith({ state: "down", sinceMs: START_MS });

function poolOf(rules: Partial<PoolRules> = {}, members = MEMBERS): PoolHealth {
  const pool = new PoolHealth({ ...RULES, ...rules }, members, null);
  for (const { ipv4 } of members)
    if (ipv4 !== null) pool.see(ipv4, verdictWith({ state: "up", sinceMs: START_MS }), START_MS);
  return pool;
}

describe("PoolHealth.effect()", () => {
  test("is due again when the ramp rises, when a hold ends, and when an order expires", () => {
    const pool = poolOf();
    expect(pool.effect(START_MS).nextChangeMs).toBeNull();
    pool.order("b", { kind: "down", untilMs: START_MS + 90_000 });
    expect(pool.effect(START_MS).nextChangeMs).toBe(START_MS + 90_000);
    for (const [ms, state] of [
      [1, "down"],
      [2, "up"],
      [3, "down"],
      [4, "up"],
    ] as const) {
      pool.see("web a", verdictWith({ state, sinceMs: START_MS + ms }), START_MS + ms);
    }
    expect(pool.effect(START_MS + 4).nextChangeMs).toBe(START_MS + 10_004);
    const { members, nextChangeMs } = pool.effect(START_MS + 10_004);
    expect(members[0]).toMatchObject({ name: "a", isUp: true, weightPart: 0.1 });
    expect(nextChangeMs).toBe(START_MS + 10_604);
    expect(pool.effect(START_MS + 70_004)).toMatchObject({
      members: [{ weightPart: 1 }, {}],
      nextChangeMs: START_MS + 90_000,
    });
    expect(pool.effect(START_MS + 90_000).nextChangeMs).toBeNull();
  });

  test("counts the ramp from the verdict, not from when this node heard of it", () => {
    const pool = poolOf();
    pool.see("web a", DOWN, START_MS);
    pool.see("web a", verdictWith({ state: "up", sinceMs: START_MS + 30_000 }), START_MS + 60_000);
    expect(pool.effect(START_MS + 60_000).members[0]!.weightPart).toBeCloseTo(0.55, 9);
  });

  test("counts a member without endpoints as up", () => {
    const pool = poolOf({ minUp: 2 }, [...MEMBERS, { name: "host", enabled: true, ipv4: null, ipv6: null }]);
    pool.see("web a", DOWN, START_MS);
    expect(pool.effect(START_MS).members.map(({ isUp }) => isUp)).toEqual([false, true, true]);
  });

  test("goes by orders where nothing is checked", () => {
    const members = ["a", "b"].map((name) => ({ name, enabled: true, ipv4: null, ipv6: null }));
    const pool = poolOf({}, members);
    pool.order("a", { kind: "drain", untilMs: START_MS + 5 });
    expect(pool.effect(START_MS).members.map(({ isUp }) => isUp)).toEqual([false, true]);
    pool.order("b", { kind: "down", untilMs: null });
    expect(pool.effect(START_MS).members).toMatchObject([
      { isUp: true, notes: ["drained", "in, for too few others are up"] },
      { isUp: false, notes: ["forced down"] },
    ]);
    expect(pool.effect(START_MS + 5).members).toMatchObject([{ isUp: true, notes: [] }, { isUp: false }]);
  });

  test("judges max-out for each family by itself", () => {
    const members = ["a", "b", "c"].map((name) => ({
      name,
      enabled: true,
      ipv4: `web ${name}.4`,
      ipv6: `web ${name}.6`,
    }));
    const pool = poolOf({ maxOut: 1 }, members);
    for (const name of ["a", "b", "c"]) pool.see(`web ${name}.6`, DOWN, START_MS);
    pool.see("web a.4", DOWN, START_MS);
    const { members: effects, alarms } = pool.effect(START_MS);
    expect(effects.map(({ ipv4, ipv6 }) => [ipv4, ipv6])).toEqual([
      [false, false],
      [true, true],
      [true, true],
    ]);
    expect(alarms).toEqual([
      "max-out: 3 of 3 members would be out for IPv6, and at most 1 may be; kept in: b, c",
    ]);
  });

  test("says of a stale verdict and of one from before the start what it is", () => {
    const pool = poolOf();
    pool.see("web a", verdictWith({ state: "up", stale: true }), START_MS);
    pool.see("web b", verdictWith({ state: "up", stale: true, coldStart: true }), START_MS);
    expect(pool.effect(START_MS).members.map(({ notes }) => notes)).toEqual([
      ["stale"],
      ["known from before the start"],
    ]);
  });
});

test("PoolHealth.adopt() keeps holds, ramps and orders over a change of documents", () => {
  const before = poolOf();
  before.see("web a", DOWN, START_MS);
  before.order("b", { kind: "drain", untilMs: null });
  const after = new PoolHealth(
    RULES,
    [{ name: "renamed", enabled: true, ipv4: "web a", ipv6: null }, MEMBERS[1]!],
    null,
  );
  after.adopt(before);
  expect(after.effect(START_MS).members).toMatchObject([
    { name: "renamed", isUp: false },
    { name: "b", isUp: true, notes: ["drained", "in, for too few others are up"] },
  ]);
});
