import { describe, expect, test } from "vitest";
import { formatTrace } from "../../src/steering/explain-format.ts";
import type { ChoiceTrace, Trace } from "../../src/steering/trace.ts";
import { type Bench, benchOf } from "./notation.ts";

function traced(bench: Bench, type: "A" | "AAAA" = "A"): ChoiceTrace {
  const trace: Trace = { choices: [] };
  bench.ask(type, trace);
  return trace.choices[0]!;
}

function printed(bench: Bench, type: "A" | "AAAA" = "A"): string {
  return formatTrace({ choices: [traced(bench, type)] });
}

const POLICIES = ["weighted", "weighted.smooth", "round-robin", "random", "failover", "random+weighted"];

describe("Trace", () => {
  test.each(POLICIES)("does not change what %s answers", (policy) => {
    const text = `w policy=${policy} answers=2: [x]=2 [y] c d=0; x policy=${policy} answers=2: a b=3; y: -e f`;
    const plain = benchOf(text, { seed: 9 });
    const explained = benchOf(text, { seed: 9 });
    for (let i = 0; i < 200; i++) {
      const answer = plain.ask(i % 3 === 0 ? "AAAA" : "A");
      const trace: Trace = { choices: [] };
      expect(explained.ask(i % 3 === 0 ? "AAAA" : "A", trace)).toBe(answer);
      expect(trace.choices[0]!.answers.map(({ member }) => member).join("+")).toBe(answer);
    }
  });

  test.each(POLICIES)("accounts for every candidate at each step of %s", (policy) => {
    const bench = benchOf(`w policy=${policy} answers=2: a=2 b c=0 d`, { down: ["d"] });
    for (const step of traced(bench).pool.steps) {
      const dropped = step.dropped.map(({ member }) => member);
      expect([...step.kept, ...dropped].sort()).toEqual([...step.considered].sort());
    }
  });

  test("says which family of a member is down", () => {
    const bench = benchOf("w min-up=2: a b");
    bench.set("a", false, 6);
    const why = (type: "A" | "AAAA") => traced(bench, type).pool.members[0]!.why;
    expect([why("A"), why("AAAA")]).toEqual(["stands", "down for IPv6"]);
    bench.set("b", false);
    expect(why("AAAA")).toBe("stands though down for IPv6: fail-open");
  });

  test("says of each member why it stands or fell", () => {
    const bench = benchOf("w: -a b c/4 [eu] [us] [ap] d; eu: e/4; us: f; ap: -g", { down: ["b", "f"] });
    const members = traced(bench, "AAAA").pool.members;
    expect(members.map(({ member, stands, why }) => [member, stands, why])).toEqual([
      ["a", false, "disabled"],
      ["b", false, "down"],
      ["c", false, "has no IPv6 address"],
      ["eu", false, "pool eu gives nothing for IPv6"],
      ["us", false, "down"],
      ["ap", false, "down"],
      ["d", true, "stands"],
    ]);
    expect(members.map((member) => member.health)).toEqual(["up", "down", "up", "up", "down", "down", "up"]);
  });

  test("says loudly when a pool fails open, and which members stand only for that", () => {
    const { pool, degraded } = traced(benchOf("w answers=2: a -b c", { down: ["a", "c"] }));
    expect(degraded).toBe(true);
    expect(pool.mode).toBe("fail-open");
    expect(pool.verdict).toBe(
      "down: 0 of 3 members are up, min-up is 1; FAIL-OPEN, as if all enabled members were up",
    );
    expect(pool.members.map((member) => member.why)).toEqual([
      "stands though down: fail-open",
      "disabled",
      "stands though down: fail-open",
    ]);
  });

  test("tells a pool that is down from one without the family", () => {
    expect(traced(benchOf("w: a/4"), "AAAA").pool.verdict).toBe(
      "up: 1 of 1 members are up, min-up is 1; none that stands gives IPv6, so NODATA",
    );
    const closed = traced(benchOf("w when-down=closed: a", { down: ["a"] }));
    expect(closed.pool.verdict).toBe(
      "down: 0 of 1 members are up, min-up is 1; when-down is closed, so NODATA",
    );
    expect([closed.outcome, closed.degraded, closed.pool.mode]).toEqual(["nodata", false, "closed"]);
    expect(traced(benchOf("w: -a")).pool.verdict).toContain("and none of them gives IPv4, so NODATA");
  });

  test("follows a last resort", () => {
    const { pool } = traced(benchOf("w when-down=x: a; x: >cdn", { down: ["a"] }));
    expect(pool.mode).toBe("last-resort");
    expect(pool.kept).toEqual([]);
    expect(pool.lastResort!.kept).toEqual([
      { member: "cdn", added: ["cdn.example.net."], passedOver: "", pool: null },
    ]);
  });

  test("says why a kept member was passed over", () => {
    const why = (text: string): string[] =>
      traced(benchOf(text))
        .pool.kept.map((kept) => kept.passedOver)
        .filter((reason) => reason !== "");
    expect(why("w answers=2: a >cdn")).toEqual(["a CNAME cannot stand beside the addresses already chosen"]);
    expect(why("w answers=2: >cdn a")).toEqual(["the answer is a CNAME, which stands alone"]);
    expect(why("w answers=2: [x] a; x: a")).toEqual(["its address is in the answer already"]);
    expect(why("w answers=2: [x] [y]; x: a; y: a")).toEqual([
      "nothing that it chose can stand beside the rest of the answer",
    ]);
    expect(why("w answers=8: [x] i; x answers=8: a b c d e f g h")).toEqual([
      "the answer has 8 addresses, the most there are",
    ]);
  });

  test("shows draws that lead to the members kept", () => {
    const step = traced(benchOf("w policy=weighted answers=2: a=1 b=3 c=6 s=0")).pool.steps[0]!;
    expect(step.draws.map((draw) => draw.member)).toEqual(step.kept.slice(0, 2));
    expect(step.draws[0]!.total).toBe(10);
    for (const { drawn, total } of step.draws) expect(drawn).toBeLessThan(total);
    expect(step.dropped).toEqual([{ member: "s", why: "weight 0: a last resort, and others stand" }]);
  });

  test("is plain data: its JSON gives back the same", () => {
    const choice = traced(benchOf("w policy=weighted.smooth: [x] >cdn; x: a b"));
    expect(JSON.parse(JSON.stringify(choice))).toEqual(choice);
  });
});

