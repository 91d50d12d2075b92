import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HealthFold } from "../../src/health/health-fold.ts";
import type { Opinion } from "../../src/health/opinion.ts";
import {
  applyResult,
  beginEndpoint,
  type EndpointState,
  opinionOf,
} from "../../src/health/prober-verdict.ts";
import type { MonitorRules } from "../../src/health/verdict.ts";
import { randomBelow, SeededRandom } from "../../src/lib/random.ts";
import { opinionWith, START_MS } from "./notation.ts";

const RULES: MonitorRules = { intervalMs: 10_000, timeoutMs: 5000, quorum: "majority" };
const WEB = "web 192.0.2.10";
const REGIONS = ["us-east", "eu-west", "ap-south"];

function foldOf(opinions: readonly Opinion[], nowMs: number, rules: Partial<MonitorRules> = {}): HealthFold {
  const fold = new HealthFold(() => ({ ...RULES, ...rules }));
  for (const opinion of opinions) fold.take(opinion, nowMs);
  return fold;
}

describe("HealthFold", () => {
  const END_MS = START_MS + 100_000;
  const ENDPOINTS = ["web 192.0.2.1", "web 192.0.2.2", "web 192.0.2.3", "web 2001:db8::1", "api 192.0.2.1"];

  const opinions = fc.array(
    fc
      .record({
        endpoint: fc.constantFrom(...ENDPOINTS),
        number: fc.nat(5),
        epoch: fc.constantFrom(START_MS - 2000, START_MS - 1000),
        sequence: fc.nat(4),
        state: fc.constantFrom("up", "down", "down", "unknown"),
        checkedMs: fc.integer({ min: START_MS, max: END_MS + 5000 }),
        responseMs: fc.option(fc.nat(100)),
        agent: fc.option(fc.record({ weightPercent: fc.nat(100), state: fc.constant(null) })),
      })
      .map(({ number, ...said }) =>
        opinionWith({
          ...said,
          prober: `prober-${number}`,
          region: REGIONS[number % 3]!,
          sinceMs: said.checkedMs - 500,
        }),
      ),
    { maxLength: 60 },
  );

  function allOf(fold: HealthFold): unknown {
    const times = [0, 20_000, 36_000, 1_000_000];
    return {
      verdicts: ENDPOINTS.map((endpoint) => times.map((ms) => fold.verdictOf(endpoint, END_MS + ms))),
      probers: fold.probers().map(({ isDouble: _, ...sight }) => sight),
    };
  }

  test.each(["majority", "any", "all", 2] as const)(
    "take() gives the same verdicts in whatever order opinions come, twice or late, with quorum %s",
    (quorum) => {
      const permuted = opinions.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })),
      );
      fc.assert(
        fc.property(permuted, ([all, shuffled]) => {
          const first = foldOf(all, END_MS, { quorum });
          const second = foldOf(shuffled, END_MS, { quorum });
          expect(allOf(second)).toEqual(allOf(first));
          second.refold(() => true);
          expect(allOf(second)).toEqual(allOf(first));
        }),
        { numRuns: 500 },
      );
    },
  );

  test("take() says whether an opinion is news", () => {
    const fold = foldOf([], START_MS);
    expect(fold.take(opinionWith({ sequence: 2 }), START_MS)).toBe(true);
    expect(fold.take(opinionWith({ sequence: 2 }), START_MS)).toBe(false);
    expect(fold.take(opinionWith({ sequence: 1, state: "down" }), START_MS)).toBe(false);
    expect(fold.take(opinionWith({ sequence: 1, epoch: START_MS, state: "down" }), START_MS)).toBe(true);
    expect(fold.verdictOf(WEB, START_MS).state).toBe("down");
  });

  test("verdictOf() tells since when, what it took, and the numbers of the regions", () => {
    const at = (s: number) => START_MS + 1000 * s;
    const down = { state: "down", checkedMs: at(9), failures: 3 } as const;
    const fold = foldOf(
      [
        opinionWith({ region: "us-east", ...down, sinceMs: at(3), firstFailureMs: at(1), daysToExpiry: 9 }),
        opinionWith({ region: "eu-west", ...down, sinceMs: at(5), firstFailureMs: at(2), daysToExpiry: 8 }),
        opinionWith({
          region: "ap-south",
          checkedMs: at(8),
          responseMs: 31,
          agent: { weightPercent: 40, state: null },
        }),
      ],
      at(10),
    );
    const { regions, ...verdict } = fold.verdictOf(WEB, at(10));
    expect(verdict).toEqual({
      state: "down",
      countsAs: "down",
      sinceMs: at(5),
      checkedMs: at(9),
      stale: false,
      coldStart: false,
      reason: "refused from eu-west, us-east",
      firstFailureMs: at(1),
      needed: 2,
      heard: 3,
      agent: { weightPercent: 40, state: null },
      responseMs: 31,
      daysToExpiry: 8,
    });
    expect(
      regions.map(({ region, state, probers, down: saying }) => [region, state, probers, saying]),
    ).toEqual([
      ["ap-south", "up", 1, 0],
      ["eu-west", "down", 1, 1],
      ["us-east", "down", 1, 1],
    ]);
  });

  test("verdictOf() shows which probers of a region are silent or suspect", () => {
    const fold = foldOf([], START_MS, { quorum: "any" });
    for (let i = 0; i < 5; i++) {
      const endpoint = `web 192.0.2.${10 + i}`;
      fold.take(opinionWith({ endpoint, region: "us-east", state: "down" }), START_MS);
      fold.take(opinionWith({ endpoint, region: "eu-west" }), START_MS);
      fold.take(opinionWith({ endpoint, region: "ap-south", checkedMs: START_MS - 35_001 }), START_MS);
    }
    const { state, regions } = fold.verdictOf(WEB, START_MS);
    expect(state).toBe("up");
    expect(regions.map(({ region, reason, suspects, silent }) => [region, reason, suspects, silent])).toEqual(
      [
        ["ap-south", "silent", 0, 1],
        ["eu-west", "", 0, 0],
        ["us-east", "sees nearly everything down, which other regions do not", 1, 0],
      ],
    );
    expect(fold.probers().map(({ name, seen, down, suspect }) => [name, seen, down, suspect])).toEqual([
      ["ap-south", 0, 0, []],
      ["eu-west", 5, 0, []],
      ["us-east", 5, 5, [4, 6]],
    ]);
  });

  test("a prober without IPv6 is suspect for IPv6 alone", () => {
    const fold = foldOf([], START_MS, { quorum: "any" });
    for (let i = 0; i < 4; i++) {
      for (const endpoint of [`web 192.0.2.${i}`, `web 2001:db8::${i}`]) {
        const state = endpoint.includes(":") ? "down" : "up";
        fold.take(opinionWith({ endpoint, region: "us-east", state }), START_MS);
        fold.take(opinionWith({ endpoint, region: "eu-west" }), START_MS);
      }
    }
    expect(fold.probers().find(({ name }) => name === "us-east")!.suspect).toEqual([6]);
    expect(fold.verdictOf("web 2001:db8::1", START_MS).state).toBe("up");
  });

  test("an opinion from the future counts as one of now, so others do not look old beside it", () => {
    const fold = foldOf(
      [
        opinionWith({ region: "us-east", state: "down", checkedMs: START_MS + 3_600_000 }),
        opinionWith({ region: "eu-west" }),
        opinionWith({ region: "ap-south" }),
      ],
      START_MS,
    );
    expect(fold.verdictOf(WEB, START_MS)).toMatchObject({ state: "up", heard: 3 });
  });

  test("forgetProber() takes its opinion back, and an old one that comes late does not bring it back", () => {
    const fold = foldOf(
      [opinionWith({ region: "us-east", state: "down" }), opinionWith({ region: "eu-west" })],
      START_MS,
      {
        quorum: "any",
      },
    );
    expect(fold.verdictOf(WEB, START_MS).state).toBe("down");
    fold.forgetProber("us-east");
    fold.take(opinionWith({ region: "us-east", state: "down", sequence: 0 }), START_MS);
    fold.take(opinionWith({ endpoint: "web 192.0.2.9", region: "us-east", state: "down" }), START_MS);
    expect(fold.verdictOf(WEB, START_MS)).toMatchObject({ state: "up", heard: 1 });
    expect(fold.verdictOf("web 192.0.2.9", START_MS)).toMatchObject({ state: "down", stale: true });
    expect(fold.probers().map(({ name }) => name)).toEqual(["eu-west"]);
  });

  test("forgetProber() keeps the names of a thousand that have gone, and no more", () => {
    const fold = foldOf([opinionWith({ region: "eu-west" })], START_MS);
    for (let i = 0; i < 1002; i++) {
      fold.take(opinionWith({ prober: `pod-${i}` }), START_MS);
      fold.forgetProber(`pod-${i}`);
    }
    const late = (i: number) => {
      fold.take(opinionWith({ prober: `pod-${i}` }), START_MS);
      return fold.probers().length;
    };
    expect([late(1001), late(2), late(1)]).toEqual([1, 1, 2]);
  });

  test("a prober that was forgotten is back with its next check", () => {
    const fold = foldOf([opinionWith({ state: "down" })], START_MS);
    fold.forgetProber("us-east");
    expect(fold.verdictOf(WEB, START_MS)).toMatchObject({ state: "down", stale: true });
    fold.take(opinionWith({ state: "down", sequence: 2, checkedMs: START_MS + 1000 }), START_MS + 1000);
    expect(fold.verdictOf(WEB, START_MS + 1000)).toMatchObject({ state: "down", stale: false });
  });

  test("probers() tells of two processes with one name, after the time that a replacement takes", () => {
    const fold = foldOf([opinionWith({ epoch: START_MS })], START_MS);
    const old = { epoch: START_MS - 9000, sequence: 50 };
    fold.take(opinionWith({ ...old, checkedMs: START_MS + 30_000 }), START_MS + 30_000);
    expect(fold.probers()[0]!.isDouble).toBe(false);
    fold.take(opinionWith({ ...old, sequence: 60, checkedMs: START_MS + 70_000 }), START_MS + 70_000);
    fold.take(opinionWith({ epoch: START_MS, sequence: 9, checkedMs: START_MS + 70_000 }), START_MS + 70_000);
    expect(fold.probers()[0]!.isDouble).toBe(true);
  });

  test("drainChanges() names each endpoint whose verdict may have changed, once", () => {
    const fold = foldOf([opinionWith({})], START_MS);
    expect(fold.drainChanges()).toEqual([WEB]);
    fold.take(opinionWith({ sequence: 2, checkedMs: START_MS + 10_000, responseMs: 40 }), START_MS + 10_000);
    expect(fold.drainChanges()).toEqual([]);
    fold.take(opinionWith({ sequence: 3, state: "down", checkedMs: START_MS + 20_000 }), START_MS + 20_000);
    expect(fold.drainChanges()).toEqual([WEB]);
  });

  test("drainChanges() names an endpoint when the opinion of somebody else on it runs out", () => {
    const say = (region: string, state: "up" | "down", afterMs: number, sequence: number) =>
      opinionWith({ region, state, sequence, checkedMs: START_MS + afterMs });
    const fold = foldOf([say("us-east", "down", 0, 1), say("eu-west", "up", 0, 1)], START_MS, {
      quorum: "any",
    });
    expect(fold.verdictOf(WEB, START_MS).state).toBe("down");
    fold.drainChanges();
    for (let second = 10; second <= 40; second += 10) {
      fold.take(say("eu-west", "up", second * 1000, second), START_MS + second * 1000);
    }
    expect(fold.verdictOf(WEB, START_MS + 40_000).state).toBe("up");
    expect(fold.drainChanges()).toEqual([WEB]);
  });

  test("drainChanges() names all endpoints of a prober that became suspect", () => {
    const fold = foldOf([], START_MS, { quorum: "any" });
    const endpoints = ["web 192.0.2.1", "web 192.0.2.2", "web 192.0.2.3"];
    for (const endpoint of endpoints) {
      for (const region of REGIONS) fold.take(opinionWith({ endpoint, region }), START_MS);
    }
    const changes = endpoints.map((endpoint) => {
      fold.drainChanges();
      fold.take(opinionWith({ endpoint, state: "down", sequence: 2 }), START_MS);
      return fold.drainChanges().length;
    });
    expect(changes).toEqual([1, 1, 3]);
  });

  test("refold() drops endpoints that are not wanted, and what they said about probers", () => {
    const fold = foldOf(
      [opinionWith({}), opinionWith({ endpoint: "web 192.0.2.11", state: "down" })],
      START_MS,
    );
    fold.refold((endpoint) => endpoint === WEB);
    expect(fold.verdictOf("web 192.0.2.11", START_MS).state).toBe("unknown");
    expect(fold.probers()).toMatchObject([{ name: "us-east", seen: 1, down: 0 }]);
  });
});

