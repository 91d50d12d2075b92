/**
 * UDP sockets that worker threads share by file descriptor. Made, bound and closed by the main thread
 * alone: a worker that crashes takes nothing with it, and its successor goes on with the same socket
 * and what has queued up in it.
 *
 * Every worker has a socket of its own on every address (SO_REUSEPORT); the kernel spreads clients
 * over them by a hash of addresses and ports.
 *
 * @module
 */
import { networkInterfaces } from "node:os";
import { getSystemErrorName } from "node:util";
import { parseAddress } from "../lib/address.ts";
import { bindError } from "./bind-error.ts";
import { AF_INET, AF_INET6, int32, type Libc, SOCK_CLOEXEC, SOCK_DGRAM } from "./libc.ts";
import { isWildcard, type ListenAddress } from "./listen-address.ts";

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
/**
 * Set DF, as RFC 9715 section 3.1 wants it, and do not believe ICMP that asks for smaller packets: it can be forged, and
 * 1232 octets fit nearly everywhere. (A packet without DF also costs the kernel an identification, drawn under a hash.)
 */
const IP_PMTUDISC_PROBE = 3;
const IPPROTO_IPV6 = 41;
const IPV6_MTU_DISCOVER = 23;
const IPV6_PMTUDISC_PROBE = 3;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;

/**
 * Room for a burst: at 100 octets a query and the kernel's own some 800, four thousand queries, which is 10 ms
 * of what one worker can answer. The kernel may give less (net.core.rmem_max).
 */
const RECEIVE_BUFFER_OCTETS = 4 << 20;

/**
 * How long a worker waits for a query before it looks for news, in µs. News is also looked for before every
 * batch, so this bounds only how soon an idle worker lets go of what is old.
 */
const WAIT_MICROSECONDS = 20_000;

export interface SharedSocket {
  readonly fd: number;
  readonly where: ListenAddress;
  /** The asked address is told with each query, and the reply is sent from it. */
  readonly isWildcard: boolean;
}

/**
 * Opens `count` sockets on one address, all on one port. Throws WindroseError, with nothing left open, when
 * another program has the port, the address is not ours, or there is no permission.
 */
export function openSharedSockets(libc: Libc, where: ListenAddress, count: number): SharedSocket[] {
  const opened: SharedSocket[] = [];
  try {
    // A first one without SO_REUSEPORT: with it, a port of another program of the same user would
    // be shared silently, and each would get half of the queries.
    let port = where.port;
    if (port !== 0) closeSharedSocket(libc, openOne(libc, where, false));
    for (let i = 0; i < count; i++) {
      const socket = openOne(libc, { ...where, port }, true);
      opened.push(socket);
      port = socket.where.port;
    }
    return opened;
  } catch (error) {
    for (const socket of opened) closeSharedSocket(libc, socket);
    throw error;
  }
}

export function closeSharedSocket(libc: Libc, socket: SharedSocket): void {
  libc.close(socket.fd);
}

function openOne(libc: Libc, where: ListenAddress, isShared: boolean): SharedSocket {
  const isIPv4 = where.family === 4;
  const fd = libc.socket(isIPv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw bindError(systemError(libc, "socket"), "udp", where);
  try {
    const set = (level: number, name: number, value: number) => {
      return libc.setsockopt(fd, level, name, int32(value), 4);
    };
    if (isShared && set(SOL_SOCKET, SO_REUSEPORT, 1) < 0) {
      throw bindError(systemError(libc, "setsockopt"), "udp", where);
    }
    if (!isIPv4) set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (set(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_OCTETS) < 0) {
      set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_OCTETS);
    }
    if (isIPv4) set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    else set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    const wildcard = isWildcard(where);
    if (wildcard) set(isIPv4 ? IPPROTO_IP : IPPROTO_IPV6, isIPv4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
    const timeval = new Uint8Array(16);
    new DataView(timeval.buffer).setBigInt64(8, BigInt(WAIT_MICROSECONDS), true);
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval, 16);

    const name = socketName(where);
    if (libc.bind(fd, name, name.length) < 0) throw bindError(systemError(libc, "bind"), "udp", where);
    const length = int32(name.length);
    if (libc.getsockname(fd, name, length) < 0)
      throw bindError(systemError(libc, "getsockname"), "udp", where);
    const port = (name[2]! << 8) | name[3]!;
    return { fd, where: { ...where, port }, isWildcard: wildcard };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** sockaddr_in, or sockaddr_in6. */
function socketName({ family, address, port }: ListenAddress): Uint8Array {
  const percent = address.indexOf("%");
  const octets = parseAddress(percent < 0 ? address : address.slice(0, percent))!;
  const name = new Uint8Array(family === 4 ? 16 : 28);
  const view = new DataView(name.buffer);
  view.setUint16(0, family === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  name.set(octets, family === 4 ? 4 : 8);
  if (percent >= 0) view.setUint32(24, interfaceIndex(address.slice(percent + 1)), true);
  return name;
}

/** What the kernel calls an interface; 0 where there is none of that name, and bind() will say so. */
function interfaceIndex(name: string): number {
  return (networkInterfaces()[name] ?? []).find(({ scopeid }) => scopeid)?.scopeid ?? 0;
}

function systemError(libc: Libc, call: string): Error {
  const code = getSystemErrorName(-libc.errno());
  return Object.assign(new Error(`${call}: ${code}`), { code, syscall: call });
}
