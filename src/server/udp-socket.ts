/**
 * One UDP socket of one address, on node:dgram.
 *
 *   datagram ─► onMessage ─► respond(query, client, out) ─► send
 *
 * Query, client and `out` are made once and used for every datagram. `out` may be written
 * again as soon as the kernel has copied the reply, and that is before send() returns nearly
 * always: libuv tries sendmsg() at once, and our lookup() is synchronous, where dgram's own
 * puts each send off to the next tick. Only when the kernel's buffer is full does libuv queue
 * the octets by reference; then `out` is left to that queue and a new one is made.
 *
 * A reply that cannot be sent is counted and forgotten: its client will ask again.
 *
 * @module
 */
import * as dgram from "node:dgram";
import { setImmediate } from "node:timers/promises";
import { bindError } from "./bind-error.ts";
import {
  type Client,
  type Datagram,
  type Respond,
  UDP_QUERY_OCTETS_MAX,
  UDP_REPLY_OCTETS_MAX,
} from "./client.ts";
import { setClientAddress } from "./client-address.ts";
import type { ListenAddress } from "./listen-address.ts";

/**
 * What we ask of the kernel for datagrams that wait to be read. At 100 octets each (some 800
 * with the kernel's own book-keeping) 4 MiB hold the arrivals of 50 ms at 100,000 queries a
 * second, more than a garbage collection takes. The kernel gives at most net.core.rmem_max.
 */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/**
 * Replies that may wait for room in the kernel's send buffer. Past it they are dropped, as
 * the kernel itself would do: a reply that is late by more than this is of no use.
 */
const QUEUED_REPLIES_MAX = 1024;

export interface UdpCounts {
  queries: number;
  replies: number;
  /** Datagrams that nothing was said to: no query, or from port 0. */
  ignored: number;
  /** Replies that the kernel would not take, or that were not made as too many wait for it. */
  sendErrors: number;
}

export function newUdpCounts(): UdpCounts {
  return { queries: 0, replies: 0, ignored: 0, sendErrors: 0 };
}

export interface UdpSocketOptions {
  readonly respond: Respond;
  /** Shared by the sockets of a server. */
  readonly counts: UdpCounts;
  /** Tests put sockets that fail here. */
  readonly createSocket?: (options: dgram.SocketOptions) => dgram.Socket;
}

export class UdpSocket {
  readonly #respond: Respond;
  readonly #counts: UdpCounts;
  readonly #socket: dgram.Socket;
  readonly #query: Datagram = { octets: new Uint8Array(0), length: 0 };
  readonly #client: Client;
  readonly #onSent: (error: Error | null) => void;
  #out = new Uint8Array(UDP_REPLY_OCTETS_MAX);
  /** Replies that waited in libuv when we last looked. */
  #queued = 0;
  #received = 0;
  #isClosed = false;

  private constructor(family: 4 | 6, options: UdpSocketOptions) {
    this.#respond = options.respond;
    this.#counts = options.counts;
    this.#client = { family, address: new Uint8Array(16), port: 0, transport: "udp" };
    this.#onSent = (error) => {
      if (error === null) this.#counts.replies++;
      else this.#counts.sendErrors++;
    };
    const create = options.createSocket ?? dgram.createSocket;
    this.#socket = create({
      type: family === 4 ? "udp4" : "udp6",
      ipv6Only: family === 6, // IPv4 has sockets of its own, so no client shows up as ::ffff:192.0.2.1
      lookup: (address, _options, callback) => callback(null, address, family),
    });
  }

  /** Binds and listens; a WindroseError says why not. */
  static async open(where: ListenAddress, options: UdpSocketOptions): Promise<UdpSocket> {
    let opened: UdpSocket;
    try {
      opened = new UdpSocket(where.family, options);
      await opened.#bind(where);
    } catch (error) {
      throw bindError(error, "udp", where);
    }
    return opened;
  }

  async #bind(where: ListenAddress): Promise<void> {
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address: where.address, port: where.port, exclusive: true }, () => {
        socket.off("error", reject);
        resolve();
      });
    }).catch((error: unknown) => {
      socket.close();
      throw error;
    });
    socket.on("error", () => this.#counts.sendErrors++);
    socket.on("message", (octets, from) => this.#onMessage(octets, from));
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_OCTETS);
    } catch {
      // A smaller buffer loses queries in a burst; that is no reason not to answer the others.
    }
  }

  get port(): number {
    return this.#socket.address().port;
  }

  #onMessage(octets: Uint8Array, from: dgram.RemoteInfo): void {
    this.#received++;
    this.#counts.queries++;
    // Nobody can have sent from port 0, and nothing can be sent to it.
    if (from.port === 0 || !setClientAddress(this.#client, from.address)) {
      this.#counts.ignored++;
      return;
    }
    if (this.#queued >= QUEUED_REPLIES_MAX) {
      this.#queued = this.#socket.getSendQueueCount();
      if (this.#queued >= QUEUED_REPLIES_MAX) {
        this.#counts.sendErrors++;
        return;
      }
    }
    this.#query.octets = octets;
    this.#query.length = Math.min(octets.length, UDP_QUERY_OCTETS_MAX);
    this.#client.port = from.port;
    const length = this.#respond(this.#query, this.#client, this.#out);
    if (length === 0) {
      this.#counts.ignored++;
      return;
    }
    this.#socket.send(this.#out, 0, length, from.port, from.address, this.#onSent);
    this.#queued = this.#socket.getSendQueueCount();
    // Queued by reference: this `out` is the queue's until it is sent.
    if (this.#queued > 0) this.#out = new Uint8Array(UDP_REPLY_OCTETS_MAX);
  }

  /** Answers what the kernel has already received, then closes. */
  async stop(deadlineMs: number): Promise<void> {
    // One turn of the event loop reads some datagrams of every socket. Two turns without any
    // mean that the receive buffer is empty; one is not enough, as a turn may have been under way.
    for (let quiet = 0; quiet < 2 && performance.now() < deadlineMs; ) {
      const before = this.#received;
      await setImmediate();
      quiet = this.#received === before ? quiet + 1 : 0;
    }
    while (!this.#isClosed && this.#socket.getSendQueueCount() > 0 && performance.now() < deadlineMs) {
      await setImmediate();
    }
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}
