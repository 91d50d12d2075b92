/**
 * A domain name made ready for look-up: lower-cased octets, where its labels start, and a
 * hash of every suffix. One is made per worker and filled again for each name, so that
 * nothing is allocated for a query.
 *
 *   octets       3 w w w 7 e x a m p l e 4 t e s t 0
 *   labelStart   0       4               12
 *   suffixHash   [www.example.test.] [example.test.] [test.]      (then the root's)
 *
 * A suffix's hash depends on the octets of its labels alone, so the zone directory and
 * every zone's table of names can use the same numbers. Names are compared octet by octet
 * after a hash has matched; only 0x41 to 0x5A are folded (RFC 4343).
 *
 * @module
 */

import { NAME_OCTETS_MAX } from "./name.ts";

/** A name, and room to read four octets from its last one on. */
const BUFFER_OCTETS = 4 * Math.ceil((NAME_OCTETS_MAX + 4) / 4);
/** 127 labels of one octet and the root: no name has more. */
const LABELS_MAX = 127;

// A constant of another module is looked up at every use; one of this module is compiled in.
const OCTETS_MAX = NAME_OCTETS_MAX;

/** The hash of the root, from which every suffix's hash grows to the left. */
const ROOT_HASH = 0x2545f491 | 0;

export class NameKey {
  /** The name in wire form, lower-cased; `length` octets of it count. */
  readonly octets = new Uint8Array(BUFFER_OCTETS);
  /** The same octets, for reading four at once: anywhere, and at multiples of four, where those behind the last one are 0. */
  readonly view = new DataView(this.octets.buffer);
  readonly words = new Int32Array(this.octets.buffer);
  /** Octets, with the final 0 of the root. */
  length = 1;
  /** The root is not counted. */
  labelCount = 0;
  /** By label from the left: offset in `octets` of its length octet. `labelStart[labelCount]` is the root's. */
  readonly labelStart = new Uint8Array(LABELS_MAX + 1);
  /** By label from the left: hash of the suffix that starts there; `suffixHash[labelCount]` is the root's. */
  readonly suffixHash = new Int32Array(LABELS_MAX + 1);
  /** Hash of the whole name, for who needs none of its suffixes. */
  wholeHash = 0;

  /** take(), and the hashes of all suffixes. */
  read(source: Uint8Array, offset: number, end: number): number {
    const next = this.take(source, offset, end);
    if (next >= 0) this.hashSuffixes();
    return next;
  }

  /**
   * Reads an uncompressed name at `source[offset]`, not past `end`. Answers the offset
   * after it, or -1 where it is no such name: cut short, longer than 255 octets, or with
   * a label type other than 00 (compression has no place in a question that stands first).
   * `suffixHash` is of no meaning until hashSuffixes().
   */
  take(source: Uint8Array, offset: number, end: number): number {
    const { labelStart, words } = this;
    let at = offset;
    let labels = 0;
    for (;;) {
      if (at >= end) return -1;
      const labelLength = source[at]!;
      labelStart[labels] = at - offset;
      if (labelLength === 0) break;
      if (labelLength > 63 || at - offset + labelLength + 2 > OCTETS_MAX) return -1;
      at += labelLength + 1;
      labels++;
    }
    this.labelCount = labels;
    this.length = at - offset + 1;
    let hash = ROOT_HASH;
    let word = 0;
    let from = offset;
    // A length octet is below 0x41 and stays what it is.
    for (; from + 4 <= at; from += 4) {
      const four = lowerCased(
        source[from]! | (source[from + 1]! << 8) | (source[from + 2]! << 16) | (source[from + 3]! << 24),
      );
      words[word++] = four;
      hash = mixed(hash ^ four);
    }
    let last = 0;
    for (let shift = 0; from < at; shift += 8) last |= source[from++]! << shift;
    last = lowerCased(last);
    words[word] = last;
    hash = mixed(hash ^ last);
    this.wholeHash = hash;
    return at + 1;
  }

  hashSuffixes(): void {
    const { suffixHash, labelStart, labelCount, view } = this;
    let hash = ROOT_HASH;
    suffixHash[labelCount] = hash;
    for (let i = labelCount - 1, stop = this.length - 1; i >= 0; i--) {
      const start = labelStart[i]!;
      hash = extendHash(hash, view, start, stop);
      suffixHash[i] = hash;
      stop = start;
    }
  }
}

/** Four octets at once: 0x20 is added to each that is from 0x41 to 0x5A. */
function lowerCased(word: number): number {
  const low = word & 0x7f7f7f7f;
  // Bit 7 of each octet: it is 0x41 or more, and 0x5B or more; no sum reaches the next octet.
  const fromA = low + 0x3f3f3f3f;
  const behindZ = low + 0x25252525;
  return word | (((fromA ^ behindZ) & ~word & 0x80808080) >>> 2);
}

/** The hash of a suffix with one more label to its left: the one whose octets, its length the first, are [start, stop). */
function extendHash(suffix: number, octets: DataView, start: number, stop: number): number {
  let h = suffix;
  let at = start;
  for (; at + 4 <= stop; at += 4) h = mixed(h ^ octets.getInt32(at, true));
  const left = stop - at;
  if (left > 0) h = mixed(h ^ (octets.getInt32(at, true) & ((1 << (8 * left)) - 1)));
  h = Math.imul(h, 0x85ebca77 | 0);
  return h ^ (h >>> 13);
}

function mixed(h: number): number {
  const product = Math.imul(h, 0x9e3779b1 | 0);
  return product ^ (product >>> 15);
}
