import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Opinion } from "../../src/health/opinion.ts";
import { LiveBoard } from "../../src/store/live/live-board.ts";
import { API, opinionOf, WEB } from "./live-contract.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

const opinions = fc
  .record({
    name: fc.constantFrom("us-1", "eu-1"),
    endpoint: fc.constantFrom(WEB, API),
    epoch: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 1, max: 5 }),
    state: fc.constantFrom("up", "down"),
  })
  .map(({ name, epoch, ...fields }) =>
    opinionOf({ name, region: "r", epoch, version: "1" }, NOW_MS, fields as Partial<Opinion>),
  );

/** What it holds, in one order. */
function kept(board: LiveBoard): Opinion[] {
  const all = ["us-1", "eu-1"].flatMap((prober) => [...board.opinionsOf(prober).values()]);
  return all.sort((a, b) => (`${a.prober} ${a.endpoint}` < `${b.prober} ${b.endpoint}` ? -1 : 1));
}

describe("LiveBoard", () => {
  it("keeps the same opinions in whatever order they come, and twice", () => {
    const shuffled = fc
      .array(opinions, { maxLength: 30 })
      .chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })),
      );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const [one, two] = [new LiveBoard(), new LiveBoard()];
        one.takeOpinions(all);
        for (const each of other) two.takeOpinions([each]);
        expect(kept(two)).toEqual(kept(one));
      }),
    );
  });

  it("tells what came in one turn together, in its order, and nobody within his own call", async () => {
    const board = new LiveBoard();
    const told: string[] = [];
    const stop = await board.follow({
      opinions: (some) => told.push(some.map(({ sequence }) => sequence).join("+")),
      withdrawn: (prober, endpoints) => told.push(`${prober} ${endpoints?.length ?? "all"}`),
    });
    const head = { name: "us-1", region: "us", epoch: 5, version: "1" };
    const take = (sequence: number) => board.takeOpinions([opinionOf(head, NOW_MS, { sequence })]);
    for (const sequence of [1, 2, 2, 3]) take(sequence);
    board.withdraw("us-1", [WEB, API]);
    take(4);
    board.withdraw("us-1", null, 4); // of an earlier start
    board.withdraw("us-1", null);
    expect(told).toEqual([]);
    await Promise.resolve();
    expect(told).toEqual(["1+2+3", "us-1 1", "4", "us-1 all"]);
    await stop();
    take(5);
    await Promise.resolve();
    expect(told).toHaveLength(4);
  });

  it("tells who comes late nothing that went while he was told", async () => {
    const board = new LiveBoard();
    const head = { name: "us-1", region: "us", epoch: 5, version: "1" };
    const endpoints = Array.from({ length: 1400 }, (_, n) => `web 10.0.${n >> 8}.${n & 255}`);
    board.takeOpinions(endpoints.map((endpoint) => opinionOf(head, NOW_MS, { endpoint })));
    const held = new Set<string>();
    let batches = 0;
    await board.follow({
      opinions: (some) => {
        if (batches++ === 0) board.withdraw("us-1", endpoints.slice(100));
        for (const { endpoint } of some) held.add(endpoint);
      },
      withdrawn: (_, gone) => {
        for (const endpoint of gone ?? held) held.delete(endpoint);
      },
    });
    await expect.poll(() => held.size).toBe(100);
  });
});
