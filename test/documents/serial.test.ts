import { expect, test } from "vitest";
import { nextSerial, serialAt } from "../../src/documents/serial.ts";

test.each([
  [1, 2, 2],
  [1, 1_700_000_000, 1_700_000_000],
  [5, 5, 6],
  [5, 4, 6],
  [0xffff_ffff, 0xffff_ffff, 0],
  [0xffff_fff0, 5, 5],
  [5, 0xffff_fff0, 6],
  [0, 0x8000_0000, 1],
])("nextSerial() after %i with %i at hand is %i (RFC 1982)", (previous, candidate, next) => {
  expect(nextSerial(previous, candidate)).toBe(next);
});

test("serialAt() is in seconds, has 32 bits and is never 0", () => {
  expect(serialAt(1_700_000_000_999)).toBe(1_700_000_000);
  expect(serialAt(0)).toBe(1);
  expect(serialAt(2 ** 32 * 1000 + 7000)).toBe(7);
});
