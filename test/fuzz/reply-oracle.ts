/**
 * What must be true of a reply to any packet whatever, as one function from packet and reply to
 * the first thing that is wrong. It reads both with the general message codec, which shares
 * no code with the query path but the names' limits.
 *
 * @module
 */
import { Opcode, Rcode } from "../../src/wire/dns-codes.ts";
import { type Edns, OptionCode } from "../../src/wire/edns.ts";
import { decodeMessage, type MalformedMessage, type Message, type Question } from "../../src/wire/message.ts";
import { RRClass } from "../../src/wire/rr-type.ts";

const HEADER_OCTETS = 12;
/** What leaves over UDP at most (RFC 9715). */
const UDP_OCTETS_MAX = 1232;
/** Without EDNS, and with an EDNS size below it (RFC 6891 section 6.2.3). */
const UDP_OCTETS_WITHOUT_EDNS = 512;
const TCP_OCTETS_MAX = 65_535;
/** QTYPEs and meta types (RFC 6895 section 3.1): operations and errors rather than data. */
const META_TYPES = { first: 128, last: 254, opt: 41 };

/** Options that a server reads and may find wrong. */
const OPTIONS_WITH_FORM: readonly number[] = [OptionCode.ECS, OptionCode.COOKIE, OptionCode.TCP_KEEPALIVE];

/** The most octets that a reply to this packet may have. */
export function replyOctetsMax(query: Message | MalformedMessage, transport: "udp" | "tcp"): number {
  if (transport === "tcp") return TCP_OCTETS_MAX;
  // Of a broken packet we do not know what its reader saw.
  if ("malformed" in query) return UDP_OCTETS_MAX;
  if (query.edns === undefined) return UDP_OCTETS_WITHOUT_EDNS;
  return Math.max(UDP_OCTETS_WITHOUT_EDNS, Math.min(query.edns.udpSize, UDP_OCTETS_MAX));
}

/** `reply` is what was returned, empty for silence. Undefined when all is well. */
export function judgeReply(
  packet: Uint8Array,
  query: Message | MalformedMessage,
  reply: Uint8Array,
  transport: "udp" | "tcp",
): string | undefined {
  const isQuery = packet.length >= HEADER_OCTETS && (packet[2]! & 0x80) === 0;
  if (reply.length === 0) return isQuery ? "silence for a query" : undefined;
  if (!isQuery) return `a reply to ${packet.length < HEADER_OCTETS ? "less than a header" : "a response"}`;
  if (reply.length < HEADER_OCTETS) return `a reply of ${reply.length} octets`;
  if (reply.length > replyOctetsMax(query, transport)) {
    return `${reply.length} octets over ${transport}, and at most ${replyOctetsMax(query, transport)} may be`;
  }
  return judgeHeader(packet, reply) ?? judgeMessage(packet, query, reply);
}

function judgeHeader(packet: Uint8Array, reply: Uint8Array): string | undefined {
  if (reply[0] !== packet[0] || reply[1] !== packet[1]) return "another ID";
  if ((reply[2]! & 0x80) === 0) return "QR is clear";
  if ((reply[2]! & 0x78) !== (packet[2]! & 0x78)) return "another opcode";
  if ((reply[2]! & 0x01) !== (packet[2]! & 0x01)) return "RD is not copied";
  if ((reply[3]! & 0x80) !== 0) return "RA is set";
  if ((reply[3]! & 0x40) !== 0) return "Z is set";
  if ((reply[3]! & 0x20) !== 0) return "AD is set";
  // Faults of ours are caught and become SERVFAIL; no packet may bring one about.
  return (reply[3]! & 0x0f) === Rcode.SERVFAIL ? "SERVFAIL" : undefined;
}

