import { expect, test } from "vitest";
import { compilePools } from "../../src/steering/pool.ts";
import { parsePools } from "./notation.ts";

test("compilePools() links pools whatever the order of the specs, and numbers them alike", () => {
  const specs = parsePools("w: [eu] [us]; eu: a; us when-down=spare: b; spare: >cdn");
  const shape = (pools: ReturnType<typeof compilePools>): unknown =>
    [...pools.values()].map((pool) => [pool.id, pool.number, pool.canTarget]).sort();
  const forwards = compilePools(specs, () => 0);
  const backwards = compilePools(specs.toReversed(), () => 0);
  expect(shape(forwards)).toEqual(shape(backwards));
  for (const pools of [forwards, backwards]) {
    expect(pools.get("w")!.members.map((member) => member.pool)).toEqual([pools.get("eu"), pools.get("us")]);
    expect(pools.get("us")!.whenDown).toBe(pools.get("spare"));
  }
});

test("compilePools() asks for a slot for endpoints and targets, not for pools", () => {
  const asked: string[] = [];
  const pools = compilePools(parsePools("w: [eu] >cdn; eu: a b"), (pool, member) => {
    asked.push(`${pool}/${member}`);
    return asked.length - 1;
  });
  expect(asked.sort()).toEqual(["eu/a", "eu/b", "w/cdn"]);
  expect(pools.get("w")!.members[0]!.slot).toBe(-1);
});

test("compilePools() knows where a choice may end in a CNAME", () => {
  const pools = compilePools(parsePools("w: [eu]; eu when-down=x: a; x: >cdn; us: b"), () => 0);
  expect([...pools.values()].filter((pool) => pool.canTarget).map((pool) => pool.id)).toEqual(
    expect.arrayContaining(["w", "eu", "x"]),
  );
  expect(pools.get("us")!.canTarget).toBe(false);
});

test("compilePools() refuses what documents should have refused", () => {
  expect(() => compilePools(parsePools("a: [b]; b: [a]"), () => 0)).toThrow('pool "a" stands below itself');
  expect(() => compilePools(parsePools("a when-down=b: x; b: [a]"), () => 0)).toThrow("stands below itself");
  expect(() => compilePools(parsePools("a: [b]"), () => 0)).toThrow('pool "b" is not given');
  expect(() => compilePools(parsePools("a: x; a: y"), () => 0)).toThrow('pool "a" is given twice');
  expect(() => compilePools(parsePools("a policy=luck: x"), () => 0)).toThrow(
    'step "luck" is not in the table',
  );
});
