/**
 * All blocks that one thread, or one after the other in its place, ever counted in. The last one is in use.
 *
 * @module
 */
import { Counters } from "./counters.ts";

/** Room for so many more than there are, so that a new zone seldom means a new block. */
const ROOM_FACTOR = 2;
const ROOM_MIN = 64;

export class CounterBlocks {
  readonly #blocks: Counters[] = [];

  get all(): readonly Counters[] {
    return this.#blocks;
  }

  /** The block in use while it has room for so many zones and slots of the live table, else a new one. */
  roomFor({ zone, slot }: { readonly zone: number; readonly slot: number }): Counters {
    const last = this.#blocks.at(-1);
    if (last !== undefined && zone <= last.zoneCapacity && slot <= last.memberCapacity) return last;
    const block = Counters.make(
      Math.max(ROOM_MIN, ROOM_FACTOR * zone),
      Math.max(ROOM_MIN, ROOM_FACTOR * slot),
    );
    this.#blocks.push(block);
    return block;
  }
}

/** The sum of one counter over blocks. */
export function sumOf(blocks: readonly Counters[], counter: number): number {
  let sum = 0;
  for (const { values } of blocks) sum += values[counter]!;
  return sum;
}
