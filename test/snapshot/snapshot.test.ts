import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Configuration, ZoneDocument } from "../../src/documents/configuration.ts";
import {
  applyNews,
  compileSnapshot,
  newsBetween,
  newsOfAll,
  type Snapshot,
  type SnapshotNews,
  slotKey,
} from "../../src/snapshot/snapshot.ts";
import { setUp, setWeight } from "../../src/steering/live.ts";
import { nameKey, parseName } from "../../src/wire/name.ts";
import { answerTo, configurationOf, poolOf, viewOf, zoneOf } from "../support/answers.ts";

/** As a message port hands it over: objects copied, shared memory shared. */
function sent(news: SnapshotNews): SnapshotNews {
  return structuredClone(news);
}

function zone(apex: string, address: string, steered: Record<string, string> = {}): ZoneDocument {
  return zoneOf(
    `$ORIGIN ${apex}\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns.example.\nwww 60 A ${address}\n`,
    steered,
  );
}

function zoneAt(snapshot: Snapshot, apex: string) {
  return snapshot.directory.get(nameKey(parseName(apex)));
}

function slotOf(snapshot: Snapshot, pool: string, member: string): number {
  return snapshot.slots.get(slotKey(pool, member))!;
}

/** What two threads must have in common. Images and live tables by the memory that they stand in. */
function outline(snapshot: Snapshot) {
  const { generation, zones, pools, live, slots, next } = snapshot;
  return {
    generation,
    zones: zones.map(({ id, number, apex, image, pools }) => {
      return { id, number, apex: nameKey(apex), poolIds: image.poolIds, pools: pools.map(({ id }) => id) };
    }),
    pools: [...pools.values()].map(({ id, number, members, answers }) => {
      const named = members.map(({ name, slot, ipv4, ipv6 }) => ({ name, slot, ipv4, ipv6 }));
      return { id, number, answers, members: named };
    }),
    slots: [...slots],
    next,
    capacity: [live.up.length, live.rotation.length],
  };
}

