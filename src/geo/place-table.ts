/**
 * One datum by address: the sorted starts of ranges, and a value for each, in shared memory.
 *
 *   index    for each 16 leading bits the range that they begin in
 *   starts   0        1.0.0.0   1.0.1.0   1.0.4.0  …
 *   values   unknown  AU        CN        AU
 *
 * A look-up is a binary search among the ranges that share 16 bits. Neighbours of equal value are one range, so
 * the widest block around an address that lies in its range is the widest over which the datum is the same: its scope.
 *
 * IPv6 is kept to 64 bits: no site is given less (RFC 6177), and half as much memory is touched.
 *
 * @module
 */

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
  /** The first 32 bits of where each range starts; the first one starts at 0. */
  readonly starts: Uint32Array;
  /** Of IPv6, the 32 bits behind; of IPv4 nothing. */
  readonly lowStarts: Uint32Array;
  readonly values: Uint32Array;
}

/** What a look-up found. One for each thread. */
export class FoundPlace {
  value = UNKNOWN;
  /** The datum is the same over this prefix of the address, and over no wider one. */
  scopePrefixLength = 0;
}

export function findIPv4({ ipv4 }: PlaceTable, address: number, found: FoundPlace): void {
  const { index, starts, values } = ipv4;
  const head = address >>> INDEX_SHIFT;
  let low = index[head]!;
  let high = index[head + 1]!;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= address) low = middle;
    else high = middle - 1;
  }
  found.value = values[low]!;
  // No block holds that reaches to the last address before the range, or to the first behind it.
  const before = low === 0 ? 0 : differentAt(address ^ (starts[low]! - 1), 0);
  const behind = low === starts.length - 1 ? 0 : differentAt(address ^ starts[low + 1]!, 0);
  found.scopePrefixLength = Math.max(before, behind);
}

/** `high32` and `low32` are the first 64 bits of the address. */
export function findIPv6({ ipv6 }: PlaceTable, high32: number, low32: number, found: FoundPlace): void {
  const { index, starts, lowStarts, values } = ipv6;
  const head = high32 >>> INDEX_SHIFT;
  let low = index[head]!;
  let high = index[head + 1]!;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const start = starts[middle]!;
    if (start < high32 || (start === high32 && lowStarts[middle]! <= low32)) low = middle;
    else high = middle - 1;
  }
  found.value = values[low]!;
  let before = 0;
  if (low > 0) {
    const lowStart = lowStarts[low]!;
    before = differentAt(high32 ^ (starts[low]! - (lowStart === 0 ? 1 : 0)), low32 ^ (lowStart - 1));
  }
  const next = low + 1;
  const behind = next === starts.length ? 0 : differentAt(high32 ^ starts[next]!, low32 ^ lowStarts[next]!);
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

  finish(hasLowStarts: boolean): PlaceRanges {
    if (this.#length === 0) this.push(0, 0, UNKNOWN);
    const starts = shared(this.#starts, this.#length);
    const index = new Uint32Array(new SharedArrayBuffer(4 * INDEX_LENGTH));
    let range = 0;
    for (let head = 0; head < INDEX_LENGTH - 1; head++) {
      const address = (head << INDEX_SHIFT) >>> 0;
      while (
        range + 1 < this.#length &&
        isAtOrBefore(starts[range + 1]!, this.#lowStarts[range + 1]!, address)
      )
        range++;
      index[head] = range;
    }
    index[INDEX_LENGTH - 1] = this.#length - 1;
    return {
      index,
      starts,
      lowStarts: shared(this.#lowStarts, hasLowStarts ? this.#length : 0),
      values: shared(this.#values, this.#length),
    };
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
    ipv4: overlayRanges(base.ipv4, over.ipv4, choose, false),
    ipv6: overlayRanges(base.ipv6, over.ipv6, choose, true),
  };
}

function overlayRanges(
  base: PlaceRanges,
  over: PlaceRanges,
  choose: Choice,
  hasLowStarts: boolean,
): PlaceRanges {
  const list = new RangeList();
  let [under, above] = [0, 0];
  while (under < base.values.length || above < over.values.length) {
    const takesBase =
      above === over.values.length || (under < base.values.length && isBefore(base, under, over, above));
    const takesOver =
      under === base.values.length || (above < over.values.length && isBefore(over, above, base, under));
    const [from, at] = takesBase ? [base, under] : [over, above];
    if (!takesOver) under++;
    if (!takesBase) above++;
    const value = choose(base.values[Math.max(0, under - 1)]!, over.values[Math.max(0, above - 1)]!);
    list.push(from.starts[at]!, from.lowStarts[at] ?? 0, value);
  }
  return list.finish(hasLowStarts);
}

function isBefore(a: PlaceRanges, i: number, b: PlaceRanges, j: number): boolean {
  const [high, other] = [a.starts[i]!, b.starts[j]!];
  return high < other || (high === other && (a.lowStarts[i] ?? 0) < (b.lowStarts[j] ?? 0));
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

function shared(words: Uint32Array, length: number): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(4 * length));
  copy.set(words.subarray(0, length));
  return copy;
}
