/**
 * Orders members by keys of their own: each one's key follows from a seed, the member and its weight, and from nothing
 * else, so that the order of some does not change when others come or go.
 *
 *   key = −ln(u) / weight       u: uniform between 0 and 1, a hash of seed and member
 *
 * The smallest is first. With a random seed that is a draw in proportion to weight, and the whole order is one of
 * draws without replacement (Efraimidis and Spirakis, 2006); with a hash of the client as the seed it is rendezvous
 * hashing, where the score is 1/key (Schindelhauer and Schomaker, 2005).
 *
 * @module
 */
import { mixBits } from "../lib/hash.ts";
import type { Candidates } from "./step.ts";

/** How many hashes there are. Keys are kept multiplied by it. */
const SPAN = 0x1_0000_0000;

/**
 * Puts the first `wanted` candidates in order; the others stand behind them in any. `isEqual`: every weight counts as 1;
 * else all of them are above 0.
 */
export function orderByKeys(candidates: Candidates, seed: number, isEqual: boolean): void {
  const { indexes, keys, weights, memberHashes, count } = candidates;
  const wanted = Math.min(candidates.wanted, count);
  if (wanted === 0) return;
  if (wanted === 1) {
    putFirst(candidates, seed, isEqual);
    return;
  }
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    const hash = mixBits(seed ^ memberHashes[index]!);
    const weight = isEqual ? 1 : weights[index]!;
    let at = place;
    if (place >= wanted) {
      at = wanted - 1;
      // 1 − u is at most −ln(u), and most candidates are out by it: a logarithm is what costs here.
      if (SPAN - 0.5 - hash > keys[at]! * weight) continue;
    }
    const key = (-Math.log((hash + 0.5) / SPAN) * SPAN) / weight;
    if (at !== place) {
      if (!isBefore(key, index, keys[at]!, indexes[at]!)) continue;
      indexes[place] = indexes[at]!;
    }
    for (; at > 0 && isBefore(key, index, keys[at - 1]!, indexes[at - 1]!); at--) {
      keys[at] = keys[at - 1]!;
      indexes[at] = indexes[at - 1]!;
    }
    keys[at] = key;
    indexes[at] = index;
  }
}

/** The same for one place, which most answers want, and quicker. */
function putFirst(candidates: Candidates, seed: number, isEqual: boolean): void {
  const { indexes, weights, memberHashes, count } = candidates;
  let first = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    const hash = mixBits(seed ^ memberHashes[index]!);
    const weight = isEqual ? 1 : weights[index]!;
    if (SPAN - 0.5 - hash > smallest * weight) continue;
    const key = (-Math.log((hash + 0.5) / SPAN) * SPAN) / weight;
    if (isBefore(key, index, smallest, indexes[first]!)) {
      first = place;
      smallest = key;
    }
  }
  candidates.swap(0, first);
}

/** The key of one member; for traces. */
export function keyOfMember(candidates: Candidates, seed: number, index: number, isEqual: boolean): number {
  const hash = mixBits(seed ^ candidates.memberHashes[index]!);
  return -Math.log((hash + 0.5) / SPAN) / (isEqual ? 1 : candidates.weights[index]!);
}

/** Equal keys, which are as good as none, are settled by the order written. */
function isBefore(key: number, index: number, otherKey: number, otherIndex: number): boolean {
  return key < otherKey || (key === otherKey && index < otherIndex);
}
