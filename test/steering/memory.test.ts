import { describe, expect, test } from "vitest";
import { makeLiveTable } from "../../src/steering/live.ts";
import { lock, markOf, recall, regionAt, rememberedBy, unlock } from "../../src/steering/memory.ts";
import type { PoolSpec } from "../../src/steering/spec.ts";
import { UNSAID } from "../support/answers.ts";
import { DrawThread } from "./draw-thread.ts";

const SMOOTH: PoolSpec = {
  id: "smooth",
  members: [5, 1, 1].map((weight, i) => {
    return {
      ...UNSAID,
      kind: "endpoint",
      name: "abc"[i]!,
      weight,
      enabled: true,
      ipv4: Uint8Array.of(192, 0, 2, i),
      ipv6: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), i),
    };
  }),
  policy: [{ type: "weighted", options: { draw: "smooth" } }],
  answers: 1,
  minUp: 1,
  whenDown: "open",
};

async function drawIn(
  threads: number,
  draws: number,
  live = makeLiveTable({ slots: 3, pools: 1, remembered: rememberedBy([SMOOTH]) }),
  types: readonly ("A" | "AAAA")[] = ["A"],
) {
  const workers = Array.from(
    { length: threads },
    (_, seed) => new DrawThread({ specs: [SMOOTH], live, seed }),
  );
  // All of them are there before the first draws, so that they draw at the same time.
  await Promise.all(workers.map((worker) => worker.ask({ types, clients: [] })));
  // Each thread has a client of its own.
  const answers = await Promise.all(
    workers.map((worker, thread) => worker.ask({ types, clients: new Array(draws).fill(thread) })),
  );
  await Promise.all(workers.map((worker) => worker.end()));
  const sum: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (const names of answers) for (const name of names) sum[name]! += 1;
  return sum;
}

describe("what steps remember", () => {
  test("is shared by threads: smooth shares are exact over all that they draw together", async () => {
    // 3 × 42,000 draws are 18,000 whole cycles, however the threads take turns.
    expect(await drawIn(3, 42_000)).toEqual({ a: 90_000, b: 18_000, c: 18_000 });
  });

  test("is shared by threads for pairs of A and AAAA too, of which each counts once", async () => {
    expect(await drawIn(3, 7_000, undefined, ["A", "AAAA"])).toEqual({ a: 30_000, b: 6000, c: 6000 });
  });

  test("does not wait for ever for a thread that died with the lock", async () => {
    const live = makeLiveTable({ slots: 3, pools: 1, remembered: rememberedBy([SMOOTH]) });
    lock(live, 0);
    expect(await drawIn(1, 70, live)).toEqual({ a: 50, b: 10, c: 10 });
    expect(live.locks[0]).toBe(0);
  });

  test("starts anew with another mark, and stays with the same", () => {
    const live = makeLiveTable({ slots: 0, pools: 1, remembered: 4 });
    const region = regionAt(live, 0, 3);
    const members = ["a", "b", "c"].map((name) => ({ name, weight: 1 }));
    const mark = markOf(members, Int32Array.of(0, 1, 2), 3);
    recall(region, mark).set([7, 8, 9]);
    expect([...recall(region, mark)]).toEqual([7, 8, 9]);
    expect([...recall(region, markOf(members, Int32Array.of(0, 2), 2))]).toEqual([0, 0, 0]);
    for (const other of [
      { name: "d", weight: 1 },
      { name: "c", weight: 2 },
    ]) {
      expect(markOf([...members.slice(0, 2), other], Int32Array.of(0, 1, 2), 3)).not.toBe(mark);
    }
  });

  test("lock() keeps others out until unlock()", () => {
    const live = makeLiveTable({ slots: 0, pools: 2, remembered: 0 });
    lock(live, 1);
    expect([...live.locks]).toEqual([0, 1]);
    unlock(live, 1);
    expect([...live.locks]).toEqual([0, 0]);
  });

  test("needs room for each remembering step, twice for the families", () => {
    expect(rememberedBy([SMOOTH])).toBe(2 * (1 + 3));
    expect(rememberedBy([{ ...SMOOTH, policy: [{ type: "failover", options: {} }] }])).toBe(0);
  });
});
