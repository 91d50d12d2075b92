import fc from "fast-check";
import { expect, test } from "vitest";
import { applyVerdict, type Damped, UNSEEN } from "../../src/health/damping.ts";
import { START_MS } from "./notation.ts";

test("applyVerdict() does not take a first verdict for a change", () => {
  const down = applyVerdict(UNSEEN, "down", START_MS, START_MS);
  expect(down).toMatchObject({ isIn: false, changesMs: [] });
  expect(applyVerdict(down, "up", START_MS + 1, START_MS + 1)).toMatchObject({
    isIn: true,
    recoveredMs: START_MS + 1,
  });
});

test("applyVerdict() counts from now where the verdict turned because newer opinions ran out", () => {
  const down = applyVerdict(UNSEEN, "down", START_MS, START_MS);
  const up = applyVerdict(down, "up", START_MS - 86_400_000, START_MS + 40_000);
  expect(up).toMatchObject({ isIn: true, recoveredMs: START_MS + 40_000, changesMs: [START_MS + 40_000] });
});

test("applyVerdict() lets a verdict of unknown change nothing", () => {
  const down = applyVerdict(UNSEEN, "down", START_MS, START_MS);
  expect(applyVerdict(down, "unknown", null, START_MS + 9)).toEqual(down);
});

test("applyVerdict() never lets a down endpoint in, never holds longer than 10 minutes, and is bounded", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom("up", "down", "unknown")),
    {
      maxLength: 80,
    },
  );
  fc.assert(
    fc.property(steps, (all) => {
      let damped: Damped = UNSEEN;
      let nowMs = START_MS;
      for (const [ms, verdict] of all) {
        nowMs += ms;
        damped = applyVerdict(damped, verdict as "up" | "down" | "unknown", nowMs, nowMs);
        if (damped.verdict === "down") expect(damped.isIn).toBe(false);
        if (damped.heldUntilMs !== null) expect(damped.heldUntilMs - nowMs).toBeLessThanOrEqual(600_000);
        expect(damped.changesMs.length).toBeLessThanOrEqual(16);
      }
      if (damped.verdict === "up") {
        expect(applyVerdict(damped, "up", nowMs, nowMs + 600_000).isIn).toBe(true);
      }
    }),
  );
});
