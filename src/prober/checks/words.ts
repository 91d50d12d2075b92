/**
 * How failures are said: times, errors of the system, and what strangers sent, as text of one line.
 *
 * @module
 */

/** Longer reasons are cut: they go into every opinion that is shared. */
const REASON_CHARACTERS_MAX = 200;
const QUOTED_CHARACTERS_MAX = 60;

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  ECONNABORTED: "connection aborted",
  EPIPE: "connection closed while sending",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  EHOSTDOWN: "host down",
  ENETDOWN: "network down",
  ETIMEDOUT: "connect timed out, says the system",
  EADDRNOTAVAIL: "no local address or port is free for this connection",
  EACCES: "the system does not permit it (EACCES)",
  EPERM: "the system does not permit it (EPERM)",
  EMFILE: "this prober has too many files open",
  ENFILE: "this prober's system has too many files open",
  ENOBUFS: "this prober's system is out of buffers",
  EMSGSIZE: "message too long for the network",
  EINVAL: "the system finds the address invalid",
  EAFNOSUPPORT: "this prober's system does not have this address family",
};

/** "800 ms", "2 s", "2.5 s". */
export function sayMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms) / 1000} s`;
}

/** An error of a socket. */
export function sayError(error: Error): string {
  const { code, reason } = error as Error & { code?: string; reason?: string };
  if (code !== undefined && SYSTEM_ERRORS[code] !== undefined) return SYSTEM_ERRORS[code];
  return reason ?? error.message;
}

/** Whether a reason tells of this machine and not of the endpoint: nobody is down because of that. */
export function isOwnFault(reason: string): boolean {
  return /^(?:this prober|no local address|ICMP is not permitted to this prober)/.test(reason);
}

/** Quoted, cut, and in one line. */
export function quote(text: string): string {
  const line = oneLine(text);
  return `"${line.length > QUOTED_CHARACTERS_MAX ? `${line.slice(0, QUOTED_CHARACTERS_MAX)}…` : line}"`;
}

export function sayReason(text: string): string {
  const line = oneLine(text);
  return line.length > REASON_CHARACTERS_MAX ? `${line.slice(0, REASON_CHARACTERS_MAX - 1)}…` : line;
}

/** Control characters, line ends and what turns the direction of text become "·"; halves of pairs go. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, "·");
}

/** Octets as text for people: UTF-8 where they are, with "·" for what is no text. */
export function textOf(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
