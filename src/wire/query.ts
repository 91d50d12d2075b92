/**
 * Reading a query: from octets that strangers sent to a `Query` that is filled again for
 * each of them. Never throws, allocates nothing, and looks at each octet a bounded number
 * of times.
 *
 * What is checked here, and what it is answered with:
 *
 *   shorter than a header, or QR set            silence (a reply could start a loop)
 *   a NOTIFY or UPDATE in good form             `refused`
 *   any other opcode than QUERY                 `notimp`, with its OPT where it has the form of a query
 *   QDCOUNT other than 1 (RFC 9619)             `formerr`
 *   a name, RR or option that is cut short      `formerr`
 *   two OPTs, or one that the root does not own `formerr` (RFC 6891 section 6.1.1)
 *   EDNS version above 0                        `badvers`, options not looked at
 *   ECS that RFC 7871 section 7.1.2 forbids     `formerr`
 *   octets behind the last section              `formerr`
 *
 * RRs in other sections are stepped over: IXFR has a SOA in authority, TSIG one in
 * additional, and neither changes what we answer.
 *
 * @module
 */
import { Opcode as ImportedOpcode } from "./dns-codes.ts";
import { isClientSubnet, OptionCode } from "./edns.ts";
import { NameKey } from "./name-key.ts";
import { RRType } from "./rr-type.ts";

// Imported bindings are looked up at every use; constants of this module are compiled in.
const Opcode = ImportedOpcode;

const HEADER_OCTETS = 12;

export const QueryStatus = {
  ok: 0,
  /** No reply at all. */
  ignore: 1,
  formerr: 2,
  notimp: 3,
  badvers: 4,
  refused: 5,
} as const;
export type QueryStatus = (typeof QueryStatus)[keyof typeof QueryStatus];

export class Query {
  /** Bits of the header's second word, as they came. */
  flags = 0;
  opcode = 0;
  /** The hashes of its suffixes are worked out by who needs them. */
  readonly qname = new NameKey();
  qtype = 0;
  qclass = 0;
  /** Where the question ends; 0 when it could not be read, and then it is not repeated in the reply. */
  questionEnd = 0;
  hasEdns = false;
  ednsVersion = 0;
  /** What the client can take over UDP; 512 without EDNS, and never less (RFC 6891 section 6.2.3). */
  udpSize = 512;
  dnssecOk = false;
  wantsNsid = false;
  wantsKeepalive = false;
  /** Offset in the query of the ECS option's data; 0 when there is none. */
  ecsOffset = 0;
  ecsLength = 0;
}

/**
 * Reads `octets[0, length)` into `query`. `overTcp` matters to edns-tcp-keepalive alone,
 * which is ignored over UDP (RFC 7828 section 3.2.1).
 */
export function readQuery(octets: Uint8Array, length: number, query: Query, overTcp: boolean): QueryStatus {
  if (length < HEADER_OCTETS) return QueryStatus.ignore;
  const flags = (octets[2]! << 8) | octets[3]!;
  if ((flags & 0x8000) !== 0) return QueryStatus.ignore;
  query.flags = flags;
  query.opcode = (flags >>> 11) & 15;
  query.questionEnd = 0;
  query.hasEdns = false;
  query.ednsVersion = 0;
  query.udpSize = 512;
  query.dnssecOk = false;
  query.wantsNsid = false;
  query.wantsKeepalive = false;
  query.ecsOffset = 0;
  const status = readSections(octets, length, query, overTcp);
  switch (query.opcode) {
    case Opcode.QUERY:
      return status === CUT_SHORT ? QueryStatus.formerr : status;
    case Opcode.NOTIFY: // these two have the form of a query
    case Opcode.UPDATE:
      if (status === CUT_SHORT) return QueryStatus.formerr;
      return status === QueryStatus.ok ? QueryStatus.refused : status;
    default:
      // Nothing is known of the form of other messages. What reads like a query to its last octet
      // has an OPT in the reply when it has one (RFC 6891 section 6.1.1), and no question.
      query.questionEnd = 0;
      if (status === CUT_SHORT) query.hasEdns = false;
      return QueryStatus.notimp;
  }
}

/** The message ends before its counts say, or behind. */
const CUT_SHORT = -1;

