/**
 * Echo packets of ICMP (RFC 792) and ICMPv6 (RFC 4443 section 4), and what comes back for them.
 *
 *   type  code  checksum  identifier  sequence  │ token: 16 octets by chance
 *
 * The token tells our own reply from all others; it comes back as it went.
 *
 * @module
 */

export const TOKEN_OCTETS = 16;
const HEADER_OCTETS = 8;
const IPV6_HEADER_OCTETS = 40;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
export const ECHO_REPLY = { 4: 0, 6: 129 } as const;
export const UNREACHABLE = { 4: 3, 6: 1 } as const;
export const TIME_EXCEEDED = { 4: 11, 6: 3 } as const;

/** By code: RFC 792 and 1812 section 5.2.7.1, RFC 4443 section 3.1. */
const UNREACHABLE_WORDS: Readonly<Record<4 | 6, Readonly<Record<number, string>>>> = {
  4: {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    9: "network prohibited",
    10: "host prohibited",
    13: "prohibited by a filter",
  },
  6: {
    0: "no route",
    1: "prohibited by a filter",
    3: "address unreachable",
    5: "source address refused",
    6: "route rejected",
  },
};

/** A request; its checksum is filled in for raw IPv4, and left to the kernel elsewhere. */
export function encodeEcho(family: 4 | 6, identifier: number, sequence: number, token: Uint8Array): Buffer {
  const packet = Buffer.alloc(HEADER_OCTETS + token.length);
  packet[0] = ECHO_REQUEST[family];
  packet.writeUInt16BE(identifier, 4);
  packet.writeUInt16BE(sequence, 6);
  packet.set(token, HEADER_OCTETS);
  if (family === 4) packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

/** What an ICMP packet says of a request: "" is a reply, other texts are a failure. */
export interface EchoNews {
  readonly identifier: number;
  readonly sequence: number;
  /** Undefined in an error, which need not bring it back. */
  readonly token: Buffer | undefined;
  readonly failure: string;
}

/** Reads a packet that begins with ICMP's header; undefined for what is not about an echo. */
export function decodeEcho(family: 4 | 6, packet: Buffer): EchoNews | undefined {
  if (packet.length < HEADER_OCTETS) return undefined;
  const type = packet[0]!;
  if (type === ECHO_REPLY[family]) return newsOf(packet, "");
  if (type !== UNREACHABLE[family] && type !== TIME_EXCEEDED[family]) return undefined;
  const original = packet.subarray(HEADER_OCTETS);
  const inner = original.subarray(family === 4 ? ipv4HeaderOctets(original) : IPV6_HEADER_OCTETS);
  if (inner.length < HEADER_OCTETS || inner[0] !== ECHO_REQUEST[family]) return undefined;
  const why =
    type === TIME_EXCEEDED[family]
      ? "too many hops"
      : (UNREACHABLE_WORDS[family][packet[1]!] ?? `unreachable, code ${packet[1]}`);
  return { ...newsOf(inner, `${why}, says a router`), token: undefined };
}

/** Raw IPv4 sockets give the IP header too; options make it longer. */
export function ipv4HeaderOctets(packet: Buffer): number {
  return ((packet[0] ?? 0) & 15) * 4;
}

function newsOf(packet: Buffer, failure: string): EchoNews {
  return {
    identifier: packet.readUInt16BE(4),
    sequence: packet.readUInt16BE(6),
    token: packet.subarray(HEADER_OCTETS),
    failure,
  };
}

/** RFC 1071; `packet` has an even length. */
function checksum(packet: Buffer): number {
  let sum = 0;
  for (let i = 0; i < packet.length; i += 2) sum += packet.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
