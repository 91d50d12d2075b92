/**
 * `node bench/garbage.ts`: does answering make garbage? Sends queries through the very parts that a worker is made
 * of (sockets, batches, respond()), on one thread that does nothing else, and tells what V8 collected and allocated.
 *
 *   node bench/garbage.ts [--queries N] [--warm-up N] [--canary] [--json]
 *
 * N queries (5,000,000) are shared out among the workloads; before each of them --warm-up more (300,000) let the
 * optimising compiler do its work. What was allocated is by how much the heap grew plus what collections took from
 * it, so garbage shows long before there is enough of it to be collected. --canary makes an object for each query,
 * to show that it would be seen. Places are those of the bench, and round-trip times of 5,000 of the networks that ask.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { GCProfiler } from "node:v8";
import { parseDocuments } from "../src/documents/parse-documents.ts";
import type { LatencyTable } from "../src/latency/latency-table.ts";
import { loadSampleText } from "../src/latency/samples-file.ts";
import { SeededRandom } from "../src/lib/random.ts";
import type { Client } from "../src/server/client.ts";
import { MSG_DONTWAIT } from "../src/server/libc.ts";
import { respond } from "../src/server/respond.ts";
import { openSharedSockets } from "../src/server/shared-socket.ts";
import { makeBatchBlock, UdpBatch } from "../src/server/udp-batch.ts";
import { View } from "../src/server/view.ts";
import { compileSnapshot } from "../src/snapshot/snapshot.ts";
import { BATCH_SIZE, connectUdp, DatagramVector, requireLibc } from "./generator/datagrams.ts";
import { isRightReply } from "./generator/reply-check.ts";
import { loadBenchPlaces, steeredDocument } from "./peers/steered.ts";
import { zonesDocument } from "./peers/zones.ts";
import { formatTable } from "./table.ts";
import { queriesOf, STEERED_WORKLOADS, WORKLOADS, type Workload, workloadOf } from "./workloads.ts";

const RECEIVE_TIMEOUT_MS = 250;
const SLOT_OCTETS = 1500;

export interface GarbageRun {
  readonly workload: string;
  readonly queries: number;
  readonly collections: number;
  readonly pauseMs: number;
  readonly heapGrowthOctets: number;
  readonly allocatedOctets: number;
}

const ALL_WORKLOADS = [...WORKLOADS, ...STEERED_WORKLOADS];
const MEASURED_NETWORKS = 5000;

const { values } = parseArgs({
  options: {
    queries: { type: "string", default: "5000000" },
    "warm-up": { type: "string", default: "300000" },
    canary: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const queriesOfEach = Math.ceil(Number(values.queries) / ALL_WORKLOADS.length / BATCH_SIZE) * BATCH_SIZE;
const warmUp = Math.ceil(Number(values["warm-up"]) / BATCH_SIZE) * BATCH_SIZE;
if (!(queriesOfEach > 0) || !(warmUp >= 0)) throw new Error("--queries and --warm-up are whole numbers");

/** Kept in reach, so that the compiler cannot leave it out. */
const canary: object[] = [{}];

const libc = requireLibc();
const places = loadBenchPlaces();
const view = makeView();
const [socket] = openSharedSockets(libc, { family: 4, address: "127.0.0.1", port: 0 }, 1);
const batch = new UdpBatch(libc, makeBatchBlock());
const client: Client = { family: 4, address: new Uint8Array(16), port: 0, transport: "udp" };
const asker = connectUdp(libc, socket!.where.port, RECEIVE_TIMEOUT_MS);
const inbox = new DatagramVector(libc, { batchCount: 1, slotSize: SLOT_OCTETS });

const runs = ALL_WORKLOADS.map(measure);
const total = sum(runs);
if (values.json) process.stdout.write(`${JSON.stringify(runs)}\n`);
else process.stdout.write(report());
libc.close(asker);
libc.close(socket!.fd);

function makeView(): View {
  const { configuration, faults } = parseDocuments([
    { file: "bench.yaml", text: zonesDocument(), modifiedMs: 0 },
    { file: "steered.yaml", text: steeredDocument(), modifiedMs: 0 },
  ]);
  if (configuration === undefined) throw new Error(JSON.stringify(faults));
  return new View({
    snapshot: { ...compileSnapshot(configuration), clientTables: { places, latency: makeLatency() } },
    random: new SeededRandom(1),
    identity: { id: null, version: null },
    tcpIdleTimeoutMs: 10_000,
    onFailure: (error) => {
      throw error;
    },
  });
}

