/**
 * `npm run bench`: what a query costs this server, and what it costs others, measured by one
 * load generator in alternating runs on one machine. README.md says what the figures mean.
 *
 *   for each workload: warm every server up once
 *     for each round: for each server: one run of the generator     (A B C A B C …)
 *
 * All servers are started once, each pinned to the same core; those that are not asked sleep.
 * Everything is on 127.0.0.1, lives in a temporary directory, and is ended at the end.
 *
 * @module
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BenchArguments, parseBenchArguments, USAGE } from "./arguments.ts";
import { openLibc } from "./generator/libc.ts";
import type { Job, JobResult } from "./generator/main.ts";
import { PEERS } from "./peers/index.ts";
import { type Cores, chooseCores, pinned } from "./pinning.ts";
import { formatReport, type Run } from "./report.ts";
import { ServerProcess } from "./server-process.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

const WARM_UP_SECONDS = 1;
/** At the start of every run: the server has slept while others were asked. */
const RAMP_UP_SECONDS = 0.2;
const GENERATOR = fileURLToPath(new URL("generator/main.ts", import.meta.url));

async function main(): Promise<number> {
  const options = parseBenchArguments(process.argv.slice(2));
  if (options === "help") {
    say(USAGE);
    return 0;
  }
  openLibc(); // says now what is missing, rather than in every run
  const cores = chooseCores();
  const machine = describeMachine(cores);
  say(Object.values(machine).join("\n"));
  const temporary = mkdtempSync(join(tmpdir(), "windrose-bench-"));
  const servers: ServerProcess[] = [];
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  try {
    servers.push(...(await startServers(options, temporary, cores)));
    const runs: Run[] = [];
    for (const workload of WORKLOADS.filter(({ id }) => options.workloads.includes(id))) {
      runs.push(...(await measure(workload, { options, servers, cores, signal: interrupt.signal })));
    }
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify({ machine, options, runs }, undefined, 2)}\n`);
    }
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    throw error;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function startServers(
  options: BenchArguments,
  temporary: string,
  cores: Cores,
): Promise<ServerProcess[]> {
  const servers: ServerProcess[] = [];
  for (const peer of PEERS.filter(({ id }) => options.servers.includes(id))) {
    const missing = peer.missing();
    if (missing !== undefined) {
      say(`Left out: ${peer.title} is not installed; ${missing}`);
      continue;
    }
    try {
      servers.push(await ServerProcess.start(peer, temporary, cores.server));
    } catch (error) {
      say(`Left out: ${(error as Error).message}`);
    }
  }
  return servers;
}

interface MeasureOptions {
  readonly options: BenchArguments;
  readonly servers: readonly ServerProcess[];
  readonly cores: Cores;
  readonly signal: AbortSignal;
}

async function measure(workload: Workload, context: MeasureOptions): Promise<Run[]> {
  const { options } = context;
  const runs: Run[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    for (const server of context.servers) {
      if (!server.isRunning) continue;
      // Round 0 is the warm-up and not reported.
      const seconds = round === 0 ? Math.min(WARM_UP_SECONDS, options.seconds) : options.seconds;
      const result = await generate(server, workload, seconds, context);
      if (!server.isRunning) say(`${server.peer.title} ended under load: ${server.output}`);
      else if (result.answeredInTime === 0) say(`${server.peer.title} answered nothing in ${seconds} s`);
      else if (round > 0) runs.push({ server: server.peer.id, workload: workload.id, round, result });
    }
  }
  const servers = context.servers.map(({ peer }) => peer);
  const notes = Object.fromEntries(servers.map(({ id, notes }) => [id, notes[workload.id] ?? ""]));
  say(formatReport({ title: workload.title, servers, runs, notes }));
  return runs;
}

/** One run of the generator, as a process on its own core. */
async function generate(
  server: ServerProcess,
  workload: Workload,
  seconds: number,
  { options, cores, signal }: MeasureOptions,
): Promise<JobResult> {
  const job: Job = {
    port: server.port,
    pid: server.pid,
    workload: workload.id,
    checkReplies: server.peer.checkReplies,
    warmUpSeconds: RAMP_UP_SECONDS,
    seconds,
    sockets: options.sockets,
    window: options.window,
    rate: options.rate,
  };
  const { file, args } = pinned(
    { file: process.execPath, args: [GENERATOR, JSON.stringify(job)] },
    cores.generator,
  );
  // Twice the time of the run and ten seconds: a generator that hangs is ended.
  const timeout = (seconds + RAMP_UP_SECONDS) * 2_000 + 10_000;
  const { stdout } = await promisify(execFile)(file, args, { timeout, signal });
  return JSON.parse(stdout) as JobResult;
}

function describeMachine(cores: Cores): Record<string, string> {
  const pinning = cores.warning ?? `server on core ${cores.server}, generator on core ${cores.generator}`;
  return {
    date: new Date().toISOString(),
    commit: `commit ${commit()}`,
    machine: `${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores, Linux ${release()}, Node ${process.version}`,
    pinning,
  };
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", args, {
        cwd: import.meta.dirname,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    return (
      git("rev-parse", "--short", "HEAD").trim() + (git("status", "--porcelain") === "" ? "" : ", changed")
    );
  } catch {
    return "unknown";
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
