import { expect, test } from "vitest";
import {
  carryOver,
  changeLive,
  makeLiveTable,
  rotationSlot,
  setLoad,
  setRtt,
  setUp,
  setWeight,
  upBit,
} from "../../src/steering/live.ts";

test("makeLiveTable() makes a table in shared memory in which every slot is up", () => {
  const live = makeLiveTable({ slots: 3, pools: 2, remembered: 0 });
  expect([...live.up]).toEqual([3, 3, 3]);
  expect(live.rotation).toHaveLength(4);
  for (const column of [live.version, live.up, live.rotation]) {
    expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
  }
});

test("setUp() writes a verdict and lets the version grow", () => {
  const live = makeLiveTable({ slots: 2, pools: 0, remembered: 0 });
  setUp(live, 1, false);
  expect([...live.up, live.version[0]]).toEqual([3, 0, 1]);
  setUp(live, 1, true);
  expect([...live.up, live.version[0]]).toEqual([3, 3, 2]);
});

test("setUp() writes one family and leaves the other", () => {
  const live = makeLiveTable({ slots: 1, pools: 0, remembered: 0 });
  setUp(live, 0, false, 6);
  expect(live.up[0]).toBe(upBit(4));
  setUp(live, 0, false, 4);
  expect(live.up[0]).toBe(0);
  setUp(live, 0, true, 6);
  expect(live.up[0]).toBe(upBit(6));
});

test("changeLive() writes many changes under one version, and none where nothing differs", () => {
  const live = makeLiveTable({ slots: 3, pools: 0, remembered: 0 });
  expect(
    changeLive(live, [
      { slot: 0, up: upBit(4), weight: 0.5 },
      { slot: 2, load: 7, rttMs: 12.5 },
    ]),
  ).toBe(true);
  expect([live.up[0], live.weight[0], live.load[2], live.rttMs[2]]).toEqual([1, 0.5, 7, 12.5]);
  expect([live.version[0], live.up[1], live.weight[1]]).toEqual([1, 3, 1]);
  const again = [
    { slot: 0, up: upBit(4), weight: 0.5 },
    { slot: 1, load: Number.NaN },
  ];
  expect(changeLive(live, again)).toBe(false);
  expect(live.version[0]).toBe(1);
  expect(changeLive(live, [{ slot: 2, load: Number.NaN }])).toBe(true);
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
  expect([after.up[1], after.weight[1]]).toEqual([3, 1]);
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
