/**
 * The latency table: round-trip times between client networks and regions, in shared memory. One thread writes
 * (ingest.ts), all threads read without locks (lookup.ts).
 *
 *   IPv4   blocks, by the first 20 bits                       rows
 *          │ where its rows start │ its /24s, 1 bit each │ ─► │ /20 │ .1 │ .7 │      each row: a pair for each region,
 *          slash16, by the first 16 bits ───────────────────► │ /16 │                then the order of the regions
 *          occupied: a tree of bits, 0 to 19 deep: is there a row of anything inside?
 *   IPv6, AS, country
 *          wide: a hash table of key and row ────────────────► │ row │
 *
 * A million networks of 8 regions are some 57 MB: 36 octets a row, with no key beside it, and 9 MB of indexes. A /20 in
 * which one /24 was measured has no row of its own: that /24 speaks for it. It gets one with the second, which makes three
 * rows for two networks the worst that can come of it (63 MB). Memory that no row stands in yet is not taken from the system.
 *
 * A reader that looks while a row is moved may read a neighbour's, and answers one query by it. A table
 * that is full, or does not know a region, is followed by a larger one (grow.ts), which readers get as news.
 *
 * @module
 */
import { sharedWords } from "../lib/shared-words.ts";
import { AGE_UNITS_MAX, STAMPS } from "./pair.ts";
import { orderWords, REGIONS_MAX } from "./region-order.ts";

export interface LatencyTable {
  /** By column. */
  readonly regions: readonly string[];
  /** How long a measurement counts, in seconds. */
  readonly expiryS: number;
  /** By HEADER. */
  readonly header: Int32Array;
  /** `strideOf(regions)` words each; the first one is never used, so that 0 can say "none". */
  readonly rows: Uint32Array;
  /** Two words by the first 20 bits of IPv4: row × 2, + 1 where a row of the /20 itself is in front of those of its /24s; and the /24s. */
  readonly blocks: Uint32Array;
  /** By the first 16 bits of IPv4: row. */
  readonly slash16: Uint32Array;
  /** Bit `(1 << depth) | prefix` says that a row of a longer network inside of that IPv4 one is there; depths 0 to 19. */
  readonly occupied: Uint32Array;
  /** Open addressing, three words a slot: see wide-index.ts. */
  readonly wide: Uint32Array;
}

/** Words of the header. */
export const HEADER = {
  /** The time in units of unitS(), modulo STAMPS. What readers compare with. */
  now: 0,
  /** The same since 1970. Only the writer reads it and what follows. */
  tick: 1,
  /** When expired pairs were last cleared, in the same units. */
  swept: 2,
  rowsUsed: 3,
  wideUsed: 4,
  /** Networks measured by themselves: /24s and /48s. */
  networks: 5,
  hasIPv6: 6,
  /** First free block of 1 row, of 2, up to 17; the first word of a free block is the next of its size. */
  free: 7,
} as const;

/** A /20 and its 16 /24s. */
export const BLOCK_ROWS_MAX = 17;
const HEADER_WORDS = HEADER.free + BLOCK_ROWS_MAX;
const BLOCKS = 1 << 20;

export interface LatencyTableSize {
  /** Rows that there is room for: networks measured, and those that gather them. */
  readonly rows: number;
  /** Networks of IPv6, ASes and countries among them. */
  readonly wide: number;
}

/** Throws RangeError for more than 64 regions. */
export function makeLatencyTable(
  regions: readonly string[],
  expiryS: number,
  { rows, wide }: LatencyTableSize,
): LatencyTable {
  if (regions.length > REGIONS_MAX) throw new RangeError(`${regions.length} regions, over ${REGIONS_MAX}`);
  const header = new Int32Array(new SharedArrayBuffer(4 * HEADER_WORDS));
  header[HEADER.rowsUsed] = 1;
  return {
    regions: [...regions],
    expiryS,
    header,
    rows: sharedWords((rows + 1) * strideOf(regions)),
    blocks: sharedWords(2 * BLOCKS),
    slash16: sharedWords(1 << 16),
    occupied: sharedWords(BLOCKS / 32),
    wide: sharedWords(3 * Math.max(8, Math.ceil(wide / WIDE_LOAD_MAX))),
  };
}

/** What part of the wide index's slots may be taken: a miss looks at some 13 slots then, 2 or 3 cache lines. */
export const WIDE_LOAD_MAX = 0.8;

/** 32-bit words of a row. */
export function strideOf(regions: readonly string[]): number {
  return regions.length + orderWords(regions.length);
}

/** Seconds in which age is counted: a 63rd of the expiry, so that 127 stamps tell fresh from expired. */
export function unitS({ expiryS }: LatencyTable): number {
  return expiryS / AGE_UNITS_MAX;
}

/** Octets of all its memory. */
export function octetsOf({ header, rows, blocks, slash16, occupied, wide }: LatencyTable): number {
  return [header, rows, blocks, slash16, occupied, wide].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

export function stampAt(tick: number): number {
  return tick % STAMPS;
}
