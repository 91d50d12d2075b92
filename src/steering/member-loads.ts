/**
 * What members carry, by member index. A member that is a pool carries what its members carry that stand for either
 * family, without last resorts that wait, unless the document says a capacity of the pool as a whole.
 *
 *   room   1 ──────────╮                 how much of its share a member takes
 *                      ╰──╮
 *   0                     ╰──────────
 *          0 % ────── low  high ──── used: load / capacity
 *
 * Worked out anew when the live table's version has grown; see standing.ts.
 *
 * @module
 */
import type { LiveTable } from "./live.ts";
import type { Pool } from "./pool.ts";

export class MemberLoads {
  readonly load: Float64Array;
  /** 0 = nothing is said, and the member always has room. */
  readonly capacity: Float64Array;
  /** Parts of the capacity. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** 0 to 1. */
  readonly room: Float64Array;
  /** Weights times room. */
  readonly weights: Float64Array;

  constructor(members: number) {
    this.load = new Float64Array(members);
    this.capacity = new Float64Array(members);
    this.low = new Float64Array(members);
    this.high = new Float64Array(members);
    this.room = new Float64Array(members).fill(1);
    this.weights = new Float64Array(members);
  }

  /** Part of the capacity that is used. 0 where nothing is said. */
  used(index: number): number {
    return this.capacity[index] === 0 ? 0 : this.load[index]! / this.capacity[index]!;
  }

  /** Takes in what the pool's members carry now. Pools below are up to date already. */
  refresh({ members }: Pool, live: LiveTable, weights: Float64Array): void {
    for (let index = 0; index < members.length; index++) {
      const { capacity, slot, pool } = members[index]!;
      if (capacity !== null) {
        const reported = slot < 0 ? Number.NaN : live.load[slot]!;
        this.load[index] = Number.isNaN(reported) ? capacity.load : reported;
        this.capacity[index] = capacity.capacity;
        this.low[index] = capacity.low;
        this.high[index] = capacity.high;
      } else if (pool !== null) this.#add(index, pool);
      this.room[index] = roomOf(this.used(index), this.low[index]!, this.high[index]!, this.capacity[index]!);
      this.weights[index] = weights[index]! * this.room[index]!;
    }
  }

  /** The sums over a pool; its marks are those of its members, each counting by its capacity. */
  #add(index: number, pool: Pool): void {
    const { loads, isCounted } = pool.state.candidates;
    let load = 0;
    let capacity = 0;
    let low = 0;
    let high = 0;
    for (let inner = 0; inner < pool.members.length; inner++) {
      if (isCounted[inner] === 0) continue;
      const size = loads.capacity[inner]!;
      capacity += size;
      load += loads.load[inner]!;
      low += size * loads.low[inner]!;
      high += size * loads.high[inner]!;
    }
    this.load[index] = load;
    this.capacity[index] = capacity;
    this.low[index] = capacity === 0 ? 0 : low / capacity;
    this.high[index] = capacity === 0 ? 0 : high / capacity;
  }
}

function roomOf(used: number, low: number, high: number, capacity: number): number {
  if (capacity === 0) return 1;
  return Math.min(1, Math.max(0, (high - used) / (high - low)));
}
