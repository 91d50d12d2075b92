import { describe, expect, test } from "vitest";
import { DemandFold } from "../../../src/sync/latency/demand-fold.ts";

const one = (network: string, queries: number, resolver = "192.0.2.53") => ({ network, queries, resolver });

describe("DemandFold", () => {
  test("most() adds up threads, most first, with the resolver that asked last", () => {
    const fold = new DemandFold(0);
    fold.take([one("a", 100, "1.1.1.1"), one("b", 150), one("a", 100, "2.2.2.2")], 10_000);
    expect(fold.most(10).map(({ network, resolver }) => [network, resolver])).toEqual([
      ["a", "2.2.2.2"],
      ["b", "192.0.2.53"],
    ]);
    expect(fold.most(1).map(({ network }) => network)).toEqual(["a"]);
  });

  test("most() tells a steady rate from the beginning on", () => {
    const fold = new DemandFold(0);
    for (let nowMs = 10_000; nowMs <= 1_800_000; nowMs += 10_000) {
      fold.take([one("a", 200)], nowMs);
      const { rate } = fold.most(1)[0]!;
      expect(rate).toBeGreaterThan(19);
      expect(rate).toBeLessThan(21);
    }
  });

  test("take() forgets a half in five minutes, and all of it in time", () => {
    const fold = new DemandFold(0);
    fold.take([one("a", 1000)], 1_000_000);
    const before = fold.most(1)[0]!.rate;
    fold.take([], 1_300_000);
    expect(fold.most(1)[0]!.rate / before).toBeCloseTo(0.5, 1);
    fold.take([], 5_000_000);
    expect(fold.most(1)).toEqual([]);
  });

  test("take() keeps the 1,024 that ask most", () => {
    const fold = new DemandFold(0);
    fold.take(
      Array.from({ length: 5000 }, (_, i) => one(`n${i}`, i + 1)),
      1000,
    );
    const most = fold.most(5000);
    expect(most).toHaveLength(1024);
    expect(most[0]!.network).toBe("n4999");
    expect(most.at(-1)!.network).toBe("n3976");
  });
});
