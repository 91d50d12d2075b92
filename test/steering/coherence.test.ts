/** A and AAAA of one client: what is promised in docs/steering/README.md, "A and AAAA agree". */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeLiveTable } from "../../src/steering/live.ts";
import type { Trace } from "../../src/steering/trace.ts";
import { chiSquareFault } from "./chi-square.ts";
import { DrawThread } from "./draw-thread.ts";
import { type Bench, benchOf, parsePools } from "./notation.ts";

type Type = "A" | "AAAA";

const SEEDS = [1, 2, 3, 20_261_121];
const DRAWS = 10_000;
const POLICIES = ["weighted", "random", "round-robin", "weighted.smooth"];
const CLIENTS = [
  ...["192.0.2.1", "192.0.2.2", "198.51.100.0/24", "203.0.113.0/25"],
  ...["2001:db8::1", "2001:db8::2", "2001:db8:1::/48", "2001:db8:2::/56"],
];

/** Each client asks both questions, in either order, at any time between the others. */
const questions = fc
  .array(fc.tuple(fc.nat(CLIENTS.length - 1), fc.boolean()), { minLength: 1, maxLength: 40 })
  .chain((pairs) => {
    const order = pairs.flatMap((_, pair) => [pair, pair]);
    return fc.tuple(
      fc.constant(pairs),
      fc.shuffledSubarray(order, { minLength: order.length, maxLength: order.length }),
      fc.integer(),
    );
  });

/** The answers to each client's pairs, A and AAAA. */
function askPairs(
  bench: Bench,
  pairs: readonly (readonly [number, boolean])[],
  order: readonly number[],
): Record<Type, string>[] {
  // A client asks one pair after the other: its n-th slot in the order is its n-th question.
  const waiting = CLIENTS.map(() => [] as { pair: number; type: Type }[]);
  pairs.forEach(([client, isAFirst], pair) => {
    const types: Type[] = isAFirst ? ["A", "AAAA"] : ["AAAA", "A"];
    waiting[client]!.push(...types.map((type) => ({ pair, type })));
  });
  const answers = pairs.map(() => ({ A: "", AAAA: "" }));
  for (const slot of order) {
    const client = pairs[slot]![0];
    const { pair, type } = waiting[client]!.shift()!;
    answers[pair]![type] = bench.from(CLIENTS[client]!).ask(type);
  }
  return answers;
}

function joint(bench: Bench, draws: number, draw: (bench: Bench) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const drawn = draw(bench);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  return counts;
}

describe.each(POLICIES)("A and AAAA of one client under %s", (policy) => {
  test.each([
    "p answers=1: a=1 b=3 c=6 d",
    "p answers=3: a=1 b=3 c=6 d s=0",
    "w answers=2: [x]=1 [y]=2 [z]; x: a b=2 c; y answers=2: d e f; z: g h",
  ])("are the same members, however the questions of several clients mix: %s", (text) => {
    fc.assert(
      fc.property(questions, ([pairs, order, seed]) => {
        for (const { A, AAAA } of askPairs(benchOf(text, { policy, seed }), pairs, order))
          expect(AAAA).toBe(A);
      }),
    );
  });

  test("go on agreeing after a member went down between two pairs", () => {
    const bench = benchOf("p: a=2 b c", { policy });
    for (let round = 0; round < 50; round++) {
      expect(bench.ask("AAAA")).toBe(bench.ask("A"));
      bench.set("b", round % 2 === 0);
    }
  });

  test("agree for as long as nobody else asks for the pool, and other names do not disturb them", () => {
    const bench = benchOf("p: a=2 b c", { policy });
    for (let round = 0; round < 50; round++) {
      bench.request.draws.name = 1;
      const first = bench.ask("A");
      bench.request.draws.name = 2;
      bench.ask("A");
      bench.request.draws.name = 1;
      expect(bench.ask("AAAA")).toBe(first);
    }
  });

  test("say nothing about where the client is", () => {
    const bench = benchOf("w: [x] [y]; x: a b/4; y: c d", { policy });
    for (const client of CLIENTS) {
      for (const type of ["A", "AAAA"] as const) {
        bench.from(client).ask(type);
        expect(bench.picks.scopePrefixLength).toBe(0);
      }
    }
  });
});

