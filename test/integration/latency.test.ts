/**
 * Real round trips, from the first query to the answer that goes by them: the small version of `npm run prove:latency`.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/lib/random.ts";
import { whyNoWan } from "../support/wan.ts";
import { LatencyProof } from "../sync/latency/proofs/latency-proof.ts";

const WITHIN_MS = 40_000;

describe.skipIf(whyNoWan() !== null)("in network namespaces", () => {
  test("three nodes learn which region is nearest to each network that asks", {
    timeout: 3 * WITHIN_MS,
  }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const dir = mkdtempSync(join(tmpdir(), "windrose-latency-"));
    try {
      const proof = await LatencyProof.begin({
        dir,
        networks: 3,
        random: new SeededRandom(seed),
        interval: "2s",
        rate: 50,
        queriesASecond: 120,
      });
      try {
        await expect(proof.ranked(WITHIN_MS), `seed ${seed}`).resolves.toBeLessThan(WITHIN_MS);
      } finally {
        await proof.end();
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
