/**
 * The main thread's side of the data plane: sockets, worker threads, news for them, and what they counted.
 *
 *   this thread                                    worker i
 *   opens sockets, block, control, counters ─────► answers from them
 *   publish(snapshot) ── news, then the counter ─► takes it before its next batch
 *   exit? ◄──────────────────────────────────────  dies: a successor on the same sockets, at once
 *
 * A worker that dies takes with it the replies to the batch in its hands, 64 at most, and nothing else: what
 * has queued up in its sockets is answered by its successor.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { builtUrl } from "../lib/aside.ts";
import { WindroseError } from "../lib/errors.ts";
import { giveWay, letOthersGiveWay, startAtFullPriority } from "../lib/priority.ts";
import { newsOfAll, type Snapshot, type SnapshotNews } from "../snapshot/snapshot.ts";
import type { Identity } from "./chaos.ts";
import { CounterBlocks } from "./counter-blocks.ts";
import type { Counters } from "./counters.ts";
import { makeDemandBlock } from "./demand.ts";
import type { Libc } from "./libc.ts";
import type { ListenAddress } from "./listen-address.ts";
import { isSamePacket, type Suspect } from "./packet-guard.ts";
import { closeSharedSocket, openSharedSockets, type SharedSocket } from "./shared-socket.ts";
import { makeBatchBlock, packetInBlock } from "./udp-batch.ts";
import { CONTROL, type UdpWorkerNews, type UdpWorkerReport, type UdpWorkerStart } from "./udp-worker.ts";

export interface UdpWorkersOptions {
  readonly libc: Libc;
  readonly count: number;
  readonly log: Logger;
  readonly snapshot: Snapshot;
  readonly identity: Identity;
  readonly tcpIdleTimeoutMs: number;
  /** `count` failures since the call before, of which this is the latest. */
  readonly onFailure: (error: unknown, query: Uint8Array, count: number) => void;
  /** The module that a worker runs; tests have one that dies on demand. */
  readonly entry?: URL;
}

/** A worker that dies again so soon is given a rest in between, so that dying is not all this process does. */
const RESTART_REST_MS = 250;
/** Suspects that are remembered; an attacker with more packets than this has found more bugs than one. */
const SUSPECTS_MAX = 64;
/** Answering allocates nothing; a nursery that news can grow to V8's default would stay that large for nothing. */
const NURSERY_MB = 4;
const ENTRY = builtUrl(new URL("./udp-worker-main.ts", import.meta.url));

interface Slot {
  readonly index: number;
  readonly sockets: SharedSocket[];
  readonly control: Int32Array;
  readonly block: SharedArrayBuffer;
  readonly demand: SharedArrayBuffer;
  readonly counters: CounterBlocks;
  /** The block that the worker was told of. */
  countsIn: Counters | undefined;
  worker: Worker | undefined;
  port: MessagePort | undefined;
  startedMs: number;
  restart: NodeJS.Timeout | undefined;
  /** Resolves when the worker has ended. */
  ended: Promise<void>;
  /** Settled when the first worker is up, or ended before. */
  readonly up: PromiseWithResolvers<void>;
}

export class UdpWorkers {
  readonly #options: UdpWorkersOptions;
  readonly #slots: Slot[] = [];
  readonly #suspects: { packet: Uint8Array; kills: number }[] = [];
  #snapshot: Snapshot;
  #isStopping = false;

