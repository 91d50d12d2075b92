/**
 * What a query costs over TCP: a few connections, each with many queries in flight.
 *
 * @module
 */
import { type BenchContext, runTcp } from "../context.ts";
import type { TcpRun } from "../figures.ts";
import { formatTcp } from "../report.ts";

const SECONDS = 1.5;
const WORKLOAD = "static";

export async function measureTcp(context: BenchContext): Promise<TcpRun[]> {
  const runs: TcpRun[] = [];
  for (const inFlight of context.options.inFlight) runs.push(...(await measureWith(inFlight, context)));
  return runs;
}

async function measureWith(inFlight: number, context: BenchContext): Promise<TcpRun[]> {
  const { options, say } = context;
  const { connections } = options;
  const servers = context.servers.filter(({ peer }) => peer.hasTcp);
  const runs: TcpRun[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    for (const server of servers) {
      if (!server.isRunning) continue;
      const seconds = options.seconds ?? SECONDS;
      const run = { workload: WORKLOAD, seconds, connections, inFlight };
      const result = await runTcp(server, run, context);
      if (result.ended.length > 0) {
        say(`${server.peer.title} ended ${result.ended.length} connections: ${result.ended[0]}`);
      }
      if (round > 0 && result.answered > 0) {
        runs.push({ server: server.peer.id, connections, inFlight, round, result });
      }
    }
  }
  const title = `TCP, ${connections} connections, ${inFlight} in flight on each`;
  say(formatTcp({ title, servers: servers.map(({ peer }) => peer), runs, notes: {} }));
  return runs;
}