/** Some of those who ask are measured; others have a wider network that is, or nothing. */
function makeLatency(): LatencyTable {
  const queries = queriesOf(workloadOf("latency")).slice(0, MEASURED_NETWORKS);
  const lines = queries.flatMap((query) => {
    const network = `${query.slice(-3).join(".")}.0/24`;
    return ["region-0", "region-3", "region-7"].map((region, i) => `${network},${region},${20 + 9 * i}`);
  });
  const text = ["network,region,rtt_ms", ...lines].join("\n");
  return loadSampleText(text, { places, expiryS: 3600, nowS: Date.now() / 1000 }).table;
}

function measure(workload: Workload): GarbageRun {
  const queries = queriesOf(workload);
  const vector = new DatagramVector(libc, { batchCount: queries.length / BATCH_SIZE, slotSize: SLOT_OCTETS });
  queries.forEach((query, i) => {
    vector.put(i, query);
  });
  answer(vector, warmUp);
  checkReplies(workload, vector, queries);

  const profiler = new GCProfiler();
  const before = process.memoryUsage().heapUsed;
  profiler.start();
  answer(vector, queriesOfEach);
  const { statistics } = profiler.stop();
  const heapGrowthOctets = process.memoryUsage().heapUsed - before;
  const freed = statistics.reduce(
    (octets, { beforeGC, afterGC }) =>
      octets + beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize,
    0,
  );
  return {
    workload: workload.id,
    queries: queriesOfEach,
    collections: statistics.length,
    pauseMs: statistics.reduce((ms, { cost }) => ms + cost / 1000, 0), // from µs
    heapGrowthOctets,
    allocatedOctets: heapGrowthOctets + freed,
  };
}

/** Asks in batches of 64, and answers them as a worker does. */
function answer(vector: DatagramVector, count: number): void {
  for (let asked = 0, next = 0; asked < count; asked += BATCH_SIZE, next = (next + 1) % vector.batchCount) {
    vector.send(asker, next, BATCH_SIZE);
    const received = batch.receive(socket!.fd, false, false);
    for (let slot = 0; slot < received; slot++) {
      if (values.canary) canary[0] = { slot };
      const length = respond(view, batch.query(slot, client)!, client, batch.reply(slot));
      if (length > 0) batch.put(slot, length, false);
    }
    batch.send(socket!.fd);
    if (inbox.receive(asker, MSG_DONTWAIT) !== BATCH_SIZE) throw new Error("a query was lost");
  }
}

/** The replies that are in the inbox: those to the last batch that was asked. */
function checkReplies(workload: Workload, vector: DatagramVector, queries: readonly Uint8Array[]): void {
  answer(vector, BATCH_SIZE); // the first batch
  for (let i = 0; i < BATCH_SIZE; i++) {
    const reply = inbox.octets.subarray(i * SLOT_OCTETS, i * SLOT_OCTETS + inbox.lengthOf(i));
    if (!isRightReply(workload, queries[i]!, reply)) throw new Error(`${workload.id}: reply ${i} is wrong`);
  }
}

function sum(all: readonly GarbageRun[]): GarbageRun {
  const add = (key: Exclude<keyof GarbageRun, "workload">) => all.reduce((total, run) => total + run[key], 0);
  return {
    workload: "all",
    queries: add("queries"),
    collections: add("collections"),
    pauseMs: add("pauseMs"),
    heapGrowthOctets: add("heapGrowthOctets"),
    allocatedOctets: add("allocatedOctets"),
  };
}

function report(): string {
  return formatTable({
    head: ["workload", "queries", "collections", "pauses ms", "heap growth KB", "octets allocated/query"],
    lines: [...runs, total].map((run) => [
      run.workload,
      run.queries.toLocaleString("en"),
      String(run.collections),
      run.pauseMs.toFixed(2),
      (run.heapGrowthOctets / 1024).toFixed(0),
      (run.allocatedOctets / run.queries).toFixed(3),
    ]),
    textColumns: [0],
  });
}
