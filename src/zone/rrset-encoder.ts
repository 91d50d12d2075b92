/**
 * RRs to octets that go into replies as they are, but for compression pointers: see
 * zone-image.ts for the form. One encoder serves one RRset or referral.
 *
 * Names that RFC 1035 lets compress end in a pointer to the apex, or to a name that this
 * encoder wrote before; all others stay whole (RFC 3597 section 4).
 *
 * @module
 */
import { lowercaseName, type Name, nameKey } from "../wire/name.ts";
import type { OctetWriter } from "../wire/octet-writer.ts";
import { compressibleRdataNames } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";
import { FIXUP_IN_RRSET } from "./zone-image.ts";

/**
 * How far into the RRs a pointer may lead. 0x3FFF is the most that a pointer holds; the
 * rest is left for what may stand before these RRs in a message: the question and a chain
 * of CNAMEs and DNAMEs.
 */
const TARGET_MAX = 0x1fff;

const OWNER_IS_QNAME = 0xc00c;
const CLASS_IN = 1;

export class RrsetEncoder {
  readonly fixups: number[] = [];
  rrCount = 0;
  readonly #out: OctetWriter;
  readonly #start: number;
  readonly #apexKey: string;
  /** Where each suffix that was written inside these RRs starts. */
  readonly #written = new Map<string, number>();

  constructor(out: OctetWriter, apex: Name) {
    this.#out = out;
    this.#start = out.length;
    this.#apexKey = nameKey(apex);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#out.length - this.#start;
  }

  /** An RR whose owner is the question's name, or is set to another by who writes the reply. */
  addOwnedByQname(rr: RR, ttl: number): void {
    this.#out.u16(OWNER_IS_QNAME);
    this.#body(rr, ttl);
  }

  /** An RR that brings its owner with it. */
  add(rr: RR, ttl: number): void {
    this.#name(lowercaseName(rr.owner));
    this.#body(rr, ttl);
  }

  #body(rr: RR, ttl: number): void {
    const out = this.#out;
    out.u16(rr.type);
    out.u16(CLASS_IN);
    out.u32(ttl);
    const lengthAt = out.length;
    out.u16(0);
    let done = 0;
    for (const nameOffset of compressibleRdataNames(rr.type, rr.rdata)) {
      out.octets(rr.rdata.subarray(done, nameOffset));
      let end = nameOffset;
      while (rr.rdata[end] !== 0) end += rr.rdata[end]! + 1;
      done = end + 1;
      this.#name(rr.rdata.subarray(nameOffset, done) as Name);
    }
    out.octets(rr.rdata.subarray(done));
    out.setU16(lengthAt, out.length - lengthAt - 2);
    this.rrCount++;
  }

  #name(name: Name): void {
    const out = this.#out;
    const key = nameKey(name);
    let at = 0;
    while (name[at] !== 0) {
      const suffix = key.slice(at);
      if (suffix === this.#apexKey) {
        this.fixups.push(this.length);
        out.u16(0);
        return;
      }
      const before = this.#written.get(suffix);
      if (before !== undefined) {
        this.fixups.push(this.length | FIXUP_IN_RRSET);
        out.u16(before);
        return;
      }
      if (this.length <= TARGET_MAX) this.#written.set(suffix, this.length);
      const next = at + name[at]! + 1;
      out.octets(name.subarray(at, next));
      at = next;
    }
    out.u8(0);
  }
}
