/**
 * The queries in flight on one socket: who has which ID, which replies are right, how many are
 * lost. IDs are taken in a circle of 65,536. A query that is still unanswered `lossSpan` queries later
 * is lost: on one machine there is hardly any reordering.
 *
 * @module
 */
import type { Libc } from "../../src/server/libc.ts";
import type { Workload } from "../workloads.ts";
import { BATCH_SIZE, connectUdp, type DatagramVector } from "./datagrams.ts";
import type { Histogram } from "./histogram.ts";
import { isRightReply } from "./reply-check.ts";

const IDS = 0x10000;
const FREE = -1;
/** Every how many-th reply is looked into: all would cost the generator a tenth of its speed. */
const SAMPLE = 16;
/** How long a blocking receive waits before what is in flight counts as lost. */
const LOSS_TIMEOUT_MS = 250;

/** Counted since the last reset. */
export interface FlightCounts {
  sent: number;
  answered: number;
  /** Never answered. */
  lost: number;
  /** Replies that nobody waited for (any more). */
  stray: number;
  checked: number;
  /** Of the checked: another rcode, another number of answers, or not our question. */
  wrong: number;
}

export interface FlightOptions {
  readonly libc: Libc;
  readonly port: number;
  /** All queries, put into the vector in order; shared by all flights. */
  readonly queries: DatagramVector;
  readonly inbox: DatagramVector;
  readonly workload: Workload;
  /** At most 65,536, where an ID comes round again. */
  readonly lossSpan: number;
  /** False for the echo, which sends queries back. */
  readonly checkReplies: boolean;
}

export class Flight {
  counts: FlightCounts = { sent: 0, answered: 0, lost: 0, stray: 0, checked: 0, wrong: 0 };
  inFlight = 0;
  /** When each ID's query was due; used where response times are measured. */
  readonly #dueMs = new Float64Array(IDS);
  readonly #fd: number;
  readonly #options: FlightOptions;
  /** Number of the query that each ID carries. */
  readonly #queryOf = new Int32Array(IDS).fill(FREE);
  #nextId = 0;
  #nextBatch = 0;

  constructor(options: FlightOptions) {
    this.#options = options;
    this.#fd = connectUdp(options.libc, options.port, LOSS_TIMEOUT_MS);
  }

  resetCounts(): void {
    this.counts = { sent: 0, answered: 0, lost: 0, stray: 0, checked: 0, wrong: 0 };
  }

  /** Sends the next `count` (at most 64) queries. Query i of them was due at dueMs + i * stepMs. */
  send(count: number, dueMs = 0, stepMs = 0): number {
    const { queries, lossSpan } = this.#options;
    const { octets, slotSize } = queries;
    const first = this.#nextBatch * BATCH_SIZE;
    for (let i = 0; i < count; i++) {
      const id = (this.#nextId + i) & 0xffff;
      const overdue = (id - lossSpan) & 0xffff;
      if (this.#queryOf[overdue] !== FREE) this.#lose(overdue);
      octets[(first + i) * slotSize] = id >> 8;
      octets[(first + i) * slotSize + 1] = id & 0xff;
      this.#queryOf[id] = first + i;
      this.#dueMs[id] = dueMs + i * stepMs;
    }
    const sent = queries.send(this.#fd, this.#nextBatch, count);
    for (let i = sent; i < count; i++) this.#queryOf[(this.#nextId + i) & 0xffff] = FREE;
    this.#nextId = (this.#nextId + sent) & 0xffff;
    this.#nextBatch = (this.#nextBatch + 1) % queries.batchCount;
    this.inFlight += sent;
    this.counts.sent += sent;
    return sent;
  }

  /** Takes up to 64 replies; their response times, counted from when they were due, go into `responseTimes`. */
  receive(flags: number, responseTimes?: Histogram): number {
    const { inbox } = this.#options;
    const received = inbox.receive(this.#fd, flags);
    const nowMs = received > 0 && responseTimes !== undefined ? performance.now() : 0;
    for (let i = 0; i < received; i++) {
      const at = i * inbox.slotSize;
      const id = (inbox.octets[at]! << 8) | inbox.octets[at + 1]!;
      const query = this.#queryOf[id]!;
      if (query === FREE) {
        this.counts.stray++;
        continue;
      }
      this.#queryOf[id] = FREE;
      this.inFlight--;
      this.counts.answered++;
      if (this.counts.answered % SAMPLE === 0) this.#check(at, inbox.lengthOf(i), query);
      responseTimes?.add((nowMs - this.#dueMs[id]!) * 1000);
    }
    return received;
  }

  /** Gives up on all that is in flight. */
  loseAll(): void {
    for (let id = 0; id < IDS; id++) {
      if (this.#queryOf[id] !== FREE) this.#lose(id);
    }
  }

  #lose(id: number): void {
    this.#queryOf[id] = FREE;
    this.inFlight--;
    this.counts.lost++;
  }

  #check(at: number, length: number, query: number): void {
    const { workload, queries, inbox, checkReplies } = this.#options;
    if (!checkReplies) return;
    this.counts.checked++;
    const reply = inbox.octets.subarray(at, at + length);
    const asked = queries.octets.subarray(query * queries.slotSize, (query + 1) * queries.slotSize);
    if (!isRightReply(workload, asked, reply)) this.counts.wrong++;
  }
}
