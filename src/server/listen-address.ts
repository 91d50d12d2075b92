/**
 * Where to listen, as operators write it: `192.0.2.53:53`, `[2001:db8::53]:53`, and without a
 * port for port 53, since that is where resolvers look. `0.0.0.0` and `[::]` mean every
 * address of the machine of that family.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../lib/address.ts";

/** DNS over UDP and TCP (RFC 1035 section 4.2). */
const DNS_PORT = 53;

export interface ListenAddress {
  readonly family: 4 | 6;
  /** As RFC 5952 has it, without brackets. A link-local one may carry its `%interface`. */
  readonly address: string;
  /** 0 takes any free port, the same one for UDP and TCP. */
  readonly port: number;
}

/** The address, or what is wrong with the text and what would be right, as half a sentence. */
export function parseListenAddress(text: string): ListenAddress | string {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return listenAddress(text, bracketed[1]!, bracketed[2], 6);
  const colon = text.indexOf(":");
  if (colon >= 0 && text.indexOf(":", colon + 1) >= 0) {
    return `"${text}" could be read in two ways; put an IPv6 address in brackets, as in [2001:db8::53]:53`;
  }
  if (colon < 0) return listenAddress(text, text, undefined, 4);
  return listenAddress(text, text.slice(0, colon), text.slice(colon + 1), 4);
}

function listenAddress(
  text: string,
  host: string,
  portText: string | undefined,
  family: 4 | 6,
): ListenAddress | string {
  if (family === 4 && (host === "" || host === "*")) {
    return `"${text}" names no address; 0.0.0.0 means all IPv4 addresses and [::] all IPv6 addresses`;
  }
  // An interface name may follow a link-local address; it is the kernel that knows whether it is right.
  const percent = family === 6 ? host.indexOf("%") : -1;
  const octets = parseAddress(percent < 0 ? host : host.slice(0, percent));
  if (octets === undefined || octets.length !== (family === 4 ? 4 : 16)) {
    return family === 4
      ? `"${host}" is not an IPv4 address; write an address of this machine, as in 192.0.2.53:53, not a host name`
      : `"${host}" is not an IPv6 address; write one in brackets, as in [2001:db8::53]:53`;
  }
  const port = portText === undefined ? DNS_PORT : Number(portText);
  if (portText !== undefined && (!/^\d{1,5}$/.test(portText) || port > 65_535)) {
    return `"${portText}" is not a port; a port is a number from 1 to 65535, or 0 for any that is free`;
  }
  const zone = percent < 0 ? "" : host.slice(percent);
  return { family, address: formatAddress(octets) + zone, port };
}

/** What parseListenAddress() reads back. */
export function formatListenAddress(where: ListenAddress): string {
  return where.family === 4 ? `${where.address}:${where.port}` : `[${where.address}]:${where.port}`;
}

export function isWildcard(where: ListenAddress): boolean {
  return where.address === (where.family === 4 ? "0.0.0.0" : "::");
}