describe.each(["weighted", "random"])("where the families have other members, under %s", (policy) => {
  const text = "p: a=1 b/4=2 c=3 d/4=1 e=2";

  test("a member of A that has both is that of AAAA too, when A has all that AAAA has", () => {
    fc.assert(
      fc.property(questions, ([pairs, order, seed]) => {
        for (const { A, AAAA } of askPairs(benchOf(text, { policy, seed }), pairs, order)) {
          if ("ace".includes(A)) expect(AAAA).toBe(A);
        }
      }),
    );
  });

  test.each(SEEDS)("each family has the shares that it has alone, seed %i", (seed) => {
    const shares = policy === "random" ? [1, 1, 1, 1, 1] : [1, 2, 3, 1, 2];
    const ipv4 = Object.fromEntries([..."abcde"].map((name, i) => [name, shares[i]!]));
    const ipv6 = { a: shares[0]!, c: shares[2]!, e: shares[4]! };
    const alone = benchOf(text, { policy, seed });
    expect(chiSquareFault(alone.count(DRAWS, "A"), ipv4)).toBeUndefined();
    expect(chiSquareFault(alone.count(DRAWS, "AAAA"), ipv6)).toBeUndefined();
    const mixed = benchOf(text, { policy, seed });
    const counts = { A: new Map<string, number>(), AAAA: new Map<string, number>() };
    for (let i = 0; i < DRAWS; i++) {
      for (const type of i % 3 === 0 ? (["AAAA", "A"] as const) : (["A", "AAAA"] as const)) {
        const name = mixed.ask(type);
        counts[type].set(name, (counts[type].get(name) ?? 0) + 1);
      }
    }
    expect(chiSquareFault(counts.A, ipv4)).toBeUndefined();
    expect(chiSquareFault(counts.AAAA, ipv6)).toBeUndefined();
  });

  test.each(SEEDS)("several answers are draws without replacement, seed %i", (seed) => {
    const counts = joint(benchOf("p answers=2: a=1 b=3 c/4=6", { policy, seed }), DRAWS, (b) => b.ask());
    const [a, b, c] = policy === "random" ? [1, 1, 1] : [1, 3, 6];
    const total = a! + b! + c!;
    const shares = {
      "a+b": (a! * b!) / (total - a!),
      "a+c": (a! * c!) / (total - a!),
      "b+a": (b! * a!) / (total - b!),
      "b+c": (b! * c!) / (total - b!),
      "c+a": (c! * a!) / (total - c!),
      "c+b": (c! * b!) / (total - c!),
    };
    expect(chiSquareFault(counts, shares)).toBeUndefined();
  });
});

describe.each(SEEDS)("shares, seed %i", (seed) => {
  const text = "p policy=weighted: a=1 b=3 c=6";
  const shares = { a: 1, b: 3, c: 6 };

  test("of A alone and of AAAA alone are those of the weights", () => {
    expect(chiSquareFault(benchOf(text, { seed }).count(DRAWS, "A"), shares)).toBeUndefined();
    expect(chiSquareFault(benchOf(text, { seed }).count(DRAWS, "AAAA"), shares)).toBeUndefined();
  });

  test("of pairs in any order are those of the weights, in each family", () => {
    const bench = benchOf(text, { seed });
    const counts = { A: new Map<string, number>(), AAAA: new Map<string, number>() };
    for (let i = 0; i < 2 * DRAWS; i++) {
      const type = Math.imul(i, 0x9e3779b1) & 0x10000 ? "A" : "AAAA";
      const name = bench.from(CLIENTS[i % CLIENTS.length]!).ask(type);
      counts[type].set(name, (counts[type].get(name) ?? 0) + 1);
    }
    expect(chiSquareFault(counts.A, shares)).toBeUndefined();
    expect(chiSquareFault(counts.AAAA, shares)).toBeUndefined();
  });

  test("of one draw do not depend on the one before it", () => {
    const bench = benchOf("p policy=weighted: a=1 b=1 c=2", { seed });
    const [a, b, c] = [1, 1, 2];
    const counts = joint(bench, DRAWS, () => bench.ask() + bench.ask());
    expect(
      chiSquareFault(counts, {
        aa: a * a,
        ab: a * b,
        ac: a * c,
        ba: b * a,
        bb: b * b,
        bc: b * c,
        ca: c * a,
        cb: c * b,
        cc: c * c,
      }),
    ).toBeUndefined();
  });

  test("of an inner pool do not depend on the outer draw", () => {
    const bench = benchOf("w: [x]=1 [y]=2 [z]=1; x: a b; y: c d; z: e f", { policy: "weighted", seed });
    const counts = joint(bench, DRAWS, () => bench.ask());
    expect(chiSquareFault(counts, { a: 1, b: 1, c: 2, d: 2, e: 1, f: 1 })).toBeUndefined();
  });

  test("of two inner pools in one answer do not depend on each other", () => {
    const text = "w policy=failover answers=2: [x] [y]; x policy=weighted: a b; y policy=weighted: c d";
    const counts = joint(benchOf(text, { seed }), DRAWS, (bench) => bench.ask());
    expect(chiSquareFault(counts, { "a+c": 1, "a+d": 1, "b+c": 1, "b+d": 1 })).toBeUndefined();
  });
});

