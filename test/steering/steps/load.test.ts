import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StepTrace, Trace } from "../../../src/steering/trace.ts";
import { chiSquareFault } from "../chi-square.ts";
import { Bench, benchOf, parsePools } from "../notation.ts";

// Members of these tests start to shed at 80 % and have shed all at 100 %.
const DRAWS = 10_000;
const SEEDS = [1, 2, 3, 20_261_121];

function traced(bench: Bench): StepTrace {
  const trace: Trace = { choices: [] };
  bench.ask("A", trace);
  return trace.choices[0]!.pool.steps[0]!;
}

describe.each(["load", "load+weighted"])("%s", (policy) => {
  test.each(SEEDS)("draws by weight while nobody is above the low mark, seed %i", (seed) => {
    const counts = benchOf("p: a=1%0 b=3%40 c=6%80", { policy, seed }).count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 3, c: 6 })).toBeUndefined();
  });

  test.each([
    [85, 0.75],
    [90, 0.5],
    [95, 0.25],
    [99, 0.05],
  ])("gives a member at %i %% of its capacity %d of its share", (load, room) => {
    for (const seed of SEEDS) {
      const counts = benchOf(`p: a=1%10 b=3%${load} c=2`, { policy, seed }).count(DRAWS);
      expect(chiSquareFault(counts, { a: 1, b: 3 * room, c: 2 })).toBeUndefined();
    }
  });

  test("gives nothing at the high mark and above, while somebody has room", () => {
    const utilisation = fc.constantFrom(0, 50, 79, 85, 99, 100, 101, 400);
    fc.assert(
      fc.property(fc.array(utilisation, { minLength: 1, maxLength: 8 }), fc.integer(), (loads, seed) => {
        const bench = benchOf(`p: ${loads.map((load, i) => `m${i}%${load}`).join(" ")}`, { policy, seed });
        const hasRoom = loads.some((load) => load < 100);
        for (const name of bench.count(30).keys()) {
          const load = loads[Number(name.slice(1))]!;
          if (hasRoom) expect(load).toBeLessThan(100);
          else expect(load).toBe(Math.min(...loads));
        }
      }),
    );
  });

  test("sees a reported load at the next query, and the document's where none was reported", () => {
    const bench = benchOf("p: a%100 b%0", { policy });
    expect(bench.row(5)).toBe("b b b b b");
    bench.carry("b", 100);
    bench.carry("a", 20);
    expect(bench.row(5)).toBe("a a a a a");
  });

  test("answers a last resort only where nobody with a weight has room", () => {
    const bench = benchOf("p: a=1%99 s=0%0", { policy });
    expect(bench.row(5)).toBe("a a a a a");
    bench.carry("a", 100);
    expect(bench.row(3)).toBe("s s s");
  });

  test("takes any unit, and a member of which nothing is said for one with room", () => {
    const counts = benchOf("p: a%4500/5000 b", { policy }).count(DRAWS);
    expect(chiSquareFault(counts, { a: 1, b: 2 })).toBeUndefined();
  });

  test("takes a pool by the sums over its members that stand", () => {
    const bench = benchOf("w: [x] [y]; x policy=failover: a%100/100 b%80/100; y: c", { policy });
    // x: 180 of 200 are 90 %, so half of its share is left.
    expect(chiSquareFault(bench.count(DRAWS), { a: 1, c: 2 })).toBeUndefined();
    bench.set("a", false);
    expect(chiSquareFault(bench.count(DRAWS), { b: 1, c: 1 })).toBeUndefined();
  });
});

describe("marks of a member's own", () => {
  function benchWith(
    text: string,
    marks: Readonly<Record<string, readonly [number, number]>>,
    seed = 1,
  ): Bench {
    const specs = parsePools(text).map((pool) => ({
      ...pool,
      members: pool.members.map((member) => {
        const [low, high] = marks[member.name]!;
        return { ...member, capacity: { ...member.capacity!, low, high } };
      }),
    }));
    return new Bench(specs, { seed });
  }

  test.each(SEEDS)("load sheds in proportion between them, also above the capacity, seed %i", (seed) => {
    const marks = { a: [0.5, 0.7], b: [0.7, 0.95], c: [0, 2] } as const;
    // Room for 0.5, 0.4 and 0.25 of their shares.
    const counts = benchWith("p policy=load: a%60 b%85 c%150", marks, seed).count(DRAWS);
    expect(chiSquareFault(counts, { a: 50, b: 40, c: 25 })).toBeUndefined();
  });

  test("load takes for the least overloaded whose load is the smallest part of its high mark", () => {
    const bench = benchWith("p policy=load: a%100 b%120", { a: [0.5, 0.8], b: [0.8, 1] });
    expect(bench.row(3)).toBe("b b b"); // 120 % of its mark, a 125 %
  });
});