describe("newsBetween() and applyNews()", () => {
  const a = zone("a.test.", "192.0.2.1", { steered: "p" });
  const b = zone("b.test.", "192.0.2.2");
  const p = poolOf("p", ["one 198.51.100.1", "two 198.51.100.2"]);

  test("the first generation has the number 1, and everything in its news", () => {
    const news = newsBetween(undefined, configurationOf([a, b], [p]));
    expect(news.generation).toBe(1);
    expect(news.zones.map(({ id }) => id)).toEqual(["a.test.", "b.test."]);
    expect(news.next).toEqual({ zone: 2, slot: 2 });
    expect(news.steering?.specs).toEqual([p]);
  });

  test("a zone that did not change keeps its very image, and is no news", () => {
    const first = compileSnapshot(configurationOf([a, b], [p]));
    const newB = zone("b.test.", "192.0.2.99");
    const news = newsBetween(first, configurationOf([a, newB], [p]));
    expect(news.zones.map(({ id }) => id)).toEqual(["b.test."]);
    expect(news.steering).toBeNull();
    const second = applyNews(first, news);
    expect(zoneAt(second, "a.test.")).toBe(zoneAt(first, "a.test."));
    expect(zoneAt(second, "b.test.")?.image.buffer).toBe(newB.image.buffer);
    expect(zoneAt(first, "b.test.")?.image.buffer).toBe(b.image.buffer);
    expect(second.live).toBe(first.live);
    expect(second.pools).toBe(first.pools);
  });

  test("zones keep their numbers, and the number of one that is gone goes to no other", () => {
    const first = compileSnapshot(configurationOf([a, b], [p]));
    const second = compileSnapshot(configurationOf([b], [p]), first);
    expect(zoneAt(second, "a.test.")).toBeUndefined();
    const third = compileSnapshot(configurationOf([zone("c.test.", "192.0.2.3"), b, a], [p]), second);
    expect(zoneAt(third, "b.test.")?.number).toBe(1);
    expect(zoneAt(third, "c.test.")?.number).toBe(2);
    expect(zoneAt(third, "a.test.")?.number).toBe(3);
    expect(third.next.zone).toBe(4);
  });

  test("a zone that is gone answers no more, also when one above it takes over", () => {
    const parent = zone("test.", "192.0.2.9");
    const first = compileSnapshot(configurationOf([parent, b]));
    const view = viewOf([]);
    view.snapshot = compileSnapshot(configurationOf([parent]), first);
    expect(answerTo(view, "www.b.test. A")[0]).toBe("NXDOMAIN aa");
    view.snapshot = compileSnapshot(configurationOf([b]), first);
    expect(answerTo(view, "www.test. A")).toEqual(["REFUSED"]);
    expect(answerTo(view, "www.b.test. A")[0]).toBe("NOERROR aa");
  });

  test("members keep their slots in whatever order pools and members come, and a slot is given once", () => {
    const first = compileSnapshot(configurationOf([a], [p]));
    const second = compileSnapshot(
      configurationOf(
        [a],
        [
          poolOf("0", ["new 198.51.100.9"]),
          poolOf("p", ["two 198.51.100.2", "three 198.51.100.3", "one 198.51.100.1"]),
        ],
      ),
      first,
    );
    for (const member of ["one", "two"]) expect(slotOf(second, "p", member)).toBe(slotOf(first, "p", member));
    const fresh = [slotOf(second, "0", "new"), slotOf(second, "p", "three")];
    expect(fresh.toSorted()).toEqual([2, 3]);
    const third = compileSnapshot(configurationOf([a], [poolOf("p", ["two 198.51.100.2"])]), second);
    const fourth = compileSnapshot(configurationOf([a], [p]), third);
    expect(slotOf(fourth, "p", "two")).toBe(slotOf(first, "p", "two"));
    expect(slotOf(fourth, "p", "one")).toBe(4);
  });

  test("members that are pools have no slot", () => {
    const snapshot = compileSnapshot(configurationOf([], [p, poolOf("top", ["pool p"])]));
    expect([...snapshot.slots.keys()]).toEqual(["p/one", "p/two"]);
    expect(snapshot.pools.get("top")?.members[0]?.slot).toBe(-1);
  });

  test("the live table is kept while it has room, and what is known of a member stays", () => {
    const first = compileSnapshot(configurationOf([a], [p]));
    setUp(first.live, slotOf(first, "p", "one"), false);
    const second = compileSnapshot(
      configurationOf([a], [poolOf("p", ["one 198.51.100.1", "two 198.51.100.2", "x 198.51.100.3"])]),
      first,
    );
    expect(second.live).toBe(first.live);
    expect(second.live.up[slotOf(second, "p", "one")]).toBe(0);
    expect(second.live.up[slotOf(second, "p", "x")]).toBe(3);
  });

  test("a live table without room for more members grows, and its values are carried over", () => {
    const first = compileSnapshot(configurationOf([a], [p]));
    const { live } = first;
    setUp(live, slotOf(first, "p", "one"), false);
    setWeight(live, slotOf(first, "p", "two"), 0.25);
    live.load[slotOf(first, "p", "two")] = 7;
    live.rttMs[slotOf(first, "p", "one")] = 12.5;
    const many = Array.from({ length: live.up.length }, (_, i) => `m${i} 203.0.113.${i}`);
    const second = compileSnapshot(configurationOf([a], [poolOf("big", many), p]), first);
    expect(second.live).not.toBe(live);
    expect(second.live.up.length).toBeGreaterThanOrEqual(second.next.slot);
    const [one, two] = [slotOf(second, "p", "one"), slotOf(second, "p", "two")];
    expect([second.live.up[one], second.live.rttMs[one]]).toEqual([0, 12.5]);
    expect([second.live.up[two], second.live.weight[two], second.live.load[two]]).toEqual([3, 0.25, 7]);
    expect(second.live.up[slotOf(second, "big", "m0")]).toBe(3);
    expect(second.live.up.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test("a live table without room for more pools grows", () => {
    const first = compileSnapshot(configurationOf([a], [p]));
    const pools = Array.from({ length: first.live.rotation.length }, (_, i) => poolOf(`q${i}`, ["pool p"]));
    const second = compileSnapshot(configurationOf([a], [p, ...pools]), first);
    expect(second.live.rotation.length).toBeGreaterThanOrEqual(2 * second.pools.size);
    expect(slotOf(second, "p", "one")).toBe(slotOf(first, "p", "one"));
  });

  test("a pool that changed is seen by zones that did not, at any depth", () => {
    const nested = zone("nested.test.", "192.0.2.3", { deep: "top" });
    const top = poolOf("top", ["pool p"]);
    const view = viewOf([a, nested], [p, top]);
    const changed = poolOf("p", ["one 198.51.100.77", "two 198.51.100.2"]);
    const news = newsBetween(view.snapshot, configurationOf([a, nested], [changed, top]));
    expect(news.zones).toEqual([]);
    view.snapshot = applyNews(view.snapshot, news);
    for (const name of ["steered.a.test.", "deep.nested.test."])
      expect(answerTo(view, `${name} A`)).toEqual(["NOERROR aa", `answer ${name} 30 A 198.51.100.77`]);
  });

  test("a verdict in the live table is seen through every snapshot that was put together from its news", () => {
    const configuration = configurationOf([a], [p]);
    const control = compileSnapshot(configuration);
    const worker = viewOf([]);
    worker.snapshot = applyNews(undefined, sent(newsOfAll(control)));
    expect(answerTo(worker, "steered.a.test. A")[1]).toContain("198.51.100.1");
    setUp(control.live, slotOf(control, "p", "one"), false);
    expect(answerTo(worker, "steered.a.test. A")[1]).toContain("198.51.100.2");
  });
});

test("news of one pool among many is that pool alone, and whoever leads to it is linked anew", () => {
  const many = Array.from({ length: 50 }, (_, i) => poolOf(`p${i}`, [`m 192.0.2.${i}`]));
  const above = poolOf("above", ["pool p7", "pool p8"]);
  const zones = [
    zone("a.test.", "192.0.2.1", { steered: "above" }),
    zone("b.test.", "192.0.2.1", { steered: "p9" }),
  ];
  const before = compileSnapshot(configurationOf(zones, [...many, above]));
  const edited = poolOf("p7", ["m 192.0.2.7", "new 192.0.2.77"]);
  const news = newsBetween(
    before,
    configurationOf(zones, [...many.map((spec) => (spec.id === "p7" ? edited : spec)), above]),
  );
  expect(news.steering!.specs).toEqual([edited]);
  expect([...news.steering!.slots.keys()]).toEqual(["p7/m", "p7/new"]);
  const after = applyNews(before, news);
  const kept = [...before.pools].filter(([id, pool]) => after.pools.get(id) === pool);
  expect(kept.length).toBe(49);
  expect(after.pools.get("above")!.members[0]!.pool).toBe(after.pools.get("p7"));
  expect(zoneAt(after, "a.test.")!.pools).toEqual([after.pools.get("above")]);
  expect(zoneAt(after, "b.test.")).toBe(zoneAt(before, "b.test."));
  expect(after.next.slot).toBe(before.next.slot + 1);
});

describe("a worker", () => {
  const names = ["a", "b", "c", "sub.a", "d"];
  const poolIds = ["p", "q", "r"];
  const steering = [...poolIds, "above", "beside"];
  const members = ["m1 192.0.2.101", "m2 192.0.2.102 2001:db8::2", "target t.test.", "m3 192.0.2.103"];
  /** Zones are made once for each apex and content, as a reload keeps those that did not change. */
  const made = new Map<string, ZoneDocument>();
  function zoneWith(name: string, content: number, pool: string | null): ZoneDocument {
    const key = `${name} ${content} ${pool}`;
    let document = made.get(key);
    if (document === undefined) {
      const steered = pool === null ? {} : { steered: pool };
      document = zone(`${name}.test.`, `192.0.2.${content}`, steered);
      made.set(key, document);
    }
    return document;
  }
  const configuration: fc.Arbitrary<Configuration> = fc
    .record({
      zones: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom(...names),
          content: fc.integer({ min: 1, max: 3 }),
          pool: fc.option(fc.constantFrom(...steering)),
        }),
        { selector: ({ name }) => name },
      ),
      pools: fc.array(fc.subarray(members, { minLength: 1 }), { minLength: 3, maxLength: 3 }),
      spare: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 2 }),
    })
    .map(({ zones, pools, spare }) =>
      configurationOf(
        zones.map(({ name, content, pool }) => zoneWith(name, content, pool)),
        [
          ...poolIds.map((id, i) => poolOf(id, pools[i]!)),
          poolOf("above", ["pool p", "top 198.51.100.9"]),
          poolOf("beside", ["only 198.51.100.8"], { whenDown: { pool: "above" } }),
          // Now and then so many members that the live table grows.
          ...spare.map((count, i) =>
            poolOf(
              `spare${i}`,
              Array.from({ length: count }, (_, n) => `s${n} 203.0.113.${n}`),
            ),
          ),
        ],
      ),
    );
  /** Without the largest column of a new live table, which is empty and slow to compare. */
  function comparable(news: SnapshotNews): object {
    if (news.steering === null) return news;
    return { ...news, steering: { ...news.steering, live: { ...news.steering.live, pairs: null } } };
  }

  const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);

  /** Whatever was taken over from the snapshot before: all that leads to a pool leads to the one of this snapshot. */
  function expectLinked({ pools, poolSpecs, zones, slots }: Snapshot): void {
    expect(pools.size).toBe(poolSpecs.size);
    for (const { id, members, whenDown } of pools.values()) {
      expect(members.map(({ name }) => name)).toEqual(poolSpecs.get(id)!.members.map(({ name }) => name));
      for (const { name, slot, pool } of members) {
        if (pool === null) expect(slot).toBe(slots.get(slotKey(id, name)));
        else expect(pools.get(pool.id)).toBe(pool);
      }
      if (typeof whenDown === "object") expect(pools.get(whenDown.id)).toBe(whenDown);
    }
    for (const zone of zones) {
      for (const [i, pool] of zone.pools.entries()) expect(pools.get(zone.image.poolIds[i]!)).toBe(pool);
    }
    const named = [...poolSpecs.values()].flatMap(({ id, members }) =>
      members.filter(({ kind }) => kind !== "pool").map(({ name }) => slotKey(id, name)),
    );
    expect(new Set(slots.keys())).toEqual(new Set(named));
  }

  const verdicts = fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 4 });

  test("that takes the news of any generations has the snapshot of the control thread", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(configuration, verdicts), { minLength: 1, maxLength: 8 }),
        fc.nat(7),
        (generations, joins) => {
          let control: Snapshot | undefined;
          let worker: Snapshot | undefined;
          let late: Snapshot | undefined; // starts in the middle, as the successor of one that died
          const numbers = new Map<number, string>();
          const slots = new Map<number, string>();
          for (const [i, [next, marks]] of generations.entries()) {
            const before = control;
            const news = newsBetween(before, next);
            const known = i === 0 ? {} : { before: generations[i - 1]![0] };
            expect(comparable(newsBetween(before, next, known))).toEqual(comparable(news));
            control = applyNews(before, news);
            worker = applyNews(worker, sent(news));
            if (late !== undefined) late = applyNews(late, sent(news));
            if (i === joins) late = applyNews(undefined, sent(newsOfAll(control)));
            for (const [slot, isUp] of marks) setUp(control.live, slot % control.live.up.length, isUp);

            expect(new Set(control.directory.keys())).toEqual(new Set(next.zones.keys()));
            expect([...control.poolSpecs.values()].sort(byId)).toEqual([...next.pools.values()].sort(byId));
            for (const thread of [control, worker, ...(late === undefined ? [] : [late])])
              expectLinked(thread);
            for (const thread of [worker, late]) {
              if (thread === undefined) continue;
              expect(outline(thread)).toEqual(outline(control));
              expect([...thread.live.up]).toEqual([...control.live.up]);
              for (const { apex, image } of control.zones) {
                const theirs = thread.directory.get(nameKey(apex))!;
                expect(Buffer.from(theirs.image.buffer).equals(Buffer.from(image.buffer))).toBe(true);
              }
            }
            // Numbers and slots mean one thing for ever, but for what was gone and came back.
            for (const { number, id } of control.zones) {
              expect(numbers.get(number) ?? id).toBe(id);
              numbers.set(number, id);
            }
            for (const [key, slot] of control.slots) {
              expect(slots.get(slot) ?? key).toBe(key);
              slots.set(slot, key);
            }
            for (const { apex, number, image } of before?.zones ?? []) {
              const key = nameKey(apex);
              const now = control.directory.get(key);
              if (now === undefined) continue;
              expect(now.number).toBe(number);
              if (next.zones.get(key)!.image.buffer === image.buffer) expect(now.image).toBe(image);
            }
            for (const zone of control.zones)
              for (const pool of zone.pools) expect(pool).toBe(control.pools.get(pool.id));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("answers as the control thread does", () => {
    fc.assert(
      fc.property(fc.array(configuration, { minLength: 1, maxLength: 5 }), (generations) => {
        const [control, worker] = [viewOf([]), viewOf([])];
        let [ours, theirs]: (Snapshot | undefined)[] = [];
        for (const next of generations) {
          const news = newsBetween(ours, next);
          control.snapshot = ours = applyNews(ours, news);
          worker.snapshot = theirs = applyNews(theirs, sent(news));
          for (const name of names) {
            for (const question of [
              `www.${name}.test. A`,
              `steered.${name}.test. A`,
              `steered.${name}.test. AAAA`,
            ])
              expect(answerTo(worker, question)).toEqual(answerTo(control, question));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("a view goes on in the next generation with one assignment, and in the one before by another", () => {
  const first = compileSnapshot(configurationOf([zone("a.test.", "192.0.2.1")]));
  const second = compileSnapshot(configurationOf([zone("a.test.", "192.0.2.2")]), first);
  const view = viewOf([]);
  for (const [snapshot, address] of [
    [first, "192.0.2.1"],
    [second, "192.0.2.2"],
    [first, "192.0.2.1"],
  ] as const) {
    view.snapshot = snapshot;
    expect(answerTo(view, "www.a.test. A")[1]).toBe(`answer www.a.test. 60 A ${address}`);
  }
});

describe("what steps remember, from one generation to the next", () => {
  const smooth = { policy: [{ type: "weighted", options: { draw: "smooth" } }] };
  const q = poolOf("q", ["a 192.0.2.1", "b 192.0.2.2"], smooth);

  test("stays while the pools that remember are the same in number and size", () => {
    const first = compileSnapshot(configurationOf([], [q]));
    first.live.memory[1] = 7;
    const second = compileSnapshot(configurationOf([], [q, poolOf("r", ["c 192.0.2.3"])]), first);
    expect(second.live.memory).toBe(first.live.memory);
    // A table that grows takes it along.
    const many = Array.from({ length: 100 }, (_, i) => poolOf(`r${i}`, [`m${i} 192.0.2.9`]));
    const third = compileSnapshot(configurationOf([], [q, ...many]), second);
    expect(third.live.memory).not.toBe(first.live.memory);
    expect(third.live.memory[1]).toBe(7);
  });

  test("starts anew when regions move, for threads of the new generation alone", () => {
    const first = compileSnapshot(configurationOf([], [q]));
    first.live.memory[1] = 7;
    const moved = compileSnapshot(configurationOf([], [poolOf("n", ["x 192.0.2.4"], smooth), q]), first);
    expect([...moved.live.memory].every((number) => number === 0)).toBe(true);
    expect(moved.live.up).toBe(first.live.up);
    expect(first.live.memory[1]).toBe(7);
    const back = compileSnapshot(configurationOf([], [q]), moved);
    expect(back.live.memory).not.toBe(first.live.memory);
  });
});
