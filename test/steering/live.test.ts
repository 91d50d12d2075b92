import { expect, test } from "vitest";
import { allUp, rotationSlot, setUp } from "../../src/steering/live.ts";

test("allUp() makes a table in shared memory in which every slot is up", () => {
  const live = allUp(3, 2);
  expect([...live.up]).toEqual([1, 1, 1]);
  expect(live.rotation).toHaveLength(4);
  for (const column of [live.version, live.up, live.rotation]) {
    expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
  }
});

test("setUp() writes a verdict and lets the version grow", () => {
  const live = allUp(2, 0);
  setUp(live, 1, false);
  expect([...live.up, live.version[0]]).toEqual([1, 0, 1]);
  setUp(live, 1, true);
  expect([...live.up, live.version[0]]).toEqual([1, 1, 2]);
});

test("rotationSlot() gives each family of each pool its own count", () => {
  const slots = [0, 1].flatMap((pool) => [rotationSlot(pool, 4), rotationSlot(pool, 6)]);
  expect(new Set(slots)).toEqual(new Set([0, 1, 2, 3]));
});
