import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashText, mixBits } from "../../src/lib/hash.ts";

describe("mixBits()", () => {
  // Rendezvous and ties go by these numbers on every node, of every version: a change moves clients.
  test.each([
    [0, 0],
    [1, 0x514e28b7],
    [0xffffffff, 0x81f16f39],
  ])("gives %i the same for ever", (value, hash) => {
    expect(mixBits(value)).toBe(hash);
  });

  test("takes signed and unsigned alike, and gives unsigned", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(mixBits(value)).toBe(mixBits(value >>> 0));
        expect(mixBits(value)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("is one to one over a run of numbers", () => {
    const hashes = new Set(Array.from({ length: 100_000 }, (_, i) => mixBits(i)));
    expect(hashes.size).toBe(100_000);
  });

  test("changes each bit in about half of all cases when one bit of the value changes", () => {
    const values = 2000;
    for (let bit = 0; bit < 32; bit++) {
      const changed = new Array<number>(32).fill(0);
      for (let value = 0; value < values; value++) {
        const difference = mixBits(value) ^ mixBits(value ^ (1 << bit));
        for (let out = 0; out < 32; out++) changed[out]! += (difference >>> out) & 1;
      }
      // Six standard deviations of a fair coin, and what the finisher is known to be off.
      for (const count of changed) expect(Math.abs(count / values - 0.5)).toBeLessThan(0.12);
    }
  });
});

describe("hashText()", () => {
  test.each([
    ["", 2872998923],
    ["eu-1", 265684628],
  ])("gives %j the same for ever", (text, hash) => {
    expect(hashText(text)).toBe(hash);
  });

  test("tells texts apart by every character and by their order", () => {
    expect(hashText("eu-1")).not.toBe(hashText("eu-2"));
    expect(hashText("ab")).not.toBe(hashText("ba"));
    const names = Array.from({ length: 20_000 }, (_, i) => `member-${i}`);
    expect(new Set(names.map(hashText)).size).toBeGreaterThan(names.length - 3);
  });
});
