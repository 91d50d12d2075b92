/**
 * Takes samples into a latency table: the one way in, for files, probers, TCP handshakes and the API alike.
 *
 *   198.51.100.7, eu-west, 23.4 ms ─► /24 ─► /20 ─► /16 ─► AS ─► country      the pair of eu-west in each,
 *                                     (/48 ─► /40 ─► /32 of IPv6)             then the order of its regions
 *
 * So wider networks know what was measured in them, for clients of which nothing more is known. A sample of a network that
 * is wider than a /24 or /48 goes to all the rows of the next length that it covers: a /22 to four /24s, a /18 to four /20s.
 *
 * Only the thread that owns the table calls these.
 *
 * @module
 */
import type { ClientPlace } from "../geo/client-place.ts";
import { ensureRow16, ensureRow20, ensureRow24, hasRoom, isLent, newRow, row20 } from "./ipv4-rows.ts";
import { BLOCK_ROWS_MAX, HEADER, type LatencyTable, stampAt, strideOf, unitS } from "./latency-table.ts";
import { AGE_UNITS_MAX, AGELESS, type PairSample, STAMPS, smooth } from "./pair.ts";
import { settle } from "./region-order.ts";
import {
  addGroup,
  addWide,
  findWide,
  hasRoomWide,
  isLentWide,
  KIND,
  type Kind,
  rowOf,
} from "./wide-index.ts";

/** A measured round-trip time, or the mean of several. */
export interface Sample {
  /** Whose: a network (its prefix length counts), and where it is looked up in. */
  readonly client: ClientPlace;
  readonly region: string;
  /** 0 to 60,000. Above 2047 it counts as 2047. */
  readonly rttMs: number;
  /** Measurements in it, 1 or more. */
  readonly count: number;
  /** When it was taken, in seconds since 1970; null = it does not age. */
  readonly atS: number | null;
}

/**
 * `taken`; `full` and `region` ask for a larger table (grow.ts), and for the sample again; `expired` and `wide`
 * (a network shorter than MIN_LENGTH) are refused.
 */
export type Ingested = "taken" | "full" | "region" | "expired" | "wide";

/** The widest networks that samples may speak of, in bits of IPv4 and IPv6: 256 rows. */
export const LENGTH_MIN = { ipv4: 8, ipv6: 24 } as const;

/** Between two sweeps. Pairs are then never older than 63 + 21 units and those that passed since, and stamps tell up to 126. */
const SWEEP_UNITS = 21;

/** For a /24 (or a /20's own row) at worst a whole /20 moves; beside it its /20, /16, AS and country may be new. */
const ROWS_EACH_MAX = BLOCK_ROWS_MAX;
const ROWS_BESIDE_MAX = BLOCK_ROWS_MAX + 3;

/** Scratch of the one thread that writes. */
const added = { rttMs: 0, count: 0, stamp: 0 } satisfies PairSample;

/** `nowS` in seconds since 1970. */
export function ingest(table: LatencyTable, sample: Sample, nowS: number): Ingested {
  const { network } = sample.client;
  const column = table.regions.indexOf(sample.region);
  if (column < 0) return "region";
  advance(table, nowS);
  const now = table.header[HEADER.now]!;
  added.rttMs = sample.rttMs;
  added.count = sample.count;
  added.stamp = AGELESS;
  if (sample.atS !== null) {
    const tick = Math.floor(Math.min(sample.atS, nowS) / unitS(table));
    if (table.header[HEADER.tick]! - tick > AGE_UNITS_MAX) return "expired";
    added.stamp = stampAt(tick);
  }
  const length = network.prefixLength - network.ipv4Offset;
  return network.hasIPv4
    ? ingestIPv4(table, sample.client, length, column, now)
    : ingestIPv6(table, sample.client, length, column, now);
}

/** Tells readers the time, and clears what has expired before its stamp could pass for a new one. At least once in a third of the expiry. */
export function advance(table: LatencyTable, nowS: number): void {
  const { header } = table;
  const tick = Math.floor(nowS / unitS(table));
  if (tick <= header[HEADER.tick]!) return;
  if (header[HEADER.tick] === 0) header[HEADER.swept] = tick;
  else if (tick - header[HEADER.swept]! >= SWEEP_UNITS) sweep(table, tick);
  header[HEADER.now] = stampAt(tick);
  header[HEADER.tick] = tick;
}

/**
 * Forgets the pairs that will have expired at `tick`. Ages are known as of the last time. It may cut the chain of free blocks,
 * whose first words are no pairs: those behind the cut come back when the table is next made anew.
 */
function sweep({ header, rows, regions }: LatencyTable, tick: number): void {
  const now = header[HEADER.now]!;
  const passed = tick - header[HEADER.tick]!;
  const stride = strideOf(regions);
  const end = header[HEADER.rowsUsed]! * stride;
  const isAllGone = passed > AGE_UNITS_MAX;
  for (let at = stride; at < end; at += stride) {
    for (let column = 0; column < regions.length; column++) {
      const pair = rows[at + column]!;
      if (pair === 0 || (pair & 127) === AGELESS) continue;
      const age = (now - (pair & 127) + STAMPS) % STAMPS;
      if (isAllGone || age + passed > AGE_UNITS_MAX) rows[at + column] = 0;
    }
  }
  header[HEADER.swept] = tick;
}