describe("with default settings", () => {
  const CHECKS = { ...RULES, downAfter: 3, upAfter: 2, recheckMs: 1000, slowMs: null };

  /** Ten minutes of three regions that check `endpoints`; answers how many verdicts were ever down. */
  function falseAlarms(endpoints: number, fails: (region: string, nowMs: number) => boolean): number {
    const fold = new HealthFold(() => RULES);
    const states = new Map<string, { state: EndpointState; nextMs: number; sequence: number }>();
    const down = new Set<string>();
    for (let second = 0; second < 600; second++) {
      const nowMs = START_MS + 1000 * second;
      for (let i = 0; i < endpoints; i++) {
        for (const region of REGIONS) {
          const endpoint = `web 192.0.${i >> 8}.${i & 255}`;
          const key = `${region} ${endpoint}`;
          const first = { state: beginEndpoint(START_MS), nextMs: START_MS + 1000 * (i % 10), sequence: 0 };
          const known = states.get(key) ?? first;
          states.set(key, known);
          if (known.nextMs > nowMs) continue;
          const ok = !fails(region, nowMs);
          const result = { ok, reason: ok ? "" : "connect timed out", ms: 20 };
          const { nextCheckInMs, ...state } = applyResult(known.state, result, CHECKS, nowMs);
          states.set(key, { state, nextMs: nowMs + nextCheckInMs, sequence: known.sequence + 1 });
          const head = { endpoint, prober: region, region, epoch: START_MS, sequence: known.sequence };
          fold.take(opinionOf(state, head), nowMs);
        }
      }
      for (const endpoint of fold.drainChanges()) {
        if (fold.verdictOf(endpoint, nowMs).state === "down") down.add(endpoint);
      }
    }
    return down.size;
  }

  test("ten minutes in which 5 % of the checks fail give no false alarm", () => {
    const random = new SeededRandom(5);
    expect(
      falseAlarms(100, () => randomBelow(random, 100) < 5),
      "seed 5",
    ).toBe(0);
  });

  test("one of three regions cut off from everything gives no false alarm", () => {
    const isCutOff = (region: string, nowMs: number) => region === "eu-west" && nowMs > START_MS + 60_000;
    expect(falseAlarms(20, isCutOff)).toBe(0);
  });

  test("one of three regions cut off, and 5 % of the other checks fail: still none", () => {
    const random = new SeededRandom(6);
    const fails = (region: string, nowMs: number) =>
      randomBelow(random, 100) < 5 || (region === "eu-west" && nowMs > START_MS + 60_000);
    expect(falseAlarms(50, fails), "seed 6").toBe(0);
  });

  test("an endpoint that fails everywhere is down", () => {
    expect(falseAlarms(5, (_, nowMs) => nowMs > START_MS + 60_000)).toBe(5);
  });
});

