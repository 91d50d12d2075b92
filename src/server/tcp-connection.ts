/**
 * One TCP connection (RFC 7766).
 *
 *            octets                         a whole message
 *   socket ─────────► framing ─► next ──────────────────────► respond ─► batch ─► write
 *      ▲                          │ blocked: too many replies have not left
 *      └──────── pause / resume ◄─┘
 *
 * Any number of queries may come in a segment; they are answered in order and their replies
 * leave in one write. A client that does not read its replies is not read from either, and is
 * cut off after a time. At every moment exactly one of three clocks runs: idle, a message
 * half received, or a client that does not read. A client that has closed its half still
 * gets every answer.
 *
 * @module
 */
import type { Socket } from "node:net";
import { type Client, type Datagram, type Respond, TCP_REPLY_OCTETS_MAX } from "./client.ts";
import { setClientAddress } from "./client-address.ts";
import { TcpFraming } from "./tcp-framing.ts";
import type { TcpLimits } from "./tcp-limits.ts";

/** Why a connection ended; each is a counter. */
export type TcpEnd =
  | "closed" // by the client, or after its last answer
  | "failed" // reset, or another error of the network
  | "idle"
  | "message-timeout"
  | "write-timeout"
  | "malformed" // no DNS message, or one that nothing can be said to
  | "evicted" // to make room for a newer one
  | "drained"; // this server stops

export interface TcpCounts {
  queries: number;
  /** Replies that the kernel has taken. */
  replies: number;
  /** Open now. */
  connections: number;
  accepted: number;
  /** Closed at once: no room, and none could be made. */
  refused: number;
  readonly ended: Record<TcpEnd, number>;
}

export interface TcpHost {
  readonly respond: Respond;
  readonly limits: TcpLimits;
  readonly counts: TcpCounts;
  /** Called once, when the first octets have come. */
  readonly onHeard?: ((socket: Socket, client: Client) => void) | undefined;
  /** Called once, when the connection no longer counts: its socket is closed, or about to be. */
  readonly onGone: (connection: TcpConnection) => void;
}

type Clock = "none" | "idle" | "message" | "write" | "close";

/** Replies are gathered up to here, then written at once. */
const BATCH_OCTETS = 16 * 1024;

// Shared by all connections: answering never waits, so nobody else can come between.
const out = new Uint8Array(TCP_REPLY_OCTETS_MAX);
const batch = new Uint8Array(BATCH_OCTETS + 2 + TCP_REPLY_OCTETS_MAX);

export class TcpConnection {
  readonly client: Client = { family: 4, address: new Uint8Array(16), port: 0, transport: "tcp" };
  readonly #socket: Socket;
  readonly #host: TcpHost;
  readonly #framing = new TcpFraming();
  readonly #query: Datagram = { octets: new Uint8Array(0), length: 0 };
  #inFlight = 0;
  #isBlocked = false;
  /** The client has sent its last octet. */
  #isHalfClosed = false;
  #isHeard = false;
  #isDraining = false;
  #end: TcpEnd | undefined;
  #isGone = false;
  #clock: Clock = "none";
  #timer: NodeJS.Timeout | undefined;
  /** On performance.now(); for choosing whom to evict. */
  #activeMs = performance.now();

