/**
 * One TCP connection of the load generator (RFC 7766): so many queries in flight at any time, framed before the clock
 * starts. Replies that come together are answered by as many new queries in one write, so the generator works
 * by segments and not by queries.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import type { Workload } from "../workloads.ts";
import { isRightReply } from "./reply-check.ts";

/** Every how many-th reply is looked into, as over UDP. */
const SAMPLE = 16;
/** Octets that one read takes. */
const READ_OCTETS = 64 * 1024;

/** All queries of a workload one behind the other, each behind its length, with its number as ID. */
export class FramedQueries {
  readonly count: number;
  readonly #octets: Buffer;
  /** Where each begins; one more at the end. */
  readonly #starts: readonly number[];

  constructor(queries: readonly Uint8Array[]) {
    this.count = queries.length;
    const starts = [0];
    for (const query of queries) starts.push(starts.at(-1)! + 2 + query.length);
    this.#starts = starts;
    this.#octets = Buffer.alloc(starts.at(-1)!);
    queries.forEach((query, i) => {
      const start = starts[i]!;
      this.#octets.writeUInt16BE(query.length, start);
      this.#octets.set(query, start + 2);
      this.#octets.writeUInt16BE(i, start + 2);
    });
  }

  /** From the query `first` up to and without `end`, as they are sent. */
  framed(first: number, end: number): Buffer {
    return this.#octets.subarray(this.#starts[first], this.#starts[end]);
  }

  message(index: number): Uint8Array {
    return this.#octets.subarray(this.#starts[index]! + 2, this.#starts[index + 1]);
  }
}

export interface TcpConnectionCounts {
  answered: number;
  checked: number;
  /** Of the checked, not what the workload expects. */
  wrong: number;
}

export interface TcpConnectionOptions {
  readonly port: number;
  readonly queries: FramedQueries;
  readonly workload: Workload;
  readonly inFlight: number;
  readonly counts: TcpConnectionCounts;
  /** The server closed or reset it, or could not be reached. */
  readonly onEnd: (why: string) => void;
}

export class TcpConnection {
  readonly #options: TcpConnectionOptions;
  readonly #socket: Socket;
  readonly #pending = Buffer.alloc(2 * READ_OCTETS);
  #pendingLength = 0;
  #next = 0;
  #isStopped = false;

  constructor(options: TcpConnectionOptions) {
    this.#options = options;
    this.#socket = connect({
      host: "127.0.0.1",
      port: options.port,
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(READ_OCTETS),
        callback: (length, octets) => {
          this.#take(octets.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on("connect", () => this.#ask(options.inFlight));
    this.#socket.on("error", (error) => this.#ended(error.message));
    this.#socket.on("close", () => this.#ended("closed by the server"));
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket.destroy();
  }

  #ended(why: string): void {
    if (!this.#isStopped) this.#options.onEnd(why);
    this.#isStopped = true;
  }

  #ask(count: number): void {
    const { queries } = this.#options;
    let left = count;
    while (left > 0) {
      const end = Math.min(this.#next + left, queries.count);
      this.#socket.write(queries.framed(this.#next, end));
      left -= end - this.#next;
      this.#next = end % queries.count;
    }
  }

  #take(segment: Uint8Array): void {
    const octets = this.#pending;
    octets.set(segment, this.#pendingLength);
    const length = this.#pendingLength + segment.length;
    let at = 0;
    let replies = 0;
    while (length - at >= 2) {
      const end = at + 2 + ((octets[at]! << 8) | octets[at + 1]!);
      if (end > length) break;
      this.#count(at + 2, end);
      replies++;
      at = end;
    }
    octets.copyWithin(0, at, length);
    this.#pendingLength = length - at;
    if (replies > 0 && !this.#isStopped) this.#ask(replies);
  }

  #count(start: number, end: number): void {
    const { counts, queries, workload } = this.#options;
    counts.answered++;
    if (counts.answered % SAMPLE !== 0) return;
    counts.checked++;
    const reply = this.#pending.subarray(start, end);
    const index = (reply[0]! << 8) | reply[1]!;
    if (index >= queries.count || !isRightReply(workload, queries.message(index), reply)) counts.wrong++;
  }
}
