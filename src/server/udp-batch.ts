/**
 * Up to 64 datagrams on their way in, and their replies on their way out: the structures that recvmmsg
 * and sendmmsg read and write, over one block of shared memory.
 *
 *   block   in headers │ out headers │ in iovecs │ out iovecs │ names │ controls │ in octets │ out octets
 *              └── name, control ──────────────────────────────► ▲  ▲
 *                       └── name, control (the same ones: a reply goes where its query came from)
 *
 * A name is the client's address as the kernel gives it; a control is the packet info of a wildcard socket,
 * which says what address was asked and, sent back, makes the reply leave from it.
 *
 * The block is made by the main thread, so that it can look at the packet in a dead worker's hand.
 *
 * @module
 */
import { type Client, type Datagram, UDP_QUERY_OCTETS_MAX, UDP_REPLY_OCTETS_MAX } from "./client.ts";
import { type Address, AF_INET, EAGAIN, EINTR, type Libc, MSG_DONTWAIT, MSG_WAITFORONE } from "./libc.ts";

/** Datagrams that one system call moves. More gains nothing that can be measured. */
export const BATCH_SIZE = 64;
/**
 * Room for a query and for a reply. Both are an odd number of cache lines: were they a multiple of the page,
 * all slots would fall into the same few lines of the first-level cache and push each other out.
 */
const QUERY_OCTETS = UDP_QUERY_OCTETS_MAX;
const REPLY_OCTETS = UDP_REPLY_OCTETS_MAX;

const HEADER_OCTETS = 64;
const IOVEC_OCTETS = 16;
const NAME_OCTETS = 32;
const CONTROL_OCTETS = 64;
const IN_HEADERS = 0;
const OUT_HEADERS = IN_HEADERS + BATCH_SIZE * HEADER_OCTETS;
const IN_IOVECS = OUT_HEADERS + BATCH_SIZE * HEADER_OCTETS;
const OUT_IOVECS = IN_IOVECS + BATCH_SIZE * IOVEC_OCTETS;
const NAMES = OUT_IOVECS + BATCH_SIZE * IOVEC_OCTETS;
const CONTROLS = NAMES + BATCH_SIZE * NAME_OCTETS;
const IN_OCTETS = CONTROLS + BATCH_SIZE * CONTROL_OCTETS;
const OUT_OCTETS = IN_OCTETS + BATCH_SIZE * QUERY_OCTETS;
const BLOCK_OCTETS = OUT_OCTETS + BATCH_SIZE * REPLY_OCTETS;

// struct msghdr, then the msg_len of struct mmsghdr; offsets in octets.
const MSG_NAME = 0;
const MSG_NAMELEN = 8;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_LEN = 56;
const IOV_BASE = 0;
const IOV_LEN = 8;

/** The same as steps in 32-bit words. */
const HEADER_WORDS = HEADER_OCTETS / 4;
const IOVEC_WORDS = IOVEC_OCTETS / 4;

// In a control: struct cmsghdr is 16 octets, then in_pktinfo (interface, source, …) or in6_pktinfo (address, interface).
const IPV4_INTERFACE = 16 / 4;
const IPV6_INTERFACE = 32 / 4;
const IPV6_ADDRESS = 16;

export function makeBatchBlock(): SharedArrayBuffer {
  return new SharedArrayBuffer(BLOCK_OCTETS);
}

/** A copy of the query at `slot` of a block. */
export function packetInBlock(block: SharedArrayBuffer, slot: number): Uint8Array {
  const length = new Uint32Array(block)[IN_HEADERS / 4 + slot * HEADER_WORDS + MSG_LEN / 4]!;
  const start = IN_OCTETS + slot * QUERY_OCTETS;
  return new Uint8Array(block).slice(start, start + Math.min(length, QUERY_OCTETS));
}

export class UdpBatch {
  readonly #libc: Libc;
  readonly #words: Uint32Array;
  readonly #octets: Uint8Array;
  readonly #inVector: Address;
  readonly #outVector: Address;
  /** By message: where its out header lies, for sending on after one that failed. Made once: bigint sums allocate. */
  readonly #outHeaders: readonly Address[];
  /** By message: the address of its out iovec, low word first. */
  readonly #outIovecs = new Uint32Array(2 * BATCH_SIZE);
  /** By message: where its query's and its reply's octets lie, low words first. */
  readonly #queryBases = new Uint32Array(2 * BATCH_SIZE);
  readonly #replyBases = new Uint32Array(2 * BATCH_SIZE);
  readonly #queries: readonly Datagram[];
  readonly #replies: readonly Uint8Array[];
  /** By message: the 16 octets that start with its client's address, should that be of IPv4, of IPv6. */
  readonly #ipv4Addresses: readonly Uint8Array[];
  readonly #ipv6Addresses: readonly Uint8Array[];
  #inCount = 0;
  #outCount = 0;
  #withControls = false;
  receiveErrors = 0;
  sendErrors = 0;

