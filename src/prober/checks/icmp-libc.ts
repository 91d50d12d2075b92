/**
 * Sockets for ICMP, which Node.js does not have: the few calls of libc that open one and move packets, through koffi.
 *
 *   ping socket   SOCK_DGRAM, for those in net.ipv4.ping_group_range: the kernel numbers and matches packets
 *   raw socket    SOCK_RAW, for those with CAP_NET_RAW: sees all ICMP that the machine gets
 *
 * The numbers are those of 64-bit little-endian Linux. koffi is optional: it is looked for, not imported.
 *
 * @module
 */
import { createRequire } from "node:module";
import { endianness } from "node:os";

/** Results are those of the system calls: -1 on failure, and errno() says why. */
export interface IcmpLibc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  sendto(
    fd: number,
    data: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    toLength: number,
  ): number;
  recv(fd: number, data: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
  errno(): number;
}

export interface IcmpSocket {
  readonly fd: number;
  readonly libc: IcmpLibc;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC_NONBLOCK = 0o2004000;
const IPPROTO_ICMP = 1;
export const IPPROTO_ICMPV6 = 58;
const EAFNOSUPPORT = 97;

const NOT_PERMITTED =
  "ICMP is not permitted to this prober: its group is not in net.ipv4.ping_group_range, and it has no CAP_NET_RAW";

let libc: IcmpLibc | string | undefined;

/** A socket for echo requests of that family; else why not, in words. */
export function openIcmpSocket(family: 4 | 6, kind: "ping" | "raw"): IcmpSocket | string {
  libc ??= openLibc();
  if (typeof libc === "string") return libc;
  const domain = family === 4 ? AF_INET : AF_INET6;
  const protocol = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  const type = (kind === "ping" ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC_NONBLOCK;
  const fd = libc.socket(domain, type, protocol);
  if (fd >= 0) return { fd, libc };
  if (libc.errno() === EAFNOSUPPORT) return `this prober's system has no IPv${family}`;
  return NOT_PERMITTED;
}

/** A sockaddr_in or sockaddr_in6 without a port. */
export function socketAddress(octets: Uint8Array): Uint8Array {
  const isIPv4 = octets.length === 4;
  const address = new Uint8Array(isIPv4 ? 16 : 28);
  address[0] = isIPv4 ? AF_INET : AF_INET6;
  address.set(octets, isIPv4 ? 4 : 8);
  return address;
}

interface Koffi {
  load(path: string | null): { func(definition: string): unknown };
  errno(): number;
}

function openLibc(): IcmpLibc | string {
  if (process.platform !== "linux" || endianness() !== "LE" || !["x64", "arm64"].includes(process.arch)) {
    return `ICMP needs Linux on x64 or arm64, and this prober is ${process.platform} on ${process.arch}`;
  }
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const library = koffi.load(null);
    const call = <Name extends keyof IcmpLibc>(definition: string) =>
      library.func(definition) as IcmpLibc[Name];
    return {
      socket: call<"socket">("int socket(int, int, int)"),
      setsockopt: call<"setsockopt">("int setsockopt(int, int, int, const void *, unsigned int)"),
      sendto: call<"sendto">(
        "long sendto(int, const void *, unsigned long, int, const void *, unsigned int)",
      ),
      recv: call<"recv">("long recv(int, void *, unsigned long, int)"),
      close: call<"close">("int close(int)"),
      errno: () => koffi.errno(),
    };
  } catch {
    return 'ICMP needs the optional dependency koffi; "npm ci --include=optional" installs it';
  }
}
