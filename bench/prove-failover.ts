/**
 * `npm run prove:failover`: nodes and probers in three regions with true round trips between them, in network namespaces; endpoints
 * are killed at moments by chance, and every node is asked every 10 ms until it answers without them (test/sync/health/proofs/). As
 * root; some five minutes.
 *
 *   node bench/prove-failover.ts [--kills N] [--silences N] [--endpoints N] [--seed N]
 *
 * A kill ends the endpoint's process, so that checks are refused; a silence takes its address from the net, so that they time out. Bounds
 * hold for the p99 of each (of the kind: nearest rank).
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SeededRandom } from "../src/lib/random.ts";
import { whyNoWan } from "../test/support/wan.ts";
import {
  type Death,
  FAST_MONITOR,
  type Failover,
  FailoverProof,
} from "../test/sync/health/proofs/failover-proof.ts";
import { Fleet } from "../test/sync/health/proofs/fleet.ts";

const SEEN_MS_MAX: Readonly<Record<Death, number>> = {
  refused: 1800,
  // Two checks time out, of 500 ms each, where a refusal comes after one round trip of 200 ms at most.
  silent: 2400,
};
const AFTER_VERDICT_MS_MAX = 200;
const PHASES = [
  ["death to first failure", "firstFailureMs"],
  ["death to verdict", "verdictMs"],
  ["verdict to published", "publishedMs"],
  ["verdict to applied by the last node", "appliedMs"],
  ["verdict to the last node's answer", "seenAfterVerdictMs"],
  ["death to the last node's answer", "seenMs"],
] as const;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    silences: { type: "string", default: "20" },
    endpoints: { type: "string", default: "40" },
    seed: { type: "string", default: String(Date.now() >>> 0) },
  },
});

const why = whyNoWan();
if (why !== null) throw new Error(`no network namespaces here: ${why}`);
const [kills, silences] = [Number(values.kills), Number(values.silences)];
console.log(`seed ${values.seed}, load average ${loadAverage()}`);
const dir = mkdtempSync(join(tmpdir(), "windrose-failover-"));
let fleet: Fleet | undefined;
try {
  fleet = await Fleet.begin({
    dir,
    isWide: true,
    endpoints: Number(values.endpoints),
    monitor: FAST_MONITOR,
    doNodesProbe: false,
  });
  const proof = new FailoverProof(fleet, new SeededRandom(Number(values.seed)));
  for (let n = 0; n < kills + silences; n++) {
    // Silences lie among the kills, evenly.
    const isSilence =
      Math.floor(((n + 1) * silences) / (kills + silences)) > Math.floor((n * silences) / (kills + silences));
    const { death, seenMs, seenAfterVerdictMs } = await proof.kill(isSilence ? "silent" : "refused");
    if (seenMs > SEEN_MS_MAX[death] || seenAfterVerdictMs > AFTER_VERDICT_MS_MAX)
      console.log(
        `${n + 1}, ${death}: ${seenMs} ms, ${seenAfterVerdictMs} ms after the verdict; load average ${loadAverage()}`,
      );
  }
  await proof.allBack();
  report("refused", proof.failovers);
  report("silent", proof.failovers);
  console.log(`\nin again, ms from alive     ${distribution(proof.returnsMs)}`);
  if (proof.heldReturnsMs.length > 0)
    console.log(`  after more deaths, held   ${distribution(proof.heldReturnsMs)}`);
  console.log(`load average ${loadAverage()}`);
} finally {
  await fleet?.end();
  rmSync(dir, { recursive: true });
}

function report(death: Death, all: readonly Failover[]): void {
  const failovers = all.filter((failover) => failover.death === death);
  if (failovers.length === 0) return;
  console.log(`\n${failovers.length} ${death}, in ms`);
  for (const [words, phase] of PHASES) {
    console.log(`  ${words.padEnd(36)} ${distribution(failovers.map((failover) => failover[phase]))}`);
  }
  const bounds = [
    ["seenMs", SEEN_MS_MAX[death]],
    ["seenAfterVerdictMs", AFTER_VERDICT_MS_MAX],
  ] as const;
  for (const [phase, boundMs] of bounds) {
    const p99 = percentile(
      failovers.map((failover) => failover[phase]),
      99,
    );
    console.log(
      `  p99 ${p99} ms, must be at most ${boundMs} ms: ${p99 <= boundMs ? "holds" : "DOES NOT HOLD"}`,
    );
    if (p99 > boundMs) process.exitCode = 1;
  }
}

function distribution(ms: readonly number[]): string {
  const at = [50, 90, 99, 100].map((part) => [part, percentile(ms, part)] as const);
  return at
    .map(([part, value]) => `${part === 100 ? "max" : `p${part}`} ${String(value).padStart(5)}`)
    .join("  ");
}

/** Nearest rank. */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((part / 100) * sorted.length) - 1)]!;
}

function loadAverage(): string {
  return loadavg()[0]!.toFixed(1);
}
