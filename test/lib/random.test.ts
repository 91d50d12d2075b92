import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Random, randomBelow, SeededRandom } from "../../src/lib/random.ts";

describe("SeededRandom", () => {
  test("repeats itself for a seed, and differs between seeds", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (seed) => {
        expect(draw(new SeededRandom(seed))).toEqual(draw(new SeededRandom(seed)));
        expect(draw(new SeededRandom(seed))).not.toEqual(draw(new SeededRandom(seed ^ 1)));
      }),
    );
  });

  test("draws unsigned 32-bit integers, each bit set about half of the time", () => {
    const seed = 20_260_101;
    const random = new SeededRandom(seed);
    const counts = new Array<number>(32).fill(0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const value = random.u32();
      expect(value >>> 0).toBe(value);
      for (let bit = 0; bit < 32; bit++) counts[bit]! += (value >>> bit) & 1;
    }
    // Five standard deviations of a binomial of 20 000 halves are 354.
    for (const count of counts) expect(Math.abs(count - draws / 2), `seed ${seed}`).toBeLessThan(354);
  });
});

describe("randomBelow()", () => {
  test("reaches both ends and never the bound", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(0xffff_ffff), (bound, bits) => {
        const value = randomBelow(always(bits), bound);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(bound);
      }),
    );
    expect(randomBelow(always(0), 10)).toBe(0);
    expect(randomBelow(always(0xffff_ffff), 10)).toBe(9);
  });
});

function draw(random: Random): number[] {
  return Array.from({ length: 8 }, () => random.u32());
}

function always(bits: number): Random {
  return { u32: () => bits, i32: () => bits | 0 };
}
