import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Picks } from "../../src/steering/choose.ts";
import { setUp } from "../../src/steering/live.ts";
import type { MemberSpec, PoolSpec } from "../../src/steering/spec.ts";
import { UNSAID } from "../support/answers.ts";
import { Bench, benchOf } from "./notation.ts";

describe("which members stand", () => {
  test("choose() answers the first that is enabled and up", () => {
    expect(benchOf("p: a b c").ask()).toBe("a");
    expect(benchOf("p: a b c", { down: ["a"] }).ask()).toBe("b");
    expect(benchOf("p: -a b c", { down: ["b"] }).ask()).toBe("c");
  });

  test("choose() sees a verdict at the next query, both ways", () => {
    const bench = benchOf("p: a b");
    expect(bench.ask()).toBe("a");
    bench.set("a", false);
    expect(bench.ask()).toBe("b");
    bench.set("a", true);
    expect(bench.ask()).toBe("a");
  });

  test("choose() passes by members without an address of the asked family", () => {
    const bench = benchOf("p: a/4 b/6 c");
    expect(bench.ask("A")).toBe("a");
    expect(bench.ask("AAAA")).toBe("b");
  });

  test("choose() answers NODATA where a pool that is up has no address of the family", () => {
    const bench = benchOf("p: a/4 b/4");
    expect(bench.ask("AAAA")).toBe("NODATA");
    expect(bench.picks.outcome).toBe("nodata");
    expect(bench.picks.degraded).toBe(false);
  });

  test("choose() fails open for a family of which all is down, though the pool is up by the other", () => {
    const bench = benchOf("p: a/4 b/6", { down: ["b"] });
    expect([bench.ask("A"), bench.picks.degraded]).toEqual(["a", false]);
    expect([bench.ask("AAAA"), bench.picks.degraded]).toEqual(["b", true]);
    const both = benchOf("p: a b -c");
    for (const name of ["a", "b"]) both.set(name, false, 4);
    expect([both.ask("A"), both.picks.degraded]).toEqual(["a", true]);
    expect([both.ask("AAAA"), both.picks.degraded]).toEqual(["a", false]);
    both.set("b", true, 4);
    expect([both.ask("A"), both.picks.degraded]).toEqual(["b", false]);
  });

  test("choose() does for a family that is down as when-down says", () => {
    for (const [whenDown, answer] of [
      ["closed", "NODATA"],
      ["q", "c"],
    ] as const) {
      const bench = benchOf(`p when-down=${whenDown}: a b; q: c`);
      for (const name of ["a", "b"]) bench.set(name, false, 4);
      expect(bench.ask("A")).toBe(answer);
      expect([bench.ask("AAAA"), bench.picks.degraded]).toEqual(["a", false]);
    }
  });

  test("choose() passes over inner pools for a family that is down in them, and fails open when all are", () => {
    const bench = benchOf("w: [eu] [us]; eu: a b; us: c");
    for (const name of ["a", "b"]) bench.set(name, false, 4);
    expect([bench.ask("A"), bench.picks.degraded]).toEqual(["c", false]);
    expect([bench.ask("AAAA"), bench.picks.degraded]).toEqual(["a", false]);
    bench.set("c", false, 4);
    expect([bench.ask("A"), bench.picks.degraded]).toEqual(["a", true]);
    expect([bench.ask("AAAA"), bench.picks.degraded]).toEqual(["a", false]);
  });

  test("choose() judges the addresses of one member apart", () => {
    const bench = benchOf("p: a b");
    bench.set("a", false, 6);
    expect([bench.ask("A"), bench.ask("AAAA")]).toEqual(["a", "b"]);
    bench.set("a", false, 4);
    expect([bench.ask("A"), bench.ask("AAAA")]).toEqual(["b", "b"]);
    bench.set("a", true, 6);
    expect([bench.ask("A"), bench.ask("AAAA")]).toEqual(["b", "a"]);
  });

  test("a pool counts a member up while any of its addresses is, and only families that it has", () => {
    const bench = benchOf("p min-up=2 when-down=closed: a b/4");
    bench.set("a", false, 4);
    expect([bench.ask("A"), bench.ask("AAAA")]).toEqual(["b", "a"]);
    bench.set("b", false, 4);
    expect([bench.ask("A"), bench.ask("AAAA")]).toEqual(["NODATA", "NODATA"]);
    expect(bench.top.state.membersUp).toBe(1);
  });

  test("choose() keeps up to `answers` members, and all when fewer stand", () => {
    expect(benchOf("p answers=2: a b c").ask()).toBe("a+b");
    expect(benchOf("p answers=3: a b c", { down: ["b"] }).ask()).toBe("a+c");
  });

  test("choose() forgets the members of the answer before", () => {
    const bench = benchOf("p answers=8: a b c");
    bench.ask();
    bench.set("a", false);
    bench.set("b", false);
    expect(bench.ask()).toBe("c");
    expect(bench.picks.members).toEqual([expect.objectContaining({ name: "c" }), ...Array(7).fill(null)]);
  });

  test("choose() sees what changes below it, also in a last resort, and among members far apart in the table", () => {
    const many = Array.from({ length: 200 }, (_, i) => `m${i}`).join(" ");
    const bench = benchOf(
      `top: [mid]; mid when-down=last: [far]; far: x; last when-down=closed: y z; many: ${many}; other: o`,
    );
    expect(bench.ask()).toBe("x");
    bench.set("many/m199", false);
    bench.set("x", false);
    expect(bench.ask()).toBe("y");
    bench.set("y", false);
    expect(bench.ask()).toBe("z");
    bench.set("x", true);
    expect(bench.ask()).toBe("x");
  });

  test("choose() works a pool out anew only where a change is near its members", () => {
    const many = Array.from({ length: 200 }, (_, i) => `m${i}`).join(" ");
    const bench = benchOf(`top: a b; many: ${many}`);
    bench.ask();
    const { worked } = bench.top.state;
    bench.set("many/m0", false);
    bench.ask();
    expect(bench.top.state.worked).toBe(worked);
    bench.set("b", false);
    bench.ask();
    expect(bench.top.state.worked).toBe(worked + 1);
  });

  test("choose() works on two live tables in turn, as an explanation beside the workers does", () => {
    const bench = benchOf("p: a b");
    const other = benchOf("p: a b", { down: ["a"] });
    expect(bench.ask()).toBe("a");
    const own = bench.request.live;
    bench.request.live = other.live;
    expect(bench.ask()).toBe("b");
    bench.request.live = own;
    expect(bench.ask()).toBe("a");
  });
});

