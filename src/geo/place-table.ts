/**
 * One datum by address: the sorted starts of ranges, and a value for each, in shared memory.
 *
 *   index   for each 16 leading bits the range that they begin in
 *   words   0, unknown │ 1.0.0.0, AU │ 1.0.1.0, CN │ 1.0.4.0, AU │ …
 *
 * A look-up is a binary search among the ranges that share 16 bits. Start and value stand side by side, in one cache line
 * with the start of the next. Neighbours of equal value are one range, so
 * the widest block around an address that lies in its range is the widest over which the datum is the same: its scope.
 *
 * IPv6 is kept to 64 bits: no site is given less (RFC 6177), and half as much memory is touched.
 *
 * @module
 */
import { sharedWords } from "../lib/shared-words.ts";

/** No value is known. */
export const UNKNOWN = 0;

const INDEX_BITS = 16;
const INDEX_SHIFT = 32 - INDEX_BITS;
const INDEX_LENGTH = (1 << INDEX_BITS) + 1;

export interface PlaceTable {
  readonly ipv4: PlaceRanges;
  readonly ipv6: PlaceRanges;
}

export interface PlaceRanges {
  readonly index: Uint32Array;
  /** `stride` words for each range: the first 32 bits of where it starts, of IPv6 the 32 behind, the value. The first one starts at 0. */
  readonly words: Uint32Array;
  /** IPV4_STRIDE or IPV6_STRIDE. */
  readonly stride: number;
}

const IPV4_STRIDE = 2;
const IPV6_STRIDE = 3;

export function countOf({ words, stride }: PlaceRanges): number {
  return words.length / stride;
}

export function startOf({ words, stride }: PlaceRanges, range: number): number {
  return words[range * stride]!;
}

/** 0 for IPv4. */
export function lowStartOf({ words, stride }: PlaceRanges, range: number): number {
  return stride === IPV4_STRIDE ? 0 : words[range * stride + 1]!;
}

export function placeAt({ words, stride }: PlaceRanges, range: number): number {
  return words[(range + 1) * stride - 1]!;
}

/** What a look-up found. One for each thread. */
export class FoundPlace {
  value = UNKNOWN;
  /** The datum is the same over this prefix of the address, and over no wider one. */
  scopePrefixLength = 0;
}

export function findIPv4({ ipv4 }: PlaceTable, address: number, found: FoundPlace): void {
  const { index, words } = ipv4;
  const head = address >>> INDEX_SHIFT;
  let low = index[head]!;
  let high = index[head + 1]!;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (words[IPV4_STRIDE * middle]! <= address) low = middle;
    else high = middle - 1;
  }
  const at = IPV4_STRIDE * low;
  const next = at + IPV4_STRIDE;
  found.value = words[at + 1]!;
  // No block holds that reaches to the last address before the range, or to the first behind it.
  const before = low === 0 ? 0 : differentAt(address ^ (words[at]! - 1), 0);
  const behind = next === words.length ? 0 : differentAt(address ^ words[next]!, 0);
  found.scopePrefixLength = Math.max(before, behind);
}

/** `high32` and `low32` are the first 64 bits of the address. */
export function findIPv6({ ipv6 }: PlaceTable, high32: number, low32: number, found: FoundPlace): void {
  const { index, words } = ipv6;
  const head = high32 >>> INDEX_SHIFT;
  let low = index[head]!;
  let high = index[head + 1]!;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const start = words[IPV6_STRIDE * middle]!;
    if (start < high32 || (start === high32 && words[IPV6_STRIDE * middle + 1]! <= low32)) low = middle;
    else high = middle - 1;
  }
  const at = IPV6_STRIDE * low;
  const next = at + IPV6_STRIDE;
  found.value = words[at + 2]!;
  let before = 0;
  if (low > 0) {
    const lowStart = words[at + 1]!;
    before = differentAt(high32 ^ (words[at]! - (lowStart === 0 ? 1 : 0)), low32 ^ (lowStart - 1));
  }
  const behind = next === words.length ? 0 : differentAt(high32 ^ words[next]!, low32 ^ words[next + 1]!);
  found.scopePrefixLength = Math.max(before, behind);
}

