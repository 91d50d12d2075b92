import { describe, expect, test } from "vitest";
import { cleanReason, endpointKey, endpointParts, isLater, parseOpinion } from "../../src/health/opinion.ts";
import { opinionWith, START_MS } from "./notation.ts";

test("endpointParts() undoes endpointKey()", () => {
  expect(endpointParts(endpointKey("web", "2001:db8::10"))).toEqual({
    monitor: "web",
    address: "2001:db8::10",
  });
});

describe("parseOpinion()", () => {
  const good = opinionWith({ state: "down", agent: { weightPercent: 50, state: "drain" }, daysToExpiry: -3 });

  test("takes what JSON made of an opinion", () => {
    expect(parseOpinion(JSON.parse(JSON.stringify(good)), START_MS)).toEqual(good);
  });

  test.each<[string, unknown]>([
    ["nothing", null],
    ["a text", "up"],
    ["an endpoint without an address", { ...good, endpoint: "web" }],
    ["a name without an end", { ...good, prober: "p".repeat(129) }],
    ["no region", { ...good, region: "" }],
    ["a state of its own", { ...good, state: "fine" }],
    ["a reason that is no text", { ...good, reason: 503 }],
    ["an epoch that is no number", { ...good, epoch: "now" }],
    ["a start in the future", { ...good, epoch: START_MS + 60_001 }],
    ["a check in the future", { ...good, checkedMs: START_MS + 60_001 }],
    ["a check before all time", { ...good, checkedMs: -1 }],
    ["a negative sequence", { ...good, sequence: -1 }],
    ["endless failures", { ...good, failures: Number.POSITIVE_INFINITY }],
    ["a negative response time", { ...good, responseMs: -1 }],
    ["a first failure in the future", { ...good, firstFailureMs: START_MS + 60_001 }],
    ["days that are no number", { ...good, daysToExpiry: Number.NaN }],
  ])("refuses %s", (_, value) => {
    expect(parseOpinion(value, START_MS)).toBeUndefined();
  });

  test("leaves out of an agent's report what is no report", () => {
    const agent = { weightPercent: -5, state: "asleep" };
    expect(parseOpinion({ ...good, agent }, START_MS)?.agent).toEqual({ weightPercent: null, state: null });
  });
});

test("cleanReason() makes one printable line of at most 200 characters", () => {
  expect(cleanReason("HTTP 503\r\n\u001b[31m\u202eok\u2028")).toBe("HTTP 503   [31m ok ");
  expect(cleanReason("x".repeat(300))).toBe(`${"x".repeat(199)}…`);
});

describe("isLater()", () => {
  test("goes by the epoch, then by the sequence", () => {
    const first = opinionWith({ epoch: 1, sequence: 9 });
    const second = opinionWith({ epoch: 2, sequence: 1 });
    expect([isLater(second, first), isLater(first, second), isLater(first, first)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("chooses one of two with the same head, and the same one either way", () => {
    const up = opinionWith({});
    const down = opinionWith({ state: "down" });
    expect(isLater(up, down)).not.toBe(isLater(down, up));
  });
});
