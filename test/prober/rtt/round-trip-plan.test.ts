import { describe, expect, test } from "vitest";
import {
  type Errand,
  RoundTripPlan,
  type RoundTripPlanOptions,
} from "../../../src/prober/rtt/round-trip-plan.ts";
import type { Demand } from "../../../src/store/live/live-exchange.ts";

const INTERVAL_MS = 600_000;
const START_MS = 1_000_000_000;

function planOf(more: Partial<RoundTripPlanOptions> = {}): RoundTripPlan {
  return new RoundTripPlan({
    region: "eu",
    name: "prober-1",
    intervalMs: INTERVAL_MS,
    mayMeasure: () => true,
    ...more,
  });
}

const asks = (network: string, rate: number, resolver = `${network}.53`): Demand => ({
  network,
  rate,
  resolver,
});

/** Measures what is next, if anything, as `rttMs`; null = nothing answers. */
function measure(plan: RoundTripPlan, nowMs: number, rttMs: number | null) {
  const errand = plan.next(nowMs);
  if (errand === null) return null;
  return plan.finish(errand, rttMs === null ? null : { rttMs, count: 3, kind: "tcp" }, nowMs);
}

describe("RoundTripPlan", () => {
  test("next() is the busiest first, each once in an interval", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1), asks("b", 100), asks("c", 10)]);
    const order = [0, 1, 2].map((i) => measure(plan, START_MS + i, 20)!.network);
    expect(order).toEqual(["b", "c", "a"]);
    expect(plan.next(START_MS + 10)).toBeNull();
    expect(plan.next(START_MS + INTERVAL_MS - 1)).toBeNull();
    expect(plan.next(START_MS + INTERVAL_MS)!.network).toBe("b");
  });

  test("next() gives nothing twice while it is under way", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1)]);
    expect(plan.next(START_MS)!.network).toBe("a");
    expect(plan.next(START_MS)).toBeNull();
  });

  test("next() adds up what nodes say, and forgets what they say no more", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 5), asks("b", 30)]);
    plan.takeDemand("m", [asks("a", 500)]);
    expect(plan.size).toBe(2);
    expect(plan.next(START_MS)!.network).toBe("a");
    plan.takeDemand("m", []);
    plan.takeDemand("n", [asks("c", 1)]);
    expect(plan.size).toBe(1);
    expect(plan.next(START_MS)!.network).toBe("c");
    expect(plan.next(START_MS)).toBeNull();
  });

  test("nobody is measured who may not be", () => {
    const plan = planOf({ mayMeasure: (network) => network !== "a" });
    plan.takeDemand("n", [asks("a", 100), asks("b", 1)]);
    expect(plan.next(START_MS)!.network).toBe("b");
    expect(plan.next(START_MS)).toBeNull();
  });

  test("finish() makes a sample of its region, by the clock that all share", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1)]);
    expect(measure(plan, START_MS, 23.5)).toEqual({
      network: "a",
      region: "eu",
      rttMs: 23.5,
      count: 3,
      atMs: START_MS,
      source: "probe",
    });
  });

  test("the way that was answered is the first to be tried again", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1)]);
    expect(plan.next(START_MS)).toMatchObject({ kind: null } satisfies Partial<Errand>);
    plan.finish(
      { network: "a", resolver: "a.53", kind: null },
      { rttMs: 20, count: 3, kind: "tcp" },
      START_MS,
    );
    expect(plan.next(START_MS + INTERVAL_MS)).toMatchObject({ kind: "tcp" });
  });

  test("who never answers is asked less and less, and gives no sample", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1)]);
    let nowMs = START_MS;
    const gaps: number[] = [];
    for (let i = 0; i < 8; i++) {
      expect(measure(plan, nowMs, null)).toBeNull();
      const from = nowMs;
      while (plan.next(nowMs) === null) nowMs += INTERVAL_MS / 2;
      plan.finish({ network: "a", resolver: "a.53", kind: null }, null, nowMs);
      gaps.push((nowMs - from) / INTERVAL_MS);
      nowMs += 64 * INTERVAL_MS;
    }
    expect(gaps.slice(0, 3)).toEqual([1, 4, 16]);
    expect(gaps.at(-1)).toBe(32);
  });

  test("another resolver of the network is tried where the first does not answer", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1, "one")]);
    measure(plan, START_MS, null);
    plan.takeDemand("n", [asks("a", 1, "two")]);
    expect(plan.next(START_MS + INTERVAL_MS)!.resolver).toBe("two");
  });

  test("a resolver that answers stays, for times of two are not to be compared", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1, "one")]);
    measure(plan, START_MS, 20);
    plan.takeDemand("n", [asks("a", 1, "two")]);
    expect(plan.next(START_MS + INTERVAL_MS)!.resolver).toBe("one");
  });

  test("what another prober of the region has measured is not due; what one elsewhere has, is", () => {
    const plan = planOf();
    plan.takeDemand("n", [asks("a", 1), asks("b", 1)]);
    const sample = { rttMs: 20, count: 1, atMs: START_MS } as const;
    plan.takeSamples([
      { ...sample, network: "a", region: "eu" },
      { ...sample, network: "b", region: "us" },
    ]);
    expect(plan.next(START_MS)!.network).toBe("b");
    expect(plan.next(START_MS)).toBeNull();
    expect(plan.next(START_MS + INTERVAL_MS)!.network).toBe("a");
  });

  test("two probers have orders of their own among networks that are as urgent", () => {
    const networks = Array.from({ length: 100 }, (_, i) => asks(`n${i}`, 1));
    const first = ["one", "two"].map((name) => {
      const plan = planOf({ name });
      plan.takeDemand("n", networks);
      return Array.from({ length: 10 }, () => plan.next(START_MS)!.network);
    });
    expect(first[0]!.filter((network) => first[1]!.includes(network)).length).toBeLessThan(5);
  });

  describe("a path that changes", () => {
    /** Measured at each time that is due; what was shared: time and weight, and after how many ms. */
    function follow(times: readonly number[]): [number, number, number][] {
      const plan = planOf();
      plan.takeDemand("n", [asks("a", 1)]);
      let nowMs = START_MS;
      return times.map((rttMs) => {
        const from = nowMs;
        let sample = measure(plan, nowMs, rttMs);
        while (sample === null) {
          nowMs += 1000;
          sample = measure(plan, nowMs, rttMs);
        }
        return [sample.rttMs, sample.count, nowMs - from];
      });
    }

    test("is looked at again soon, and weighs more when it is confirmed", () => {
      expect(follow([20, 21, 90, 91, 90, 92, 91, 90, 92])).toEqual([
        [20, 3, 0],
        [21, 3, INTERVAL_MS],
        [90, 3, INTERVAL_MS], // seen once
        [90.5, 31, 5000], // confirmed; from here on the mean since
        [90.333, 31, 5000],
        [90.75, 31, 5000],
        [90.8, 31, 5000],
        [90.667, 31, 5000],
        [92, 3, INTERVAL_MS],
      ]);
    });

    test("is none when it was seen only once", () => {
      expect(follow([20, 90, 20, 20]).map(([, count, afterMs]) => [count, afterMs])).toEqual([
        [3, 0],
        [3, INTERVAL_MS],
        [3, 5000],
        [3, INTERVAL_MS],
      ]);
    });

    test("is none when it is within noise", () => {
      const times = [20, 24, 17, 22, 100, 20, 110, 19];
      const weights = follow(times).map(([, count]) => count);
      expect(weights.every((count) => count === 3)).toBe(true);
    });
  });
});