describe("when a pool is down", () => {
  test("choose() fails open by default: as if every enabled member were up, and says so", () => {
    const bench = benchOf("p answers=3: a b -c", { down: ["a", "b"] });
    expect(bench.ask()).toBe("a+b");
    expect(bench.picks.degraded).toBe(true);
  });

  test("choose() takes a pool for down when fewer than min-up are up", () => {
    const bench = benchOf("p min-up=2 when-down=closed: a b c", { down: ["a"] });
    expect(bench.ask()).toBe("b");
    bench.set("b", false);
    expect(bench.ask()).toBe("NODATA");
  });

  test("choose() brings members back that are down when too few for min-up are up", () => {
    const bench = benchOf("p min-up=3 answers=3: a b c", { down: ["a"] });
    expect(bench.ask()).toBe("a+b+c");
    expect(bench.picks.degraded).toBe(true);
  });

  test("choose() counts up members of any family for min-up", () => {
    const bench = benchOf("p min-up=2 when-down=closed: a/4 b/6");
    expect(bench.ask("A")).toBe("a");
    expect(bench.ask("AAAA")).toBe("b");
  });

  test("choose() answers NODATA for closed, not degraded", () => {
    const bench = benchOf("p when-down=closed: a", { down: ["a"] });
    expect(bench.ask()).toBe("NODATA");
    expect(bench.picks.degraded).toBe(false);
  });

  test("choose() lets the last-resort pool decide, degraded", () => {
    const bench = benchOf("p when-down=q: a; q: b c", { down: ["a", "b"] });
    expect(bench.ask()).toBe("c");
    expect(bench.picks.degraded).toBe(true);
  });

  test("choose() applies the last resort's own when-down", () => {
    const bench = benchOf("p when-down=q: a; q when-down=closed: b", { down: ["a", "b"] });
    expect(bench.ask()).toBe("NODATA");
    expect(benchOf("p when-down=q: a; q: b", { down: ["a", "b"] }).ask()).toBe("b");
  });

  test("choose() answers NODATA where every member is disabled, whatever when-down says", () => {
    expect(benchOf("p: -a -b").ask()).toBe("NODATA");
    expect(benchOf("p when-down=q: -a; q: b").ask()).toBe("b");
  });
});

