/**
 * Writes one reply into a buffer: the header last, the sections in order, an RRset whole or
 * not at all (RFC 2181 section 9). Reused from reply to reply; allocates nothing.
 *
 * Room for the OPT is set aside first, so that a truncated reply has it too.
 *
 * @module
 */
import { FIXUP_IN_RRSET, FIXUP_POSITION_MASK, RRSET, type ZoneImage } from "../zone/zone-image.ts";

// Constants of another module are looked up at every use; those of this module are compiled in.
const { length: LENGTH, counts: COUNTS, octets: OCTETS, fixupCount: FIXUP_COUNT, fixups: FIXUPS } = RRSET;
const IN_RRSET = FIXUP_IN_RRSET;
const POSITION_MASK = FIXUP_POSITION_MASK;

/** Where the question's name stands in every message. */
export const QNAME_OFFSET = 12;
const POINTER = 0xc000;
/** Owner pointer, type, class, TTL, rdlength: what stands before the rdata in our RRs. */
export const RR_FIXED_OCTETS = 12;

export function rrCount(zone: ZoneImage, rrset: number): number {
  return zone.words[rrset + COUNTS]! & 0xffff;
}

/** RRs that go into additional with an RRset. */
export function additionalCount(zone: ZoneImage, rrset: number): number {
  return zone.words[rrset + COUNTS]! >>> 16;
}

export class ReplyWriter {
  out: Uint8Array = new Uint8Array(0);
  /** Where the next octet goes. */
  at = 0;
  /** No octet of a section may stand here or beyond. */
  limit = 0;
  answerCount = 0;
  authorityCount = 0;
  additionalCount = 0;
  tc = false;
  aa = false;
  rcode = 0;
  /** What ECS of the reply says: the answer holds for this prefix of the client's address (RFC 7871 section 7.2.1). */
  scopePrefixLength = 0;

  begin(out: Uint8Array, limit: number): void {
    this.out = out;
    this.at = QNAME_OFFSET;
    this.limit = limit;
    this.answerCount = 0;
    this.authorityCount = 0;
    this.additionalCount = 0;
    this.tc = false;
    this.aa = false;
    this.rcode = 0;
    this.scopePrefixLength = 0;
  }

  /** Repeats the question octet by octet, so that the case of its name comes back (0x20). */
  question(query: Uint8Array, end: number): void {
    const out = this.out;
    // A reply that is written over its query has the question already.
    if (out !== query) for (let i = QNAME_OFFSET; i < end; i++) out[i] = query[i]!;
    this.at = end;
  }

  /**
   * Copies an RRset whose owner stands at `ownerOffset` of this message, with the zone's apex at
   * `apexOffset`, and counts nothing. False, with TC set and nothing written, when it does not fit.
   */
  rrset(zone: ZoneImage, rrset: number, ownerOffset: number, apexOffset: number): boolean {
    const start = this.at;
    if (!this.run(zone, rrset, zone.words[rrset + LENGTH]!, apexOffset)) {
      this.tc = true;
      return false;
    }
    if (ownerOffset !== QNAME_OFFSET) this.setOwners(start, rrCount(zone, rrset), ownerOffset);
    return true;
  }

  /** Copies the first `length` octets of an RRset's RRs and sets the pointers in them; false when they do not fit. */
  run(zone: ZoneImage, rrset: number, length: number, apexOffset: number): boolean {
    const start = this.at;
    if (start + length > this.limit) return false;
    const words = zone.words;
    const source = zone.octets;
    const out = this.out;
    const from = words[rrset + OCTETS]!;
    for (let i = 0; i < length; i++) out[start + i] = source[from + i]!;
    const fixups = rrset + FIXUPS;
    const fixupsEnd = fixups + words[rrset + FIXUP_COUNT]!;
    for (let i = fixups; i < fixupsEnd; i++) {
      const fixup = words[i]!;
      const position = fixup & POSITION_MASK;
      if (position >= length) break;
      const base = (fixup & IN_RRSET) === 0 ? apexOffset : start;
      this.#pointer(start + position, base + ((out[start + position]! << 8) | out[start + position + 1]!));
    }
    this.at = start + length;
    return true;
  }

  /** Makes the RRs from `start` on, each with a pointer for an owner, RRs of the name at `ownerOffset`. */
  setOwners(start: number, count: number, ownerOffset: number): void {
    const out = this.out;
    let at = start;
    for (let i = 0; i < count; i++) {
      this.#pointer(at, ownerOffset);
      at += RR_FIXED_OCTETS + ((out[at + 10]! << 8) | out[at + 11]!);
    }
  }

  /** An RR of the first `length` octets of `rdata`. False, with TC set and nothing written, when it does not fit. */
  rr(
    ownerOffset: number,
    type: number,
    rrclass: number,
    ttl: number,
    rdata: Uint8Array,
    length: number,
  ): boolean {
    let at = this.at;
    if (at + RR_FIXED_OCTETS + length > this.limit) {
      this.tc = true;
      return false;
    }
    const out = this.out;
    this.#pointer(at, ownerOffset);
    out[at + 2] = type >>> 8;
    out[at + 3] = type;
    out[at + 4] = rrclass >>> 8;
    out[at + 5] = rrclass;
    out[at + 6] = ttl >>> 24;
    out[at + 7] = ttl >>> 16;
    out[at + 8] = ttl >>> 8;
    out[at + 9] = ttl;
    out[at + 10] = length >>> 8;
    out[at + 11] = length;
    at += RR_FIXED_OCTETS;
    for (let i = 0; i < length; i++) out[at + i] = rdata[i]!;
    this.at = at + length;
    return true;
  }

  /**
   * The offset of label `count` of the name at `offset` of this message. Pointers in it are
   * our own, and lead backwards.
   */
  labelOffset(offset: number, count: number): number {
    const out = this.out;
    let at = offset;
    for (let left = count; ; left--) {
      while (out[at]! >= 0xc0) at = ((out[at]! & 0x3f) << 8) | out[at + 1]!;
      if (left === 0) return at;
      at += out[at]! + 1;
    }
  }

  /** Writes the name at `offset` of this message, without its pointers, to `target`; answers its length. */
  expandName(offset: number, target: Uint8Array): number {
    const out = this.out;
    let at = offset;
    let length = 0;
    for (;;) {
      while (out[at]! >= 0xc0) at = ((out[at]! & 0x3f) << 8) | out[at + 1]!;
      const label = out[at]!;
      for (let i = 0; i <= label; i++) target[length++] = out[at + i]!;
      if (label === 0) return length;
      at += label + 1;
    }
  }

  /** Writes the header and answers the length of the message. */
  finish(query: Uint8Array, flags: number, questionCount: number): number {
    const out = this.out;
    out[0] = query[0]!;
    out[1] = query[1]!;
    // QR, the opcode and RD as they came; RA, Z, AD and CD are clear (RFC 4035 section 3.1.6).
    out[2] = 0x80 | ((flags >>> 8) & 0x79) | (this.aa ? 4 : 0) | (this.tc ? 2 : 0);
    out[3] = this.rcode & 15;
    out[4] = 0;
    out[5] = questionCount;
    out[6] = this.answerCount >>> 8;
    out[7] = this.answerCount;
    out[8] = this.authorityCount >>> 8;
    out[9] = this.authorityCount;
    out[10] = this.additionalCount >>> 8;
    out[11] = this.additionalCount;
    return this.at;
  }

  #pointer(at: number, offset: number): void {
    this.out[at] = (POINTER | offset) >>> 8;
    this.out[at + 1] = offset;
  }
}
