/**
 * What a query costs at saturation: every workload, every server, one after the other in each round.
 *
 *   for each round: for each workload: for each server: one run of the generator     (A B C A B C …)
 *
 * Rounds are outermost, so that one workload of a server can be compared with another of the same round.
 *
 * @module
 */
import { type BenchContext, runUdp } from "../context.ts";
import type { UdpRun } from "../figures.ts";
import { formatWorkload } from "../report.ts";
import type { ServerProcess } from "../server-process.ts";
import { STEERED_WORKLOADS, WORKLOADS, type Workload } from "../workloads.ts";

const US = "windrose";
const SECONDS = 1.5;
const WARM_UP_SECONDS = 1;
/** What slow servers are asked: the rows of the table that name them. */
const COMPARED_WITH_SLOW: readonly string[] = ["static", "weighted"];

export async function measureCpu(context: BenchContext): Promise<UdpRun[]> {
  const { options, say } = context;
  const workloads = [...WORKLOADS, ...STEERED_WORKLOADS].filter(({ id }) => options.workloads.includes(id));
  for (const { peer } of context.servers) {
    for (const { id, isOursAlone } of workloads) {
      if (isOursAlone) continue;
      const lacks = peer.lacks?.(id);
      if (lacks !== undefined) say(`Left out: ${peer.title}, ${id}: ${lacks}`);
    }
  }
  const runs: UdpRun[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    for (const workload of workloads) {
      for (const server of context.servers) {
        if (!server.isRunning || !isCompared(server, workload)) continue;
        const run = await runOnce(server, workload, round, context);
        // Round 0 is the warm-up and not reported.
        if (run !== undefined && round > 0) runs.push(run);
      }
    }
  }
  const servers = context.servers.map(({ peer }) => peer);
  for (const { id, title } of workloads) {
    const notes = Object.fromEntries(servers.map((peer) => [peer.id, peer.notes[id] ?? ""]));
    say(formatWorkload({ title, servers, runs: runs.filter(({ workload }) => workload === id), notes }));
  }
  return runs;
}

function isCompared({ peer }: ServerProcess, { id, isOursAlone }: Workload): boolean {
  if (isOursAlone) return peer.id === US;
  if (peer.lacks?.(id) !== undefined) return false;
  return peer.isSlow !== true || COMPARED_WITH_SLOW.includes(id);
}

async function runOnce(
  server: ServerProcess,
  { id }: Workload,
  round: number,
  context: BenchContext,
): Promise<UdpRun | undefined> {
  const seconds = context.options.seconds ?? SECONDS;
  const run = { workload: id, seconds: round === 0 ? Math.min(WARM_UP_SECONDS, seconds) : seconds, rate: 0 };
  const result = await runUdp(server, run, context);
  if (!server.isRunning) context.say(`${server.peer.title} ended under load: ${server.output}`);
  else if (result.answeredInTime > 0) return { server: server.peer.id, workload: id, round, result };
  else context.say(`${server.peer.title} answered nothing in ${run.seconds} s`);
  return undefined;
}
