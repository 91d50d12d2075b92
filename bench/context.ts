/**
 * What every section of the bench works with: the servers, the cores, and how to run a generator.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchArguments } from "./arguments.ts";
import type { TcpJob, TcpResult } from "./generator/tcp-main.ts";
import type { UdpJob, UdpResult } from "./generator/udp-main.ts";
import { type Cores, pinned } from "./pinning.ts";
import type { ServerProcess } from "./server-process.ts";

export interface BenchContext {
  readonly options: BenchArguments;
  readonly servers: readonly ServerProcess[];
  readonly cores: Cores;
  /** Where servers have their folders; on one file system. */
  readonly temporary: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** At the start of every run: the server has slept while others were asked. */
const RAMP_UP_SECONDS = 0.2;

/** What a section says of a run; the rest follows from the server and the flags. */
export interface UdpRunOptions {
  readonly workload: string;
  readonly seconds: number;
  /** 0 for the closed loop. */
  readonly rate: number;
}

type Surroundings = Pick<BenchContext, "cores" | "signal"> & {
  readonly options: Pick<BenchArguments, "sockets" | "window">;
};

export function runUdp(
  server: ServerProcess,
  run: UdpRunOptions,
  { cores, signal, options }: Surroundings,
): Promise<UdpResult> {
  const { sockets, window } = options;
  const { port, pid } = server;
  const { checkReplies } = server.peer;
  const job: UdpJob = { ...run, port, pid, checkReplies, warmUpSeconds: RAMP_UP_SECONDS, sockets, window };
  return runGenerator<UdpResult>("generator/udp-main.ts", job, cores, signal);
}

export function runTcp(
  server: ServerProcess,
  run: Pick<TcpJob, "workload" | "seconds" | "connections" | "inFlight">,
  { cores, signal }: Pick<BenchContext, "cores" | "signal">,
): Promise<TcpResult> {
  const { port, pid } = server;
  const job: TcpJob = { ...run, port, pid, warmUpSeconds: 2 * RAMP_UP_SECONDS };
  return runGenerator<TcpResult>("generator/tcp-main.ts", job, cores, signal);
}

/** One run of a generator, as a process on its own core. */
async function runGenerator<Result>(
  script: string,
  job: UdpJob | TcpJob,
  cores: Cores,
  signal: AbortSignal,
): Promise<Result> {
  const generator = fileURLToPath(new URL(script, import.meta.url));
  const { file, args } = pinned(
    { file: process.execPath, args: [generator, JSON.stringify(job)] },
    cores.generator,
  );
  // Twice the time of the run and ten seconds: a generator that hangs is ended.
  const timeout = (job.seconds + job.warmUpSeconds) * 2_000 + 10_000;
  const { stdout } = await promisify(execFile)(file, args, { timeout, signal });
  return JSON.parse(stdout) as Result;
}
