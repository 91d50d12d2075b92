/**
 * `npm run prove:calm`: three regions in network namespaces, monitors at their defaults, and nothing that is down; but packets are
 * lost between all regions, and then one region is cut off from everything. Nothing may be taken out (test/sync/health/proofs/). As root.
 *
 *   node bench/prove-calm.ts [--minutes N] [--cut-minutes N] [--loss PART] [--in-nodes]
 *
 * With --in-nodes the nodes probe by themselves; else there is a `windrose probe` beside each.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { whyNoWan } from "../test/support/wan.ts";
import { CalmProof } from "../test/sync/health/proofs/calm-proof.ts";
import { Fleet } from "../test/sync/health/proofs/fleet.ts";

const MINUTE_MS = 60_000;
/** Four pools: each node is asked 400 times a second. */
const ENDPOINTS = 8;
const HEALED_MS_MAX = 5000;
/** To see how late it is, when it is. */
const HEALING_MS_MAX = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    "cut-minutes": { type: "string", default: "2" },
    loss: { type: "string", default: "0.05" },
    "in-nodes": { type: "boolean", default: false },
  },
});

const why = whyNoWan();
if (why !== null) throw new Error(`no network namespaces here: ${why}`);
const dir = mkdtempSync(join(tmpdir(), "windrose-calm-"));
let fleet: Fleet | undefined;
try {
  const options = { dir, isWide: true, endpoints: ENDPOINTS, monitor: {}, doNodesProbe: values["in-nodes"] };
  fleet = await Fleet.begin(options);
  const proof = new CalmProof(fleet);
  const lost = await proof.lossy(Number(values.loss), Number(values.minutes) * MINUTE_MS);
  tell(`${values.minutes} minutes with ${100 * Number(values.loss)} % of packets lost`, lost);
  const { alarms, healedMs } = await proof.cutOff(Number(values["cut-minutes"]) * MINUTE_MS, HEALING_MS_MAX);
  tell(`${values["cut-minutes"]} minutes with one of three regions cut off from everything`, alarms);
  console.log(`one truth again after ${healedMs} ms, must be at most ${HEALED_MS_MAX} ms`);
  if (healedMs > HEALED_MS_MAX) process.exitCode = 1;
} finally {
  await fleet?.end();
  rmSync(dir, { recursive: true });
}

function tell(what: string, alarms: readonly string[]): void {
  console.log(`${what}: ${alarms.length} false alarms; load average ${loadavg()[0]!.toFixed(1)}`);
  for (const alarm of alarms.slice(0, 20)) console.log(`  ${alarm}`);
  if (alarms.length > 0) process.exitCode = 1;
}
