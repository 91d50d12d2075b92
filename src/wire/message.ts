/**
 * Whole messages (RFC 1035 section 4), decoded into objects and encoded from them: for
 * tests, tools, probers and the benchmark. Queries on their way to an answer are read by
 * query.ts, which allocates nothing.
 *
 * Decoding never throws and takes time in proportion to the message: each name costs at
 * most 255 octets and 127 pointers, whatever it points at (name.ts). Encoding compresses
 * owner names and the names in rdata of RFC 1035 types, exactly as they are spelled, so
 * that decoding gives back the case that went in.
 *
 * @module
 */
import { Rcode } from "./dns-codes.ts";
import { decodeOptions, type Edns, encodeOptions } from "./edns.ts";
import { decodeName, type Name, ROOT, uncompressedNameLength } from "./name.ts";
import { OctetWriter } from "./octet-writer.ts";
import { compressibleRdataNames, decodeRdata } from "./rdata/index.ts";
import type { RR } from "./rr.ts";
import { RRClass, RRType, typeMnemonic } from "./rr-type.ts";

export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** A record in a message, where classes other than IN occur (CHAOS, UPDATE). */
export interface MessageRR extends RR {
  readonly class: number;
}

export interface Message {
  readonly id: number;
  /** True in a reply. */
  readonly qr: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  /** The one header bit that is still reserved. */
  readonly z: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** All twelve bits, the OPT's included. */
  readonly rcode: number;
  readonly question: readonly Question[];
  readonly answer: readonly MessageRR[];
  readonly authority: readonly MessageRR[];
  /** Without the OPT, which is `edns`. */
  readonly additional: readonly MessageRR[];
  readonly edns?: Edns;
}

/** What octets that are no message decode to. */
export interface MalformedMessage {
  /** What is wrong, for people. */
  readonly malformed: string;
  /** Where in the octets. */
  readonly offset: number;
}

/** A message to encode: what is left out is 0, false or empty, and classes are IN. */
export interface MessageDraft extends Partial<Omit<Message, "question" | Section | "edns">> {
  readonly question?: readonly DraftQuestion[];
  readonly answer?: readonly DraftRR[];
  readonly authority?: readonly DraftRR[];
  readonly additional?: readonly DraftRR[];
  /** An OPT is sent when this is given, be it empty. */
  readonly edns?: Partial<Edns>;
}

type Section = (typeof SECTIONS)[number];
type DraftQuestion = Omit<Question, "class"> & { readonly class?: number };
type DraftRR = RR & { readonly class?: number };

const HEADER_OCTETS = 12;
const MESSAGE_OCTETS_MAX = 0xffff;
/** What an OPT that says nothing of sizes says; RFC 9715 and the DNS flag day of 2020. */
const UDP_SIZE_DEFAULT = 1232;

/** Decodes all of `octets`; ask for `"malformed" in result`. */
export function decodeMessage(octets: Uint8Array): Message | MalformedMessage {
  if (octets.length < HEADER_OCTETS) {
    return malformed(`${octets.length} octets are no message; a header has ${HEADER_OCTETS}`, 0);
  }
  const decoder = new Decoder(octets);
  return decoder.read() ?? decoder.message();
}

/** Throws a RangeError for what no message can hold: that is a fault of the caller. */
export function encodeMessage(draft: MessageDraft): Uint8Array {
  const { question = [], answer = [], authority = [], additional = [], edns } = draft;
  const rcode = draft.rcode ?? Rcode.NOERROR;
  if (rcode > 15 && edns === undefined) throw new RangeError(`rcode ${rcode} needs an OPT`);
  const out = new MessageWriter();
  out.u16(draft.id ?? 0);
  out.u16(encodeFlags(draft, rcode));
  out.u16(question.length);
  out.u16(answer.length);
  out.u16(authority.length);
  out.u16(additional.length + (edns === undefined ? 0 : 1));
  for (const { name, type, class: qclass = RRClass.IN } of question) {
    out.name(name);
    out.u16(type);
    out.u16(qclass);
  }
  for (const rr of answer) out.rr(rr);
  for (const rr of authority) out.rr(rr);
  // The OPT may stand anywhere in additional; first, it never follows a TSIG, which must be last.
  if (edns !== undefined) out.opt(edns, rcode);
  for (const rr of additional) out.rr(rr);
  if (out.length > MESSAGE_OCTETS_MAX) {
    throw new RangeError(`a message of ${out.length} octets; at most ${MESSAGE_OCTETS_MAX} are possible`);
  }
  return out.toOctets();
}

