/**
 * Response times at a fixed rate that all servers can keep up with, queries due one by one (open loop).
 *
 * @module
 */
import { type BenchContext, runUdp } from "../context.ts";
import type { UdpRun } from "../figures.ts";
import { formatResponseTimes } from "../report.ts";

const SECONDS = 3;
const WARM_UP_SECONDS = 1;
const WORKLOAD = "static";

export async function measureLatency(context: BenchContext): Promise<UdpRun[]> {
  const { options, say } = context;
  const servers = context.servers.filter(({ peer }) => peer.isSlow !== true);
  const runs: UdpRun[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    for (const server of servers) {
      if (!server.isRunning) continue;
      const full = options.seconds ?? SECONDS;
      const seconds = round === 0 ? Math.min(WARM_UP_SECONDS, full) : full;
      const result = await runUdp(server, { workload: WORKLOAD, seconds, rate: options.rate }, context);
      if (round > 0) runs.push({ server: server.peer.id, workload: WORKLOAD, round, result });
    }
  }
  const title = `response times at ${options.rate} queries a second`;
  say(formatResponseTimes({ title, servers: servers.map(({ peer }) => peer), runs, notes: {} }));
  return runs;
}
