import { expect, test } from "vitest";
import { chiSquareFault } from "../chi-square.ts";
import { benchOf } from "../notation.ts";

const DRAWS = 10_000;

test.each([1, 2, 3])("random draws evenly, whatever the weights, seed %i", (seed) => {
  const counts = benchOf("p policy=random: a=9 b=1 c=0 d", { seed }).count(DRAWS);
  expect(chiSquareFault(counts, { a: 1, b: 1, c: 1, d: 1 })).toBeUndefined();
});

test.each([1, 2, 3])("random draws every ordered pair alike, without replacement, seed %i", (seed) => {
  const bench = benchOf("p policy=random answers=2: a b c", { seed });
  const counts = new Map<string, number>();
  for (let i = 0; i < DRAWS; i++) {
    const pair = bench.ask();
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const equal = { "a+b": 1, "a+c": 1, "b+a": 1, "b+c": 1, "c+a": 1, "c+b": 1 };
  expect(chiSquareFault(counts, equal)).toBeUndefined();
});

test("random leaves out who is down", () => {
  const counts = benchOf("p policy=random: a b c", { down: ["b"] }).count(DRAWS);
  expect(chiSquareFault(counts, { a: 1, c: 1 })).toBeUndefined();
});