test("round-robin counts each family by itself where other members stand for it", () => {
  const bench = benchOf("p policy=round-robin: a b/4 c");
  const pairs = Array.from({ length: 3 }, () => bench.ask("A") + bench.ask("AAAA"));
  expect(pairs).toEqual(["aa", "bc", "ca"]);
});

test("round-robin and smooth draws are exact over pairs", () => {
  for (const policy of ["round-robin", "weighted.smooth"]) {
    const bench = benchOf("p: a=2 b=2 c=2", { policy });
    const counts = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      bench.from(CLIENTS[i % CLIENTS.length]!);
      for (const name of [bench.ask("A"), bench.ask("AAAA")]) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ a: 200, b: 200, c: 200 });
  }
});

test("an order is not taken that has a member which does not stand any more", () => {
  const bench = benchOf("p policy=weighted.smooth: a=1 b=5 c=3");
  expect(bench.ask("A")).toBe("b");
  bench.set("b", false);
  expect(bench.ask("AAAA")).toBe("c"); // the heaviest of a new cycle, not the first as written
});

test("a shared order has room for some places of large pools; the others follow as they stand", () => {
  const members = Array.from({ length: 100 }, (_, i) => `m${i}`).join(" ");
  const bench = benchOf(`p policy=weighted.smooth answers=8: ${members}`);
  for (let i = 0; i < 30; i++) {
    const [ipv4, ipv6] = [bench.ask("A").split("+"), bench.ask("AAAA").split("+")];
    expect(ipv6.slice(0, 4)).toEqual(ipv4.slice(0, 4));
    expect(new Set(ipv6).size).toBe(8);
  }
});

test.each(POLICIES)("a trace of %s says when the number of the other question was taken", (policy) => {
  const bench = benchOf("p: a b c", { policy });
  const whyOf = (type: Type): string => {
    const trace: Trace = { choices: [] };
    bench.ask(type, trace);
    return trace.choices[0]!.pool.steps[0]!.why.join("; ");
  };
  expect(whyOf("A")).not.toContain("this client's other question");
  expect(whyOf("AAAA")).toContain("this client's other question");
  expect(whyOf("AAAA")).not.toContain("this client's other question");
});

describe("over threads", () => {
  const specs = parsePools("p policy=weighted: a=1 b=3 c=6");
  const shares = { a: 1, b: 3, c: 6 };
  const live = makeLiveTable({ slots: 3, pools: 1, remembered: 0 });

  test("A answered by one and AAAA by the other agree; both together keep the shares", async () => {
    const one = new DrawThread({ specs, live, seed: 1 });
    const other = new DrawThread({ specs, live, seed: 2 });
    const clients = Array.from({ length: 100 }, (_, i) => i);
    for (let round = 0; round < 20; round++) {
      const [first, second] = round % 2 === 0 ? [one, other] : [other, one];
      const ipv4 = await first.ask({ types: ["A"], clients });
      expect(await second.ask({ types: ["AAAA"], clients })).toEqual(ipv4);
    }
    // At the same time, about the same clients: whoever comes second, no share may suffer.
    const many = Array.from({ length: DRAWS }, (_, i) => i & 15);
    const [ipv4, ipv6] = await Promise.all([
      one.ask({ types: ["A"], clients: many }),
      other.ask({ types: ["AAAA"], clients: many }),
    ]);
    for (const names of [ipv4, ipv6]) {
      const counts = new Map<string, number>();
      for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
      // No seed repeats what two threads do, so six standard deviations: once in 80 million runs.
      for (const [name, share] of Object.entries(shares)) {
        const slack = 6 * Math.sqrt((share / 10) * (1 - share / 10) * DRAWS);
        expect(Math.abs(counts.get(name)! - (DRAWS * share) / 10)).toBeLessThan(slack);
      }
    }
    await Promise.all([one.end(), other.end()]);
  });
});
