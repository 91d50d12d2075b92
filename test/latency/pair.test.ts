import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AGE_UNITS_MAX,
  AGELESS,
  ageUnitsOf,
  confidenceOf,
  countOf,
  deviationMsOf,
  isFresh,
  rttMsOf,
  STAMPS,
  smooth,
} from "../../src/latency/pair.ts";

function smoothed(times: readonly number[], isOwn = true): number {
  return times.reduce((pair, rttMs) => smooth(pair, { rttMs, count: 1, stamp: 5 }, 5, isOwn), 0);
}

describe("smooth()", () => {
  test("takes the first sample as it is, with half of it as deviation (RFC 6298 section 2.2)", () => {
    const pair = smoothed([40]);
    expect([rttMsOf(pair), deviationMsOf(pair), countOf(pair)]).toEqual([40, 20, 1]);
  });

  test("takes the mean of the first eight, then an eighth of each", () => {
    expect(rttMsOf(smoothed([10, 20, 30]))).toBeCloseTo(20, 1);
    const steady = smoothed(new Array<number>(20).fill(80));
    expect(rttMsOf(steady)).toBe(80);
    expect(rttMsOf(smooth(steady, { rttMs: 160, count: 1, stamp: 5 }, 5, true))).toBe(90);
    expect(deviationMsOf(steady)).toBeLessThan(1);
  });

  test("moves what gathers many networks by a 31st at least", () => {
    const steady = smoothed(new Array<number>(60).fill(80), false);
    expect(countOf(steady)).toBe(31);
    expect(rttMsOf(smooth(steady, { rttMs: 112, count: 1, stamp: 5 }, 5, false))).toBe(81);
  });

  test("counts a sample of several as several", () => {
    const pair = smooth(smoothed([10]), { rttMs: 40, count: 2, stamp: 5 }, 5, true);
    expect([rttMsOf(pair), countOf(pair)]).toEqual([30, 3]);
  });

  test("gets to where the samples are, whatever is lost in rounding", () => {
    for (const [from, to] of [
      [20, 21],
      [1500, 1498],
      [700, 700.5],
    ] as const) {
      const pair = smoothed([...new Array<number>(8).fill(from), ...new Array<number>(200).fill(to)]);
      expect(Math.abs(rttMsOf(pair) - to)).toBeLessThanOrEqual(0.25);
    }
  });

  test("begins anew where all before has expired", () => {
    const old = smoothed([500, 500, 500]);
    const pair = smooth(old, { rttMs: 20, count: 1, stamp: 5 + 64 }, 5 + 64, true);
    expect([rttMsOf(pair), countOf(pair)]).toEqual([20, 1]);
  });

  test("keeps the later time, and prefers one to none", () => {
    const late = smooth(0, { rttMs: 20, count: 1, stamp: 3 }, 4, true);
    const both = smooth(late, { rttMs: 20, count: 1, stamp: 120 }, 4, true);
    expect(ageUnitsOf(both, 4)).toBe(1);
    const ageless = smooth(0, { rttMs: 20, count: 1, stamp: AGELESS }, 4, true);
    expect(ageUnitsOf(smooth(ageless, { rttMs: 20, count: 1, stamp: 2 }, 4, true), 4)).toBe(2);
  });
});

describe("a pair", () => {
  test("keeps times to 1/16 ms up to 512 ms, to 0.03 % above, and deviations to an eighth", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 2047, noNaN: true }), (rttMs) => {
        const pair = smooth(0, { rttMs, count: 1, stamp: 0 }, 0, true);
        expect(Math.abs(rttMsOf(pair) - rttMs)).toBeLessThanOrEqual(Math.max(1 / 32, rttMs * 0.00013));
        const deviation = Math.min(rttMs / 2, 240);
        expect(Math.abs(deviationMsOf(pair) - deviation)).toBeLessThanOrEqual(0.125 + deviation / 16);
      }),
    );
  });

  test("cuts times at 2047.75 ms, and never becomes nothing", () => {
    expect(rttMsOf(smoothed([60_000]))).toBe(2047.75);
    expect(smoothed([0])).not.toBe(0);
    expect(isFresh(smoothed([0]), 5)).toBe(true);
  });

  test("is fresh for 63 units, in every phase of the cycle", () => {
    for (let stamp = 0; stamp < STAMPS; stamp++) {
      const pair = smooth(0, { rttMs: 9, count: 1, stamp }, stamp, true);
      for (const age of [0, 1, AGE_UNITS_MAX]) expect(isFresh(pair, (stamp + age) % STAMPS)).toBe(true);
      for (const age of [64, 126]) expect(isFresh(pair, (stamp + age) % STAMPS)).toBe(false);
    }
    const ageless = smooth(0, { rttMs: 9, count: 1, stamp: AGELESS }, 0, true);
    for (let now = 0; now < STAMPS; now++) expect(isFresh(ageless, now)).toBe(true);
  });

  test("is trusted the more the more samples, the less they differ, and the younger it is", () => {
    const steady = new Array<number>(20).fill(50);
    expect(confidenceOf(smoothed(steady), 5)).toBeGreaterThan(0.9);
    expect(confidenceOf(smoothed([50]), 5)).toBeLessThan(0.25);
    expect(confidenceOf(smoothed([...steady, 200, 10, 300, 20]), 5)).toBeLessThan(0.6);
    expect(confidenceOf(smoothed(steady), 60)).toBeLessThan(0.2);
  });
});
