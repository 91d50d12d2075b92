/**
 * In what order a network prefers the regions: kept in its row, and changed only by a region that is better than one
 * in front of it by 5 ms and by 10 %, both. That is what keeps clients where they are while estimates cross each other.
 *
 *   order     eu-west  us-east  ap-south            us-east falls to 66 ms       us-east falls to 64 ms
 *   rtt          71       74       190              order stays: 5 ms, 7 %       us-east, eu-west, ap-south
 *
 * The whole order is kept, rather than the first alone, so that it serves pools that have only some of the regions: the first
 * in it that a pool has is the one that holds there. While all is fresh, no region is better by both margins than one in front of it,
 * for the margins are transitive: who beats B by them, where B beats A, beats A.
 *
 * Stored behind the pairs of the row: 4 bits a place up to 16 regions, else 8.
 *
 * @module
 */
import type { LatencyTable } from "./latency-table.ts";
import { isFresh, rttMsOf } from "./pair.ts";

/** Below it nobody notices, and estimates of one path differ by as much. */
export const MARGIN_MS = 5;
/** On long paths noise grows with the time. */
export const MARGIN_PART = 0.1;

/** More would cost memory in every row. */
export const REGIONS_MAX = 64;

/** Stands for what was not measured; a number, so that it does not beat itself. */
const UNMEASURED_MS = 1e9;

/** Scratch of the one thread that writes. */
const places = new Uint8Array(REGIONS_MAX);
const times = new Float64Array(REGIONS_MAX);

/** Is a time so much better that it takes over? */
export function beats(challengerMs: number, holderMs: number): boolean {
  return challengerMs <= holderMs - MARGIN_MS && challengerMs <= holderMs * (1 - MARGIN_PART);
}

/** 32-bit words for the order of so many regions. */
export function orderWords(regions: number): number {
  return regions <= 16 ? (regions + 7) >>> 3 : (regions + 3) >>> 2;
}

/** The region (column) at a place, from 0; `at` is where the row starts. */
export function regionAt({ rows, regions }: LatencyTable, at: number, place: number): number {
  const count = regions.length;
  return count <= 16
    ? (rows[at + count + (place >>> 3)]! >>> (4 * (place & 7))) & 15
    : (rows[at + count + (place >>> 2)]! >>> (8 * (place & 3))) & 255;
}

/** The order of a new row: that of the columns. */
export function initOrder(table: LatencyTable, at: number): void {
  const count = table.regions.length;
  for (let place = 0; place < count; place++) places[place] = place;
  write(table, at, count);
}

/** Gives a row of `to` the order that a row of `from` has, whose regions are the first of its own. */
export function copyOrder(from: LatencyTable, fromAt: number, to: LatencyTable, toAt: number): void {
  const before = from.regions.length;
  const count = to.regions.length;
  for (let place = 0; place < count; place++) {
    places[place] = place < before ? regionAt(from, fromAt, place) : place;
  }
  write(to, toAt, count);
}

/** After pairs of a row have changed: moves who now beats someone in front to before the first whom it beats. */
export function settle(table: LatencyTable, at: number, now: number): void {
  const { rows, regions } = table;
  const count = regions.length;
  let hasChanged = false;
  for (let place = 0; place < count; place++) {
    const region = regionAt(table, at, place);
    const pair = rows[at + region]!;
    const time = isFresh(pair, now) ? rttMsOf(pair) : UNMEASURED_MS;
    let first = 0;
    while (first < place && !beats(time, times[first]!)) first++;
    hasChanged ||= first < place;
    for (let other = place; other > first; other--) {
      places[other] = places[other - 1]!;
      times[other] = times[other - 1]!;
    }
    places[first] = region;
    times[first] = time;
  }
  if (hasChanged) write(table, at, count);
}

function write({ rows }: LatencyTable, at: number, count: number): void {
  const bits = count <= 16 ? 4 : 8;
  const perWord = 32 / bits;
  for (let word = 0; word < orderWords(count); word++) {
    let packed = 0;
    const end = Math.min(perWord, count - word * perWord);
    for (let i = 0; i < end; i++) packed |= places[word * perWord + i]! << (bits * i);
    rows[at + count + word] = packed;
  }
}
