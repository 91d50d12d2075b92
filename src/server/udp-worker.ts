/**
 * The data plane: one thread that answers UDP queries and does nothing else.
 *
 *        ┌──────────────────────────────────────────────────────────┐
 *        ▼                                                          │
 *   recvmmsg ─► news? take it ─► respond, up to 64 times ─► sendmmsg
 *   (waits)      (a generation begins between two batches)
 *
 * The thread never returns to its event loop: news comes through a message port that is looked at when a
 * shared counter says so. All it holds can be lost: sockets, the batch's memory and the counters belong to
 * the main thread, which starts a successor on them.
 *
 * @module
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { SeededRandom } from "../lib/random.ts";
import { applyNews, type Snapshot, type SnapshotNews } from "../snapshot/snapshot.ts";
import type { Identity } from "./chaos.ts";
import type { Client, Datagram } from "./client.ts";
import { COUNTER, Counters } from "./counters.ts";
import { DemandCounters } from "./demand.ts";
import { type Libc, openLibc } from "./libc.ts";
import { PacketGuard } from "./packet-guard.ts";
import { PollSet } from "./poll-set.ts";
import { askForShortSlices } from "./short-slices.ts";
import { UdpBatch } from "./udp-batch.ts";
import { View } from "./view.ts";

/** Words that both threads see; the comment says who writes. */
export const CONTROL = {
  /** Main: grows with each message on the port. */
  news: 0,
  /** Main: 1 = answer what is in the sockets, then end. */
  drain: 1,
  /** Worker: the generation that it answers from. */
  generation: 2,
  /** Worker: slot of the query being answered, plus 1; 0 = none. */
  inHand: 3,
  words: 4,
} as const;

export interface UdpWorkerStart {
  /** A CONTROL. */
  readonly control: SharedArrayBuffer;
  /** makeBatchBlock(). */
  readonly block: SharedArrayBuffer;
  /** makeDemandBlock(). */
  readonly demand: SharedArrayBuffer;
  readonly sockets: readonly { readonly fd: number; readonly isWildcard: boolean }[];
  readonly port: MessagePort;
  readonly seed: number;
  readonly identity: Identity;
  readonly tcpIdleTimeoutMs: number;
}

export type UdpWorkerNews =
  | { readonly kind: "snapshot"; readonly news: SnapshotNews }
  | { readonly kind: "counters"; readonly buffer: SharedArrayBuffer; readonly zoneCapacity: number }
  /** Packets that killed a worker, with how often. */
  | {
      readonly kind: "suspects";
      readonly suspects: readonly { readonly packet: Uint8Array; readonly kills: number }[];
    };

/** What a worker tells; main logs failures. */
export type UdpWorkerReport =
  /** It has a snapshot and begins to answer. */
  | { readonly kind: "up" }
  | {
      readonly kind: "failure";
      readonly error: unknown;
      readonly query: Uint8Array;
      /** Failures since the last report; this one is the latest. */
      readonly count: number;
    };

export type RespondWithView = (view: View, query: Datagram, client: Client, out: Uint8Array) => number;

/**
 * Batches that empty a socket, whatever keeps coming: its buffer has 8 MiB (the kernel doubles what it is asked for),
 * and a datagram takes 768 octets of that at least.
 */
const DRAIN_BATCHES_MAX = 176;
/** A query that fails can be sent a hundred thousand times a second; main hears of it as often as it logs. */
const REPORT_INTERVAL_MS = 1000;
/** One in so many batches is timed. */
const TIMED_BATCHES = 16;
const POLL_TIMEOUT_MS = 20;

/** Answers until it is told to drain. Messages with counters and a snapshot must be on the port already. */
export function runUdpWorker(
  start: UdpWorkerStart,
  respond: RespondWithView,
  libc: Libc | string = openLibc(),
): void {
  if (typeof libc === "string") throw new Error(`a worker cannot open libc: ${libc}`);
  askForShortSlices(libc);
  new UdpWorker(start, libc, respond).run();
}

class UdpWorker {
  readonly #start: UdpWorkerStart;
  readonly #control: Int32Array;
  readonly #batch: UdpBatch;
  readonly #poll: PollSet;
  readonly #respond: RespondWithView;
  readonly #client: Client = { family: 4, address: new Uint8Array(16), port: 0, transport: "udp" };
  readonly #guard = new PacketGuard();
  #view: View | undefined;
  #counters: Counters | undefined;
  #seenNews = 0;
  #batches = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #unreported = 0;