function ingestIPv4(
  table: LatencyTable,
  client: ClientPlace,
  length: number,
  column: number,
  now: number,
): Ingested {
  if (length < LENGTH_MIN.ipv4) return "wide";
  const rowLength = length > 20 ? 24 : length > 16 ? 20 : 16;
  const count = 1 << Math.max(0, rowLength - length);
  const rowsMax = count * (rowLength === 16 ? 1 : ROWS_EACH_MAX) + ROWS_BESIDE_MAX;
  if (!hasRoom(table, rowsMax) || !hasRoomWide(table, 2)) return "full";
  const first = maskedTo(client.network.ipv4, Math.min(length, rowLength));
  // In an empty /20 the row of the /20, if it comes to that, begins as one that has the sample.
  const wasEmpty = row20(table, first) === 0;
  for (let i = 0; i < count; i++) {
    const ipv4 = (first + i * 2 ** (32 - rowLength)) >>> 0;
    if (rowLength === 24) update(table, ensureRow24(table, ipv4), column, now, true);
    else if (rowLength === 20) update(table, ensureRow20(table, ipv4), column, now, false);
    else update(table, ensureRow16(table, ipv4), column, now, false);
  }
  if (rowLength === 24 && !wasEmpty && !isLent(table, first))
    update(table, row20(table, first), column, now, false);
  if (rowLength >= 20) update(table, ensureRow16(table, first), column, now, false);
  if (length >= 16) ingestPlace(table, client, column, now);
  return "taken";
}

function ingestIPv6(
  table: LatencyTable,
  client: ClientPlace,
  length: number,
  column: number,
  now: number,
): Ingested {
  if (length < LENGTH_MIN.ipv6) return "wide";
  const rowLength = length > 40 ? 48 : length > 32 ? 40 : 32;
  const count = 1 << Math.max(0, rowLength - length);
  if (!hasRoom(table, count + 4) || !hasRoomWide(table, count + 4)) return "full";
  const { words } = client.network;
  const known = Math.min(length, rowLength);
  const key = maskedTo(words[0]!, Math.min(known, 32));
  const bits16 = known <= 32 ? 0 : maskedTo(words[1]!, known - 32) >>> 16;
  table.header[HEADER.hasIPv6] = 1;
  if (rowLength === 32) {
    for (let i = 0; i < count; i++) {
      update(table, ensureWide(table, KIND.slash32, (key + i) >>> 0, 0), column, now, false);
    }
  } else {
    const kind = rowLength === 48 ? KIND.slash48 : KIND.slash40;
    const step = rowLength === 48 ? 1 : 256;
    let row = 0;
    for (let i = 0; i < count; i++) {
      const bits = bits16 + i * step;
      row = ensureWide(table, kind, key, bits);
      update(table, row, column, now, rowLength === 48);
      if (rowLength === 48)
        gather(table, KIND.slash40, key, bits & 0xff00, (bits >>> 5) & 7, row, column, now, i);
      gather(table, KIND.slash32, key, 0, bits >>> 13, row, column, now, i);
    }
  }
  if (length >= 32) ingestPlace(table, client, column, now);
  return "taken";
}

/**
 * Adds to the row of a wider network what was added to `row`, one inside it; of several that one sample covers the
 * first alone counts. While `row` is the only one measured inside, it speaks for the wider network.
 */
function gather(
  table: LatencyTable,
  kind: Kind,
  key: number,
  bits16: number,
  group: number,
  row: number,
  column: number,
  now: number,
  nth: number,
): void {
  let slot = findWide(table, kind, key, bits16);
  if (slot < 0) slot = addWide(table, kind, key, bits16, (row << 1) | 1);
  else if (rowOf(table, slot) !== row) {
    const own = ensureWide(table, kind, key, bits16);
    if (nth === 0) update(table, own, column, now, false);
  }
  addGroup(table, slot, group);
}

/** The row of its own that a key has, made where there is none: of a lent one it begins as a copy. */
function ensureWide(table: LatencyTable, kind: Kind, key: number, bits16: number): number {
  const slot = findWide(table, kind, key, bits16);
  if (slot >= 0 && !isLentWide(table, slot)) return rowOf(table, slot);
  const row = newRow(table);
  if (slot < 0) {
    if (kind === KIND.slash48) table.header[HEADER.networks]! += 1;
    addWide(table, kind, key, bits16, row << 1);
  } else {
    const stride = strideOf(table.regions);
    const lent = rowOf(table, slot) * stride;
    table.rows.copyWithin(row * stride, lent, lent + stride);
    table.wide[slot + 2] = row << 1;
  }
  return row;
}

/** What the AS and the country of the network see. */
function ingestPlace(table: LatencyTable, client: ClientPlace, column: number, now: number): void {
  const asNumber = client.asNumber();
  if (asNumber !== 0) update(table, ensureWide(table, KIND.as, asNumber, 0), column, now, false);
  const country = client.country();
  if (country !== 0) update(table, ensureWide(table, KIND.country, country, 0), column, now, false);
}

function update(table: LatencyTable, row: number, column: number, now: number, isOwn: boolean): void {
  const at = row * strideOf(table.regions);
  table.rows[at + column] = smooth(table.rows[at + column]!, added, now, isOwn);
  settle(table, at, now);
}

/** The first bits of a word, from 0 to all of them; unsigned. */
function maskedTo(word: number, bits: number): number {
  return bits === 0 ? 0 : (word & (-1 << (32 - Math.min(bits, 32)))) >>> 0;
}
