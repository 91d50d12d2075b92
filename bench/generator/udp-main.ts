/**
 * The load generator for UDP: a process of its own, so that it can be pinned to a core of its own. Takes
 * one job as JSON on the command line, prints one result as JSON, and ends by itself.
 *
 * Closed loop: a fixed number of queries in flight, the server as busy as it can be; gives
 * queries per second and CPU per query. Open loop: a fixed rate whatever the server does; gives
 * response times, counted from when a query was due, so that a stalled server cannot hide its
 * stall by delaying the queries behind it.
 *
 * @module
 */
import { type Libc, MSG_DONTWAIT, MSG_WAITFORONE } from "../../src/server/libc.ts";
import { processTreeCpuSeconds } from "../process-cpu.ts";
import { queriesOf, type Workload, workloadOf } from "../workloads.ts";
import { BATCH_SIZE, DatagramVector, requireLibc } from "./datagrams.ts";
import { Flight, type FlightCounts } from "./flight.ts";
import { Histogram } from "./histogram.ts";

export interface UdpJob {
  readonly port: number;
  /** Whose CPU time is read. */
  readonly pid: number;
  readonly workload: string;
  readonly checkReplies: boolean;
  /** Sent but not counted, so that caches and compilers are warm. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly sockets: number;
  /** Queries in flight, over all sockets (closed loop). */
  readonly window: number;
  /** Queries a second; 0 for the closed loop. */
  readonly rate: number;
}

/** In µs. */
interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface UdpResult extends FlightCounts {
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly generatorCpuSeconds: number;
  /** Replies that came while the clock ran; those of the drain after it are in `answered` only. */
  readonly answeredInTime: number;
  /** Open loop only: from when a query was due until its reply was taken. */
  readonly responseTime?: Percentiles;
  /** Open loop only: the part of it before the query had left. Large: the generator was the limit. */
  readonly lateness?: Percentiles;
}

/** One reply is at most this long: what the server may send over UDP, and some. */
const REPLY_SIZE = 1500;
/** Soon, for what is lost takes room in the window. */
const LOSS_SPAN_CLOSED_LOOP = 4096;
/** As late as IDs allow: a slow reply is a response time, and the one that matters. */
const LOSS_SPAN_OPEN_LOOP = 65_536;
/** A minute is more than any run needs; a longer one is a mistake. */
const SECONDS_MAX = 60;

/** What the open loop measures; the closed loop leaves it empty. */
interface Timings {
  readonly responses: Histogram;
  readonly lateness: Histogram;
}

function run(job: UdpJob): UdpResult {
  const workload = workloadOf(job.workload);
  if (!(job.seconds > 0 && job.seconds + job.warmUpSeconds <= SECONDS_MAX)) {
    throw new Error(`A run takes more than 0 and at most ${SECONDS_MAX} seconds, not ${job.seconds}`);
  }
  const flights = openFlights(requireLibc(), workload, job);
  const runPhase = job.rate > 0 ? runOpenLoop : runClosedLoop;
  if (job.warmUpSeconds > 0) {
    const timings = newTimings();
    runPhase(flights, job, job.warmUpSeconds, timings);
    drain(flights, timings.responses);
  }
  for (const flight of flights) flight.resetCounts();

  const timings = newTimings();
  const serverCpuBefore = processTreeCpuSeconds(job.pid);
  const generatorCpuBefore = process.cpuUsage();
  const startMs = performance.now();
  runPhase(flights, job, job.seconds, timings);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(generatorCpuBefore);
  const serverCpuSeconds = processTreeCpuSeconds(job.pid) - serverCpuBefore;
  const answeredInTime = sumCounts(flights).answered;
  drain(flights, timings.responses);

  return {
    ...sumCounts(flights),
    answeredInTime,
    seconds,
    serverCpuSeconds,
    generatorCpuSeconds: (user + system) / 1e6,
    ...(job.rate > 0 && {
      responseTime: percentiles(timings.responses),
      lateness: percentiles(timings.lateness),
    }),
  };
}

function newTimings(): Timings {
  return { responses: new Histogram(), lateness: new Histogram() };
}

function percentiles(histogram: Histogram): Percentiles {
  return {
    p50: histogram.percentile(0.5),
    p99: histogram.percentile(0.99),
    p999: histogram.percentile(0.999),
  };
}

function openFlights(
  libc: Libc,
  workload: Workload,
  { port, sockets, checkReplies, rate }: UdpJob,
): Flight[] {
  const all = queriesOf(workload);
  const slotSize = Math.max(...all.map((query) => query.length));
  const queries = new DatagramVector(libc, { batchCount: all.length / BATCH_SIZE, slotSize });
  all.forEach((query, i) => {
    queries.put(i, query);
  });
  const inbox = new DatagramVector(libc, { batchCount: 1, slotSize: REPLY_SIZE });
  const lossSpan = rate > 0 ? LOSS_SPAN_OPEN_LOOP : LOSS_SPAN_CLOSED_LOOP;
  const options = { libc, port, queries, inbox, workload, lossSpan, checkReplies };
  return Array.from({ length: sockets }, () => new Flight(options));
}

function runClosedLoop(flights: readonly Flight[], { window }: UdpJob, seconds: number): void {
  const share = Math.max(BATCH_SIZE, Math.floor(window / flights.length));
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    for (const flight of flights) {
      // At least half a batch: topping up by ones would make the server work in ones, too.
      while (share - flight.inFlight >= BATCH_SIZE / 2) {
        if (flight.send(Math.min(BATCH_SIZE, share - flight.inFlight)) === 0) break;
      }
      if (flight.receive(MSG_WAITFORONE) === 0) flight.loseAll();
    }
  }
}

function runOpenLoop(
  flights: readonly Flight[],
  job: UdpJob,
  seconds: number,
  { responses, lateness }: Timings,
): void {
  const stepMs = 1000 / job.rate;
  const startMs = performance.now();
  const total = Math.round(seconds * job.rate);
  let scheduled = 0;
  let turn = 0;
  while (scheduled < total) {
    const due = Math.min(total, Math.floor((performance.now() - startMs) / stepMs));
    // One batch, then the replies: after a stall of ours, all that is due would overrun the sockets.
    if (scheduled < due) {
      const count = Math.min(BATCH_SIZE, due - scheduled);
      const dueMs = startMs + scheduled * stepMs;
      flights[turn % flights.length]!.send(count, dueMs, stepMs);
      const leftMs = performance.now();
      for (let i = 0; i < count; i++) lateness.add((leftMs - dueMs - i * stepMs) * 1000);
      scheduled += count;
      turn++;
    }
    for (const flight of flights) flight.receive(MSG_DONTWAIT, responses);
  }
}

/** Takes the replies still under way; what has not come when a receive times out is lost. */
function drain(flights: readonly Flight[], responses: Histogram): void {
  for (const flight of flights) {
    while (flight.inFlight > 0 && flight.receive(MSG_WAITFORONE, responses) > 0);
    flight.loseAll();
  }
}

function sumCounts(flights: readonly Flight[]): FlightCounts {
  const sum: FlightCounts = { sent: 0, answered: 0, lost: 0, stray: 0, checked: 0, wrong: 0 };
  for (const { counts } of flights) {
    for (const key of Object.keys(sum) as (keyof FlightCounts)[]) sum[key] += counts[key];
  }
  return sum;
}

process.stdout.write(`${JSON.stringify(run(JSON.parse(process.argv[2]!) as UdpJob))}\n`);
