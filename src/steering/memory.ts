/**
 * What steps remember from one answer to the next, shared by all threads that answer: a cycle of smooth draws is
 * exact over the node, not over one of its threads.
 *
 *   live.memory   pool 0: IPv4: step: │ mark │ a number for each member │ …   IPv6: …   pool 1: …
 *
 * Where a region starts follows from the pools in the order of their numbers, so every thread finds the same. Its mark
 * says which pool, and which set of members that stand, its numbers are about; with another mark they start
 * anew. That is so when a member comes or goes, and when pools changed and the regions moved.
 *
 * A region is worked on under its pool's lock, for some tens of nanoseconds. A thread that dies in between would
 * leave the lock behind; so whoever has tried for long enough goes on without it, and frees it in the end.
 *
 * @module
 */
import type { LiveTable } from "./live.ts";
import type { PoolSpec } from "./spec.ts";
import { STEP_TYPES } from "./step-table.ts";

/** Some 10 µs: hundreds of times as long as anyone holds a lock, and still no delay that a client would notice. */
const TRIES_MAX = 1000;

/** The part of a pool's memory that one step has for one family. */
export interface Region {
  readonly mark: Float64Array;
  /** By member index. */
  readonly numbers: Float64Array;
}

/** How many numbers a pool's steps remember, for one family. */
export function rememberedPerFamily({ policy, members }: PoolSpec): number {
  const steps = policy.filter(
    ({ type, options }) => STEP_TYPES.get(type)?.compile(options, members).remembers,
  );
  return steps.length * (1 + members.length);
}

/** How long `live.memory` has to be for these pools. */
export function rememberedBy(specs: Iterable<PoolSpec>): number {
  let length = 0;
  for (const spec of specs) length += 2 * rememberedPerFamily(spec);
  return length;
}

/** The region of `members` numbers that starts at `offset`. */
export function regionAt(live: LiveTable, offset: number, members: number): Region {
  return {
    mark: live.memory.subarray(offset, offset + 1),
    numbers: live.memory.subarray(offset + 1, offset + 1 + members),
  };
}

/** The numbers of a region, for the holder of its pool's lock; zeros when the mark is a new one. */
export function recall({ mark, numbers }: Region, expected: number): Float64Array {
  if (mark[0] !== expected) {
    numbers.fill(0);
    mark[0] = expected;
  }
  return numbers;
}

export function lock({ locks }: LiveTable, pool: number): void {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (Atomics.compareExchange(locks, pool, 0, 1) === 0) return;
  }
}

export function unlock({ locks }: LiveTable, pool: number): void {
  Atomics.store(locks, pool, 0);
}

/** A mark for a pool and the members of it that stand; never 0, which is that of a region never used. */
export function markOf(poolId: string, standing: Int32Array, count: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < poolId.length; i++) hash = Math.imul(hash ^ poolId.charCodeAt(i), 0x01000193);
  for (let i = 0; i < count; i++) hash = Math.imul(hash ^ (standing[i]! + 0x100), 0x01000193);
  return (hash >>> 0) + 1;
}