/** Reads all that stands behind the header. */
function readSections(
  octets: Uint8Array,
  length: number,
  query: Query,
  overTcp: boolean,
): QueryStatus | typeof CUT_SHORT {
  // A malformed OPT is still an OPT, and so is one behind two questions: the reply has one too
  // (RFC 6891 section 6.1.1). So reading goes on to the end, and the status is given there.
  let status: QueryStatus = QueryStatus.ok;
  let at = HEADER_OCTETS;
  const questions = (octets[4]! << 8) | octets[5]!;
  if (questions === 1) {
    const nameEnd = query.qname.take(octets, HEADER_OCTETS, length);
    if (nameEnd < 0 || nameEnd + 4 > length) return CUT_SHORT;
    query.qtype = (octets[nameEnd]! << 8) | octets[nameEnd + 1]!;
    query.qclass = (octets[nameEnd + 2]! << 8) | octets[nameEnd + 3]!;
    at = nameEnd + 4;
    query.questionEnd = at;
  } else {
    status = QueryStatus.formerr;
    for (let i = 0; i < questions; i++) {
      at = skipName(octets, at, length) + 4;
      if (at < HEADER_OCTETS || at > length) return CUT_SHORT;
    }
  }

  const skipped = ((octets[6]! << 8) | octets[7]!) + ((octets[8]! << 8) | octets[9]!);
  for (let i = 0; i < skipped; i++) {
    at = skipRecord(octets, at, length);
    if (at < 0) return CUT_SHORT;
  }
  const additional = (octets[10]! << 8) | octets[11]!;
  let optOffset = -1;
  for (let i = 0; i < additional; i++) {
    const owner = at;
    at = skipName(octets, at, length);
    if (at < 0 || at + 10 > length) return CUT_SHORT;
    const type = (octets[at]! << 8) | octets[at + 1]!;
    const dataLength = (octets[at + 8]! << 8) | octets[at + 9]!;
    if (type === RRType.OPT) {
      if (query.hasEdns || octets[owner] !== 0) status = QueryStatus.formerr;
      query.hasEdns = true;
      optOffset = at;
    }
    at += 10 + dataLength;
    if (at > length) return CUT_SHORT;
  }
  if (at !== length) return CUT_SHORT;
  return status === QueryStatus.ok && optOffset >= 0 ? readOpt(octets, optOffset, query, overTcp) : status;
}

/** Reads the OPT whose fixed part (type, class, TTL, length) starts at `at`; its octets are all there. */
function readOpt(octets: Uint8Array, at: number, query: Query, overTcp: boolean): QueryStatus {
  const size = (octets[at + 2]! << 8) | octets[at + 3]!;
  if (size > 512) query.udpSize = size;
  query.ednsVersion = octets[at + 5]!;
  query.dnssecOk = (octets[at + 6]! & 0x80) !== 0;
  if (query.ednsVersion !== 0) return QueryStatus.badvers;
  const dataLength = (octets[at + 8]! << 8) | octets[at + 9]!;
  let option = at + 10;
  const end = option + dataLength;
  while (option < end) {
    if (option + 4 > end) return QueryStatus.formerr;
    const code = (octets[option]! << 8) | octets[option + 1]!;
    const optionLength = (octets[option + 2]! << 8) | octets[option + 3]!;
    const data = option + 4;
    option = data + optionLength;
    if (option > end) return QueryStatus.formerr;
    if (code === OptionCode.ECS) {
      // A second ECS would leave open which one counts; RFC 7871 has one option a query.
      if (query.ecsOffset !== 0 || !isClientSubnet(octets, data, optionLength, true))
        return QueryStatus.formerr;
      query.ecsOffset = data;
      query.ecsLength = optionLength;
    } else if (code === OptionCode.NSID) {
      query.wantsNsid = true;
    } else if (code === OptionCode.TCP_KEEPALIVE && overTcp) {
      if (optionLength !== 0) return QueryStatus.formerr; // RFC 7828 section 3.2.1: a client sends no timeout
      query.wantsKeepalive = true;
    }
  }
  return QueryStatus.ok;
}

/** The offset behind the RR at `at`, or -1. */
function skipRecord(octets: Uint8Array, at: number, length: number): number {
  const fixed = skipName(octets, at, length);
  if (fixed < 0 || fixed + 10 > length) return -1;
  const next = fixed + 10 + ((octets[fixed + 8]! << 8) | octets[fixed + 9]!);
  return next > length ? -1 : next;
}

/**
 * The offset behind the name at `at`, or -1. A pointer ends a name, so it is not followed:
 * we do not need what it says, and so cannot be led in circles by it. It must point
 * backwards all the same.
 */
function skipName(octets: Uint8Array, at: number, length: number): number {
  const start = at;
  while (at < length) {
    const octet = octets[at]!;
    if (octet === 0) return at + 1;
    if (octet >= 0xc0) {
      if (at + 1 >= length) return -1;
      return (((octet & 0x3f) << 8) | octets[at + 1]!) < start ? at + 2 : -1;
    }
    if (octet > 63) return -1;
    at += octet + 1;
    if (at - start >= 255) return -1;
  }
  return -1;
}
