/**
 * EDNS(0) (RFC 6891): what an OPT holds, and the options whose data we understand. Decoders
 * answer null for what their RFC wants FORMERR for; unknown options are passed over by
 * whoever looks for one (RFC 6891 section 6.1.2).
 *
 * @module
 */
import { OctetWriter } from "./octet-writer.ts";

export interface Edns {
  /** What the sender can take over UDP, in octets. */
  readonly udpSize: number;
  readonly version: number;
  /** DO, RFC 3225. */
  readonly dnssecOk: boolean;
  /** The fifteen flag bits below DO, none of which means anything to us. */
  readonly flags: number;
  readonly options: readonly EdnsOption[];
}

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** IANA "DNS EDNS0 Option Codes (OPT)". */
export const OptionCode = {
  NSID: 3,
  ECS: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  CHAIN: 13,
  KEY_TAG: 14,
  EDE: 15,
  REPORT_CHANNEL: 18,
  ZONEVERSION: 19,
} as const;

/** The options in the rdata of an OPT; null when one is cut short. */
export function decodeOptions(octets: Uint8Array, offset: number, length: number): EdnsOption[] | null {
  const options: EdnsOption[] = [];
  const end = offset + length;
  if (end > octets.length) return null;
  for (let at = offset; at < end; ) {
    if (at + 4 > end) return null;
    const dataEnd = at + 4 + u16(octets, at + 2);
    if (dataEnd > end) return null;
    options.push({ code: u16(octets, at), data: octets.slice(at + 4, dataEnd) });
    at = dataEnd;
  }
  return options;
}

/** The rdata of an OPT. */
export function encodeOptions(options: readonly EdnsOption[]): Uint8Array {
  const out = new OctetWriter();
  for (const { code, data } of options) {
    out.u16(code);
    out.u16(data.length);
    out.octets(data);
  }
  return out.toOctets();
}

/** A client's network (RFC 7871). */
export interface ClientSubnet {
  /** 4 or 16 octets; those beyond the source prefix are 0. The length is the family. */
  readonly address: Uint8Array;
  readonly sourcePrefixLength: number;
  /** How much of the address the answer holds for; 0 in a query. */
  readonly scopePrefixLength: number;
}

const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;

/**
 * Is this ECS data in the form that RFC 7871 sections 6 and 7.1.2 want? FORMERR is for: a family other than IPv4
 * and IPv6, a prefix longer than an address, more or fewer octets than the source prefix needs, bits beyond it, and in a
 * query a scope. Family 0, which some resolvers once sent with an empty prefix, is not an exception; BIND refuses it
 * too. Allocates nothing: queries are read with it.
 */
export function isClientSubnet(octets: Uint8Array, at: number, length: number, inQuery: boolean): boolean {
  if (length < 4) return false;
  const family = u16(octets, at);
  const bits = family === FAMILY_IPV4 ? 32 : family === FAMILY_IPV6 ? 128 : -1;
  const sourcePrefixLength = octets[at + 2]!;
  if (sourcePrefixLength > bits || octets[at + 3]! > (inQuery ? 0 : bits)) return false;
  if (length !== 4 + ((sourcePrefixLength + 7) >>> 3)) return false;
  const spareBits = -sourcePrefixLength & 7;
  return spareBits === 0 || (octets[at + length - 1]! & ((1 << spareBits) - 1)) === 0;
}

/** Null for what isClientSubnet() refuses. */
export function decodeClientSubnet(data: Uint8Array, inQuery: boolean): ClientSubnet | null {
  if (!isClientSubnet(data, 0, data.length, inQuery)) return null;
  const address = new Uint8Array(u16(data, 0) === FAMILY_IPV4 ? 4 : 16);
  address.set(data.subarray(4));
  return { address, sourcePrefixLength: data[2]!, scopePrefixLength: data[3]! };
}

/** Only the octets that the source prefix reaches are sent, bits beyond it as 0. */
export function encodeClientSubnet({
  address,
  sourcePrefixLength,
  scopePrefixLength,
}: ClientSubnet): Uint8Array {
  const octetCount = Math.ceil(sourcePrefixLength / 8);
  const data = new Uint8Array(4 + octetCount);
  data[1] = address.length === 4 ? FAMILY_IPV4 : FAMILY_IPV6;
  data[2] = sourcePrefixLength;
  data[3] = scopePrefixLength;
  data.set(address.subarray(0, octetCount), 4);
  const partialBits = sourcePrefixLength & 7;
  if (partialBits !== 0) data[data.length - 1]! &= 0xff << (8 - partialBits);
  return data;
}