test("load leaves last resorts out of what a pool carries, while others of it stand", () => {
  const bench = benchOf("w policy=load: [x] [y]; x policy=weighted: a%90 s=0%0; y: c");
  // x: what a carries, 90 %; with s it were 45 %, below the mark, though a alone answers.
  expect(chiSquareFault(bench.count(DRAWS), { a: 1, c: 2 })).toBeUndefined();
  bench.set("a", false);
  expect(chiSquareFault(bench.count(DRAWS), { s: 1, c: 1 })).toBeUndefined();
});

describe("before steps that do not go by weight", () => {
  test.each(SEEDS)("load lets a member stay with a chance as large as its room, seed %i", (seed) => {
    const counts = benchOf("p policy=load+failover: a%85 b%90 c%0", { seed }).count(DRAWS);
    expect(chiSquareFault(counts, { a: 0.75, b: 0.25 * 0.5, c: 0.25 * 0.5 })).toBeUndefined();
  });

  test("load leaves one where chance would leave none", () => {
    const bench = benchOf("p policy=load+failover: a%95 b%95");
    const counts = bench.count(DRAWS);
    expect(counts.get("a")! + counts.get("b")!).toBe(DRAWS);
    // a stays in 1/4, or both miss, 9/16, and it by less.
    expect(chiSquareFault(counts, { a: 1 / 4 + 9 / 32, b: 3 / 16 + 9 / 32 })).toBeUndefined();
  });

  test("load lets A and AAAA of a client agree, also where other members stand for them", () => {
    const bench = benchOf("p policy=load+failover: a%90 b/4%90 c%0");
    for (let i = 0; i < 200; i++) {
      const [ipv4, ipv6] = [bench.ask("A"), bench.ask("AAAA")];
      if (ipv4 !== "b") expect(ipv6).toBe(ipv4);
    }
  });
});

test("load before hash moves clients away only from who fills up, in proportion", () => {
  const clients = Array.from({ length: DRAWS }, (_, i) => `60.${i >> 8}.${i & 0xff}.0/24`);
  const bench = benchOf("p policy=load+hash: a%0 b%0 c%0");
  const before = clients.map((client) => bench.from(client).ask());
  bench.carry("a", 90);
  const counts = new Map<string, number>();
  clients.forEach((client, i) => {
    const after = bench.from(client).ask();
    counts.set(after, (counts.get(after) ?? 0) + 1);
    if (before[i] !== "a") expect(after).toBe(before[i]);
  });
  expect(chiSquareFault(counts, { a: 0.5, b: 1, c: 1 })).toBeUndefined();
});

test("load after another step goes by who is left", () => {
  const bench = benchOf("p policy=response-time(within=10ms)+load: a%100 b%0 c%0").time("a 10, b 15, c 50");
  expect(bench.row(5)).toBe("b b b b b");
});

test("load does not weigh on the pools of the next query", () => {
  const bench = benchOf(
    "w policy=round-robin: [x] [y]; x policy=load: a%100 b%0; y policy=weighted: c%100 d%0",
  );
  const counts = bench.count(2 * DRAWS);
  expect(chiSquareFault(counts, { b: 2, c: 1, d: 1 })).toBeUndefined();
});

describe("a trace of load", () => {
  test("has what each member carries, and why it went", () => {
    const step = traced(benchOf("p policy=load: a=2%90 b%100 c"));
    expect(step.numbers).toEqual([
      {
        member: "a",
        values: {
          load: 90,
          capacity: 100,
          used: "90 %",
          low: "80 %",
          high: "100 %",
          room: expect.closeTo(0.5),
          weight: 2,
        },
      },
      {
        member: "b",
        values: { load: 100, capacity: 100, used: "100 %", low: "80 %", high: "100 %", room: 0, weight: 1 },
      },
      { member: "c", values: { capacity: "not said, so there is room" } },
    ]);
    expect(step.dropped).toEqual([{ member: "b", why: "100 % used, and traffic is gone at 100 %" }]);
  });

  test("says loudly that nobody has room", () => {
    const step = traced(benchOf("p policy=load: a%120 b%110"));
    expect(step.kept).toEqual(["b"]);
    expect(step.why[0]).toBe(
      "OVERLOAD: no candidate has room; b is at 110 % of its high mark, the least of all",
    );
    expect(step.dropped).toEqual([
      { member: "a", why: "no candidate has room, and others are less overloaded" },
    ]);
  });

  test("accounts for everyone whom chance drops", () => {
    const bench = benchOf("p policy=load+failover: a%95 b%97 c%99");
    for (let i = 0; i < 50; i++) {
      const step = traced(bench);
      const dropped = step.dropped.map(({ member }) => member);
      expect([...step.kept, ...dropped].sort()).toEqual(["a", "b", "c"]);
      for (const { member, why } of step.dropped)
        expect(why, member).toMatch(/^drew 0\.\d{3}, and has room for 0/);
    }
  });
});