/** How many leading bits tell two addresses apart, by the bits that differ. */
function differentAt(high32: number, low32: number): number {
  return (high32 === 0 ? 32 + Math.clz32(low32) : Math.clz32(high32)) + 1;
}

/** Ranges on their way into a table, in ascending order. The first one starts at 0. */
export class RangeList {
  #starts = new Uint32Array(1024);
  #lowStarts = new Uint32Array(1024);
  #values = new Uint32Array(1024);
  #length = 0;

  /** From this address on, up to where the next one starts, the datum is `value`. */
  push(start: number, lowStart: number, value: number): void {
    const last = this.#length;
    if (last > 0 && this.#values[last - 1] === value) return;
    if (last === this.#starts.length) this.#grow();
    this.#starts[last] = start;
    this.#lowStarts[last] = lowStart;
    this.#values[last] = value;
    this.#length++;
  }

  finish(family: 4 | 6): PlaceRanges {
    if (this.#length === 0) this.push(0, 0, UNKNOWN);
    const [starts, lowStarts, values] = [this.#starts, this.#lowStarts, this.#values];
    const index = sharedWords(INDEX_LENGTH);
    let range = 0;
    for (let head = 0; head < INDEX_LENGTH - 1; head++) {
      const address = (head << INDEX_SHIFT) >>> 0;
      while (range + 1 < this.#length && isAtOrBefore(starts[range + 1]!, lowStarts[range + 1]!, address))
        range++;
      index[head] = range;
    }
    index[INDEX_LENGTH - 1] = this.#length - 1;
    const stride = family === 4 ? IPV4_STRIDE : IPV6_STRIDE;
    const words = sharedWords(stride * this.#length);
    for (let i = 0; i < this.#length; i++) {
      words[stride * i] = starts[i]!;
      if (family === 6) words[stride * i + 1] = lowStarts[i]!;
      words[stride * (i + 1) - 1] = values[i]!;
    }
    return { index, words, stride };
  }

  #grow(): void {
    this.#starts = twice(this.#starts);
    this.#lowStarts = twice(this.#lowStarts);
    this.#values = twice(this.#values);
  }
}

/** What counts of two values of one network. */
export type Choice = (base: number, over: number) => number;

/** `over` where it knows something, `base` elsewhere. */
export function chooseKnown(base: number, over: number): number {
  return over === UNKNOWN ? base : over;
}

/** Lays one table over another. */
export function overlay(base: PlaceTable, over: PlaceTable, choose: Choice): PlaceTable {
  return {
    ipv4: overlayRanges(base.ipv4, over.ipv4, choose, 4),
    ipv6: overlayRanges(base.ipv6, over.ipv6, choose, 6),
  };
}

function overlayRanges(base: PlaceRanges, over: PlaceRanges, choose: Choice, family: 4 | 6): PlaceRanges {
  const list = new RangeList();
  const [unders, aboves] = [countOf(base), countOf(over)];
  let [under, above] = [0, 0];
  while (under < unders || above < aboves) {
    const takesBase = above === aboves || (under < unders && isBefore(base, under, over, above));
    const takesOver = under === unders || (above < aboves && isBefore(over, above, base, under));
    const [from, at] = takesBase ? [base, under] : [over, above];
    if (!takesOver) under++;
    if (!takesBase) above++;
    const value = choose(placeAt(base, Math.max(0, under - 1)), placeAt(over, Math.max(0, above - 1)));
    list.push(startOf(from, at), lowStartOf(from, at), value);
  }
  return list.finish(family);
}

function isBefore(a: PlaceRanges, i: number, b: PlaceRanges, j: number): boolean {
  const [high, other] = [startOf(a, i), startOf(b, j)];
  return high < other || (high === other && lowStartOf(a, i) < lowStartOf(b, j));
}

/** Does a range that starts there cover the address whose low 32 bits are 0, or begin before it? */
function isAtOrBefore(start: number, lowStart: number, address: number): boolean {
  return start < address || (start === address && lowStart === 0);
}

function twice(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * words.length);
  larger.set(words);
  return larger;
}
