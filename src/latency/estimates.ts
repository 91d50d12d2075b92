/**
 * Estimates for one client: of each region that is asked about, from the nearest row that has it.
 *
 *              eu-west  us-east  ap-south
 *   /24          23.4      ·        ·
 *   /20          24.0     81.5      ·          eu-west 23.4 (level 0), us-east 81.5 (level 1),
 *   /16          23.8     82.0      ·          ap-south 190 (level 4)
 *   AS             ·        ·       ·
 *   country      30.1     90.2    190
 *
 * One for each thread and step, for a fixed list of regions; overwritten by each query, allocates nothing.
 *
 * @module
 */
import type { ClientPlace } from "../geo/client-place.ts";
import { HEADER, type LatencyTable } from "./latency-table.ts";
import { LatencyLookup, LEVELS } from "./lookup.ts";
import { countOf, isFresh, rttMsOf } from "./pair.ts";
import { REGIONS_MAX, regionAt } from "./region-order.ts";

/** Levels of a region that was not asked about, and of one that no row has. */
const NOT_ASKED = -2;
const UNKNOWN = -1;

export class RegionEstimates {
  readonly regions: readonly string[];
  /** By region, where its level is 0 or more. */
  readonly ms: Float64Array;
  /** By region: the level that its estimate is of, as in lookup.ts; UNKNOWN = none has it. */
  readonly levels: Int8Array;
  /** By region: what the estimate was read from, as in pair.ts. */
  readonly pairs: Uint32Array;
  /** By level that an estimate is of: where the row starts. */
  readonly #rowAts = new Int32Array(LEVELS);
  readonly lookup = new LatencyLookup();
  #table: LatencyTable | null = null;
  /** By region: its column in the table, -1 = none. */
  readonly #columns: Int16Array;
  /** 0 where the table has none of the regions: then nobody's address needs to be looked at. */
  #levelsMax = 0;
  /** By column: the region, -1 = none of ours. */
  readonly #regionOf = new Int16Array(REGIONS_MAX);

  constructor(regions: readonly string[]) {
    this.regions = regions;
    this.ms = new Float64Array(regions.length);
    this.levels = new Int8Array(regions.length);
    this.pairs = new Uint32Array(regions.length);
    this.#columns = new Int16Array(regions.length);
  }

  /** Nobody has an estimate now; `isAll`: every region is wanted, else those that ask() names. */
  begin(isAll: boolean): void {
    const { levels } = this;
    const level = isAll ? UNKNOWN : NOT_ASKED;
    // A loop rather than fill(): for a few octets the call would cost more.
    for (let region = 0; region < levels.length; region++) levels[region] = level;
  }

  /** This region (its index) is wanted. */
  ask(region: number): void {
    this.levels[region] = UNKNOWN;
  }

  /** Estimates the regions asked about; pairs of fewer samples than `samplesMin` do not count. */
  find(table: LatencyTable, client: ClientPlace, samplesMin: number): void {
    if (table !== this.#table) this.#learn(table);
    const { levels, lookup, pairs, ms } = this;
    const columns = this.#columns;
    const { rows } = table;
    const now = table.header[HEADER.now]!;
    lookup.begin(table, client);
    for (let level = 0; level < this.#levelsMax; level++) {
      const at = lookup.rowAt(level);
      this.#rowAts[level] = at;
      if (at === 0) continue;
      let missing = 0;
      for (let region = 0; region < columns.length; region++) {
        if (levels[region] !== UNKNOWN) continue;
        const column = columns[region]!;
        if (column < 0) continue;
        const pair = rows[at + column]!;
        if (isFresh(pair, now) && countOf(pair) >= samplesMin) {
          levels[region] = level;
          pairs[region] = pair;
          ms[region] = rttMsOf(pair);
        } else missing++;
      }
      if (missing === 0) return;
    }
  }

  /** The region that a level's row prefers among those that have their estimates from it; -1 = it has given none. */
  holder(level: number): number {
    const table = this.#table!;
    const at = this.#rowAts[level]!;
    for (let place = 0; place < table.regions.length; place++) {
      const region = this.#regionOf[regionAt(table, at, place)] ?? -1;
      if (region >= 0 && this.levels[region] === level) return region;
    }
    return -1;
  }

  #learn(table: LatencyTable): void {
    this.#table = table;
    this.#regionOf.fill(-1);
    this.#levelsMax = 0;
    for (const [region, name] of this.regions.entries()) {
      const column = table.regions.indexOf(name);
      this.#columns[region] = column;
      if (column < 0) continue;
      this.#regionOf[column] = region;
      this.#levelsMax = LEVELS;
    }
  }
}
