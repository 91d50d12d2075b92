import { expect, test } from "vitest";
import {
  carryOver,
  makeLiveTable,
  rotationSlot,
  setLoad,
  setRtt,
  setUp,
  setWeight,
} from "../../src/steering/live.ts";

test("makeLiveTable() makes a table in shared memory in which every slot is up", () => {
  const live = makeLiveTable({ slots: 3, pools: 2, remembered: 0 });
  expect([...live.up]).toEqual([1, 1, 1]);
  expect(live.rotation).toHaveLength(4);
  for (const column of [live.version, live.up, live.rotation]) {
    expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
  }
});

test("setUp() writes a verdict and lets the version grow", () => {
  const live = makeLiveTable({ slots: 2, pools: 0, remembered: 0 });
  setUp(live, 1, false);
  expect([...live.up, live.version[0]]).toEqual([1, 0, 1]);
  setUp(live, 1, true);
  expect([...live.up, live.version[0]]).toEqual([1, 1, 2]);
});

test("rotationSlot() gives each family of each pool its own count", () => {
  const slots = [0, 1].flatMap((pool) => [rotationSlot(pool, 4), rotationSlot(pool, 6)]);
  expect(new Set(slots)).toEqual(new Set([0, 1, 2, 3]));
});

test("carryOver() takes all that is known of a member along", () => {
  const before = makeLiveTable({ slots: 2, pools: 0, remembered: 0 });
  setUp(before, 1, false);
  setWeight(before, 1, 0.25);
  const after = makeLiveTable({ slots: 3, pools: 0, remembered: 0 });
  carryOver(before, 1, after, 2);
  expect([after.up[2], after.weight[2], after.load[2], after.rttMs[2]]).toEqual([
    0,
    0.25,
    Number.NaN,
    Number.NaN,
  ]);
  expect([after.up[1], after.weight[1]]).toEqual([1, 1]);
});

test("setWeight() writes a part of the weight and lets the version grow", () => {
  const live = makeLiveTable({ slots: 2, pools: 0, remembered: 0 });
  expect([...live.weight]).toEqual([1, 1]);
  setWeight(live, 0, 0.5);
  expect([...live.weight, live.version[0]]).toEqual([0.5, 1, 1]);
  for (const column of [live.weight, live.load, live.rttMs])
    expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test("setLoad() and setRtt() write what was reported and measured, and let the version grow", () => {
  const live = makeLiveTable({ slots: 2, pools: 0, remembered: 0 });
  expect([...live.load, ...live.rttMs]).toEqual(new Array(4).fill(Number.NaN));
  setLoad(live, 0, 812.5);
  setRtt(live, 1, 12.25);
  expect([...live.load, ...live.rttMs]).toEqual([812.5, Number.NaN, Number.NaN, 12.25]);
  expect(live.version[0]).toBe(2);
});
