import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chiSquareFault } from "../chi-square.ts";
import { benchOf } from "../notation.ts";

const DRAWS = 10_000;
const SEEDS = [1, 2, 3, 20_261_121];

describe("draw: random", () => {
  test.each(SEEDS)("weighted draws 1:3:6 within chi-square p > 0.001, seed %i", (seed) => {
    const counts = benchOf("p policy=weighted: a=1 b=3 c=6", { seed }).count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 3, c: 6 })).toBeUndefined();
  });

  test.each(SEEDS)("weighted draws ten equal members evenly, seed %i", (seed) => {
    const counts = benchOf("p policy=weighted: a b c d e f g h i j", { seed }).count(DRAWS);
    const equal = Object.fromEntries([..."abcdefghij"].map((name) => [name, 1]));
    expect(chiSquareFault(counts, equal)).toBeUndefined();
  });

  test("weighted honours fractions of a weight", () => {
    const counts = benchOf("p policy=weighted: a=0.5 b=1.5").count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 3 })).toBeUndefined();
  });

  test("weighted shares out among those that stand when a member is down", () => {
    const counts = benchOf("p policy=weighted: a=1 b=3 c=6", { down: ["c"] }).count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 3 })).toBeUndefined();
  });

  // Successive draws: P(x then y) = w(x)/W · w(y)/(W − w(x)).
  test.each(SEEDS)("weighted draws ordered pairs of 1:3:6 without replacement, seed %i", (seed) => {
    const counts = new Map<string, number>();
    const bench = benchOf("p policy=weighted answers=2: a=1 b=3 c=6", { seed });
    for (let i = 0; i < DRAWS; i++) {
      const pair = bench.ask();
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    const shares = {
      "a+b": (1 / 10) * (3 / 9),
      "a+c": (1 / 10) * (6 / 9),
      "b+a": (3 / 10) * (1 / 7),
      "b+c": (3 / 10) * (6 / 7),
      "c+a": (6 / 10) * (1 / 4),
      "c+b": (6 / 10) * (3 / 4),
    };
    expect(chiSquareFault(counts, shares)).toBeUndefined();
  });

  test("weighted draws pools by their own weight, whatever stands below", () => {
    const counts = benchOf("w policy=weighted: [x]=1 [y]=3; x: a=100; y: b=1").count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 3 })).toBeUndefined();
  });
});

describe.each(["weighted", "weighted.smooth"])("weight 0 under %s", (policy) => {
  test("is not answered while a weight above 0 stands, not even to fill up `answers`", () => {
    const bench = benchOf(`p policy=${policy} answers=3: s=0 a=1 b=2`);
    expect(bench.count(500).has("s")).toBe(false);
    expect(bench.picks.count).toBe(2);
  });

  test("is answered when every member with weight is down, without degrading", () => {
    const bench = benchOf(`p policy=${policy}: s=0 a=1 b=2`, { down: ["a", "b"] });
    expect(bench.ask()).toBe("s");
    expect(bench.picks.degraded).toBe(false);
  });

  test("is answered for a family that the others do not have", () => {
    expect(benchOf(`p policy=${policy}: s=0 a/4=1`).ask("AAAA")).toBe("s");
  });

  test("everywhere means equals", () => {
    const counts = benchOf(`p policy=${policy}: a=0 b=0 c=0`).count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 1, c: 1 })).toBeUndefined();
  });

  test("stays a last resort in a pool that fails open", () => {
    const bench = benchOf(`p policy=${policy}: s=0 a=1`, { down: ["s", "a"] });
    expect(bench.row(5)).toBe("a a a a a");
  });
});

