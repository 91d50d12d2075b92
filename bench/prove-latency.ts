/**
 * `npm run prove:latency`: three nodes with a prober each, in three regions, and 20 client networks with round trips by chance, in
 * network namespaces (test/sync/latency/proofs/latency-proof.ts). As root; some three and a half minutes.
 *
 *   node bench/prove-latency.ts [--networks N] [--interval TIME] [--seed N]
 *
 * Shown is how long it took until every node answered every network with the regions in their true order, from the first query and
 * from a change of paths; and how many orders changed while all paths were off by 10 %. Each has 60 s.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SeededRandom } from "../src/lib/random.ts";
import { whyNoWan } from "../test/support/wan.ts";
import { LatencyProof } from "../test/sync/latency/proofs/latency-proof.ts";

const PHASE_MS = 60_000;

const { values } = parseArgs({
  options: {
    networks: { type: "string", default: "20" },
    interval: { type: "string", default: "10s" },
    seed: { type: "string", default: String(Date.now() >>> 0) },
  },
});

const why = whyNoWan();
if (why !== null) throw new Error(`no network namespaces here: ${why}`);
console.log(`seed ${values.seed}, measured each ${values.interval}`);
const dir = mkdtempSync(join(tmpdir(), "windrose-latency-"));
const proof = await LatencyProof.begin({
  dir,
  networks: Number(values.networks),
  random: new SeededRandom(Number(values.seed)),
  interval: values.interval,
  rate: 20,
  queriesASecond: 160,
}).catch((error: unknown) => {
  rmSync(dir, { recursive: true });
  throw error;
});
try {
  const learned = await proof.ranked(PHASE_MS);
  console.log(`${proof.networks} networks in the true order at 3 nodes after ${learned} ms`);
  const changed = Math.ceil(proof.networks / 4);
  proof.change(changed);
  const followed = await proof.ranked(PHASE_MS);
  console.log(`${changed} networks whose nearest region became the farthest: followed after ${followed} ms`);
  const flaps = await proof.jitter(0.1, PHASE_MS, Math.ceil(proof.networks / 2));
  console.log(
    `orders that changed in ${PHASE_MS / 1000} s of 10 % jitter, two regions being about as near to half of the networks: ${flaps.length}`,
  );
  for (const flap of flaps) console.log(`  ${flap}`);
  if (flaps.length > 0) process.exitCode = 1;
} finally {
  await proof.end();
  rmSync(dir, { recursive: true });
}
