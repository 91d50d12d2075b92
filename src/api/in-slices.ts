/**
 * Work over many endpoints on the thread that also writes verdicts and answers TCP: a slice, then everybody else.
 *
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Some 5 ms of verdicts. */
const SLICE = 1000;

export async function inSlices<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => readonly Result[],
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) await nextTurn();
    for (const item of items.slice(at, at + SLICE)) results.push(...work(item));
  }
  return results;
}
