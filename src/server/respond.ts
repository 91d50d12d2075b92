/**
 * The one place where a query becomes a reply; free of sockets, clocks and waiting.
 *
 *   octets ─► readQuery ─► status ─► class, type ─► resolve: zones, pools, chains
 *                │           │                          │
 *                silence     FORMERR NOTIMP BADVERS …   answer, authority, additional ─► OPT ─► header
 *
 * Nothing is allocated on the common path: all state is in the view. A fault of ours is
 * answered with SERVFAIL and reported; one bad name must not silence a zone.
 *
 * @module
 */
import { Rcode as ImportedRcode } from "../wire/dns-codes.ts";
import { OptionCode } from "../wire/edns.ts";
import { QueryStatus as ImportedQueryStatus, type Query, readQuery } from "../wire/query.ts";
import { RRClass as ImportedRRClass, RRType as ImportedRRType } from "../wire/rr-type.ts";
import type { Client, Datagram } from "./client.ts";
import { COUNTER as ImportedCOUNTER } from "./counters.ts";
import { QNAME_OFFSET, type ReplyWriter } from "./reply-writer.ts";
import { resolve } from "./resolve.ts";
import type { View } from "./view.ts";

// Imported bindings are looked up at every use; constants of this module are compiled in.
const QueryStatus = ImportedQueryStatus;
const RRType = ImportedRRType;
const RRClass = ImportedRRClass;
const Rcode = ImportedRcode;
const COUNTER = ImportedCOUNTER;

/**
 * The most that leaves over UDP, whatever the client takes: below it hardly any path
 * fragments, and fragments get lost and can be forged (RFC 9715, DNS flag day 2020).
 */
const UDP_OCTETS_MAX = 1232;
/** RFC 1035 section 4.2.1, for clients without EDNS. */
const UDP_OCTETS_WITHOUT_EDNS = 512;

const OPT_OCTETS = 11;
const OPTION_HEADER_OCTETS = 4;
/** RFC 8482, RFC 9824 section 3.4: a type for NSEC bitmaps alone, never to be asked for. */
const TYPE_NXNAME = 128;

/**
 * Answers `query` into `out` and returns the octets written; 0 means silence. Never throws.
 * `out` holds UDP_REPLY_OCTETS_MAX octets or more, for TCP 65,535.
 */
export function respond(view: View, query: Datagram, client: Client, out: Uint8Array): number {
  try {
    return reply(view, query, client, out);
  } catch (error) {
    view.onFailure(error, query.octets.slice(0, query.length));
    return servfail(view, query, out);
  }
}

function reply(view: View, datagram: Datagram, client: Client, out: Uint8Array): number {
  const { query, reply } = view;
  const overTcp = client.transport === "tcp";
  const status = readQuery(datagram.octets, datagram.length, query, overTcp);
  const { counters } = view;
  if (status === QueryStatus.ignore) {
    counters.add(COUNTER.ignored);
    return 0;
  }
  counters.query(overTcp, client.family, query.questionEnd > 0 ? query.qtype : 0);

  reply.begin(out, sizeLimit(query, overTcp, out.length) - (query.hasEdns ? optLength(view, query) : 0));
  if (query.questionEnd > 0) reply.question(datagram.octets, query.questionEnd);
  switch (status) {
    case QueryStatus.ok:
      answerQuestion(view, datagram.octets, client);
      break;
    case QueryStatus.formerr:
      reply.rcode = Rcode.FORMERR;
      counters.add(COUNTER.malformed);
      break;
    case QueryStatus.notimp:
      reply.rcode = Rcode.NOTIMP;
      break;
    case QueryStatus.badvers:
      reply.rcode = Rcode.BADVERS;
      break;
    case QueryStatus.refused:
      reply.rcode = Rcode.REFUSED;
      break;
  }
  if (query.hasEdns) writeOpt(view, datagram.octets, query, reply);
  counters.rcode(reply.rcode);
  if (reply.tc) counters.add(COUNTER.truncated);
  return reply.finish(datagram.octets, query.flags, query.questionEnd > 0 ? 1 : 0);
}

function sizeLimit(query: Query, overTcp: boolean, outLength: number): number {
  if (overTcp) return Math.min(outLength, 0xffff);
  if (!query.hasEdns) return UDP_OCTETS_WITHOUT_EDNS;
  return Math.min(query.udpSize, UDP_OCTETS_MAX);
}

function answerQuestion(view: View, octets: Uint8Array, client: Client): void {
  const { query, reply } = view;
  if (query.qclass === RRClass.IN) {
    reply.rcode = metaTypeRcode(query.qtype, client.transport === "tcp");
    if (reply.rcode === Rcode.NOERROR) resolve(view, octets, client);
  } else if (query.qclass === RRClass.CH) {
    answerChaos(view);
  } else {
    reply.rcode = Rcode.REFUSED;
  }
}