  constructor(start: UdpWorkerStart, libc: Libc, respond: RespondWithView) {
    this.#start = start;
    this.#control = new Int32Array(start.control);
    this.#batch = new UdpBatch(libc, start.block);
    this.#poll = new PollSet(
      libc,
      start.sockets.map(({ fd }) => fd),
    );
    this.#respond = respond;
  }

  run(): void {
    const { sockets, port } = this.#start;
    this.#takeNews();
    port.postMessage({ kind: "up" } satisfies UdpWorkerReport);
    const only = sockets.length === 1 ? sockets[0]! : null;
    while (Atomics.load(this.#control, CONTROL.drain) === 0) {
      if (only !== null) this.#serve(only.fd, only.isWildcard, true);
      else if (this.#poll.wait(POLL_TIMEOUT_MS)) {
        for (let i = 0; i < sockets.length; i++) {
          if (this.#poll.isReady(i)) this.#serve(sockets[i]!.fd, sockets[i]!.isWildcard, false);
        }
      } else this.#lookForNews();
    }
    // What has been received by now gets its answer; under load there is always more.
    for (const { fd, isWildcard } of sockets) {
      for (let batches = 0; batches < DRAIN_BATCHES_MAX; batches++) {
        if (this.#serve(fd, isWildcard, false) === 0) break;
      }
    }
  }

  /** One batch; how many queries it had. */
  #serve(fd: number, isWildcard: boolean, wait: boolean): number {
    const batch = this.#batch;
    const count = batch.receive(fd, wait, isWildcard);
    this.#lookForNews();
    if (count === 0) return 0;
    const isTimed = ++this.#batches % TIMED_BATCHES === 0;
    const startMs = isTimed ? performance.now() : 0;
    for (let slot = 0; slot < count; slot++) this.#answer(slot);
    batch.send(fd);
    const counters = this.#counters!;
    if (isTimed) counters.latency((performance.now() - startMs) * 1000, count);
    if (batch.receiveErrors + batch.sendErrors > 0) {
      counters.values[COUNTER.receiveErrors]! += batch.receiveErrors;
      counters.values[COUNTER.sendErrors]! += batch.sendErrors;
      batch.receiveErrors = batch.sendErrors = 0;
    }
    return count;
  }

  #answer(slot: number): void {
    const batch = this.#batch;
    const query = batch.query(slot, this.#client);
    if (query === null) {
      this.#counters!.add(COUNTER.ignored);
      return;
    }
    // Should answering kill this thread, main finds the packet by this.
    this.#control[CONTROL.inHand] = slot + 1;
    // A reply begins as its query does. Where nothing stands behind the question, it is written over it: no
    // octet that answering still reads is behind there, and half as much memory is touched.
    let isInPlace = isQuestionAlone(query);
    let length: number;
    if (this.#guard.isRefused(query)) {
      this.#counters!.add(COUNTER.guarded);
      isInPlace = false;
      length = this.#guard.refuse(query, batch.reply(slot));
    } else {
      const out = isInPlace ? query.octets : batch.reply(slot);
      length = this.#respond(this.#view!, query, this.#client, out);
    }
    this.#control[CONTROL.inHand] = 0;
    if (length > 0) batch.put(slot, length, isInPlace);
  }

  #lookForNews(): void {
    if (Atomics.load(this.#control, CONTROL.news) !== this.#seenNews) this.#takeNews();
  }

  #takeNews(): void {
    // Read before the port: what comes meanwhile is looked for again.
    this.#seenNews = Atomics.load(this.#control, CONTROL.news);
    let snapshot: Snapshot | undefined = this.#view?.snapshot;
    for (;;) {
      const received = receiveMessageOnPort(this.#start.port) as { message: UdpWorkerNews } | undefined;
      if (received === undefined) break;
      const { message } = received;
      if (message.kind === "snapshot") snapshot = applyNews(snapshot, message.news);
      else if (message.kind === "counters")
        this.#counters = new Counters(message.buffer, message.zoneCapacity);
      else this.#guard.know(message.suspects);
    }
    if (snapshot === undefined || this.#counters === undefined)
      throw new Error("a worker got no snapshot or no counters");
    this.#view ??= this.#makeView(snapshot);
    this.#view.snapshot = snapshot;
    this.#view.counters = this.#counters;
    Atomics.store(this.#control, CONTROL.generation, snapshot.generation);
  }

  #makeView(snapshot: Snapshot): View {
    const { seed, identity, tcpIdleTimeoutMs, demand } = this.#start;
    return new View({
      snapshot,
      counters: this.#counters!,
      demand: new DemandCounters(demand),
      random: new SeededRandom(seed),
      identity,
      tcpIdleTimeoutMs,
      onFailure: (error, query) => this.#report(error, query),
    });
  }

  #report(error: unknown, query: Uint8Array): void {
    this.#unreported++;
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#reportedMs = nowMs;
    const report: UdpWorkerReport = { kind: "failure", error, query, count: this.#unreported };
    this.#unreported = 0;
    this.#start.port.postMessage(report);
  }
}

/** ANCOUNT, NSCOUNT and ARCOUNT are 0: no OPT, and nothing else behind the question. */
function isQuestionAlone({ octets }: Datagram): boolean {
  return (octets[6]! | octets[7]! | octets[8]! | octets[9]! | octets[10]! | octets[11]!) === 0;
}