function judgeMessage(
  packet: Uint8Array,
  query: Message | MalformedMessage,
  octets: Uint8Array,
): string | undefined {
  const reply = decodeMessage(octets);
  if ("malformed" in reply) return `the reply is malformed: ${reply.malformed} at octet ${reply.offset}`;
  if (reply.edns !== undefined && !mayHoldOpt(packet, query)) return "an OPT, and the query had none";
  const { length } = reply.question;
  if (length > 1) return `${length} questions`;
  if (length === 1 && !repeatsQuestion(packet, octets))
    return "the question is not the query's, octet for octet";
  if (reply.rcode !== Rcode.NOERROR && reply.rcode !== Rcode.NXDOMAIN && reply.rcode !== Rcode.YXDOMAIN) {
    if (reply.answer.length > 0) return `rcode ${reply.rcode} with an answer`;
    if (reply.aa) return `rcode ${reply.rcode} with AA`;
  }
  const known = [...reply.answer, ...reply.authority, ...reply.additional];
  if (known.some(({ ttl }) => ttl > 0x7fff_ffff)) return "a TTL above 2^31 - 1";
  return "malformed" in query ? undefined : judgeAnswer(query, reply, packet.length);
}

/** Of queries that could be read: those in good form are answered, with EDNS when they have it. */
function judgeAnswer(query: Message, reply: Message, packetLength: number): string | undefined {
  const isUnderstood = reply.rcode !== Rcode.FORMERR && reply.rcode !== Rcode.NOTIMP;
  if (query.edns !== undefined && reply.edns === undefined && reply.rcode !== Rcode.FORMERR)
    return "no OPT, and the query had one";
  if (query.opcode === Opcode.QUERY && (query.edns?.version ?? 0) > 0 && query.question.length === 1) {
    if (isUnderstood && reply.rcode !== Rcode.BADVERS) return `rcode ${reply.rcode} to EDNS version above 0`;
  }
  if (!isOrdinary(query, packetLength)) return undefined;
  if (reply.question.length !== 1) return "no question in the reply to an ordinary query";
  const isAnswer =
    reply.rcode === Rcode.NOERROR || reply.rcode === Rcode.NXDOMAIN || reply.rcode === Rcode.YXDOMAIN;
  if (!isAnswer && reply.rcode !== Rcode.REFUSED) return `rcode ${reply.rcode} to an ordinary query`;
  if (isAnswer && !reply.tc && reply.answer.length === 0 && reply.authority.length === 0) {
    return "neither answer, SOA nor referral";
  }
  return undefined;
}

/**
 * One question for data in class IN, and at most an OPT with nothing in it that could be wrong.
 * No pointers: a name that points into the header, or an OPT whose owner is a pointer to some 0, can be
 * read, but need not be answered.
 */
function isOrdinary(query: Message, packetLength: number): boolean {
  const { opcode, question, answer, authority, additional, edns } = query;
  const asked = question[0];
  if (opcode !== Opcode.QUERY || question.length !== 1 || asked === undefined) return false;
  if (answer.length > 0 || authority.length > 0 || additional.length > 0) return false;
  if (asked.class !== RRClass.IN || asked.type === META_TYPES.opt) return false;
  if (asked.type >= META_TYPES.first && asked.type <= META_TYPES.last) return false;
  if (packetLength !== octetsWithoutPointers(asked, edns)) return false;
  if (edns === undefined) return true;
  return edns.version === 0 && !edns.options.some(({ code }) => OPTIONS_WITH_FORM.includes(code));
}

function octetsWithoutPointers({ name }: Question, edns: Edns | undefined): number {
  const question = HEADER_OCTETS + name.length + 4;
  if (edns === undefined) return question;
  return edns.options.reduce((sum, { data }) => sum + 4 + data.length, question + 11);
}

/** A packet that could not be read has an OPT at most where the octets of type 41 are. */
function mayHoldOpt(packet: Uint8Array, query: Message | MalformedMessage): boolean {
  if (!("malformed" in query)) return query.edns !== undefined;
  return packet.some((octet, i) => octet === 0 && packet[i + 1] === 41);
}

/** The reply's question, which is never compressed, stands in the packet at the same place. */
function repeatsQuestion(packet: Uint8Array, reply: Uint8Array): boolean {
  let end = HEADER_OCTETS;
  while (reply[end] !== 0) {
    if (reply[end]! > 63) return false;
    end += 1 + reply[end]!;
  }
  end += 5;
  return (
    packet.length >= end && reply.subarray(HEADER_OCTETS, end).every((octet, i) => octet === packet[12 + i])
  );
}
