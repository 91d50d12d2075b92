/**
 * `npm run bench`: what a query costs this server, and what it costs others, measured by one
 * load generator in alternating runs on one machine. README.md says what the figures mean.
 *
 *   start all servers ─► sections: cpu, latency, edit, tcp, idle ─► the table of what must be reached
 *
 * All servers are started once, each pinned to the same core; those that are not asked sleep.
 * Everything is on 127.0.0.1, lives in a temporary directory, and is ended at the end.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchArguments, parseBenchArguments, type Section, USAGE } from "./arguments.ts";
import type { BenchContext } from "./context.ts";
import type { Figures } from "./figures.ts";
import { requireLibc } from "./generator/datagrams.ts";
import { describeMachine, loadAverage, readStolenTime, stolenShareSince } from "./machine.ts";
import { PEERS } from "./peers/index.ts";
import { writePlaceFile, writeSamples } from "./peers/steered.ts";
import { type Cores, chooseCores } from "./pinning.ts";
import { measureCpu } from "./sections/cpu.ts";
import { measureEdit } from "./sections/edit.ts";
import { measureIdle } from "./sections/idle.ts";
import { measureLatency } from "./sections/latency.ts";
import { measureTcp } from "./sections/tcp.ts";
import { ServerProcess } from "./server-process.ts";
import { formatVerdict, verdictRows } from "./verdict.ts";
import { STEERED_WORKLOADS } from "./workloads.ts";

async function main(): Promise<number> {
  const options = parseBenchArguments(process.argv.slice(2));
  if (options === "help") {
    say(USAGE);
    return 0;
  }
  requireLibc(); // says now what is missing, rather than in every run
  const cores = chooseCores();
  const machine = describeMachine(cores);
  say(Object.values(machine).join("\n"));
  const temporary = mkdtempSync(join(tmpdir(), "windrose-bench-"));
  const servers: ServerProcess[] = [];
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  try {
    servers.push(...(await startServers(options, temporary, cores)));
    const stolenBefore = readStolenTime();
    const figures = await measure({ options, servers, cores, temporary, signal: interrupt.signal, say });
    const rows = verdictRows(figures);
    say(formatVerdict(rows));
    say(
      "Loading, memory and edits of 1,000,000 records: node bench/load.ts. Garbage: node bench/garbage.ts.",
    );
    const stolen = `${(stolenShareSince(stolenBefore) * 100).toFixed(1)} % of the cores' time went to other machines`;
    say(`At the end: ${loadAverage()}; ${stolen}`);
    if (options.json !== undefined) {
      const after = { load: loadAverage(), stolen };
      const all = { machine, after, options, rows, figures };
      writeFileSync(options.json, `${JSON.stringify(all, undefined, 2)}\n`);
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

/** Idle comes last: what the others left in the machines of the languages is collected by then. */
async function measure(context: BenchContext): Promise<Figures> {
  const section = async <Run>(name: Section, run: (context: BenchContext) => Promise<Run[]>) => {
    return context.options.only.includes(name) ? run(context) : [];
  };
  return {
    cpu: await section("cpu", measureCpu),
    latency: await section("latency", measureLatency),
    edit: await section("edit", measureEdit),
    tcp: await section("tcp", measureTcp),
    idle: await section("idle", measureIdle),
  };
}

async function startServers(
  options: BenchArguments,
  temporary: string,
  cores: Cores,
): Promise<ServerProcess[]> {
  const servers: ServerProcess[] = [];
  const { geo, rtt } = writeClientFiles(options, temporary);
  for (const peer of PEERS.filter(({ id }) => options.servers.includes(id))) {
    const missing = peer.missing();
    if (missing !== undefined) {
      say(`Left out: ${peer.title} is not installed; ${missing}`);
      continue;
    }
    try {
      servers.push(await ServerProcess.start(peer, temporary, { core: cores.server, geo, rtt }));
    } catch (error) {
      say(`Left out: ${(error as Error).message}`);
    }
  }
  return servers;
}

/** Where the clients of steered names are; files that nobody asks by are not made. */
function writeClientFiles(
  { only, workloads, rttNetworks }: BenchArguments,
  temporary: string,
): { geo: string | undefined; rtt: string | undefined } {
  const asked = STEERED_WORKLOADS.filter(({ id }) => only.includes("cpu") && workloads.includes(id));
  const geo = asked.length > 0 ? join(temporary, "places.mmdb") : undefined;
  const rtt = asked.some(({ id }) => id === "latency") ? join(temporary, "samples.csv") : undefined;
  if (geo !== undefined) writePlaceFile(geo);
  if (rtt !== undefined) writeSamples(rtt, rttNetworks);
  return { geo, rtt };
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
