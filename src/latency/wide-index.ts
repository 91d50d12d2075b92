/**
 * The rows of IPv6 networks, ASes and countries: a hash table with open addressing, three words a slot.
 *
 *   key    the first 32 bits of the address, the AS number, or the country's code
 *   low    16 bits more of the address │ kind (never 0), 3 bits │ 5 spare │ groups, 8 bits
 *   row    row × 2, + 1 where it is lent: that of the only network inside that was measured
 *
 * `groups` of a /32 and a /40 say which eighths of it have rows inside: bit n for the n-th /35 or /43. They tell
 * how far "there is none" holds. Nothing is ever taken out; a larger table is made from what still counts.
 *
 * @module
 */
import { mixBits } from "../lib/hash.ts";
import { HEADER, type LatencyTable, WIDE_LOAD_MAX } from "./latency-table.ts";

export const KIND = { slash48: 1, slash40: 2, slash32: 3, as: 4, country: 5 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

const LOW_MASK = 0xffffff;

/** Where the slot starts; -1 = it is not there. `bits16` are those behind the key, 0 beyond the network's length. */
export function findWide({ wide }: LatencyTable, kind: Kind, key: number, bits16: number): number {
  const low = (kind << 16) | bits16;
  let at = 3 * startOf(wide.length / 3, key, low);
  // At most four fifths are taken, so an empty slot always comes.
  for (;;) {
    const found = wide[at + 1]!;
    if (found === 0) return -1;
    if (wide[at] === key && (found & LOW_MASK) === low) return at;
    at += 3;
    if (at === wide.length) at = 0;
  }
}

/** Puts in a key that is not there; `link` is row × 2, + 1 where it is lent. Where its slot starts. */
export function addWide(table: LatencyTable, kind: Kind, key: number, bits16: number, link: number): number {
  const { wide, header } = table;
  const low = (kind << 16) | bits16;
  let at = 3 * startOf(wide.length / 3, key, low);
  while (wide[at + 1] !== 0) {
    at += 3;
    if (at === wide.length) at = 0;
  }
  header[HEADER.wideUsed]! += 1;
  wide[at] = key;
  wide[at + 2] = link;
  wide[at + 1] = low; // last: a reader takes the slot from here on
  return at;
}

/** Puts a slot of another table's index in, with another link. */
export function copySlot(from: Uint32Array, slot: number, to: Uint32Array, link: number): void {
  const key = from[slot]!;
  let at = 3 * startOf(to.length / 3, key, from[slot + 1]! & LOW_MASK);
  while (to[at + 1] !== 0) at = at + 3 === to.length ? 0 : at + 3;
  to[at] = key;
  to[at + 1] = from[slot + 1]!;
  to[at + 2] = link;
}

export function rowOf({ wide }: LatencyTable, slot: number): number {
  return wide[slot + 2]! >>> 1;
}

export function isLentWide({ wide }: LatencyTable, slot: number): boolean {
  return (wide[slot + 2]! & 1) === 1;
}

/** Says of a /32 or /40 that there is a row in this eighth of it. */
export function addGroup({ wide }: LatencyTable, slot: number, group: number): void {
  wide[slot + 1]! |= 1 << (24 + group);
}

/** How many bits beyond its own a network needs to have nothing inside, around this eighth: 0 to 3; 4 = this eighth has something. */
export function emptyBits({ wide }: LatencyTable, slot: number, group: number): number {
  const groups = wide[slot + 1]! >>> 24;
  for (let bits = 0; bits <= 3; bits++) {
    const size = 1 << (3 - bits);
    if ((groups & (((1 << size) - 1) << (group & -size))) === 0) return bits;
  }
  return 4;
}

/** Is there room for so many more keys? */
export function hasRoomWide({ wide, header }: LatencyTable, more: number): boolean {
  return header[HEADER.wideUsed]! + more <= (wide.length / 3) * WIDE_LOAD_MAX;
}

function startOf(slots: number, key: number, low: number): number {
  return Math.floor((mixBits(key ^ Math.imul(mixBits(low), 0x9e3779b1)) / 0x1_0000_0000) * slots);
}
