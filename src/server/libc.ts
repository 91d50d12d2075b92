/**
 * The calls of libc that the data plane lives on, through koffi: UDP sockets that several threads
 * share by number, and recvmmsg and sendmmsg, which move up to 64 datagrams for one system call.
 *
 * Buffers and structures are laid out by hand in shared memory, so a call passes bare numbers and
 * allocates nothing. The layouts are those of 64-bit little-endian Linux, where glibc and musl, x86_64 and
 * arm64 agree; elsewhere openLibc() says why not, and node:dgram does the work.
 *
 * koffi is optional: it is looked for, not imported.
 *
 * @module
 */
import { createRequire } from "node:module";
import { endianness } from "node:os";

/** An address in this process's memory. */
export type Address = bigint;

/** Results are those of the system calls: -1 on failure, and errno() says why. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  close(fd: number): number;
  poll(fds: Address, count: number, timeoutMs: number): number;
  /** Of the calling thread when `pid` is 0. Linux has no wrapper for it in libc. */
  schedSetattr(pid: number, attributes: Uint8Array): number;
  recvmmsg(fd: number, vector: Address, count: number, flags: number, timeout: Address): number;
  sendmmsg(fd: number, vector: Address, count: number, flags: number): number;
  addressOf(buffer: Uint8Array): Address;
  errno(): number;
}

interface Koffi {
  load(path: string | null): { func(definition: string): unknown };
  address(buffer: Uint8Array): Address;
  errno(): number;
}

/** What Linux calls its numbers. */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0o2000000;
/** Wait for the first datagram, then take what is there. */
export const MSG_WAITFORONE = 0x10000;
export const MSG_DONTWAIT = 0x40;
export const EINTR = 4;
export const EAGAIN = 11;

/** Numbers of the system call sched_setattr, which differ by architecture. */
const SYS_SCHED_SETATTR: Readonly<Record<string, number>> = { x64: 314, arm64: 274 };

/** libc, or why it cannot be had, as half a sentence. Each thread opens it for itself. */
export function openLibc(): Libc | string {
  if (process.platform !== "linux") return `it needs Linux, and this is ${process.platform}`;
  if (endianness() !== "LE" || !["x64", "arm64"].includes(process.arch)) {
    return `it knows x64 and arm64, and this is ${process.arch}`;
  }
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
  } catch {
    return 'the optional dependency koffi is not installed; "npm ci --include=optional" installs it';
  }
  try {
    const library = koffi.load(null);
    const syscall = library.func("long syscall(long, long, void *, long)") as (
      ...values: unknown[]
    ) => number;
    const call = <Name extends keyof Libc>(definition: string) => library.func(definition) as Libc[Name];
    return {
      socket: call<"socket">("int socket(int, int, int)"),
      bind: call<"bind">("int bind(int, const void *, unsigned int)"),
      connect: call<"connect">("int connect(int, const void *, unsigned int)"),
      getsockname: call<"getsockname">("int getsockname(int, void *, void *)"),
      setsockopt: call<"setsockopt">("int setsockopt(int, int, int, const void *, unsigned int)"),
      getsockopt: call<"getsockopt">("int getsockopt(int, int, int, void *, void *)"),
      close: call<"close">("int close(int)"),
      schedSetattr: (pid, attributes) => syscall(SYS_SCHED_SETATTR[process.arch], pid, attributes, 0),
      poll: call<"poll">("int poll(uintptr_t, unsigned long, int)"),
      recvmmsg: call<"recvmmsg">("int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)"),
      sendmmsg: call<"sendmmsg">("int sendmmsg(int, uintptr_t, unsigned int, int)"),
      addressOf: (buffer) => koffi.address(buffer),
      errno: () => koffi.errno(),
    };
  } catch (error) {
    return `libc did not load: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** An int as setsockopt() takes it. */
export function int32(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}
