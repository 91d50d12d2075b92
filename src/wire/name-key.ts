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

/** 127 labels of one octet and the root: no name has more. */
const LABELS_MAX = 127;

const LOWER = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) LOWER[octet] = octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet;

/** The hash of the root, from which every suffix's hash grows to the left. */
const ROOT_HASH = 0x2545f491 | 0;

export class NameKey {
  /** The name in wire form, lower-cased; `length` octets of it count. */
  readonly octets = new Uint8Array(NAME_OCTETS_MAX + 1);
  /** Octets, with the final 0 of the root. */
  length = 1;
  /** The root is not counted. */
  labelCount = 0;
  /** By label from the left: offset in `octets` of its length octet. `labelStart[labelCount]` is the root's. */
  readonly labelStart = new Uint8Array(LABELS_MAX + 1);
  /** By label from the left: hash of the suffix that starts there; `suffixHash[labelCount]` is the root's. */
  readonly suffixHash = new Int32Array(LABELS_MAX + 1);

  /**
   * Reads an uncompressed name at `source[offset]`, not past `end`. Answers the offset
   * after it, or -1 where it is no such name: cut short, longer than 255 octets, or with
   * a label type other than 00 (compression has no place in a question that stands first).
   */
  read(source: Uint8Array, offset: number, end: number): number {
    const octets = this.octets;
    const labelStart = this.labelStart;
    const labelHash = this.suffixHash; // first each label's own hash, then folded into suffixes
    let at = offset;
    let to = 0;
    let labels = 0;
    for (;;) {
      if (at >= end) return -1;
      const labelLength = source[at]!;
      if (labelLength === 0) break;
      if (labelLength > 63 || at + labelLength >= end || to + labelLength + 2 > NAME_OCTETS_MAX) return -1;
      labelStart[labels] = to;
      octets[to++] = labelLength;
      at++;
      let hash = labelLength;
      for (const stop = to + labelLength; to < stop; ) {
        const octet = LOWER[source[at++]!]!;
        octets[to++] = octet;
        hash = ((hash << 8) + hash + octet) | 0;
      }
      labelHash[labels++] = hash;
    }
    octets[to] = 0;
    this.length = to + 1;
    this.labelCount = labels;
    labelStart[labels] = to;
    let suffix = ROOT_HASH;
    labelHash[labels] = suffix;
    for (let i = labels - 1; i >= 0; i--) {
      suffix = extendHash(suffix, labelHash[i]!);
      labelHash[i] = suffix;
    }
    return at + 1;
  }
}

/** The hash of a suffix with one more label to its left. */
function extendHash(suffix: number, label: number): number {
  let h = Math.imul(suffix ^ label, 0x9e3779b1 | 0);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca77 | 0);
  return h ^ (h >>> 13);
}
