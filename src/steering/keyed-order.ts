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

/**
 * Puts the first `wanted` candidates in order; the others stand behind them in any. `isEqual`: every weight counts as 1;
 * else all of them are above 0.
 */
export function orderByKeys(candidates: Candidates, seed: number, isEqual: boolean): void {
  const { indexes, keys, weights, memberHashes, count } = candidates;
  const wanted = Math.min(candidates.wanted, count);
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    const hash = mixBits(seed ^ memberHashes[index]!);
    const weight = isEqual ? 1 : weights[index]!;
    let at = place;
    if (place >= wanted) {
      at = wanted - 1;
      // 1 − u is at most −ln(u), and most candidates are out by it: a logarithm is what costs here.
      if (wanted === 0 || (0xffff_ffff - hash + 0.5) / 0x1_0000_0000 / weight > keys[at]!) continue;
    }
    const key = keyOf(hash, weight);
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

/** The key of one member; for traces. */
export function keyOfMember(candidates: Candidates, seed: number, index: number, isEqual: boolean): number {
  const hash = mixBits(seed ^ candidates.memberHashes[index]!);
  return keyOf(hash, isEqual ? 1 : candidates.weights[index]!);
}

function keyOf(hash: number, weight: number): number {
  return -Math.log((hash + 0.5) / 0x1_0000_0000) / weight;
}

/** Equal keys, which are as good as none, are settled by the order written. */
function isBefore(key: number, index: number, otherKey: number, otherIndex: number): boolean {
  return key < otherKey || (key === otherKey && index < otherIndex);
}
