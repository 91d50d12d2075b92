/**
 * What steps remember from one answer to the next, shared by all threads that answer: a cycle of smooth draws is
 * exact over the node, not over one of its threads.
 *
 *   live.memory   pool 0: IPv4: step: │ mark │ a number for each member │ …   IPv6: …   pool 1: …
 *
 * Where a region starts follows from the pools in the order of their numbers, so every thread finds the same; when
 * the layout changes, the pools get new memory, and threads still on the generation before keep the old. Its mark
 * says which members its numbers are about; with another mark they start anew.
 *
 * A region is worked on under its pool's lock, for some tens of nanoseconds. Whoever finds it taken tries again, then
 * naps: its holder has lost its core, for some milliseconds at most. One that died with it would leave it behind, so
 * who has waited for much longer takes it over.
 *
 * @module
 */
import type { LiveTable } from "./live.ts";
import type { PoolSpec } from "./spec.ts";
import { STEP_TYPES } from "./step-table.ts";

/** Some µs: many times as long as anyone works under a lock. */
const TRIES_MAX = 200;
const NAP_MS = 0.1;
/** Some 100 ms: longer than a thread is kept from its core, shorter than clients wait. */
const NAPS_MAX = 1000;

/** The part of a pool's memory that one step has for one family. */
export interface Region {
  readonly mark: Float64Array;
  /** By member index. */
  readonly numbers: Float64Array;
}

/** What rememberedPerFamily() said: it asks each step, and is asked of all pools when one of them changed. */
const remembered = new WeakMap<PoolSpec, number>();

/** How many numbers a pool's steps remember, for one family. */
export function rememberedPerFamily(spec: PoolSpec): number {
  const known = remembered.get(spec);
  if (known !== undefined) return known;
  const { policy, members } = spec;
  const steps = policy.filter(
    ({ type, options }) => STEP_TYPES.get(type)?.compile(options, members, []).remembers,
  );
  const numbers = steps.length * (1 + members.length);
  remembered.set(spec, numbers);
  return numbers;
}

/** How long `live.memory` has to be for these pools. */
export function rememberedBy(specs: Iterable<PoolSpec>): number {
  let length = 0;
  for (const spec of specs) length += 2 * rememberedPerFamily(spec);
  return length;
}

/** Two of them are equal when all regions start at the same places and belong to the same pools. */
export function layoutOf(specs: Iterable<PoolSpec>): string {
  const lengths = [...specs].map((spec) => [spec.id, rememberedPerFamily(spec)] as const);
  const remembering = lengths.filter(([, length]) => length > 0);
  return JSON.stringify(remembering.sort(([a], [b]) => (a < b ? -1 : 1)));
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
  for (let naps = 0; naps < NAPS_MAX; naps++) {
    Atomics.wait(locks, pool, 1, NAP_MS);
    if (Atomics.compareExchange(locks, pool, 0, 1) === 0) return;
  }
}

export function unlock({ locks }: LiveTable, pool: number): void {
  Atomics.store(locks, pool, 0);
}

/** What members may be marked by. */
interface Marked {
  readonly name: string;
  readonly weight: number;
}

/** A mark for the members that stand: which they are, and their weights. Never 0, which is that of a region never used. */
export function markOf(members: readonly Marked[], standing: Int32Array, count: number): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < count; place++) {
    const index = standing[place]!;
    const { name, weight } = members[index]!;
    hash = Math.imul(hash ^ (index + 1), 0x01000193);
    hash = Math.imul(hash ^ weight, 0x01000193);
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) + 1;
}
