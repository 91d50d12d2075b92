/**
 * Reads of one document over keep-alive connections: how many a second a server on one core answers, and what one costs it.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pinned } from "../pinning.ts";
import { processTreeCpuSeconds } from "../process-cpu.ts";
import type { ApiNode } from "./api-node.ts";

const MAIN = fileURLToPath(new URL("read-main.ts", import.meta.url));
const WARM_UP_SECONDS = 2;

export interface ReadRun {
  readonly perSecond: number;
  /** Of the server's process, all threads. */
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ReadOptions {
  readonly path: string;
  /** One for each connection. */
  readonly tokens: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  /** Of the load. */
  readonly core: number | undefined;
}

/** One run for each round, after one that warms up. */
export async function measureReads(node: ApiNode, options: ReadOptions): Promise<ReadRun[]> {
  const runs: ReadRun[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const seconds = round === 0 ? WARM_UP_SECONDS : options.seconds;
    const run = await load(node, options, seconds);
    if (round > 0) runs.push(run);
  }
  return runs;
}

async function load(node: ApiNode, { path, tokens, core }: ReadOptions, seconds: number): Promise<ReadRun> {
  const args = [MAIN, String(node.apiPort), path, String(seconds), ...tokens];
  const command = pinned({ file: process.execPath, args }, core);
  const before = processTreeCpuSeconds(node.pid);
  const { stdout } = await promisify(execFile)(command.file, [...command.args]);
  const cpuSeconds = processTreeCpuSeconds(node.pid) - before;
  const { replies, p50Us, p99Us } = JSON.parse(stdout) as Record<"replies" | "p50Us" | "p99Us", number>;
  return {
    perSecond: replies / seconds,
    cpuMicroseconds: (cpuSeconds * 1e6) / replies,
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
  };
}
