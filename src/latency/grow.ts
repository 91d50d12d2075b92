/**
 * Larger, wider and tighter tables. Nothing is changed in place: the new table has all that still counts of the old one, packed,
 * in memory of its own, and readers go on with the old one until they get the new one as news.
 *
 * @module
 */
import { type Ingested, ingest, type Sample } from "./ingest.ts";
import { ones } from "./ipv4-rows.ts";
import {
  HEADER,
  type LatencyTable,
  type LatencyTableSize,
  makeLatencyTable,
  strideOf,
} from "./latency-table.ts";
import { copyOrder } from "./region-order.ts";
import { copySlot } from "./wide-index.ts";

/** What the largest single sample may take (256 networks of a /8), and more. */
const SPARE: LatencyTableSize = { rows: 512, wide: 512 };

export function emptyLatencyTable(regions: readonly string[], expiryS: number): LatencyTable {
  return makeLatencyTable(regions, expiryS, SPARE);
}

/**
 * Takes a sample in, into a larger table where this one has no room or does not know the region. The table to go
 * on with, and whether the sample was taken. Throws RangeError at the 65th region.
 */
export function ingestGrowing(
  table: LatencyTable,
  sample: Sample,
  nowS: number,
): { readonly table: LatencyTable; readonly ingested: Ingested } {
  const ingested = ingest(table, sample, nowS);
  if (ingested !== "full" && ingested !== "region") return { table, ingested };
  const regions = ingested === "region" ? [...table.regions, sample.region] : table.regions;
  const larger = rebuilt(table, regions, ingested === "full" ? 1.5 : 1);
  return { table: larger, ingested: ingest(larger, sample, nowS) };
}

/** The same with no room to spare but for the next sample. */
export function packed(table: LatencyTable): LatencyTable {
  return rebuilt(table, table.regions, 1);
}

/** With these regions, which begin with those that it has, and room for so many times what stands in it. */
function rebuilt(table: LatencyTable, regions: readonly string[], times: number): LatencyTable {
  const { header } = table;
  const room = {
    rows: Math.ceil(times * rowsStanding(table)) + SPARE.rows,
    wide: Math.ceil(times * header[HEADER.wideUsed]!) + SPARE.wide,
  };
  const to = makeLatencyTable(regions, table.expiryS, room);
  for (const word of ["now", "tick", "swept", "networks", "hasIPv6", "wideUsed"] as const) {
    to.header[HEADER[word]] = header[HEADER[word]]!;
  }
  to.occupied.set(table.occupied);
  copyIPv4(table, to);
  copyWide(table, to);
  return to;
}

function copyIPv4(from: LatencyTable, to: LatencyTable): void {
  const { blocks, slash16 } = from;
  for (let at = 0; at < blocks.length; at += 2) {
    const start = blocks[at]!;
    if (start === 0) continue;
    const size = sizeAt(from, at);
    to.blocks[at] = (copyRows(from, start >>> 1, to, size) << 1) | (start & 1);
    to.blocks[at + 1] = blocks[at + 1]!;
  }
  for (const [prefix, row] of slash16.entries()) {
    if (row !== 0) to.slash16[prefix] = copyRows(from, row, to, 1);
  }
}

/** Lent rows last, when it is known where those that they are have gone. */
function copyWide(from: LatencyTable, to: LatencyTable): void {
  const { wide } = from;
  const moved = new Uint32Array(from.header[HEADER.rowsUsed]!);
  for (const lent of [0, 1]) {
    for (let at = 0; at < wide.length; at += 3) {
      const link = wide[at + 2]!;
      if (wide[at + 1] === 0 || (link & 1) !== lent) continue;
      const row = link >>> 1;
      if (lent === 0) moved[row] = copyRows(from, row, to, 1);
      copySlot(wide, at, to.wide, (moved[row]! << 1) | lent);
    }
  }
}

/** So many rows side by side. Where they stand now. */
function copyRows(from: LatencyTable, row: number, to: LatencyTable, size: number): number {
  const [fromStride, toStride] = [strideOf(from.regions), strideOf(to.regions)];
  const start = to.header[HEADER.rowsUsed]!;
  to.header[HEADER.rowsUsed] = start + size;
  for (let i = 0; i < size; i++) {
    const fromAt = (row + i) * fromStride;
    const toAt = (start + i) * toStride;
    if (from.regions.length === to.regions.length) {
      for (let word = 0; word < toStride; word++) to.rows[toAt + word] = from.rows[fromAt + word]!;
    } else {
      for (let word = 0; word < from.regions.length; word++) to.rows[toAt + word] = from.rows[fromAt + word]!;
      copyOrder(from, fromAt, to, toAt);
    }
  }
  return start;
}

function rowsStanding(table: LatencyTable): number {
  let rows = 1;
  for (let at = 0; at < table.blocks.length; at += 2) {
    if (table.blocks[at] !== 0) rows += sizeAt(table, at);
  }
  for (const row of table.slash16) if (row !== 0) rows++;
  for (let at = 0; at < table.wide.length; at += 3) {
    if (table.wide[at + 1] !== 0 && (table.wide[at + 2]! & 1) === 0) rows++;
  }
  return rows;
}

function sizeAt({ blocks }: LatencyTable, at: number): number {
  return ones(blocks[at + 1]!) + (blocks[at]! & 1);
}
