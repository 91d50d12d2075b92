/**
 * Echo requests over raw sockets, one socket for each family and for all checks of this process, open while any waits.
 *
 * A raw socket sees every ICMP packet of the machine, so one for each check would be read as often as there are
 * checks. libuv cannot wait for raw sockets; we look every millisecond after a request, and every 4 ms once the latest is
 * 50 ms old. So times are up to a millisecond (4 ms far away) too long; ping sockets do not have that.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { getSystemErrorName } from "node:util";
import {
  type IcmpLibc,
  type IcmpSocket,
  IPPROTO_ICMPV6,
  openIcmpSocket,
  socketAddress,
} from "./icmp-libc.ts";
import {
  decodeEcho,
  ECHO_REPLY,
  type EchoNews,
  encodeEcho,
  ipv4HeaderOctets,
  TIME_EXCEEDED,
  UNREACHABLE,
} from "./icmp-packet.ts";
import { sayError } from "./words.ts";

const LOOK_MS = 1;
const LOOK_LATER_MS = 4;
const SOON_MS = 50;
/** Of one look: a flood must not hold up everything else. */
const PACKETS_MAX = 200;
const MSG_DONTWAIT = 0x40;
const SOL_RAW = 255;
/** Both have the number 1. */
const ICMP_FILTER = 1;

interface Waiting {
  readonly token: Uint8Array;
  readonly tell: (failure: string) => void;
}

class RawPings {
  readonly #family: 4 | 6;
  readonly #identifier = randomInt(0x1_0000);
  readonly #waiting = new Map<number, Waiting>();
  readonly #buffer = Buffer.alloc(2048);
  #socket: IcmpSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sequence = randomInt(0x1_0000);
  #sentMs = 0;

  constructor(family: 4 | 6) {
    this.#family = family;
  }

  /** Sends one; `tell` gets "" at the reply, else what went wrong. Answers how to stop waiting, or why it cannot be sent. */
  send(address: Uint8Array, token: Uint8Array, tell: (failure: string) => void): (() => void) | string {
    const socket = this.#open();
    if (typeof socket === "string") return socket;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const sequence = this.#sequence;
    const packet = encodeEcho(this.#family, this.#identifier, sequence, token);
    const to = socketAddress(address);
    const sent = socket.libc.sendto(socket.fd, packet, packet.length, MSG_DONTWAIT, to, to.length);
    if (sent < 0) {
      const code = getSystemErrorName(-socket.libc.errno());
      this.#closeIfIdle();
      return sayError(Object.assign(new Error(code), { code }));
    }
    const waiting: Waiting = { token, tell };
    this.#waiting.set(sequence, waiting);
    this.#sentMs = performance.now();
    this.#lookAfter(LOOK_MS);
    return () => {
      if (this.#waiting.get(sequence) === waiting) this.#waiting.delete(sequence);
      this.#closeIfIdle();
    };
  }

  #open(): IcmpSocket | string {
    if (this.#socket !== undefined) return this.#socket;
    const socket = openIcmpSocket(this.#family, "raw");
    if (typeof socket === "string") return socket;
    filter(socket.libc, socket.fd, this.#family);
    this.#socket = socket;
    return socket;
  }

  #closeIfIdle(): void {
    if (this.#waiting.size > 0 || this.#socket === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket.libc.close(this.#socket.fd);
    this.#socket = undefined;
  }

  #lookAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    for (let i = 0; i < PACKETS_MAX && this.#socket !== undefined; i++) {
      const { libc, fd } = this.#socket;
      const length = libc.recv(fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0) break;
      const packet = this.#buffer.subarray(0, length);
      const icmp = this.#family === 4 ? packet.subarray(ipv4HeaderOctets(packet)) : packet;
      this.#take(decodeEcho(this.#family, icmp));
    }
    if (this.#socket === undefined) return;
    this.#lookAfter(performance.now() - this.#sentMs < SOON_MS ? LOOK_MS : LOOK_LATER_MS);
  }

  #take(news: EchoNews | undefined): void {
    if (news === undefined || news.identifier !== this.#identifier) return;
    const waiting = this.#waiting.get(news.sequence);
    if (waiting === undefined) return;
    if (news.token !== undefined && !news.token.equals(waiting.token)) return;
    waiting.tell(news.failure); // whose end stops the waiting
  }
}

/** Only what decodeEcho() knows; our own requests on loopback, above all, stay out. */
function filter(libc: IcmpLibc, fd: number, family: 4 | 6): void {
  const types = [ECHO_REPLY[family], UNREACHABLE[family], TIME_EXCEEDED[family]];
  const isIPv4 = family === 4;
  const blocked = new Uint32Array(isIPv4 ? 1 : 8).fill(0xffff_ffff);
  for (const type of types) blocked[type >>> 5]! &= ~(1 << (type & 31));
  const octets = new Uint8Array(blocked.buffer);
  libc.setsockopt(fd, isIPv4 ? SOL_RAW : IPPROTO_ICMPV6, ICMP_FILTER, octets, octets.length);
}

export const rawPings: Readonly<Record<4 | 6, RawPings>> = { 4: new RawPings(4), 6: new RawPings(6) };