describe("pools of pools", () => {
  test("choose() expands a kept pool to its own choice", () => {
    expect(benchOf("w: [eu] [us]; eu answers=2: a b c; us: d").ask()).toBe("a+b");
    expect(benchOf("w answers=2: [eu] [us]; eu answers=2: a b c; us: d").ask()).toBe("a+b+d");
  });

  test("choose() passes by a pool that is down, even where it would fail open", () => {
    const bench = benchOf("w: [eu] [us]; eu: a b; us: c", { down: ["a", "b"] });
    expect(bench.ask()).toBe("c");
    expect(bench.picks.degraded).toBe(false);
  });

  test("choose() lets inner pools fail open by their own rule when the outer one is down and open", () => {
    const down = ["a", "b"];
    expect(benchOf("w: [eu] [us]; eu: a; us: b", { down }).ask()).toBe("a");
    expect(benchOf("w: [eu] [us]; eu when-down=closed: a; us: b", { down }).ask()).toBe("b");
    expect(benchOf("w: [eu] [us]; eu when-down=x: a; us: b; x: c", { down }).ask()).toBe("c");
  });

  test("choose() passes by a pool that has nothing of the family, for one that has", () => {
    const bench = benchOf("w: [eu] [us]; eu: a/4; us: b");
    expect(bench.ask("A")).toBe("a");
    expect(bench.ask("AAAA")).toBe("b");
    expect(bench.picks.degraded).toBe(false);
  });

  test("choose() counts an inner pool that is up for min-up, though it has nothing of the family", () => {
    const bench = benchOf("w min-up=2 when-down=closed: [eu] [us]; eu: a/4; us: b");
    expect(bench.ask("AAAA")).toBe("b");
  });

  test("choose() follows eight tiers, and a verdict at the bottom reaches the top", () => {
    const tiers = Array.from({ length: 7 }, (_, i) => `p${i + 1}: [p${i + 2}]`).join("; ");
    const bench = benchOf(`${tiers}; p8: a; `.replace(/; $/, ""));
    expect(bench.top.id).toBe("p1");
    expect(bench.ask()).toBe("a");
    expect(bench.picks.degraded).toBe(false);
    bench.set("a", false);
    expect(bench.ask()).toBe("a");
    expect(bench.picks.degraded).toBe(true);
  });

  test("choose() asks a pool that stands under two others once for each", () => {
    const bench = benchOf("w answers=2: [x] [y]; x: [s]; y: [s]; s policy=round-robin: a b");
    expect(bench.ask()).toBe("a+b");
  });

  test("choose() never answers more than eight addresses", () => {
    const bench = benchOf("w answers=8: [x] [y]; x answers=8: a b c d e; y answers=8: f g h i j k");
    expect(bench.ask()).toBe("a+b+c+d+e+f+g+h");
  });

  test("choose() answers an address once, though two kept members have it", () => {
    expect(benchOf("w answers=2: [x] [y]; x answers=2: a b; y answers=2: b c").ask()).toBe("a+b+c");
    expect(benchOf("w answers=2: [x] [y]; x: a; y: a").ask("AAAA")).toBe("a");
  });
});

describe("targets", () => {
  test("choose() answers a target that is first alone, for both families", () => {
    const bench = benchOf("p answers=3: >cdn a b");
    expect(bench.ask("A")).toBe("cdn");
    expect(bench.picks.target).toBe(bench.picks.members[0]!.target);
    expect(bench.ask("AAAA")).toBe("cdn");
  });

  test("choose() passes over targets in later places", () => {
    const bench = benchOf("p answers=3: a >cdn b");
    expect(bench.ask()).toBe("a+b");
    expect(bench.picks.target).toBeNull();
  });

  test("choose() ends at a target of an inner pool too, and passes over one after addresses", () => {
    expect(benchOf("w answers=2: [x] [y]; x: >cdn; y: a").ask()).toBe("cdn");
    expect(benchOf("w answers=2: [x] [y]; x: a; y: >cdn").ask()).toBe("a");
  });

  test("choose() leaves a target that is down to the others", () => {
    expect(benchOf("p: >cdn a", { down: ["cdn"] }).ask()).toBe("a");
  });

  test("choose() gives AAAA from a target where no member has an address of it", () => {
    expect(benchOf("p: a/4 >cdn").ask("AAAA")).toBe("cdn");
  });
});

