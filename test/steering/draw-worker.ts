/**
 * A thread that asks the first pool of some specs: for the clients of each message, in their order. It answers with the
 * names of the members that came first.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { SeededRandom } from "../../src/lib/random.ts";
import type { LiveTable } from "../../src/steering/live.ts";
import type { PoolSpec } from "../../src/steering/spec.ts";
import { Bench } from "./notation.ts";

export interface DrawWork {
  readonly specs: PoolSpec[];
  readonly live: LiveTable;
  readonly seed: number;
}

export interface Asked {
  readonly types: readonly ("A" | "AAAA")[];
  /** Client i is 10.0.0.0 + i. */
  readonly clients: readonly number[];
}

const { specs, live, seed } = workerData as DrawWork;
const bench = new Bench(specs);
bench.request.live = live;
bench.request.random = new SeededRandom(seed);
parentPort!.on("message", ({ types, clients }: Asked) => {
  const names = clients.flatMap((client) => {
    bench.from(`10.${client >>> 16}.${(client >>> 8) & 0xff}.${client & 0xff}`);
    return types.map((type) => bench.ask(type));
  });
  parentPort!.postMessage(names);
});
