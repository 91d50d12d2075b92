import { describe, expect, test } from "vitest";
import { applyResult, beginEndpoint, isUrgent, opinionOf } from "../../src/health/prober-verdict.ts";
import { START_MS } from "./notation.ts";

const RULES = { intervalMs: 10_000, timeoutMs: 5000, downAfter: 2, upAfter: 1, recheckMs: 1000, slowMs: 800 };
const OK = { ok: true, reason: "", ms: 20 };
const HEAD = { endpoint: "web 192.0.2.1", prober: "p", region: "eu", epoch: START_MS, sequence: 1 };

describe("applyResult()", () => {
  test("keeps when the failures began, why, and the last good response time", () => {
    const up = applyResult(beginEndpoint(START_MS), OK, RULES, START_MS + 1);
    const failed = applyResult(up, { ok: false, reason: "HTTP 503", ms: 7 }, RULES, START_MS + 2);
    const down = applyResult(failed, { ok: false, reason: "refused", ms: 7 }, RULES, START_MS + 3);
    expect(opinionOf(down, HEAD)).toEqual({
      ...HEAD,
      state: "down",
      sinceMs: START_MS + 3,
      checkedMs: START_MS + 3,
      firstFailureMs: START_MS + 2,
      failures: 2,
      reason: "refused",
      responseMs: 20,
      agent: null,
      daysToExpiry: null,
    });
  });

  test("says of a slow answer how slow it was", () => {
    expect(applyResult(beginEndpoint(START_MS), { ...OK, ms: 950.4 }, RULES, START_MS).reason).toBe(
      "answered after 950 ms, slower than 800 ms",
    );
  });

  test("leaves as it was what an agent does not say, and so does a check that fails", () => {
    const agent = { weightPercent: 50, state: "drain" } as const;
    const first = applyResult(beginEndpoint(START_MS), { ...OK, agent }, RULES, START_MS);
    const ready = { weightPercent: null, state: "ready" } as const;
    const second = applyResult(first, { ...OK, agent: ready }, RULES, START_MS);
    expect(second.agent).toEqual({ weightPercent: 50, state: "ready" });
    const failed = applyResult(second, { ok: false, reason: "refused", ms: 1, agent: null }, RULES, START_MS);
    expect(failed.agent).toEqual(second.agent);
  });
});

test("isUrgent() says that states, the begin and the end of failures, and agents cannot wait", () => {
  const up = applyResult(beginEndpoint(START_MS), OK, RULES, START_MS);
  expect(isUrgent(beginEndpoint(START_MS), up)).toBe(true);
  expect(isUrgent(up, applyResult(up, { ...OK, ms: 70 }, RULES, START_MS + 1))).toBe(false);
  expect(isUrgent(up, applyResult(up, { ok: false, reason: "", ms: 1 }, RULES, START_MS + 1))).toBe(true);
  const agent = { weightPercent: 50, state: null };
  expect(isUrgent(up, applyResult(up, { ...OK, agent }, RULES, START_MS + 1))).toBe(true);
});