describe("draw: smooth", () => {
  test("weighted interleaves 5:1:1 as nginx does", () => {
    expect(benchOf("p policy=weighted.smooth: a=5 b=1 c=1").row(14)).toBe("a a b a c a a a a b a c a a");
  });

  test("weighted is exact over every cycle, from wherever it is counted, and never far off within", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
        fc.nat(30),
        (weights, skip) => {
          const members = weights.map((weight, i) => `m${i}=${weight}`).join(" ");
          const bench = benchOf(`p policy=weighted.smooth: ${members}`);
          const cycle = weights.reduce((sum, weight) => sum + weight, 0);
          if (skip > 0) bench.row(skip);
          for (let round = 0; round < 3; round++) {
            const counts = bench.count(cycle);
            weights.forEach((weight, i) => void expect(counts.get(`m${i}`)).toBe(weight));
          }
        },
      ),
    );
  });

  test("weighted spreads the turns of the heaviest: never two more in a row than its weight needs", () => {
    const row = benchOf("p policy=weighted.smooth: a=6 b=3 c=1").row(100).replaceAll(" ", "");
    // 6 of 10 turns and 4 turns of others between them: at most ⌈6/4⌉ + 1 in a row.
    expect(row).not.toMatch(/aaaa/);
    expect(row).not.toMatch(/bb|cc/);
  });

  test("weighted counts A and AAAA apart, so that pairs of both keep the shares of each", () => {
    const bench = benchOf("p policy=weighted.smooth: a b");
    const answers = Array.from({ length: 4 }, () => `${bench.ask("A")}${bench.ask("AAAA")}`);
    expect(answers).toEqual(["aa", "bb", "aa", "bb"]);
  });

  test("weighted starts the cycle anew when the members that stand change, and only then", () => {
    const bench = benchOf("p policy=weighted.smooth: a=2 b=1 c=1; q: x");
    expect(bench.row(3)).toBe("a b c");
    bench.set("x", false);
    expect(bench.row(2)).toBe("a a");
    bench.set("c", false);
    expect(bench.row(6)).toBe("a b a a b a");
    bench.set("c", true);
    expect(bench.row(4)).toBe("a b c a");
  });

  test("weighted puts the next most overdue into the places after the first, which stays exact", () => {
    const bench = benchOf("p policy=weighted.smooth answers=2: a=5 b=1 c=1");
    const row = bench.row(7).split(" ");
    expect(row.map((answer) => answer[0])).toEqual([..."aabacaa"]);
    for (const answer of row) expect(new Set(answer.split("+")).size).toBe(2);
  });
});

describe("the live part of a weight", () => {
  test.each(SEEDS)(
    "weighted draws in proportion to weight times part, from the next query on, seed %i",
    (seed) => {
      const bench = benchOf("p policy=weighted: a=4 b=4", { seed });
      expect(chiSquareFault(bench.count(DRAWS), { a: 1, b: 1 })).toBeUndefined();
      bench.weigh("a", 0.25);
      expect(chiSquareFault(bench.count(DRAWS), { a: 1, b: 4 })).toBeUndefined();
      bench.weigh("a", 1);
      expect(chiSquareFault(bench.count(DRAWS), { a: 1, b: 1 })).toBeUndefined();
    },
  );

  test("weighted.smooth is exact over a cycle of the weights that count now", () => {
    const bench = benchOf("p policy=weighted.smooth: a=4 b=2");
    bench.weigh("a", 0.5);
    expect([...bench.count(400)].toSorted()).toEqual([
      ["a", 200],
      ["b", 200],
    ]);
    bench.weigh("b", 0.5);
    expect([...bench.count(300)].toSorted()).toEqual([
      ["a", 200],
      ["b", 100],
    ]);
  });

  test.each(["weighted", "weighted.smooth"])("a part of 0 is a last resort under %s", (policy) => {
    const bench = benchOf(`p policy=${policy}: a=1 b=3`);
    bench.weigh("b", 0);
    expect(bench.row(5)).toBe("a a a a a");
    bench.set("a", false);
    expect(bench.row(3)).toBe("b b b");
    bench.weigh("a", 0);
    bench.set("a", true);
    expect([...bench.count(200).keys()].toSorted()).toEqual(["a", "b"]);
  });

  test("weighted draws a member of an inner pool by its part, and the pool by its own weight", () => {
    const pools = "w policy=weighted: [x]=1 [y]=3; x policy=weighted: a b; y policy=weighted: c d";
    const bench = benchOf(pools);
    bench.weigh("c", 0.25);
    expect(chiSquareFault(bench.count(DRAWS), { a: 0.5, b: 0.5, c: 0.6, d: 2.4 })).toBeUndefined();
  });
});
