/** A thread that draws from the first pool of some specs, and tells how often each member came. */
import { parentPort, workerData } from "node:worker_threads";
import { ClientPlace } from "../../src/geo/client-place.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { choose, Picks } from "../../src/steering/choose.ts";
import type { LiveTable } from "../../src/steering/live.ts";
import { compilePools } from "../../src/steering/pool.ts";
import type { PoolSpec } from "../../src/steering/spec.ts";

const { specs, live, draws } = workerData as { specs: PoolSpec[]; live: LiveTable; draws: number };
const first = specs[0]!;
const slots = new Map(first.members.map(({ name }, slot) => [name, slot]));
const pool = compilePools(specs, (_, name) => slots.get(name)!).get(first.id)!;
const request = {
  family: 4,
  random: new SeededRandom(1),
  live,
  client: new ClientPlace(),
  latency: null,
} as const;
const picks = new Picks();
const counts: Record<string, number> = {};
for (let i = 0; i < draws; i++) {
  choose(pool, request, picks, null);
  const { name } = picks.members[0]!;
  counts[name] = (counts[name] ?? 0) + 1;
}
parentPort!.postMessage(counts);