  constructor(socket: Socket, host: TcpHost) {
    this.#socket = socket;
    this.#host = host;
    this.client.port = socket.remotePort ?? 0;
    setClientAddress(this.client, socket.remoteAddress ?? "");
    socket.on("data", (segment) => this.#onData(segment as Buffer));
    socket.on("end", () => this.#onHalfClosed());
    socket.on("error", () => this.#finish("failed"));
    socket.on("close", () => {
      clearTimeout(this.#timer);
      this.#finish("closed");
      this.#leave();
    });
    this.#run("idle", host.limits.idleTimeoutMs);
  }

  /** Nothing half received, nothing unanswered, nothing unsent. */
  get isIdle(): boolean {
    return this.#clock === "idle" && this.#inFlight === 0;
  }

  /** Replies wait for the client to read. */
  get isAnswering(): boolean {
    return this.#inFlight > 0;
  }

  get activeMs(): number {
    return this.#activeMs;
  }

  /** Ends at once. */
  destroy(why: TcpEnd): void {
    this.#finish(why);
    this.#leave();
    this.#socket.destroy();
  }

  /** Ends as soon as the answers to what has been received are sent. */
  drain(): void {
    this.#isDraining = true;
    if (this.isIdle) this.#close("drained");
  }

  #onData(segment: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#activeMs = performance.now();
    if (!this.#isHeard) {
      this.#isHeard = true;
      this.#host.onHeard?.(this.#socket, this.client);
    }
    this.#framing.push(segment);
    this.#answer();
  }

  #onHalfClosed(): void {
    this.#isHalfClosed = true;
    if (this.#end === undefined && !this.#isBlocked) this.#answer();
  }

  /** Answers all that is there, as far as the limits allow. */
  #answer(): void {
    let used = 0;
    let count = 0;
    let messages = 0;
    for (;;) {
      if (this.#isOverLimit(count, used)) {
        this.#send(used, count);
        if (this.#isOverLimit(0, 0)) {
          this.#block();
          return;
        }
        used = count = 0;
      }
      const framed = this.#framing.next(this.#query);
      if (framed !== "message") {
        this.#send(used, count);
        if (framed === "malformed") this.#close("malformed");
        else this.#wait(framed === "partial", messages > 0);
        return;
      }
      messages++;
      this.#host.counts.queries++;
      const length = this.#host.respond(this.#query, this.client, out);
      if (length === 0) {
        // What nothing can be said to is no query (a response, say). Over UDP that is noise;
        // who sends it over TCP is no DNS client and should not hold a connection.
        this.#send(used, count);
        this.#close("malformed");
        return;
      }
      batch[used] = length >>> 8;
      batch[used + 1] = length & 0xff;
      batch.set(out.subarray(0, length), used + 2);
      used += 2 + length;
      count++;
      if (used >= BATCH_OCTETS) {
        this.#send(used, count);
        used = count = 0;
      }
    }
  }

  #isOverLimit(count: number, octets: number): boolean {
    const { inFlightMax, queuedOctetsMax } = this.#host.limits;
    return this.#inFlight + count >= inFlightMax || this.#socket.writableLength + octets >= queuedOctetsMax;
  }

  #send(octets: number, count: number): void {
    if (count === 0) return;
    this.#inFlight += count;
    this.#socket.write(Buffer.from(batch.subarray(0, octets)), (error) => {
      this.#inFlight -= count;
      if (error) return;
      this.#host.counts.replies += count;
      this.#onSent();
    });
  }

  #onSent(): void {
    if (this.#end !== undefined) return;
    if (this.#isBlocked) {
      if (this.#isOverLimit(0, 0)) return;
      this.#isBlocked = false;
      this.#answer();
      if (!this.#isBlocked && this.#end === undefined) this.#socket.resume();
    } else if (this.#inFlight === 0) {
      this.#settle();
    }
  }

  /** Too much has not left yet: read no more until some of it has. */
  #block(): void {
    this.#isBlocked = true;
    this.#socket.pause();
    this.#run("write", this.#host.limits.writeTimeoutMs);
  }

  /** All that came is answered; `isPartial` when a message has begun. */
  #wait(isPartial: boolean, wasAnswered: boolean): void {
    this.#framing.release();
    if (isPartial && !this.#isHalfClosed) {
      // The clock of a message starts with its first octet and no later octet winds it again.
      if (this.#clock !== "message" || wasAnswered) this.#run("message", this.#host.limits.messageTimeoutMs);
      return;
    }
    this.#run("idle", this.#host.limits.idleTimeoutMs);
    this.#settle();
  }

  /** Closes when nothing more is to come or to go. */
  #settle(): void {
    if (this.#inFlight > 0 || this.#clock === "message") return;
    if (this.#isHalfClosed) this.#close("closed");
    else if (this.#isDraining) this.#close("drained");
  }

  /** Runs one clock in place of the one before. */
  #run(clock: Clock, timeoutMs: number): void {
    if (this.#clock === clock && this.#timer !== undefined) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#clock = clock;
    this.#timer = setTimeout(() => this.#onTimeout(), timeoutMs);
  }

  #onTimeout(): void {
    switch (this.#clock) {
      case "idle":
        // Replies that were never read go with it: the client had the whole time to read them.
        if (this.#inFlight > 0) this.destroy("write-timeout");
        else this.#close("idle");
        return;
      case "message":
        this.#close("message-timeout");
        return;
      case "write":
        this.destroy("write-timeout");
        return;
      case "close":
        this.#clock = "none";
        this.#socket.destroy();
        return;
      case "none":
        return;
    }
  }

  /**
   * Sends what is queued, then closes both halves, within the time for clients that do not read.
   * Until then it counts: what it holds is held for that long.
   */
  #close(why: TcpEnd): void {
    if (this.#end !== undefined) return;
    this.#finish(why);
    this.#socket.destroySoon();
    this.#run("close", this.#host.limits.writeTimeoutMs);
  }

  #finish(why: TcpEnd): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#host.counts.ended[why]++;
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#host.onGone(this);
  }
}
