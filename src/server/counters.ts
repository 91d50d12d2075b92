/**
 * What was asked and answered, counted by the thread that answers, in shared memory of its own, so that
 * the control thread can read it at any time without stopping anyone.
 *
 *   block   transports │ outcomes │ rcodes │ types │ latency │ by zone │ by member
 *
 * Each counter has one writer and is 8 octets, which every machine we run on reads and writes whole. A block is
 * made for so many zones and members; when there are more, the thread goes on in a new, empty block and the old
 * one keeps what it has. So the sum over all blocks ever made is the truth, and nothing is copied.
 *
 * @module
 */

/** Offsets in a block. */
export const COUNTER = {
  /** Queries by transport and family: udp4, udp6, tcp4, tcp6. */
  transports: 0,
  /** Datagrams that got no reply. */
  ignored: 4,
  /** Replies with FORMERR. */
  malformed: 5,
  truncated: 6,
  /** Answers that failed by a fault of ours. */
  failures: 7,
  /** Packets that killed a worker twice and are refused. */
  guarded: 8,
  receiveErrors: 9,
  sendErrors: 10,
  /** By the twelve-bit rcode, 0 to 23. */
  rcodes: 16,
  /** By qtype; the last is for all that are above. */
  types: 40,
  /** Batches of UDP queries by LATENCY_BUCKETS, sampled. */
  latency: 300,
  zones: 340,
} as const;

const RCODES = 24;
const TYPES = COUNTER.latency - COUNTER.types;
/** Bucket b holds times up to 2^(b/2) µs: from 1 µs to some 500 ms, in steps of 41 %. */
export const LATENCY_BUCKETS = COUNTER.zones - COUNTER.latency;

export class Counters {
  readonly buffer: SharedArrayBuffer;
  readonly values: Float64Array;
  readonly zoneCapacity: number;
  readonly memberCapacity: number;
  readonly #members: number;

  /** Over a block of makeCounterBlock(), or of another thread. */
  constructor(buffer: SharedArrayBuffer, zoneCapacity: number) {
    this.buffer = buffer;
    this.values = new Float64Array(buffer);
    this.zoneCapacity = zoneCapacity;
    this.#members = COUNTER.zones + zoneCapacity;
    this.memberCapacity = this.values.length - this.#members;
  }

  static make(zoneCapacity: number, memberCapacity: number): Counters {
    const length = COUNTER.zones + zoneCapacity + memberCapacity;
    return new Counters(new SharedArrayBuffer(8 * length), zoneCapacity);
  }

  add(counter: number): void {
    this.values[counter]!++;
  }

  query(overTcp: boolean, family: 4 | 6, qtype: number): void {
    this.values[COUNTER.transports + (overTcp ? 2 : 0) + (family === 4 ? 0 : 1)]!++;
    this.values[COUNTER.types + (qtype < TYPES ? qtype : TYPES - 1)]!++;
  }

  rcode(rcode: number): void {
    this.values[COUNTER.rcodes + (rcode < RCODES ? rcode : RCODES - 1)]!++;
  }

  zone(number: number): void {
    if (number < this.zoneCapacity) this.values[COUNTER.zones + number]!++;
  }

  member(slot: number): void {
    if (slot < this.memberCapacity) this.values[this.#members + slot]!++;
  }

  latency(microseconds: number, queries: number): void {
    const bucket = Math.ceil(2 * Math.log2(Math.max(1, microseconds)));
    this.values[COUNTER.latency + Math.min(bucket, LATENCY_BUCKETS - 1)]! += queries;
  }

  zoneCount(number: number): number {
    return number < this.zoneCapacity ? this.values[COUNTER.zones + number]! : 0;
  }

  memberCount(slot: number): number {
    return slot < this.memberCapacity ? this.values[this.#members + slot]! : 0;
  }
}
