/**
 * A zone compiled for queries: one block of shared memory, whatever the number of workers,
 * made by zone-compiler.ts and never changed. An edit makes a new image of its zone alone.
 *
 *   words (Int32)                            octets (behind the words, in the same memory)
 *   ┌────────────┐                           names, lower-cased, relative to the apex
 *   │ header     │ where the rest is         RRs, as they go into a reply:
 *   │ nodes      │ name, `*`, cut,             C0 0C  type class ttl rdlength rdata …
 *   │            │ pool, (type, RRset) pairs     ↑ owner: the question's name
 *   │ RRsets     │ length, counts, fix-ups     … 3 n s 1 C0 00
 *   │ hash table │ (hash, node), half empty             ↑ names end in a pointer, fixed up
 *   └────────────┘                                        when the reply is written
 *
 * The nodes are every owner name with its RRsets, every empty non-terminal and every zone
 * cut. What stands below a cut is not here: its glue is part of the cut's referral.
 *
 * RRs are ready but for their compression pointers, which depend on where things stand in
 * the message. A fix-up is the position of such a pointer. The pointer's own octets hold how
 * far from its base it leads: the base is the apex, wherever the message has that, or, with
 * FIXUP_IN_RRSET set in the fix-up, the first octet of these same RRs.
 *
 * Lives from the generation that changed the zone to the next that does.
 *
 * @module
 */
import type { NameKey } from "../wire/name-key.ts";

/** Word offsets in the header. */
export const HEADER = {
  hashMask: 0,
  hashTable: 1,
  apexNode: 2,
  apexOctets: 3,
  apexLength: 4,
  apexLabels: 5,
  /** The SOA of negative answers, TTL min(SOA TTL, MINIMUM) (RFC 2308 section 3). */
  negativeSoa: 6,
  /** Where the octets start, in words. */
  wordCount: 7,
  words: 8,
} as const;

/** Word offsets in a node. */
export const NODE = {
  /** Octet offset of the name, without the apex. */
  name: 0,
  /** Octets of the name without the apex in the low half; flags above. */
  nameLengthAndFlags: 1,
  /** The node of `*` below this one; 0 = none. */
  wildcard: 2,
  /** The referral of a zone cut; 0 where this is none. */
  referral: 3,
  /** Index in `poolIds` plus 1; 0 = not steered. */
  pool: 4,
  /** TTL of steered answers, in seconds. */
  poolTtl: 5,
  rrsetCount: 6,
  /** Pairs of type and RRset from here on. */
  rrsets: 7,
} as const;

export const NODE_LENGTH_MASK = 0xff;
export const NODE_HAS_CNAME = 0x100;
export const NODE_HAS_DNAME = 0x200;

/** Word offsets in an RRset. */
export const RRSET = {
  /** Octets of its RRs. */
  length: 0,
  /** The same, and those of the RRs that go into additional with it. */
  fullLength: 1,
  /** RRs in the low half, RRs for additional in the high half. */
  counts: 2,
  /** Octet offset of the RRs. */
  octets: 3,
  fixupCount: 4,
  fixups: 5,
} as const;

export const FIXUP_IN_RRSET = 0x1_0000;
export const FIXUP_POSITION_MASK = 0xffff;

/** Word offsets in a referral: an RRset of the cut's NS, whose additional begins with the glue that must be there. */
export const REFERRAL = {
  rrset: 0,
  /** Glue below this cut: in the reply, or else TC set (RFC 9471 section 3.1). What follows it may be left out. */
  inDomainCount: 1,
  /** Octets of the NS RRs and the in-domain glue. */
  inDomainLength: 2,
  words: 3,
} as const;

export class ZoneImage {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly octets: Uint8Array;
  /** The same octets, for comparing four at once. */
  readonly #view: DataView;
  /** The pools that nodes refer to by index. */
  readonly poolIds: readonly string[];
  readonly apexLength: number;
  readonly apexLabels: number;
  readonly apexNode: number;
  readonly #apexOctets: number;
  readonly #hashMask: number;
  readonly #hashTable: number;

  constructor(buffer: SharedArrayBuffer, poolIds: readonly string[]) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, new Int32Array(buffer, 0, HEADER.words)[HEADER.wordCount]!);
    this.octets = new Uint8Array(buffer, this.words.byteLength);
    this.#view = new DataView(buffer, this.words.byteLength);
    this.poolIds = poolIds;
    this.apexLength = this.words[HEADER.apexLength]!;
    this.apexLabels = this.words[HEADER.apexLabels]!;
    this.apexNode = this.words[HEADER.apexNode]!;
    this.#apexOctets = this.words[HEADER.apexOctets]!;
    this.#hashMask = this.words[HEADER.hashMask]!;
    this.#hashTable = this.words[HEADER.hashTable]!;
  }

  /** The image itself, or what a message of it brought, with its class again. */
  static of(image: Pick<ZoneImage, "buffer" | "poolIds">): ZoneImage {
    return image instanceof ZoneImage ? image : new ZoneImage(image.buffer, image.poolIds);
  }

  /** True when `key`, from label `fromLabel` on, is this zone's apex. */
  isApex(key: NameKey, fromLabel: number): boolean {
    const start = key.labelStart[fromLabel]!;
    const length = this.apexLength;
    return (
      key.length - start === length && equalOctets(this.#view, this.#apexOctets, key.view, start, length)
    );
  }

  /** The node that `key` names from label `fromLabel` on, at or below the apex; 0 = none. */
  findNode(key: NameKey, fromLabel: number): number {
    const words = this.words;
    const hash = key.suffixHash[fromLabel]!;
    const mask = this.#hashMask;
    const table = this.#hashTable;
    const start = key.labelStart[fromLabel]!;
    const length = key.length - this.apexLength - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = words[table + slot * 2 + 1]!;
      if (node === 0) return 0;
      if (
        words[table + slot * 2] === hash &&
        (words[node + NODE.nameLengthAndFlags]! & NODE_LENGTH_MASK) === length &&
        equalOctets(this.#view, words[node + NODE.name]!, key.view, start, length)
      ) {
        return node;
      }
    }
  }

  /** The RRset of `type` at `node`; 0 = none. */
  findRrset(node: number, type: number): number {
    const words = this.words;
    const end = node + NODE.rrsets + words[node + NODE.rrsetCount]! * 2;
    for (let at = node + NODE.rrsets; at < end; at += 2) {
      if (words[at] === type) return words[at + 1]!;
    }
    return 0;
  }

  /** The RRset of the fewest octets at `node`; 0 = none. */
  smallestRrset(node: number): number {
    const words = this.words;
    let smallest = 0;
    const end = node + NODE.rrsets + words[node + NODE.rrsetCount]! * 2;
    for (let at = node + NODE.rrsets; at < end; at += 2) {
      const rrset = words[at + 1]!;
      if (smallest === 0 || words[rrset + RRSET.length]! < words[smallest + RRSET.length]!) smallest = rrset;
    }
    return smallest;
  }
}

function equalOctets(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
    return true;
  }
  const last = length - 4; // the last four may overlap those before them
  for (let i = 0; i < last; i += 4) if (a.getInt32(aStart + i) !== b.getInt32(bStart + i)) return false;
  return a.getInt32(aStart + last) === b.getInt32(bStart + last);
}
