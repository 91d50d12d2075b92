import fc from "fast-check";
import { expect, test } from "vitest";
import { drainCurve } from "../../src/health/drain.ts";

test("drainCurve() knows nothing without answers", () => {
  expect(drainCurve(new Map())).toBeNull();
  expect(drainCurve(new Map([[30, 0]]))).toBeNull();
});

test("drainCurve() of answers with a TTL of 0 is over at once", () => {
  expect(drainCurve(new Map([[0, 7]]))).toEqual({ p50Ms: 0, p90Ms: 0, p99Ms: 0, p100Ms: 0 });
});

test("drainCurve() leaves held, at each of its moments, the part that it says", () => {
  const served = fc.array(fc.tuple(fc.integer({ min: 1, max: 3600 }), fc.integer({ min: 1, max: 1e6 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(served, (pairs) => {
      const answers = new Map(pairs);
      const heldAfter = (s: number) =>
        [...answers].reduce((sum, [ttl, n]) => sum + n * Math.max(0, ttl - s), 0);
      const curve = drainCurve(answers)!;
      for (const [ms, part] of [
        [curve.p50Ms, 0.5],
        [curve.p90Ms, 0.1],
        [curve.p99Ms, 0.01],
        [curve.p100Ms, 0],
      ] as const) {
        // Half a millisecond of rounding, on the steepest slope.
        const slack = 0.001 * [...answers.values()].reduce((sum, n) => sum + n, 0);
        expect(Math.abs(heldAfter(ms / 1000) - part * heldAfter(0))).toBeLessThanOrEqual(slack);
      }
    }),
  );
});
