import { expect, test } from "vitest";
import { median, ratioOf, slope } from "../../bench/statistics.ts";

test("median() of an even number of values lies between the two in the middle", () => {
  expect([median([5, 1, 9]), median([4, 1, 9, 2])]).toEqual([5, 3]);
});

test("ratioOf() leaves out rounds that only one of them has", () => {
  const of = (round: number, value: number) => ({ round, value });
  const ratio = ratioOf([of(1, 2), of(2, 9), of(3, 6)], [of(1, 1), of(3, 2)], ({ value }) => value);
  expect(ratio).toEqual({ median: 2.5, min: 2, max: 3 });
  expect(ratioOf([of(1, 2)], [], ({ value }) => value)).toBeUndefined();
});

test("slope() finds the line through noise, and 0 where there is none", () => {
  expect(slope([0, 1, 2, 3].map((x) => [x, 7 + 2 * x + (x % 2 === 0 ? 0.1 : -0.1)]))).toBeCloseTo(1.96);
  expect(slope([[1, 5]])).toBe(0);
});