  constructor(options: UdpWorkersOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    for (let index = 0; index < options.count; index++) {
      this.#slots.push({
        index,
        sockets: [],
        control: new Int32Array(new SharedArrayBuffer(4 * CONTROL.words)),
        block: makeBatchBlock(),
        demand: makeDemandBlock(),
        counters: new CounterBlocks(),
        countsIn: undefined,
        worker: undefined,
        port: undefined,
        startedMs: 0,
        restart: undefined,
        ended: Promise.resolve(),
        up: Promise.withResolvers(),
      });
    }
  }

  /** Opens a socket for each worker; before start(). Rejects with WindroseError. Resolves to the port. */
  async listen(where: ListenAddress): Promise<number> {
    const sockets = openSharedSockets(this.#options.libc, where, this.#slots.length);
    this.#slots.forEach((slot, i) => {
      slot.sockets.push(sockets[i]!);
    });
    return sockets[0]!.where.port;
  }

  /** Resolves when all workers answer. Rejects with WindroseError when one ends before that; then stop(). */
  async start(): Promise<void> {
    letOthersGiveWay();
    for (const slot of this.#slots) this.#run(slot);
    giveWay();
    const failed = (await Promise.allSettled(this.#slots.map(({ up }) => up.promise))).find(
      ({ status }) => status === "rejected",
    );
    if (failed?.status === "rejected") throw failed.reason;
  }

  /** Hands a snapshot to the workers; `news` is what it brings over the one before. */
  publish(snapshot: Snapshot, news: SnapshotNews): void {
    this.#snapshot = snapshot;
    for (const slot of this.#slots) {
      if (slot.port === undefined) continue; // its successor starts with this snapshot
      this.#makeRoom(slot);
      this.#tell(slot, { kind: "snapshot", news });
    }
  }

  /** Generations that the workers answer from. */
  get generations(): number[] {
    return this.#slots.map(({ control }) => Atomics.load(control, CONTROL.generation));
  }

  /** All blocks that workers counted in, for sums over them. */
  get counters(): readonly Counters[] {
    return this.#slots.flatMap(({ counters }) => counters.all);
  }

  /** makeDemandBlock()s that workers count in. */
  get demand(): readonly SharedArrayBuffer[] {
    return this.#slots.map(({ demand }) => demand);
  }

  /** Answers what is in the sockets, then ends the workers and closes the sockets. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    for (const slot of this.#slots) {
      clearTimeout(slot.restart);
      Atomics.store(slot.control, CONTROL.drain, 1);
    }
    const late = new Promise<"late">((resolve) => {
      setTimeout(() => resolve("late"), Math.max(0, deadlineMs - performance.now())).unref();
    });
    const how = await Promise.race([Promise.all(this.#slots.map(({ ended }) => ended)), late]);
    if (how === "late") await Promise.all(this.#slots.map(({ worker }) => worker?.terminate()));
    for (const slot of this.#slots) {
      for (const socket of slot.sockets.splice(0)) closeSharedSocket(this.#options.libc, socket);
    }
  }

  #run(slot: Slot): void {
    const { entry = ENTRY, identity, tcpIdleTimeoutMs, onFailure } = this.#options;
    const { port1, port2 } = new MessageChannel();
    slot.port = port1;
    slot.startedMs = performance.now();
    Atomics.store(slot.control, CONTROL.inHand, 0);
    port1.on("message", (report: UdpWorkerReport) => {
      if (report.kind === "up") slot.up.resolve();
      else onFailure(report.error, report.query, report.count);
    });
    port1.unref();
    slot.countsIn = undefined;
    this.#makeRoom(slot);
    this.#tell(slot, { kind: "snapshot", news: newsOfAll(this.#snapshot) });
    if (this.#suspects.length > 0) this.#tell(slot, { kind: "suspects", suspects: this.#suspects });
    const start: UdpWorkerStart = {
      control: slot.control.buffer as SharedArrayBuffer,
      block: slot.block,
      demand: slot.demand,
      sockets: slot.sockets.map(({ fd, isWildcard }) => ({ fd, isWildcard })),
      port: port2,
      seed: randomInt(2 ** 32),
      identity,
      tcpIdleTimeoutMs,
    };
    const worker = startAtFullPriority(() => {
      return new Worker(entry, {
        workerData: start,
        transferList: [port2],
        name: `udp-${slot.index}`,
        resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
      });
    });
    slot.worker = worker;
    let failure: unknown;
    worker.on("error", (error) => {
      failure = error;
    });
    slot.ended = new Promise((resolve) => {
      worker.on("exit", (code) => {
        port1.close();
        slot.port = undefined;
        slot.worker = undefined;
        resolve();
        if (this.#isStopping) return;
        // The generation tells that it was up, also when its message did not get here.
        if (Atomics.load(slot.control, CONTROL.generation) > 0) {
          slot.up.resolve();
          this.#replace(slot, code, failure);
        } else slot.up.reject(startError(failure ?? new Error(`it ended with code ${code}`)));
      });
    });
  }

  #replace(slot: Slot, code: number, failure: unknown): void {
    const { log } = this.#options;
    const inHand = Atomics.load(slot.control, CONTROL.inHand);
    const packet = inHand > 0 ? packetInBlock(slot.block, inHand - 1) : undefined;
    const kills = packet === undefined ? 0 : this.#suspect(packet);
    log.error(
      {
        worker: slot.index,
        code,
        ...(failure !== undefined && { err: failure }),
        ...(packet !== undefined && { packet: Buffer.from(packet).toString("base64"), kills }),
      },
      "worker died",
    );
    const livedMs = performance.now() - slot.startedMs;
    slot.restart = setTimeout(() => this.#run(slot), livedMs < RESTART_REST_MS ? RESTART_REST_MS : 0);
  }

  /** Counts a death against a packet, and tells the workers. */
  #suspect(packet: Uint8Array): number {
    let suspect = this.#suspects.find((known) =>
      isSamePacket(known.packet, { octets: packet, length: packet.length }),
    );
    if (suspect === undefined) {
      suspect = { packet, kills: 0 };
      this.#suspects.push(suspect);
      if (this.#suspects.length > SUSPECTS_MAX) this.#suspects.shift();
    }
    suspect.kills++;
    const suspects: readonly Suspect[] = this.#suspects;
    for (const slot of this.#slots)
      if (slot.port !== undefined) this.#tell(slot, { kind: "suspects", suspects });
    return suspect.kills;
  }

  /** Tells a worker of the block to count in, when it is another one. */
  #makeRoom(slot: Slot): void {
    const counters = slot.counters.roomFor(this.#snapshot.next);
    if (counters === slot.countsIn) return;
    slot.countsIn = counters;
    this.#tell(slot, { kind: "counters", buffer: counters.buffer, zoneCapacity: counters.zoneCapacity });
  }

  #tell(slot: Slot, message: UdpWorkerNews): void {
    slot.port?.postMessage(message);
    Atomics.add(slot.control, CONTROL.news, 1);
  }
}

/** Why a worker did not come up, said so that the operator knows what to do next. */
function startError(cause: unknown): WindroseError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = /EMFILE|ENFILE|too many open files/.test(reason)
    ? 'no file descriptor is left; raise the limit with "ulimit -n" or LimitNOFILE=, or give fewer with --workers'
    : `${reason}; fewer with --workers, or --udp dgram, may do`;
  return new WindroseError("worker-unusable", `Cannot start a worker thread for UDP: ${hint}`, { cause });
}
