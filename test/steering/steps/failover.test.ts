import { expect, test } from "vitest";
import { benchOf } from "../notation.ts";

test("failover answers the first in the order written that stands, and returns to it", () => {
  const bench = benchOf("p policy=failover: a=1 b=9 c=0");
  expect(bench.row(2)).toBe("a a");
  bench.set("a", false);
  expect(bench.row(2)).toBe("b b");
  bench.set("b", false);
  expect(bench.ask()).toBe("c");
  bench.set("a", true);
  expect(bench.ask()).toBe("a");
});

test("failover keeps the order in several answers", () => {
  expect(benchOf("p policy=failover answers=2: a b c", { down: ["a"] }).ask()).toBe("b+c");
});

test("failover restores the order written after a step that moved the candidates", () => {
  expect(benchOf("p policy=random+failover answers=8: a b c d e f").row(5)).toBe(
    Array(5).fill("a+b+c+d+e+f").join(" "),
  );
});
