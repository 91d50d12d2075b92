/**
 * The load generator for TCP: like udp-main.ts a process of its own with one job and one result. So many connections
 * with so many queries in flight on each, pipelined, the server as busy as it can be.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { processTreeCpuSeconds } from "../process-cpu.ts";
import { queriesOf, workloadOf } from "../workloads.ts";
import { FramedQueries, TcpConnection, type TcpConnectionCounts } from "./tcp-connection.ts";

export interface TcpJob {
  readonly port: number;
  /** Whose CPU time is read. */
  readonly pid: number;
  readonly workload: string;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Queries in flight on each connection. */
  readonly inFlight: number;
}

export interface TcpResult extends TcpConnectionCounts {
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly generatorCpuSeconds: number;
  /** Why connections ended before the time; none should. */
  readonly ended: readonly string[];
}

async function run(job: TcpJob): Promise<TcpResult> {
  const workload = workloadOf(job.workload);
  const queries = new FramedQueries(queriesOf(workload));
  const counts: TcpConnectionCounts = { answered: 0, checked: 0, wrong: 0 };
  const ended: string[] = [];
  const { port, inFlight } = job;
  const connections = Array.from({ length: job.connections }, () => {
    return new TcpConnection({ port, queries, workload, inFlight, counts, onEnd: (why) => ended.push(why) });
  });
  await sleep(job.warmUpSeconds * 1000);

  const before = { ...counts };
  const serverCpuBefore = processTreeCpuSeconds(job.pid);
  const generatorCpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await sleep(job.seconds * 1000);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(generatorCpuBefore);
  const serverCpuSeconds = processTreeCpuSeconds(job.pid) - serverCpuBefore;
  for (const connection of connections) connection.stop();
  return {
    answered: counts.answered - before.answered,
    checked: counts.checked - before.checked,
    wrong: counts.wrong - before.wrong,
    seconds,
    serverCpuSeconds,
    generatorCpuSeconds: (user + system) / 1e6,
    ended,
  };
}

process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2]!) as TcpJob))}\n`);
