import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Trace } from "../../../src/steering/trace.ts";
import { chiSquareFault } from "../chi-square.ts";
import { type Bench, benchOf } from "../notation.ts";

/** Networks of /24, one after the other as an address plan has them, and of /56. */
const IPV4 = Array.from({ length: 10_000 }, (_, i) => `60.${i >> 8}.${i & 0xff}.0/24`);
const IPV6 = Array.from(
  { length: 4000 },
  (_, i) => `2a01:${(i >> 8).toString(16)}:0:${((i & 0xff) << 8).toString(16)}::/56`,
);

function answersOf(bench: Bench, clients: readonly string[]): string[] {
  return clients.map((client) => bench.from(client).ask());
}

function countOf(answers: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return counts;
}

describe("shares", () => {
  test.each([
    ["IPv4", IPV4],
    ["IPv6", IPV6],
  ])("hash gives members of 1:3:6 such parts of the networks of %s", (_, clients) => {
    const counts = countOf(answersOf(benchOf("p policy=hash: a=1 b=3 c=6"), clients));
    expect(chiSquareFault(counts, { a: 1, b: 3, c: 6 })).toBeUndefined();
  });

  test("hash of an inner pool does not depend on that of the outer one, even with the same names", () => {
    const bench = benchOf("w: [a] [b]; a: a b; b: a b", { policy: "hash" });
    const counts = new Map<string, number>();
    for (const client of IPV4) {
      const trace: Trace = { choices: [] };
      bench.from(client).ask("A", trace);
      const { kept } = trace.choices[0]!.pool;
      const path = kept[0]!.member + kept[0]!.pool!.kept[0]!.member;
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
    expect(chiSquareFault(counts, { aa: 1, ab: 1, ba: 1, bb: 1 })).toBeUndefined();
  });

  test("hash takes weight 0 as a last resort, and members of weight 0 alone as equals", () => {
    const bench = benchOf("p policy=hash: a=1 s=0 t=0");
    expect(new Set(answersOf(bench, IPV4.slice(0, 200)))).toEqual(new Set(["a"]));
    bench.set("a", false);
    expect(chiSquareFault(countOf(answersOf(bench, IPV4)), { s: 1, t: 1 })).toBeUndefined();
  });
});

describe("movement", () => {
  const members = fc.array(fc.constantFrom(0.5, 1, 2, 7), { minLength: 2, maxLength: 12 });
  const clients = fc.array(fc.constantFrom(...IPV4, ...IPV6), { minLength: 20, maxLength: 60 });

  test("hash moves the clients of the lost member and nobody else, and they come back with it", () => {
    fc.assert(
      fc.property(members, clients, fc.nat(), (weights, networks, lost) => {
        const bench = benchOf(`p policy=hash: ${weights.map((weight, i) => `m${i}=${weight}`).join(" ")}`);
        const gone = `m${lost % weights.length}`;
        const before = answersOf(bench, networks);
        bench.set(gone, false);
        answersOf(bench, networks).forEach((after, i) => {
          if (before[i] === gone) expect(after).not.toBe(gone);
          else expect(after).toBe(before[i]);
        });
        bench.set(gone, true);
        expect(answersOf(bench, networks)).toEqual(before);
      }),
    );
  });

  test("hash moves clients only away from a member that loses weight, and as many as it loses", () => {
    const bench = benchOf("p policy=hash: a=2 b=1 c=1");
    const before = answersOf(bench, IPV4);
    bench.weigh("a", 0.5);
    const after = answersOf(bench, IPV4);
    after.forEach((name, i) => {
      if (before[i] !== "a") expect(name).toBe(before[i]);
    });
    expect(chiSquareFault(countOf(after), { a: 1, b: 1, c: 1 })).toBeUndefined();
  });

  test("hash sends the clients of a lost member to the others by weight", () => {
    const bench = benchOf("p policy=hash: a=4 b=1 c=3");
    const before = answersOf(bench, IPV4);
    bench.set("a", false);
    const moved = answersOf(bench, IPV4).filter((_, i) => before[i] === "a");
    expect(chiSquareFault(countOf(moved), { b: 1, c: 3 })).toBeUndefined();
  });

  test("hash keeps the others of several answers when one goes", () => {
    const bench = benchOf("p policy=hash answers=3: a b c d e f");
    const before = answersOf(bench, IPV4.slice(0, 500));
    bench.set("c", false);
    answersOf(bench, IPV4.slice(0, 500)).forEach((after, i) => {
      const rest = before[i]!.split("+").filter((name) => name !== "c");
      expect(after.split("+").slice(0, rest.length)).toEqual(rest);
    });
  });
});

describe("the client", () => {
  const text = "p policy=hash: a b c d e f g h";

  test("hash answers the same for ever: these values may not change, or every client moves", () => {
    const clients = [
      "192.0.2.0/24",
      "198.51.100.7",
      "203.0.113.0/24",
      "60.1.2.0/24",
      "2001:db8::/56",
      "2a01:4f8:1:200::/56",
    ];
    const bench = benchOf("web policy=hash: eu_1=1 eu_2=2 us_1=1 us_2=4");
    expect(answersOf(bench, clients)).toEqual(["us_2", "us_2", "eu_2", "eu_1", "us_1", "us_2"]);
  });

  test("hash counts /24 and /56, and says so as the scope", () => {
    const bench = benchOf(text);
    expect(new Set(answersOf(bench, ["60.1.2.3", "60.1.2.77", "60.1.2.0/24"])).size).toBe(1);
    expect(bench.picks.scopePrefixLength).toBe(24);
    const networks = ["2a01:0:0:aa00::1", "2a01:0:0:aaff::1", "2a01:0:0:aa00::/56"];
    expect(new Set(answersOf(bench, networks)).size).toBe(1);
    expect(bench.picks.scopePrefixLength).toBe(56);
    expect(new Set(answersOf(bench, IPV4.slice(0, 50))).size).toBeGreaterThan(4);
  });

  test("hash counts as many bits as its options say", () => {
    const bench = benchOf("p policy=hash(ipv4=16,ipv6=32): a b c d e f g h");
    expect(new Set(answersOf(bench, IPV4.slice(0, 256))).size).toBe(1);
    expect(bench.picks.scopePrefixLength).toBe(16);
    bench.from("2a01:1:2:3::").ask();
    expect(bench.picks.scopePrefixLength).toBe(32);
  });

  test("hash does not look at the client where one member is left", () => {
    const bench = benchOf("p policy=hash: a b s=0", { down: ["b"] });
    expect(bench.from("60.1.2.0/24").ask()).toBe("a");
    expect(bench.picks.scopePrefixLength).toBe(0);
  });

  test("hash answers A and AAAA alike, and by the same order where a member lacks one", () => {
    const bench = benchOf("p policy=hash: a b/4 c d/6");
    for (const client of IPV4.slice(0, 300)) {
      const [ipv4, ipv6] = [bench.from(client).ask("A"), bench.ask("AAAA")];
      if (ipv4 === "a" && ipv6 !== "d") expect(ipv6).toBe("a");
      if (ipv6 === "c" && ipv4 !== "b") expect(ipv4).toBe("c");
    }
  });
});

describe("in a chain", () => {
  test("hash keeps the first `answers` for the step after it, or as many as `keep` says", () => {
    const alone = benchOf("p policy=hash answers=3: a b c d e f g h");
    const chain = benchOf("p policy=hash(keep=3)+random: a b c d e f g h");
    const one = benchOf("p policy=hash+random: a b c d e f g h");
    for (const client of IPV4.slice(0, 100)) {
      const own = alone.from(client).ask().split("+");
      expect(one.from(client).ask()).toBe(own[0]);
      expect(own).toContain(chain.from(client).ask());
    }
    expect(chain.count(300).size).toBe(3);
  });

  test("a trace of hash has the key of each member, and who is not among the client's own", () => {
    const trace: Trace = { choices: [] };
    benchOf("p policy=hash+weighted: a=2 b").from("60.1.2.0/24").ask("A", trace);
    const step = trace.choices[0]!.pool.steps[0]!;
    expect(step.numbers.map(({ member, values }) => [member, Object.keys(values)])).toEqual([
      ["a", ["weight", "key"]],
      ["b", ["weight", "key"]],
    ]);
    const keys = step.numbers.map(({ values }) => Number(values.key));
    expect(step.kept).toEqual([keys[0]! < keys[1]! ? "a" : "b"]);
    expect(step.dropped).toEqual([
      { member: keys[0]! < keys[1]! ? "b" : "a", why: "not among the client's first 1" },
    ]);
    expect(step.why).toEqual([`${step.kept[0]} has the smallest key for this client's 24 bits of IPv4`]);
  });
});
