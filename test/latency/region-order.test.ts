import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegionEstimates } from "../../src/latency/estimates.ts";
import { rttMsOf } from "../../src/latency/pair.ts";
import { beats, regionAt } from "../../src/latency/region-order.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { NOW_S, Owner, placeOf, sampleOf } from "./places.ts";

const NETWORK = "198.51.100.0/24";

/** Whom the network of `owner` prefers, of all regions or of some. */
function holder(owner: Owner, regions: readonly string[] = owner.table.regions): string {
  const estimates = new RegionEstimates(regions);
  estimates.begin(true);
  estimates.find(owner.table, placeOf(NETWORK), 1);
  return regions[estimates.holder(0)]!;
}

describe("beats()", () => {
  test("wants 5 ms and 10 %, both", () => {
    expect(beats(15, 20)).toBe(true); // 5 ms, 25 %
    expect(beats(15.1, 20)).toBe(false);
    expect(beats(185, 200)).toBe(false); // 15 ms, 7.5 %
    expect(beats(180, 200)).toBe(true);
    expect(beats(3, 6)).toBe(false);
  });
});

describe("the order of a row", () => {
  test("does not change for noise below the margins, though the lowest does all the time", () => {
    const random = new SeededRandom(7);
    const noise = () => (random.u32() / 0x1_0000_0000 - 0.5) * 16;
    const owner = new Owner(["eu", "us"]);
    const first = new Set<string>();
    const lowest = new Set<string>();
    for (let minute = 0; minute < 5000; minute++) {
      const nowS = NOW_S + 60 * minute;
      owner.add(sampleOf(NETWORK, "eu", 52 + noise(), { atS: nowS }), nowS);
      owner.add(sampleOf(NETWORK, "us", 50 + noise(), { atS: nowS }), nowS);
      if (minute < 20) continue; // the first means of few samples
      first.add(holder(owner));
      const [eu, us] = owner.ask(placeOf(NETWORK)).split(" ").map(Number.parseFloat);
      lowest.add(eu! < us! ? "eu" : "us");
    }
    expect([...first], "seed 7").toHaveLength(1);
    expect([...lowest].sort(), "seed 7").toEqual(["eu", "us"]);
  });

  test("changes once, within some ten samples, after a real change, and once more when that is over", () => {
    const random = new SeededRandom(8);
    const noise = () => (random.u32() / 0x1_0000_0000 - 0.5) * 10;
    const owner = new Owner(["eu", "us"]);
    const moves: number[] = [];
    let before = "eu";
    for (let minute = 0; minute < 3000; minute++) {
      const nowS = NOW_S + 60 * minute;
      const eu = minute >= 1000 && minute < 2000 ? 90 : 40;
      owner.add(sampleOf(NETWORK, "eu", eu + noise(), { atS: nowS }), nowS);
      owner.add(sampleOf(NETWORK, "us", 60 + noise(), { atS: nowS }), nowS);
      const now = holder(owner);
      if (now !== before) moves.push(minute);
      before = now;
    }
    expect(moves, "seed 8").toHaveLength(2);
    expect(moves[0]! - 1000).toBeLessThanOrEqual(12);
    expect(moves[1]! - 2000).toBeLessThanOrEqual(20);
  });

  test("follows a slow drift with one move each way, at the margins", () => {
    const owner = new Owner(["eu", "us"]);
    const seen: string[] = [];
    for (let minute = 0; minute < 4000; minute++) {
      const nowS = NOW_S + 60 * minute;
      const eu = 60 + 20 * Math.sin((minute / 2000) * 2 * Math.PI);
      owner.add(sampleOf(NETWORK, "eu", eu, { atS: nowS }), nowS);
      owner.add(sampleOf(NETWORK, "us", 60, { atS: nowS }), nowS);
      const now = holder(owner);
      if (seen.at(-1) !== now) seen.push(now);
    }
    expect(seen).toEqual(["eu", "us", "eu", "us", "eu"]);
  });

  test("serves pools that have some of the regions", () => {
    const owner = new Owner(["a", "b", "c"]);
    for (const [region, ms] of [
      ["a", 50],
      ["b", 45.5],
      ["c", 44],
    ] as const)
      owner.add(sampleOf(NETWORK, region, ms, { count: 31 }));
    // c is better than a by both margins; b is not, and c is not than b.
    expect(holder(owner)).toBe("c");
    expect(holder(owner, ["a", "c"])).toBe("c");
    expect(holder(owner, ["a", "b"])).toBe("a");
  });

  test("never has one in front that another beats, after any samples (property)", () => {
    const names = Array.from({ length: 19 }, (_, i) => `r${i}`);
    const step = fc.tuple(
      fc.nat(18),
      fc.double({ min: 1, max: 300, noNaN: true }),
      fc.integer({ min: 1, max: 31 }),
    );
    for (const regions of [names.slice(0, 8), names]) {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const owner = new Owner(regions);
          for (const [region, ms, count] of steps) {
            owner.add(sampleOf(NETWORK, regions[region % regions.length]!, ms, { count }));
          }
          if (steps.length === 0) return;
          const { table } = owner;
          const stride =
            table.rows.length /
            Math.floor(table.rows.length / (regions.length + (regions.length > 16 ? 5 : 1)));
          expect(Number.isInteger(stride)).toBe(true);
          const at = stride; // the first row taken is that of the /24
          const order = regions.map((_, place) => regionAt(table, at, place));
          expect([...order].sort((x, y) => x - y)).toEqual([...regions.keys()]);
          const times = order
            .map((region) => table.rows[at + region]!)
            .map((pair) => (pair === 0 ? 1e9 : rttMsOf(pair)));
          for (let i = 0; i < times.length; i++)
            for (let j = i + 1; j < times.length; j++) expect(beats(times[j]!, times[i]!)).toBe(false);
        }),
        { numRuns: 200 },
      );
    }
  });
});