describe("chains", () => {
  test("choose() runs the steps in order: the last one that orders has the last word", () => {
    expect(benchOf("p policy=random+failover answers=3: a b c d").row(20)).toBe(
      Array(20).fill("a+b+c").join(" "),
    );
  });

  test("choose() keeps what a step dropped out of the steps after it: a last resort stays out", () => {
    const bench = benchOf("p policy=weighted+failover answers=4: s=0 a b");
    expect(bench.row(20)).toBe(Array(20).fill("a+b").join(" "));
  });

  test("choose() takes the document's order where the chain is empty", () => {
    const member = (name: string): MemberSpec => ({
      ...UNSAID,
      kind: "endpoint",
      name,
      weight: 1,
      enabled: true,
      ipv4: Uint8Array.of(192, 0, 2, name.charCodeAt(0)),
      ipv6: null,
    });
    const spec: PoolSpec = {
      id: "p",
      members: [member("b"), member("a")],
      policy: [],
      answers: 1,
      minUp: 0,
      whenDown: "closed",
    };
    expect(new Bench([spec]).ask()).toBe("b");
    expect(new Bench([spec], { down: ["a", "b"] }).ask()).toBe("NODATA");
  });
});

test("choose() gives the same answers for the same seed, and others for another", () => {
  const text = "w policy=weighted: [x]=2 [y]; x policy=random answers=2: a b c; y policy=weighted: d=5 e";
  const row = (seed: number): string => benchOf(text, { seed }).row(200);
  expect(row(7)).toBe(row(7));
  expect(row(7)).not.toBe(row(8));
});

// Two tiers of members of every kind, some disabled, some down, under any policy.
const memberText = fc
  .tuple(fc.boolean(), fc.constantFrom("", "/4", "/6"), fc.constantFrom("", "=0", "=3", "=0.5"))
  .map(([off, family, weight]) => ({ off, family, weight }));
const poolText = fc.record({
  members: fc.array(memberText, { maxLength: 10 }),
  policy: fc.constantFrom(
    "weighted",
    "weighted.smooth",
    "round-robin",
    "random",
    "failover",
    "random+weighted",
  ),
  answers: fc.integer({ min: 1, max: 8 }),
  minUp: fc.integer({ min: 0, max: 4 }),
  whenDown: fc.constantFrom("open", "closed", "spare"),
  target: fc.boolean(),
});
const world = fc.record({
  pools: fc.array(poolText, { minLength: 1, maxLength: 4 }),
  top: poolText,
  downBits: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
  seed: fc.integer(),
});

function textOf(
  pool: typeof poolText extends fc.Arbitrary<infer T> ? T : never,
  id: string,
  more: string,
): string {
  const members = pool.members.map(
    ({ off, family, weight }, i) => `${off ? "-" : ""}${id}m${i}${family}${weight}`,
  );
  const target = pool.target ? [`>${id}t`] : [];
  const options = `policy=${pool.policy} answers=${pool.answers} min-up=${pool.minUp} when-down=${pool.whenDown}`;
  return `${id} ${options}: ${[...members, ...target].join(" ")} ${more}`;
}

test("choose() holds its promises over any two tiers of pools", () => {
  fc.assert(
    fc.property(world, ({ pools, top, downBits, seed }) => {
      const inner = pools.map((pool, i) => textOf(pool, `p${i}`, ""));
      const outer = textOf(top, "top", pools.map((_, i) => `[p${i}]`).join(" "));
      const bench = benchOf([outer, ...inner, "spare when-down=closed: sp/4"].join("; "), { seed });
      const slots = [...bench.pools.values()]
        .flatMap((pool) => pool.members)
        .filter((member) => member.slot >= 0);
      for (const member of slots) if (downBits[member.slot % 60]) setUp(bench.live, member.slot, false);
      for (const type of ["A", "AAAA", "A"] as const) {
        const answer = bench.ask(type);
        const { picks } = bench;
        expect(picks.count).toBeLessThanOrEqual(8);
        expect(picks.outcome).toBe(answer === "NODATA" ? "nodata" : "answer");
        const chosen = picks.members.slice(0, picks.count).map((member) => member!);
        expect(new Set(chosen).size).toBe(chosen.length);
        if (picks.target !== null) expect(chosen.map((member) => member.target)).toEqual([picks.target]);
        for (const member of chosen) {
          expect(member.enabled).toBe(true);
          expect(member.pool).toBeNull();
          if (!picks.degraded) expect(bench.live.up[member.slot]).toBe(3);
          if (member.target === null) expect(type === "A" ? member.ipv4 : member.ipv6).not.toBeNull();
        }
        const { state } = bench.top;
        expect((type === "A" ? state.ipv4 : state.ipv6).gives).toBe(answer !== "NODATA");
      }
    }),
    { numRuns: 1000 },
  );
});

test("Picks start empty", () => {
  const picks = new Picks();
  expect([picks.count, picks.outcome, picks.target, picks.scopePrefixLength]).toEqual([0, "nodata", null, 0]);
});
