import { expect, test } from "vitest";
import { compileSnapshot, slotKey } from "../../../src/snapshot/snapshot.ts";
import { AnswerCounts } from "../../../src/sync/health/answer-counts.ts";
import { configurationOf, poolOf, zoneOf } from "../../support/answers.ts";

const HEAD = "@ 300 SOA ns1 admin 1 2 3 4 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n";
const one = zoneOf(`$ORIGIN one.test.\n${HEAD}`, { www: "web" });
const two = zoneOf(`$ORIGIN two.test.\n${HEAD}`, { a: "eu", b: "eu", other: "unused" });
const pools = [
  poolOf("web", ["pool eu"], { whenDown: { pool: "spare" } }),
  poolOf("eu", ["a 192.0.2.1"]),
  poolOf("spare", ["s 192.0.2.9"]),
  poolOf("unused", ["u 192.0.2.8"]),
];
const snapshot = compileSnapshot(configurationOf([one, two], pools));
const slotOf = (key: string) => snapshot.slots.get(key)!;

test("servedBefore() counts the answers of the last minutes, by the TTLs of the names that lead there", () => {
  let answers = 1000;
  const counts = new AnswerCounts(() => () => answers);
  // Before anything was noted, all answers since the start count.
  const eu = [{ pool: "eu", slot: slotOf(slotKey("eu", "a")) }];
  expect(counts.servedBefore(eu, snapshot)).toEqual(new Map([[30, 1000]]));
  for (let minute = 0; minute < 10; minute++) {
    counts.look(snapshot.next.slot, minute * 60_000);
    answers += 60;
  }
  // Six notes are kept, and the last minutes are from the oldest of them on.
  expect(counts.servedBefore(eu, snapshot)).toEqual(new Map([[30, 360]]));
});

test("servedBefore() finds names through pools above, and last resorts", () => {
  const counts = new AnswerCounts(() => () => 10);
  const served = (pool: string, member: string) =>
    counts.servedBefore([{ pool, slot: slotOf(slotKey(pool, member)) }], snapshot);
  expect(served("spare", "s")).toEqual(new Map([[30, 10]]));
  expect(served("unused", "u")).toEqual(new Map([[30, 10]]));
});

test("servedBefore() knows nothing of a pool that no name leads to", () => {
  const alone = compileSnapshot(configurationOf([one], [...pools, poolOf("lost", ["l 192.0.2.7"])]));
  const counts = new AnswerCounts(() => () => 10);
  expect(counts.servedBefore([{ pool: "lost", slot: 0 }], alone)).toEqual(new Map());
});