/** NOERROR for the types that zones can answer. The others ask for an operation, or for nothing that is. */
function metaTypeRcode(qtype: number, overTcp: boolean): number {
  if (qtype < TYPE_NXNAME && qtype !== RRType.OPT) return Rcode.NOERROR;
  switch (qtype) {
    case RRType.AXFR:
      // A transfer has no form over UDP (RFC 5936 section 4.2). Over TCP it is refused: steered
      // names have no records that a transfer could carry.
      return overTcp ? Rcode.REFUSED : Rcode.FORMERR;
    case RRType.IXFR:
    case RRType.TKEY:
      return Rcode.REFUSED;
    case RRType.MAILA:
    case RRType.MAILB:
      return Rcode.NOTIMP;
    case RRType.OPT:
    case RRType.TSIG:
    case TYPE_NXNAME:
      return Rcode.FORMERR;
    default:
      return Rcode.NOERROR;
  }
}

function answerChaos(view: View): void {
  const { query, reply } = view;
  const txt = view.chaos.find(query.qname);
  if (txt === null) {
    reply.rcode = Rcode.REFUSED;
    return;
  }
  reply.aa = true;
  if (query.qtype !== RRType.TXT && query.qtype !== RRType.ANY) return;
  if (reply.rr(QNAME_OFFSET, RRType.TXT, RRClass.CH, 0, txt, txt.length)) reply.answerCount = 1;
}

/** Octets of the OPT that writeOpt() will write, or a few more. */
function optLength(view: View, query: Query): number {
  let length = OPT_OCTETS;
  if (query.ecsOffset !== 0) length += OPTION_HEADER_OCTETS + query.ecsLength;
  if (query.wantsNsid) length += OPTION_HEADER_OCTETS + view.nsid.length;
  if (query.wantsKeepalive) length += OPTION_HEADER_OCTETS + 2;
  return length;
}

/** The OPT of a reply (RFC 6891 section 6.1.1): our size, version 0, DO as it came (RFC 3225 section 3). */
function writeOpt(view: View, queryOctets: Uint8Array, query: Query, reply: ReplyWriter): void {
  const { out } = reply;
  const start = reply.at;
  out[start] = 0;
  out[start + 1] = 0;
  out[start + 2] = RRType.OPT;
  out[start + 3] = UDP_OCTETS_MAX >>> 8;
  out[start + 4] = UDP_OCTETS_MAX & 0xff;
  out[start + 5] = reply.rcode >>> 4;
  out[start + 6] = 0;
  out[start + 7] = query.dnssecOk ? 0x80 : 0;
  out[start + 8] = 0;
  let at = start + OPT_OCTETS;
  if (query.ecsOffset !== 0 && saysScope(reply.rcode)) {
    at = writeOptionHeader(out, at, OptionCode.ECS, query.ecsLength);
    for (let i = 0; i < query.ecsLength; i++) out[at + i] = queryOctets[query.ecsOffset + i]!;
    out[at + 3] = reply.scopePrefixLength;
    at += query.ecsLength;
  }
  const { nsid } = view;
  if (query.wantsNsid && nsid.length > 0) {
    at = writeOptionHeader(out, at, OptionCode.NSID, nsid.length);
    for (let i = 0; i < nsid.length; i++) out[at++] = nsid[i]!;
  }
  if (query.wantsKeepalive) {
    at = writeOptionHeader(out, at, OptionCode.TCP_KEEPALIVE, 2);
    out[at++] = view.keepaliveTimeout >>> 8;
    out[at++] = view.keepaliveTimeout;
  }
  const dataLength = at - start - OPT_OCTETS;
  out[start + 9] = dataLength >>> 8;
  out[start + 10] = dataLength;
  reply.at = at;
  reply.additionalCount++;
}

/** Replies with these rcodes are answers, which hold for a network. The others say nothing of the client (RFC 7871 section 7.2.1). */
function saysScope(rcode: number): boolean {
  return rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN || rcode === Rcode.YXDOMAIN;
}

function writeOptionHeader(out: Uint8Array, at: number, code: number, length: number): number {
  out[at] = code >>> 8;
  out[at + 1] = code;
  out[at + 2] = length >>> 8;
  out[at + 3] = length;
  return at + OPTION_HEADER_OCTETS;
}

function servfail(view: View, { octets }: Datagram, out: Uint8Array): number {
  const { query, reply } = view;
  reply.begin(out, UDP_OCTETS_WITHOUT_EDNS);
  if (query.questionEnd > 0) reply.question(octets, query.questionEnd);
  reply.rcode = Rcode.SERVFAIL;
  view.counters.rcode(Rcode.SERVFAIL);
  view.counters.add(COUNTER.failures);
  if (query.hasEdns) writeOpt(view, octets, query, reply);
  return reply.finish(octets, query.flags, query.questionEnd > 0 ? 1 : 0);
}
