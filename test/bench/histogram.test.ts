import { expect, test } from "vitest";
import { Histogram } from "../../bench/generator/histogram.ts";

test("percentile() of times up to 127 µs is exact", () => {
  const histogram = new Histogram();
  for (let microseconds = 1; microseconds <= 100; microseconds++) histogram.add(microseconds);
  expect([0.01, 0.5, 0.99, 1].map((share) => histogram.percentile(share))).toEqual([1, 50, 99, 100]);
});

test("percentile() is never too low, and at most 1.6 % too high", () => {
  for (let microseconds = 1; microseconds < 60_000_000; microseconds = Math.ceil(microseconds * 1.37)) {
    const histogram = new Histogram();
    histogram.add(microseconds);
    const read = histogram.percentile(0.999);
    expect(read).toBeGreaterThanOrEqual(microseconds);
    expect(read).toBeLessThanOrEqual(microseconds * 1.016);
  }
});

test("percentile() tells a few slow replies from many fast ones", () => {
  const histogram = new Histogram();
  for (let i = 0; i < 9_990; i++) histogram.add(30);
  for (let i = 0; i < 10; i++) histogram.add(5_000_000);
  expect(histogram.percentile(0.999)).toBe(30);
  expect(histogram.percentile(0.9991)).toBeGreaterThanOrEqual(5_000_000);
});

test("percentile() of nothing is 0", () => {
  expect(new Histogram().percentile(0.5)).toBe(0);
});
