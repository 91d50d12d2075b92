import { expect, test } from "vitest";
import { leavePair, makePairs, takePair } from "../../src/steering/pairs.ts";

const KEY = 0x1234_5678;

test("takePair() takes what the other family left, once", () => {
  const pairs = makePairs();
  expect(pairs.buffer).toBeInstanceOf(SharedArrayBuffer);
  leavePair(pairs, KEY, 4, -17);
  expect(takePair(pairs, KEY, 4)).toBe(-1);
  expect(pairs[takePair(pairs, KEY, 6)]).toBe(-17);
  expect(takePair(pairs, KEY, 6)).toBe(-1);
});

test("leavePair() takes the place of what was left before, also by others", () => {
  const pairs = makePairs();
  leavePair(pairs, KEY, 6, 1);
  leavePair(pairs, KEY, 6, 2);
  expect(pairs[takePair(pairs, KEY, 4)]).toBe(2);
  leavePair(pairs, KEY, 6, 3);
  leavePair(pairs, KEY ^ 0x10, 6, 4);
  expect(takePair(pairs, KEY, 4)).toBe(-1);
  expect(pairs[takePair(pairs, KEY ^ 0x10, 4)]).toBe(4);
});

test("takePair() finds nothing in an empty table, whatever the key", () => {
  const pairs = makePairs();
  for (const key of [0, 1, 2, 3, -1, KEY]) {
    expect(takePair(pairs, key, 4)).toBe(-1);
    expect(takePair(pairs, key, 6)).toBe(-1);
    leavePair(pairs, key, 4, 5);
    expect(pairs[takePair(pairs, key, 6)]).toBe(5);
  }
});
