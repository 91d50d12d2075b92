/**
 * UDP the way the load generator needs it: a connected socket, and vectors of datagrams that move 64 for one
 * system call. node:dgram moves one, and the generator would be slower than the servers it measures.
 * The calls are the data plane's own (src/server/libc.ts).
 *
 * @module
 */
import {
  type Address,
  AF_INET,
  EAGAIN,
  int32,
  type Libc,
  openLibc,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from "../../src/server/libc.ts";

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const ECONNREFUSED = 111;

/** libc. Throws Error that says what is missing: the bench cannot run without. */
export function requireLibc(): Libc {
  const libc = openLibc();
  if (typeof libc === "string") throw new Error(`the load generator calls libc: ${libc}`);
  return libc;
}

/** A UDP socket connected to 127.0.0.1:port. `receiveTimeoutMs` bounds a blocking receive. */
export function connectUdp(libc: Libc, port: number, receiveTimeoutMs: number): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket() failed: errno ${libc.errno()}`);
  const sockaddr = new Uint8Array(16);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  sockaddr.set([127, 0, 0, 1], 4);
  if (libc.connect(fd, sockaddr, 16) !== 0) {
    throw new Error(`connect() to 127.0.0.1:${port} failed: errno ${libc.errno()}`);
  }
  // Room for every outstanding reply, so that what is lost was lost by the server. The kernel
  // may give less (net.core.rmem_max); the default holds some 250 datagrams.
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int32(4 << 20), 4);
  libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, int32(4 << 20), 4);
  const timeval = new Uint8Array(16);
  new DataView(timeval.buffer).setBigInt64(8, BigInt(receiveTimeoutMs * 1000), true);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval, 16);
  return fd;
}

const MMSGHDR_SIZE = 64;
const IOVEC_SIZE = 16;

/** Datagrams that one system call moves. More gains nothing measurable, and gdnsd and Knot use less. */
export const BATCH_SIZE = 64;

/**
 * Room for datagrams of at most `slotSize` octets, and the mmsghdr vector over it, cut into
 * batches of 64. Message i lies at i * slotSize of `octets`. Lives as long as the generator.
 */
export class DatagramVector {
  readonly octets: Uint8Array;
  readonly slotSize: number;
  readonly batchCount: number;
  readonly #libc: Libc;
  /** Where each batch's headers lie, worked out once: bigint sums allocate. */
  readonly #batchAddresses: Address[] = [];
  /** msg_len of message i stands at [i * 16 + 14]. */
  readonly #headers: Uint32Array;
  /** iov_len of message i stands at [i * 4 + 2] (its upper half stays 0). */
  readonly #iovecs: Uint32Array;

  constructor(libc: Libc, { batchCount, slotSize }: { batchCount: number; slotSize: number }) {
    const count = batchCount * BATCH_SIZE;
    const headersSize = count * MMSGHDR_SIZE;
    const iovecsSize = count * IOVEC_SIZE;
    const buffer = new ArrayBuffer(headersSize + iovecsSize + count * slotSize);
    const base = libc.addressOf(new Uint8Array(buffer));
    this.octets = new Uint8Array(buffer, headersSize + iovecsSize);
    this.slotSize = slotSize;
    this.batchCount = batchCount;
    this.#libc = libc;
    this.#headers = new Uint32Array(buffer, 0, headersSize / 4);
    this.#iovecs = new Uint32Array(buffer, headersSize, iovecsSize / 4);
    const view = new DataView(buffer);
    for (let i = 0; i < count; i++) {
      const header = i * MMSGHDR_SIZE;
      const iovec = headersSize + i * IOVEC_SIZE;
      view.setBigUint64(header + 16, base + BigInt(iovec), true); // msg_iov
      view.setBigUint64(header + 24, 1n, true); // msg_iovlen
      const octets = base + BigInt(headersSize + iovecsSize + i * slotSize);
      view.setBigUint64(iovec, octets, true); // iov_base
      view.setBigUint64(iovec + 8, BigInt(slotSize), true); // iov_len
      if (i % BATCH_SIZE === 0) this.#batchAddresses.push(base + BigInt(header));
    }
  }

  /** How long the i-th message received is. */
  lengthOf(i: number): number {
    return this.#headers[i * 16 + 14]!;
  }

  /** Fills the i-th slot with what is to be sent. */
  put(i: number, datagram: Uint8Array): void {
    this.octets.set(datagram, i * this.slotSize);
    this.#iovecs[i * 4 + 2] = datagram.length;
  }

  /** Sends the first `count` messages of a batch; how many went out. */
  send(fd: number, batch: number, count: number): number {
    const sent = this.#libc.sendmmsg(fd, this.#batchAddresses[batch]!, count, 0);
    return sent >= 0 ? sent : this.#failed("sendmmsg");
  }

  /** Receives up to 64 messages into the first batch; 0 when none came in time. */
  receive(fd: number, flags: number): number {
    const received = this.#libc.recvmmsg(fd, this.#batchAddresses[0]!, BATCH_SIZE, flags, 0n);
    return received >= 0 ? received : this.#failed("recvmmsg");
  }

  #failed(call: string): 0 {
    const errno = this.#libc.errno();
    // A refused port shows up as losses; that the server died is told by its exit.
    if (errno === EAGAIN || errno === ECONNREFUSED) return 0;
    throw new Error(`${call}() failed: errno ${errno}`);
  }
}
