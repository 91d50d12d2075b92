/**
 * `node bench/own-time.ts`: what a worker itself takes for a query, in ns of CPU time, with the kernel left out. The very loop of
 * udp-worker.ts runs on one thread over a kernel that is made here: its recvmmsg copies 64 queries into the batch,
 * its sendmmsg takes the replies and does nothing.
 *
 *   node bench/own-time.ts [--workloads LIST] [--queries N] [--rounds N] [--rtt FILE] [--json]
 *
 * Each workload is run in `--rounds` (9) rounds of `--queries` (1,000,000), after one that warms up; the figures are
 * the median and the lowest. Without `--rtt` (a file of `bench/latency-table.ts --csv`) "latency" falls back to distance. "silence" is the loop with a respond() that answers nothing: what the copying
 * and the loop take. With `node --cpu-prof` it says where the time goes.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { MessageChannel } from "node:worker_threads";
import { parseDocuments } from "../src/documents/parse-documents.ts";
import { loadSamples } from "../src/latency/samples-file.ts";
import { Counters } from "../src/server/counters.ts";
import { makeDemandBlock } from "../src/server/demand.ts";
import { AF_INET, EAGAIN, type Libc } from "../src/server/libc.ts";
import { respond } from "../src/server/respond.ts";
import { BATCH_SIZE, makeBatchBlock } from "../src/server/udp-batch.ts";
import { CONTROL, type RespondWithView, runUdpWorker, type UdpWorkerNews } from "../src/server/udp-worker.ts";
import { compileSnapshot, newsOfAll } from "../src/snapshot/snapshot.ts";
import { isRightReply } from "./generator/reply-check.ts";
import { loadBenchPlaces, steeredDocument } from "./peers/steered.ts";
import { zonesDocument } from "./peers/zones.ts";
import { median } from "./statistics.ts";
import { formatTable } from "./table.ts";
import { queriesOf, STEERED_WORKLOADS, WORKLOADS, type Workload, workloadOf } from "./workloads.ts";

const places = loadBenchPlaces();

const WEEK_S = 604_800;
/** struct mmsghdr and struct iovec, in words of 32 bits. */
const HEADER_WORDS = 16;
const MSG_NAMELEN = 2;
const MSG_IOV = 4;
const MSG_LEN = 14;
const IOV_LEN = 2;
const SOCKADDR_IN_OCTETS = 16;

interface OwnTime {
  readonly workload: string;
  readonly nanoseconds: number;
  readonly lowest: number;
}