/** NSID (RFC 5001): empty in a query; in a reply whatever the operator calls the node. */
export function encodeNsid(identity: string): Uint8Array {
  return new TextEncoder().encode(identity);
}

/** The NSID as text where it is printable, as `0x…` where it is not. */
export function formatNsid(data: Uint8Array): string {
  const isPrintable = data.every((octet) => octet >= 0x20 && octet < 0x7f);
  return isPrintable ? String.fromCharCode(...data) : `0x${Buffer.from(data).toString("hex")}`;
}

/** DNS cookies (RFC 7873); what is in a server cookie is RFC 9018's matter. */
export interface Cookie {
  /** 8 octets. */
  readonly client: Uint8Array;
  /** 8 to 32 octets; undefined in a first query. */
  readonly server?: Uint8Array;
}

const CLIENT_COOKIE_OCTETS = 8;
const COOKIE_OCTETS_MAX = 40;

/** Null for what RFC 7873 section 5.2.2 wants FORMERR for: a length other than 8 and 16 to 40. */
export function decodeCookie(data: Uint8Array): Cookie | null {
  const client = data.slice(0, CLIENT_COOKIE_OCTETS);
  if (data.length === CLIENT_COOKIE_OCTETS) return { client };
  if (data.length < 2 * CLIENT_COOKIE_OCTETS || data.length > COOKIE_OCTETS_MAX) return null;
  return { client, server: data.slice(CLIENT_COOKIE_OCTETS) };
}

export function encodeCookie({ client, server }: Cookie): Uint8Array {
  return server === undefined ? client.slice() : Uint8Array.from([...client, ...server]);
}

/** Why a reply is what it is (RFC 8914). */
export interface ExtendedError {
  readonly infoCode: number;
  /** For people; may be empty. */
  readonly extraText: string;
}

/** IANA "Extended DNS Error Codes": those that an authoritative server has a use for. */
export const EdeCode = {
  OTHER: 0,
  STALE_ANSWER: 3,
  NOT_READY: 14,
  BLOCKED: 15,
  PROHIBITED: 18,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  INVALID_DATA: 24,
} as const;

/** Null when there is no code. Text that is not UTF-8 is shown as well as it goes. */
export function decodeExtendedError(data: Uint8Array): ExtendedError | null {
  if (data.length < 2) return null;
  // RFC 8914 section 2: the text may end in a null, which is no part of it.
  const end = data.length > 2 && data.at(-1) === 0 ? -1 : data.length;
  return { infoCode: u16(data, 0), extraText: new TextDecoder().decode(data.subarray(2, end)) };
}

export function encodeExtendedError({ infoCode, extraText }: ExtendedError): Uint8Array {
  const out = new OctetWriter();
  out.u16(infoCode);
  out.octets(new TextEncoder().encode(extraText));
  return out.toOctets();
}

/** edns-tcp-keepalive (RFC 7828). */
export interface TcpKeepalive {
  /** How long the server keeps an idle connection; undefined in a query. A multiple of 100. */
  readonly timeoutMs?: number;
}

/** Null when it is neither empty, as queries have it, nor two octets, as replies have it. */
export function decodeTcpKeepalive(data: Uint8Array): TcpKeepalive | null {
  if (data.length === 0) return {};
  return data.length === 2 ? { timeoutMs: u16(data, 0) * 100 } : null;
}

/** The timeout is cut to tenths of a second, and to what 16 bits of them hold. */
export function encodeTcpKeepalive({ timeoutMs }: TcpKeepalive): Uint8Array {
  if (timeoutMs === undefined) return new Uint8Array();
  const tenths = Math.min(Math.floor(timeoutMs / 100), 0xffff);
  return Uint8Array.of(tenths >> 8, tenths);
}

/** The four octets of code and length that an option has in front of its data. */
const OPTION_HEADER_OCTETS = 4;

/**
 * Data of a PADDING option (RFC 7830) that brings a message of `messageOctets`, counted
 * without the option, to the next multiple of `blockOctets`: 128 for queries and 468 for
 * replies (RFC 8467 section 4.1).
 */
export function encodePadding(messageOctets: number, blockOctets: number): Uint8Array {
  const beyond = (messageOctets + OPTION_HEADER_OCTETS) % blockOctets;
  return new Uint8Array(beyond === 0 ? 0 : blockOctets - beyond);
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}