const SECTIONS = ["answer", "authority", "additional"] as const;

class Decoder {
  readonly #octets: Uint8Array;
  readonly #question: Question[] = [];
  readonly #sections: Record<Section, MessageRR[]> = { answer: [], authority: [], additional: [] };
  #edns: Edns | undefined;
  #extendedRcode = 0;
  #at = HEADER_OCTETS;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** Reads all that stands behind the header; answers the first thing that is wrong. */
  read(): MalformedMessage | undefined {
    for (let n = this.#u16(4); n > 0; n--) {
      const fault = this.#readQuestion();
      if (fault !== undefined) return fault;
    }
    for (const [i, section] of SECTIONS.entries()) {
      for (let n = this.#u16(6 + 2 * i); n > 0; n--) {
        const fault = this.#readRR(section);
        if (fault !== undefined) return fault;
      }
    }
    const behind = this.#octets.length - this.#at;
    return behind > 0 ? malformed(`${behind} octets behind the last record`, this.#at) : undefined;
  }

  message(): Message {
    const flags = this.#u16(2);
    return {
      id: this.#u16(0),
      qr: (flags & 0x8000) !== 0,
      opcode: (flags >> 11) & 15,
      aa: (flags & 0x0400) !== 0,
      tc: (flags & 0x0200) !== 0,
      rd: (flags & 0x0100) !== 0,
      ra: (flags & 0x0080) !== 0,
      z: (flags & 0x0040) !== 0,
      ad: (flags & 0x0020) !== 0,
      cd: (flags & 0x0010) !== 0,
      rcode: (this.#extendedRcode << 4) | (flags & 15),
      question: this.#question,
      ...this.#sections,
      ...(this.#edns === undefined ? {} : { edns: this.#edns }),
    };
  }

  #readQuestion(): MalformedMessage | undefined {
    const decoded = decodeName(this.#octets, this.#at);
    if (decoded === null) return malformed("the name of a question is malformed or cut short", this.#at);
    if (decoded.next + 4 > this.#octets.length) return malformed("a question is cut short", decoded.next);
    this.#question.push({
      name: decoded.name,
      type: this.#u16(decoded.next),
      class: this.#u16(decoded.next + 2),
    });
    this.#at = decoded.next + 4;
    return undefined;
  }

  #readRR(section: Section): MalformedMessage | undefined {
    const start = this.#at;
    const decoded = decodeName(this.#octets, start);
    if (decoded === null)
      return malformed(`the owner of a record in ${section} is malformed or cut short`, this.#at);
    const { name: owner, next } = decoded;
    const rdataAt = next + 10;
    if (rdataAt > this.#octets.length) return malformed(`a record in ${section} is cut short`, next);
    const type = this.#u16(next);
    const length = this.#u16(next + 8);
    if (rdataAt + length > this.#octets.length) {
      return malformed(`the rdata of ${typeMnemonic(type)} in ${section} is cut short`, rdataAt);
    }
    this.#at = rdataAt + length;
    if (type === RRType.OPT) return this.#readOpt(section, owner, start, next, length);

    const rrClass = this.#u16(next + 2);
    const rdata = decodeRdata(type, this.#octets, rdataAt, length) ?? this.#foreignRdata(rrClass, rdataAt);
    if (rdata === null)
      return malformed(`the rdata of ${typeMnemonic(type)} in ${section} is malformed`, rdataAt);
    const ttl = this.#u16(next + 4) * 0x1_0000 + this.#u16(next + 6);
    // RFC 2181 section 8: a TTL with the top bit set is taken as 0.
    this.#sections[section].push({ owner, type, class: rrClass, ttl: ttl > 0x7fff_ffff ? 0 : ttl, rdata });
    return undefined;
  }

  /** Other classes may give a type other rdata (CHAOS A), or none (UPDATE's ANY and NONE). */
  #foreignRdata(rrClass: number, rdataAt: number): Uint8Array | null {
    return rrClass === RRClass.IN ? null : this.#octets.slice(rdataAt, this.#at);
  }

  #readOpt(
    section: Section,
    owner: Name,
    start: number,
    next: number,
    length: number,
  ): MalformedMessage | undefined {
    if (section !== "additional") return malformed(`an OPT in ${section}; it belongs in additional`, start);
    if (this.#edns !== undefined) return malformed("a second OPT; one is allowed", start);
    if (owner.length !== 1) return malformed("the owner of the OPT is not the root", start);
    const options = decodeOptions(this.#octets, next + 10, length);
    if (options === null) return malformed("an option of the OPT is cut short", next + 10);
    const flags = this.#u16(next + 6);
    this.#extendedRcode = this.#octets[next + 4]!;
    this.#edns = {
      udpSize: this.#u16(next + 2),
      version: this.#octets[next + 5]!,
      dnssecOk: (flags & 0x8000) !== 0,
      flags: flags & 0x7fff,
      options,
    };
    return undefined;
  }

  #u16(at: number): number {
    return (this.#octets[at]! << 8) | this.#octets[at + 1]!;
  }
}

function malformed(what: string, offset: number): MalformedMessage {
  return { malformed: what, offset };
}

/** Pointers have 14 bits (RFC 1035 section 4.1.4). */
const POINTER_TARGET_MAX = 0x3fff;

class MessageWriter extends OctetWriter {
  /** Where each suffix was first written; keys are wire form as latin-1. */
  readonly #suffixes = new Map<string, number>();

  /** Writes a name, as far as needed, and points at what was there before. */
  name(name: Name): void {
    const key = Buffer.from(name.buffer, name.byteOffset, name.length).toString("latin1");
    for (let at = 0; name[at] !== 0; ) {
      const suffix = key.slice(at);
      const target = this.#suffixes.get(suffix);
      if (target !== undefined) {
        this.u16(0xc000 | target);
        return;
      }
      if (this.length <= POINTER_TARGET_MAX) this.#suffixes.set(suffix, this.length);
      const next = at + 1 + name[at]!;
      this.octets(name.subarray(at, next));
      at = next;
    }
    this.u8(0);
  }

  rr({ owner, type, class: rrClass = RRClass.IN, ttl, rdata }: DraftRR): void {
    this.name(owner);
    this.u16(type);
    this.u16(rrClass);
    this.u32(ttl);
    this.#rdata(rdata, rrClass === RRClass.IN ? compressibleRdataNames(type, rdata) : []);
  }

  opt(edns: Partial<Edns>, rcode: number): void {
    this.name(ROOT);
    this.u16(RRType.OPT);
    this.u16(edns.udpSize ?? UDP_SIZE_DEFAULT);
    this.u8(rcode >> 4);
    this.u8(edns.version ?? 0);
    this.u16((edns.dnssecOk === true ? 0x8000 : 0) | ((edns.flags ?? 0) & 0x7fff));
    this.#rdata(encodeOptions(edns.options ?? []), []);
  }

  #rdata(rdata: Uint8Array, nameOffsets: readonly number[]): void {
    const lengthAt = this.length;
    this.u16(0);
    let at = 0;
    for (const offset of nameOffsets) {
      if (uncompressedNameLength(rdata, offset, rdata.length) < 0) break; // not ours to judge: as it is
      this.octets(rdata.subarray(at, offset));
      at = offset + uncompressedNameLength(rdata, offset, rdata.length);
      this.name(rdata.subarray(offset, at) as Name);
    }
    this.octets(rdata.subarray(at));
    const length = this.length - lengthAt - 2;
    if (length > 0xffff) throw new RangeError(`rdata of ${length} octets; at most 65535 are possible`);
    this.setU16(lengthAt, length);
  }
}

function encodeFlags(draft: MessageDraft, rcode: number): number {
  const bit = (flag: boolean | undefined, value: number) => (flag === true ? value : 0);
  return (
    bit(draft.qr, 0x8000) |
    (((draft.opcode ?? 0) & 15) << 11) |
    bit(draft.aa, 0x0400) |
    bit(draft.tc, 0x0200) |
    bit(draft.rd, 0x0100) |
    bit(draft.ra, 0x0080) |
    bit(draft.z, 0x0040) |
    bit(draft.ad, 0x0020) |
    bit(draft.cd, 0x0010) |
    (rcode & 15)
  );
}
