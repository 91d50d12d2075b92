/**
 * Where the rows of IPv4 networks are: finding them, making room for new ones, and how far "there is none" holds.
 *
 * @module
 */
import { HEADER, type LatencyTable, strideOf } from "./latency-table.ts";
import { initOrder } from "./region-order.ts";

/** The row of the /24; 0 = none. */
export function row24(table: LatencyTable, ipv4: number): number {
  const { blocks } = table;
  const at = (ipv4 >>> 12) << 1;
  const start = blocks[at]!;
  const children = blocks[at + 1]!;
  const child = (ipv4 >>> 8) & 15;
  if (((children >>> child) & 1) === 0) return 0;
  return (start >>> 1) + (start & 1) + ones(children & ((1 << child) - 1));
}

/** The row that speaks for the /20: its own, or that of the only /24 that was measured in it. 0 = none. */
export function row20({ blocks }: LatencyTable, ipv4: number): number {
  return blocks[(ipv4 >>> 12) << 1]! >>> 1;
}

export function row16({ slash16 }: LatencyTable, ipv4: number): number {
  return slash16[ipv4 >>> 16]!;
}

/**
 * Length of the widest block around the address in which no /24 has a row, but for rows of /20s and wider: where
 * row24() finds none, all addresses of that block get the same answers from the three.
 */
export function emptyLength({ blocks, occupied }: LatencyTable, ipv4: number): number {
  const at = (ipv4 >>> 12) << 1;
  if (blocks[at] === 0) {
    let depth = 20;
    while (depth > 0) {
      const parent = (1 << (depth - 1)) | (depth === 1 ? 0 : ipv4 >>> (33 - depth));
      if (((occupied[parent >>> 5]! >>> (parent & 31)) & 1) === 1) return depth;
      depth--;
    }
    return 0;
  }
  const children = blocks[at + 1]!;
  const child = (ipv4 >>> 8) & 15;
  for (let length = 20; length < 24; length++) {
    const size = 1 << (24 - length);
    const mask = ((1 << size) - 1) << (child & -size);
    if ((children & mask) === 0) return length;
  }
  return 24;
}

/** The row of the /24, made where there is none. The caller has seen to it that there is room. */
export function ensureRow24(table: LatencyTable, ipv4: number): number {
  const found = row24(table, ipv4);
  if (found !== 0) return found;
  table.header[HEADER.networks]! += 1;
  resize(table, ipv4, 1 << ((ipv4 >>> 8) & 15), false);
  return row24(table, ipv4);
}

/** The row of the /20 itself, made where there is none. */
export function ensureRow20(table: LatencyTable, ipv4: number): number {
  if ((table.blocks[(ipv4 >>> 12) << 1]! & 1) === 0) resize(table, ipv4, 0, true);
  return row20(table, ipv4);
}

export function ensureRow16(table: LatencyTable, ipv4: number): number {
  const { slash16 } = table;
  if (slash16[ipv4 >>> 16] === 0) {
    slash16[ipv4 >>> 16] = newRow(table);
    occupy(table, ipv4, 15);
  }
  return slash16[ipv4 >>> 16]!;
}

/** Is the /20's row that of a /24? */
export function isLent({ blocks }: LatencyTable, ipv4: number): boolean {
  return (blocks[(ipv4 >>> 12) << 1]! & 1) === 0;
}

/** A row of its own, empty, for whatever network. */
export function newRow(table: LatencyTable): number {
  const row = take(table, 1);
  clear(table, row);
  return row;
}

/** Moves the rows of a /20 to a block with room for one more /24 (a bit), or for a row of the /20. */
function resize(table: LatencyTable, ipv4: number, added: number, wantsOwn: boolean): void {
  const { blocks, rows } = table;
  const stride = strideOf(table.regions);
  const at = (ipv4 >>> 12) << 1;
  const oldChildren = blocks[at + 1]!;
  const hadOwn = blocks[at]! & 1;
  const old = blocks[at]! >>> 1;
  const oldSize = ones(oldChildren) + hadOwn;
  const children = oldChildren | added;
  const hasOwn = wantsOwn || ones(children) > 1 ? 1 : hadOwn;
  const start = take(table, ones(children) + hasOwn);
  // The new row of a /20 begins as what has spoken for it: a /24's, or nothing.
  if (hasOwn === 1 && oldSize > 0) rows.copyWithin(start * stride, old * stride, (old + 1) * stride);
  else if (hasOwn === 1) clear(table, start);
  let to = start + hasOwn;
  let from = old + hadOwn;
  for (let bit = 1; bit <= children; bit <<= 1) {
    if ((oldChildren & bit) !== 0) {
      rows.copyWithin(to * stride, from * stride, (from + 1) * stride);
      from++;
    } else if ((children & bit) !== 0) clear(table, to);
    if ((children & bit) !== 0) to++;
  }
  blocks[at] = (start << 1) | hasOwn;
  blocks[at + 1] = children;
  if (oldSize === 0) occupy(table, ipv4, 19);
  else give(table, old, oldSize);
}

function occupy({ occupied }: LatencyTable, ipv4: number, depth: number): void {
  for (let length = depth; length >= 0; length--) {
    const node = (1 << length) | (length === 0 ? 0 : ipv4 >>> (32 - length));
    occupied[node >>> 5]! |= 1 << (node & 31);
  }
}

function clear(table: LatencyTable, row: number): void {
  const stride = strideOf(table.regions);
  table.rows.fill(0, row * stride, (row + 1) * stride);
  initOrder(table, row * stride);
}

/** So many rows, side by side. */
function take(table: LatencyTable, size: number): number {
  const { header, rows } = table;
  const free = HEADER.free + size - 1;
  const first = header[free]!;
  if (first === 0) {
    const row = header[HEADER.rowsUsed]!;
    header[HEADER.rowsUsed] = row + size;
    return row;
  }
  header[free] = rows[first * strideOf(table.regions)]!;
  return first;
}

function give(table: LatencyTable, row: number, size: number): void {
  const { header, rows } = table;
  const free = HEADER.free + size - 1;
  rows[row * strideOf(table.regions)] = header[free]!;
  header[free] = row;
}

/** Is there room for so many more rows? */
export function hasRoom({ header, rows, regions }: LatencyTable, more: number): boolean {
  return (header[HEADER.rowsUsed]! + more) * strideOf(regions) <= rows.length;
}

/** How many of 16 bits are set. */
export function ones(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x5555);
  count = (count & 0x3333) + ((count >>> 2) & 0x3333);
  count = (count + (count >>> 4)) & 0x0f0f;
  return (count + (count >>> 8)) & 31;
}