  constructor(libc: Libc, block: SharedArrayBuffer) {
    this.#libc = libc;
    this.#words = new Uint32Array(block);
    this.#octets = new Uint8Array(block);
    const base = libc.addressOf(this.#octets);
    const view = new DataView(block);
    for (let i = 0; i < BATCH_SIZE; i++) {
      for (const [headers, iovecs, octets, size] of [
        [IN_HEADERS, IN_IOVECS, IN_OCTETS, QUERY_OCTETS],
        [OUT_HEADERS, OUT_IOVECS, OUT_OCTETS, REPLY_OCTETS],
      ] as const) {
        const header = headers + i * HEADER_OCTETS;
        const iovec = iovecs + i * IOVEC_OCTETS;
        view.setBigUint64(header + MSG_NAME, base + BigInt(NAMES + i * NAME_OCTETS), true);
        view.setBigUint64(header + MSG_IOV, base + BigInt(iovec), true);
        view.setBigUint64(header + MSG_IOVLEN, 1n, true);
        view.setBigUint64(header + MSG_CONTROL, base + BigInt(CONTROLS + i * CONTROL_OCTETS), true);
        view.setBigUint64(iovec + IOV_BASE, base + BigInt(octets + i * size), true);
        view.setBigUint64(iovec + IOV_LEN, BigInt(size), true);
      }
    }
    for (let i = 0; i < BATCH_SIZE; i++) {
      const header = OUT_HEADERS / 4 + i * HEADER_WORDS;
      this.#outIovecs[i * 2] = this.#words[header + MSG_IOV / 4]!;
      this.#outIovecs[i * 2 + 1] = this.#words[header + MSG_IOV / 4 + 1]!;
      for (const half of [0, 1]) {
        this.#queryBases[i * 2 + half] = this.#words[IN_IOVECS / 4 + i * IOVEC_WORDS + half]!;
        this.#replyBases[i * 2 + half] = this.#words[OUT_IOVECS / 4 + i * IOVEC_WORDS + half]!;
      }
      this.#words[IN_HEADERS / 4 + i * HEADER_WORDS + MSG_NAMELEN / 4] = NAME_OCTETS;
    }
    this.#inVector = base + BigInt(IN_HEADERS);
    this.#outHeaders = Array.from(
      { length: BATCH_SIZE },
      (_, i) => base + BigInt(OUT_HEADERS + i * HEADER_OCTETS),
    );
    this.#outVector = this.#outHeaders[0]!;
    this.#queries = Array.from({ length: BATCH_SIZE }, (_, i) => {
      return { octets: this.#slot(IN_OCTETS + i * QUERY_OCTETS, QUERY_OCTETS), length: 0 };
    });
    const addressesAt = (offset: number) =>
      Array.from({ length: BATCH_SIZE }, (_, i) => this.#slot(NAMES + i * NAME_OCTETS + offset, 16));
    this.#ipv4Addresses = addressesAt(4);
    this.#ipv6Addresses = addressesAt(8);
    this.#replies = Array.from({ length: BATCH_SIZE }, (_, i) => {
      return this.#slot(OUT_OCTETS + i * REPLY_OCTETS, REPLY_OCTETS);
    });
  }

  #slot(start: number, size: number): Uint8Array {
    return this.#octets.subarray(start, start + size);
  }

  /**
   * Takes what has come, 64 at most. With `wait`, waits for a first one as long as the socket's receive
   * timeout. Returns how many; 0 when none came.
   */
  receive(fd: number, wait: boolean, withControls: boolean): number {
    const words = this.#words;
    // The kernel wrote how long names and controls were; both kinds of socket use the same room.
    const controlLength = withControls ? CONTROL_OCTETS : 0;
    const stale = withControls === this.#withControls ? this.#inCount : BATCH_SIZE;
    for (let i = 0; i < stale; i++) {
      const header = IN_HEADERS / 4 + i * HEADER_WORDS;
      words[header + MSG_NAMELEN / 4] = NAME_OCTETS;
      words[header + MSG_CONTROLLEN / 4] = controlLength;
    }
    this.#withControls = withControls;
    this.#inCount = 0;
    this.#outCount = 0;
    const flags = wait ? MSG_WAITFORONE : MSG_DONTWAIT;
    const received = this.#libc.recvmmsg(fd, this.#inVector, BATCH_SIZE, flags, 0n);
    if (received >= 0) {
      this.#inCount = received;
      return received;
    }
    const errno = this.#libc.errno();
    // Other errors are about datagrams sent before (a port that is closed, say) and are gone by being told.
    if (errno !== EAGAIN && errno !== EINTR) this.receiveErrors++;
    return 0;
  }

  /** The query at `slot`, and who sent it. Null for source port 0, which nobody can be answered at. */
  query(slot: number, client: Client): Datagram | null {
    const octets = this.#octets;
    const name = NAMES + slot * NAME_OCTETS;
    const port = (octets[name + 2]! << 8) | octets[name + 3]!;
    if (port === 0) return null;
    client.port = port;
    const isIPv4 = octets[name] === AF_INET;
    client.family = isIPv4 ? 4 : 6;
    client.address = (isIPv4 ? this.#ipv4Addresses : this.#ipv6Addresses)[slot]!;
    const query = this.#queries[slot]!;
    query.length = this.#words[IN_HEADERS / 4 + slot * HEADER_WORDS + MSG_LEN / 4]!;
    return query;
  }

  /** Where to write the reply to `slot`. */
  reply(slot: number): Uint8Array {
    return this.#replies[slot]!;
  }

  /** The reply to `slot` is written and goes out with the next send(). */
  put(slot: number, length: number, isInPlace: boolean): void {
    const words = this.#words;
    const from = IN_HEADERS / 4 + slot * HEADER_WORDS;
    const to = OUT_HEADERS / 4 + this.#outCount * HEADER_WORDS;
    words[to] = words[from]!; // msg_name
    words[to + 1] = words[from + 1]!;
    words[to + MSG_NAMELEN / 4] = words[from + MSG_NAMELEN / 4]!;
    words[to + MSG_IOV / 4] = this.#outIovecs[slot * 2]!;
    words[to + MSG_IOV / 4 + 1] = this.#outIovecs[slot * 2 + 1]!;
    const iovec = OUT_IOVECS / 4 + slot * IOVEC_WORDS;
    const bases = isInPlace ? this.#queryBases : this.#replyBases;
    words[iovec] = bases[slot * 2]!;
    words[iovec + 1] = bases[slot * 2 + 1]!;
    words[iovec + IOV_LEN / 4] = length;
    const controlLength = words[from + MSG_CONTROLLEN / 4]!;
    words[to + MSG_CONTROLLEN / 4] = controlLength;
    if (controlLength !== 0) {
      words[to + MSG_CONTROL / 4] = words[from + MSG_CONTROL / 4]!;
      words[to + MSG_CONTROL / 4 + 1] = words[from + MSG_CONTROL / 4 + 1]!;
      this.#anyInterface(slot);
    }
    this.#outCount++;
  }

  /**
   * The packet info says through which interface the query came; the reply may take another, as routes
   * have it. A link-local address means nothing without its interface, and keeps it.
   */
  #anyInterface(slot: number): void {
    const control = CONTROLS + slot * CONTROL_OCTETS;
    if (this.#octets[NAMES + slot * NAME_OCTETS] === AF_INET) {
      this.#words[control / 4 + IPV4_INTERFACE] = 0;
    } else if (
      this.#octets[control + IPV6_ADDRESS] !== 0xfe ||
      (this.#octets[control + IPV6_ADDRESS + 1]! & 0xc0) !== 0x80
    ) {
      this.#words[control / 4 + IPV6_INTERFACE] = 0;
    }
  }

  /** Sends the replies that were put. One that cannot be sent is counted and passed over. */
  send(fd: number): void {
    const count = this.#outCount;
    let sent = 0;
    while (sent < count) {
      const vector = sent === 0 ? this.#outVector : this.#outHeaders[sent]!;
      const now = this.#libc.sendmmsg(fd, vector, count - sent, 0);
      if (now > 0) sent += now;
      else if (this.#libc.errno() !== EINTR) {
        this.sendErrors++;
        sent++;
      }
    }
    this.#outCount = 0;
  }
}