const { values } = parseArgs({
  options: {
    workloads: {
      type: "string",
      default: [...WORKLOADS, ...STEERED_WORKLOADS].map(({ id }) => id).join(","),
    },
    queries: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "9" },
    rtt: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const batchesOfRound = Math.ceil(Number(values.queries) / BATCH_SIZE);
const rounds = Number(values.rounds);
if (!(batchesOfRound > 0) || !(rounds >= 1))
  throw new Error("--queries and --rounds are whole numbers above 0");

const latency =
  values.rtt === undefined
    ? null
    : loadSamples(values.rtt, { places, expiryS: WEEK_S, nowS: Date.now() / 1000 }).table;

/** Queries come from it, and replies go to it, at no cost but that of copying queries. */
class NoKernel implements Libc {
  /** CPU time of this thread at the end of each round, in µs; the first is the end of the warm-up. */
  readonly endsMicroseconds: number[] = [];
  readonly #words: Int32Array;
  readonly #octets: Uint8Array;
  readonly #queries: readonly { readonly words: Int32Array; readonly length: number }[];
  readonly #control: Int32Array;
  readonly #check: ((reply: Uint8Array, query: number) => void) | undefined;
  #next = 0;
  #batches = 0;

  constructor(
    block: SharedArrayBuffer,
    control: Int32Array,
    queries: readonly Uint8Array[],
    check: ((reply: Uint8Array, query: number) => void) | undefined,
  ) {
    this.#words = new Int32Array(block);
    this.#octets = new Uint8Array(block);
    this.#control = control;
    this.#check = check;
    this.#queries = queries.map((query) => {
      const words = new Int32Array((query.length + 3) >> 2);
      new Uint8Array(words.buffer).set(query);
      return { words, length: query.length };
    });
  }

  /** The block begins at address 0, so every address in it is an offset. */
  addressOf(): bigint {
    return 0n;
  }

  recvmmsg(_fd: number, vector: bigint): number {
    if (this.#control[CONTROL.drain] === 1) return -1;
    if (this.#batches++ % batchesOfRound === 0 && this.#batches > 1) this.#endRound();
    const words = this.#words;
    let header = Number(vector) / 4;
    for (let i = 0; i < BATCH_SIZE; i++, header += HEADER_WORDS) {
      const query = this.#queries[this.#next]!;
      this.#next = (this.#next + 1) % this.#queries.length;
      const base = words[words[header + MSG_IOV]! / 4]! / 4;
      for (let word = 0; word < query.words.length; word++) words[base + word] = query.words[word]!;
      const name = words[header]!;
      this.#octets[name] = AF_INET;
      this.#octets[name + 2] = 0x80 + i;
      words[header + MSG_NAMELEN] = SOCKADDR_IN_OCTETS;
      words[header + MSG_LEN] = query.length;
    }
    return BATCH_SIZE;
  }

  sendmmsg(_fd: number, vector: bigint, count: number): number {
    if (this.#batches === 1) this.#checkReplies(Number(vector) / 4, count);
    return count;
  }

  /** Once, in the warm-up: are the replies right? */
  #checkReplies(vector: number, count: number): void {
    const words = this.#words;
    for (let i = 0; i < count; i++) {
      const iovec = words[vector + i * HEADER_WORDS + MSG_IOV]! / 4;
      const start = words[iovec]!;
      this.#check?.(this.#octets.slice(start, start + words[iovec + IOV_LEN]!), i);
    }
  }

  #endRound(): void {
    const { user, system } = process.threadCpuUsage();
    this.endsMicroseconds.push(user + system);
    if (this.endsMicroseconds.length > rounds) this.#control[CONTROL.drain] = 1;
  }

  errno(): number {
    return EAGAIN;
  }

  poll(): number {
    return 0;
  }

  socket = zero;
  bind = zero;
  connect = zero;
  getsockname = zero;
  setsockopt = zero;
  getsockopt = zero;
  close = zero;
  schedSetattr = zero;
}

function zero(): number {
  return 0;
}

function measure(title: string, workload: Workload, answer: RespondWithView, isChecked: boolean): OwnTime {
  const control = new SharedArrayBuffer(4 * CONTROL.words);
  const block = makeBatchBlock();
  const queries = queriesOf(workload);
  const check = (reply: Uint8Array, i: number) => {
    if (!isRightReply(workload, queries[i]!, reply)) throw new Error(`${workload.id}: reply ${i} is wrong`);
  };
  const kernel = new NoKernel(block, new Int32Array(control), queries, isChecked ? check : undefined);
  const { port1, port2 } = new MessageChannel();
  const { configuration, faults } = parseDocuments([
    { file: "bench.yaml", text: zonesDocument(), modifiedMs: 0 },
    { file: "steered.yaml", text: steeredDocument(), modifiedMs: 0 },
  ]);
  if (configuration === undefined) throw new Error(JSON.stringify(faults));
  const snapshot = { ...compileSnapshot(configuration), clientTables: { places, latency } };
  const { buffer, zoneCapacity } = Counters.make(snapshot.next.zone, snapshot.next.slot);
  const news: UdpWorkerNews[] = [
    { kind: "counters", buffer, zoneCapacity },
    { kind: "snapshot", news: newsOfAll(snapshot) },
  ];
  for (const message of news) port1.postMessage(message);
  const identity = { id: null, version: null };
  const sockets = [{ fd: 0, isWildcard: false }];
  runUdpWorker(
    {
      control,
      block,
      demand: makeDemandBlock(),
      sockets,
      port: port2,
      seed: 1,
      identity,
      tcpIdleTimeoutMs: 10_000,
    },
    answer,
    kernel,
  );
  port1.close();
  const ends = kernel.endsMicroseconds;
  const times = ends.slice(1).map((end, i) => ((end - ends[i]!) * 1000) / (batchesOfRound * BATCH_SIZE));
  return { workload: title, nanoseconds: median(times), lowest: Math.min(...times) };
}

const runs = values.workloads.split(",").map((id) => measure(id, workloadOf(id), respond, true));
runs.push(measure("silence", WORKLOADS[0]!, () => 0, false));
if (values.json) process.stdout.write(`${JSON.stringify(runs)}\n`);
else {
  process.stdout.write(
    formatTable({
      head: ["workload", "ns/query", "lowest"],
      lines: runs.map(({ workload, nanoseconds, lowest }) => [
        workload,
        nanoseconds.toFixed(1),
        lowest.toFixed(1),
      ]),
      textColumns: [0],
    }),
  );
}