test("an endpoint that refuses is down 1.2 s after its end at most, with interval 1s, down-after 2, recheck 200ms", () => {
  const rules = { intervalMs: 1000, timeoutMs: 1000, downAfter: 2, upAfter: 2, recheckMs: 200, slowMs: null };
  const phases = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999));
  fc.assert(
    fc.property(phases, (offsets) => {
      const fold = new HealthFold(() => ({ ...rules, quorum: "majority" }));
      const probers = REGIONS.map((region, i) => {
        const state = applyResult(
          beginEndpoint(START_MS),
          { ok: true, reason: "", ms: 5 },
          rules,
          START_MS + 9000,
        );
        fold.take(
          opinionOf(state, { endpoint: WEB, prober: region, region, epoch: START_MS, sequence: 0 }),
          START_MS + 9000,
        );
        return {
          region,
          state: state as EndpointState,
          nextMs: START_MS + 10_000 + offsets[i]!,
          sequence: 1,
        };
      });
      // It ends at 10 s. Each prober checks it next at its own moment in the second after that.
      let nowMs = START_MS + 10_000;
      for (; fold.verdictOf(WEB, nowMs).state !== "down"; nowMs++) {
        for (const prober of probers) {
          if (prober.nextMs !== nowMs) continue;
          const failed = { ok: false, reason: "refused", ms: 1 };
          const { nextCheckInMs, ...state } = applyResult(prober.state, failed, rules, nowMs);
          Object.assign(prober, { state, nextMs: nowMs + nextCheckInMs, sequence: prober.sequence + 1 });
          const { region, sequence } = prober;
          fold.take(
            opinionOf(state, { endpoint: WEB, prober: region, region, epoch: START_MS, sequence }),
            nowMs,
          );
        }
        expect(nowMs).toBeLessThan(START_MS + 13_000);
      }
      const [, second] = [...offsets].sort((a, b) => a - b);
      expect(nowMs - 1).toBe(START_MS + 10_000 + second! + 200);
    }),
    { numRuns: 40 },
  );
});
