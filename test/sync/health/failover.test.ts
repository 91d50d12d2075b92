import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SeededRandom } from "../../../src/lib/random.ts";
import { FAST_MONITOR, FailoverProof } from "./proofs/failover-proof.ts";
import { Fleet } from "./proofs/fleet.ts";

/** `npm run prove:failover` has a hundred, over a wide-area network. */
const KILLS = 3;

test("three nodes and three probers take out an endpoint that is killed, and in again", {
  timeout: 60_000,
}, async () => {
  const seed = Date.now() >>> 0;
  console.log(`seed ${seed}`);
  const dir = mkdtempSync(join(tmpdir(), "windrose-failover-"));
  const fleet = await Fleet.begin({
    dir,
    isWide: false,
    endpoints: 4,
    monitor: FAST_MONITOR,
    doNodesProbe: false,
  });
  try {
    const proof = new FailoverProof(fleet, new SeededRandom(seed));
    for (let kill = 0; kill < KILLS; kill++) {
      const { firstFailureMs, verdictMs, publishedMs, appliedMs } = await proof.kill("refused");
      expect(verdictMs).toBeGreaterThan(firstFailureMs);
      expect(appliedMs).toBeGreaterThanOrEqual(publishedMs);
    }
    await proof.allBack();
    expect(proof.returnsMs).toHaveLength(KILLS);
  } finally {
    await fleet.end();
    rmSync(dir, { recursive: true });
  }
});
