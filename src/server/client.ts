/**
 * What a transport hands to the query path. Both are mutable and reused: a socket has one of
 * each, fills them in for every query, and whoever wants to keep a value copies it. So the
 * common path allocates nothing.
 *
 * @module
 */

/** One DNS message as it came, without TCP's length in front. */
export interface Datagram {
  /** At least `length` octets; what is beyond belongs to nobody. */
  octets: Uint8Array;
  length: number;
}

export interface Client {
  family: 4 | 6;
  /** 16 octets; an IPv4 address stands in the first 4, and the others are of no meaning. */
  address: Uint8Array;
  /** Source port, host order. */
  port: number;
  transport: "udp" | "tcp";
}

/**
 * Answers one query: writes the reply to `out` and returns its length, 0 for silence. It
 * neither throws nor waits, and keeps none of its arguments.
 */
export type Respond = (query: Datagram, client: Client, out: Uint8Array) => number;

/** No query over UDP is longer; what is, is cut here by every UDP plane, so that all give the same answer. */
export const UDP_QUERY_OCTETS_MAX = 33 * 64;

/** Octets that `out` must hold. Over UDP no reply is longer than 1232; the rest is to spare. */
export const UDP_REPLY_OCTETS_MAX = 21 * 64;
export const TCP_REPLY_OCTETS_MAX = 65_535;

/** Below this there is no header (RFC 1035 section 4.1.1), and nothing to reply to. */
export const HEADER_OCTETS = 12;