describe("formatTrace()", () => {
  test("prints a tree of pools, members, steps and what was kept", () => {
    const bench = benchOf("web: [eu] [us]; eu answers=2: a b=3 -c; us: d/4", { down: ["a"] });
    const b = bench.pools.get("eu")!.members[1]!;
    expect([...b.ipv4!]).toEqual([192, 0, 0, 98]);
    expect(printed(bench)).toBe(
      [
        "A from pool web: 192.0.0.98 (b)",
        "├─ pool web is up: 2 of 2 members are up, min-up is 1",
        "│  ├─ members",
        "│  │  ├─ eu  pool eu  up  weight 1  stands",
        "│  │  └─ us  pool us  up  weight 1  stands",
        "│  ├─ step failover: eu us → eu us",
        "│  │  └─ in the order written eu is first of those that stand",
        "│  └─ kept eu: 192.0.0.98",
        "│     └─ pool eu is up: 1 of 3 members are up, min-up is 1",
        "│        ├─ members",
        "│        │  ├─ a  192.0.0.97 2001:db8::61  DOWN  weight 1  out: down",
        "│        │  ├─ b  192.0.0.98 2001:db8::62  up    weight 3  stands",
        "│        │  └─ c  192.0.0.99 2001:db8::63  up    weight 1  out: disabled",
        "│        ├─ step failover: b → b",
        "│        │  └─ in the order written b is first of those that stand",
        "│        └─ kept b: 192.0.0.98",
        "└─ the same for every client: nothing depended on where it is",
      ].join("\n"),
    );
  });

  test("prints a last resort, and that the answer is degraded", () => {
    const text = printed(benchOf("w when-down=x: a; x: >cdn", { down: ["a"] }));
    expect(text).toContain("├─ DEGRADED: a pool on the way was down\n");
    expect(text).toContain("last resort is pool x\n");
    expect(text).toContain("pool x is up: 1 of 1 members are up");
    expect(text).toMatch(/^A from pool w: cdn\.example\.net\. \(cdn\)\n/);
  });

  test("prints NODATA", () => {
    expect(printed(benchOf("w: a/4"), "AAAA")).toMatch(/^AAAA from pool w: NODATA\n/);
  });

  test("prints options, numbers, draws and drops of a step", () => {
    const smooth = printed(benchOf("w policy=weighted.smooth: a=5 b=1 s=0"));
    expect(smooth).toContain("step weighted (draw smooth): a b s → a b\n");
    expect(smooth).toContain("├─ a  due 5  stays\n");
    expect(smooth).toContain("├─ s         out: weight 0: a last resort, and others stand\n");
    expect(smooth).toContain("a is the most overdue; it pays back 6\n");
    expect(printed(benchOf("w policy=weighted: a b"))).toMatch(/drew \d(\.\d{1,3})? of 2: [ab]\n/);
    expect(printed(benchOf("w policy=weighted: a b", { down: ["b"] }))).toContain(
      "only a is left; no draw is needed\n",
    );
    expect(printed(benchOf("w policy=round-robin: a b"))).toContain("turn 0 over 2 candidates starts at a\n");
  });

  test("names the network that a choice depends on, and the step that looked closest", () => {
    const choice = traced(benchOf("w policy=failover+random: [x]; x: a b"));
    const looked = { ...choice, scopePrefixLength: 20, lookedAt: "8.8.0.0/20" };
    expect(formatTrace({ choices: [looked] })).toMatch(
      /└─ depends on 8\.8\.0\.0\/20: as much of the client was looked at$/,
    );
    choice.pool.kept[0]!.pool!.steps[0]!.scopePrefixLength = 20;
    choice.pool.steps[1]!.scopePrefixLength = 9;
    expect(formatTrace({ choices: [looked] })).toMatch(
      /└─ depends on 8\.8\.0\.0\/20: step failover of pool x looked that closely$/,
    );
  });

  test("prints passed-over members", () => {
    expect(printed(benchOf("w answers=2: a >cdn"))).toContain(
      "passed over cdn: a CNAME cannot stand beside the addresses already chosen\n",
    );
  });

  test("prints nothing where nothing was chosen", () => {
    expect(formatTrace({ choices: [] })).toBe("");
  });
});
