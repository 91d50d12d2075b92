import fc from "fast-check";
import { expect, test } from "vitest";
import { applyVerdict, type Standing, UNSEEN } from "../../src/health/damping.ts";
import { START_MS } from "./notation.ts";

test("applyVerdict() does not take a first verdict for a change", () => {
  const down = applyVerdict(UNSEEN, "down", START_MS, START_MS);
  expect(down).toMatchObject({ isIn: false, changesMs: [] });
  expect(applyVerdict(down, "up", START_MS + 1, START_MS + 1)).toMatchObject({
    isIn: true,
    recoveredMs: START_MS + 1,
  });
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
      let standing: Standing = UNSEEN;
      let nowMs = START_MS;
      for (const [ms, verdict] of all) {
        nowMs += ms;
        standing = applyVerdict(standing, verdict as "up" | "down" | "unknown", nowMs, nowMs);
        if (standing.verdict === "down") expect(standing.isIn).toBe(false);
        if (standing.heldUntilMs !== null) expect(standing.heldUntilMs - nowMs).toBeLessThanOrEqual(600_000);
        expect(standing.changesMs.length).toBeLessThanOrEqual(16);
      }
      if (standing.verdict === "up") {
        expect(applyVerdict(standing, "up", nowMs, nowMs + 600_000).isIn).toBe(true);
      }
    }),
  );
});
