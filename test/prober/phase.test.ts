import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALONE, phaseOf, rankAmong, slotAfter } from "../../src/prober/phase.ts";

const REGION = "us-east";

describe("phaseOf()", () => {
  test("spreads endpoints evenly over the interval", () => {
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const address = `10.1.${i >> 8}.${i & 255}`;
      tenths[Math.floor(10 * phaseOf(`web ${address}`, ALONE))]!++;
    }
    // 1,000 each, with a standard deviation of 30.
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test("puts the probers of a region evenly between each other", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 20 }), (endpoint, count) => {
        const phases = Array.from({ length: count }, (_, index) => phaseOf(endpoint, { index, count }));
        phases.sort((a, b) => a - b);
        for (const [i, phase] of phases.entries()) {
          const next = phases[i + 1] ?? phases[0]! + 1;
          expect(next - phase).toBeCloseTo(1 / count, 9);
        }
      }),
    );
  });
});

describe("slotAfter()", () => {
  test("is the first time after the one given in that phase", () => {
    expect([9999, 10_000, 12_499, 12_500, 12_501].map((ms) => slotAfter(ms, 10_000, 0.25))).toEqual([
      12_500, 12_500, 12_500, 22_500, 22_500,
    ]);
    const times = fc.tuple(
      fc.integer({ min: 0, max: 2e12 }),
      fc.integer({ min: 1000, max: 3_600_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    );
    fc.assert(
      fc.property(times, ([afterMs, intervalMs, phase]) => {
        const slot = slotAfter(afterMs, intervalMs, phase);
        // Floats of 2e12 are exact to 0.0003.
        expect(slot).toBeGreaterThan(afterMs - 0.001);
        expect(slot - afterMs).toBeLessThanOrEqual(intervalMs + 0.001);
        const off = (((slot - phase * intervalMs) % intervalMs) + intervalMs) % intervalMs;
        expect(Math.min(off, intervalMs - off)).toBeLessThan(0.001);
      }),
    );
  });
});

describe("rankAmong()", () => {
  const inRegion = (...names: string[]) => names.map((name) => ({ name, region: REGION }));

  test("goes by name, in the own region alone", () => {
    const others = [...inRegion("c", "a"), { name: "aa", region: "eu-west" }];
    expect(rankAmong({ name: "b", region: REGION }, others)).toEqual({ index: 1, count: 3 });
  });

  test("counts itself once, heard of or not, and two with one name as one", () => {
    expect(rankAmong({ name: "a", region: REGION }, [])).toEqual(ALONE);
    expect(rankAmong({ name: "a", region: REGION }, inRegion("a", "a"))).toEqual(ALONE);
  });
});
