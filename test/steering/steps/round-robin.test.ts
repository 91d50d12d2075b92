import { expect, test } from "vitest";
import { benchOf } from "../notation.ts";

test("round-robin goes from one member to the next, in the order written", () => {
  expect(benchOf("p policy=round-robin: a b c").row(7)).toBe("a b c a b c a");
});

test("round-robin is a window that moves on by one when there are several answers", () => {
  expect(benchOf("p policy=round-robin answers=2: a b c").row(4)).toBe("a+b b+c c+a a+b");
  expect(benchOf("p policy=round-robin answers=3: a b c").row(3)).toBe("a+b+c b+c+a c+a+b");
});

test("round-robin leaves out who is down and goes on from its count", () => {
  const bench = benchOf("p policy=round-robin: a b c");
  expect(bench.row(2)).toBe("a b");
  bench.set("b", false);
  expect(bench.row(4)).toBe("a c a c");
});

test("round-robin counts A and AAAA apart, so that pairs of both visit every member", () => {
  const bench = benchOf("p policy=round-robin: a b");
  const pairs = Array.from({ length: 3 }, () => `${bench.ask("A")}${bench.ask("AAAA")}`);
  expect(pairs).toEqual(["aa", "bb", "aa"]);
});

test("round-robin counts each pool by itself", () => {
  const bench = benchOf(
    "w policy=round-robin: [x] [y]; x policy=round-robin: a b; y policy=round-robin: c d",
  );
  expect(bench.row(8)).toBe("a c b d a c b d");
});

test("round-robin takes turns with whoever shares the live table", () => {
  const bench = benchOf("p policy=round-robin: a b c");
  const other = benchOf("p policy=round-robin: a b c");
  other.request.live = bench.live;
  expect([bench.ask(), other.ask(), bench.ask(), other.ask()]).toEqual(["a", "b", "c", "a"]);
});

test("round-robin goes on after its count wraps", () => {
  const bench = benchOf("p policy=round-robin: a b");
  bench.live.rotation[0] = 0xffff_ffff;
  expect(bench.row(3)).toBe("b a b");
});
