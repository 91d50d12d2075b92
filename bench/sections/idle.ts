/**
 * What servers cost that nobody asks: CPU time over some seconds, all at once.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchContext } from "../context.ts";
import type { IdleRun } from "../figures.ts";
import { processTreeCpuSeconds } from "../process-cpu.ts";
import { formatTable } from "../table.ts";

const SECONDS = 20;
/** What the last section left to do (collecting garbage, say) is done by then. */
const SETTLE_SECONDS = 2;

export async function measureIdle({ options, servers, signal, say }: BenchContext): Promise<IdleRun[]> {
  const running = servers.filter(({ isRunning }) => isRunning);
  await sleep(SETTLE_SECONDS * 1000, undefined, { signal });
  const before = running.map(({ pid }) => processTreeCpuSeconds(pid));
  const startMs = performance.now();
  await sleep((options.seconds ?? SECONDS) * 1000, undefined, { signal });
  const seconds = (performance.now() - startMs) / 1000;
  const runs = running.map(({ peer, pid }, i) => {
    return { server: peer.id, seconds, cpuSeconds: processTreeCpuSeconds(pid) - before[i]! };
  });
  const lines = runs.map(({ cpuSeconds }, i) => [
    running[i]!.peer.title,
    `${((cpuSeconds / seconds) * 100).toFixed(2)} %`,
  ]);
  say(`\n### idle, over ${seconds.toFixed(0)} s\n`);
  say(formatTable({ head: ["", "of a core"], lines, textColumns: [0] }));
  return runs;
}
