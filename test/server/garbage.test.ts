/**
 * Answering makes no garbage: bench/garbage.ts with a million queries. Its --canary shows that garbage would be
 * seen.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { GarbageRun } from "../../bench/garbage.ts";

const BENCH = fileURLToPath(new URL("../../bench/garbage.ts", import.meta.url));
/** A young generation this small is collected after each megabyte of garbage. */
const NODE_FLAGS = ["--max-semi-space-size=1"];
const TIMEOUT_MS = 120_000;
/** Below what one object takes. What there is does not come from queries: the compiler's work, the measuring itself. */
const OCTETS_PER_QUERY_MAX = 1;

async function measure(...args: string[]): Promise<GarbageRun[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...NODE_FLAGS, BENCH, "--json", ...args]);
  return JSON.parse(stdout) as GarbageRun[];
}

describe("respond() and UdpBatch", () => {
  test(
    "allocate nothing for a query: static, weighted, NXDOMAIN, wildcard, random case, ECS, and every step that looks at clients",
    async () => {
      const runs = await measure("--queries", "840000", "--warm-up", "40000");
      const plain = ["static", "weighted", "nxdomain", "wildcard", "case", "ecs", "large"];
      const steered = ["geo", "proximity", "hash", "latency", "chain"];
      expect(runs.map(({ workload }) => workload)).toEqual([...plain, ...steered]);
      for (const { workload, queries, collections, allocatedOctets } of runs) {
        expect(queries).toBeGreaterThanOrEqual(70_000);
        expect(collections, `collections: ${workload}`).toBeLessThanOrEqual(3);
        expect(allocatedOctets / queries, `octets for a query: ${workload}`).toBeLessThan(
          OCTETS_PER_QUERY_MAX,
        );
      }
    },
    TIMEOUT_MS,
  );

  test(
    "would be seen to, were it one object",
    async () => {
      const runs = await measure("--queries", "480000", "--warm-up", "6400", "--canary");
      for (const { queries, allocatedOctets } of runs)
        expect(allocatedOctets / queries).toBeGreaterThan(OCTETS_PER_QUERY_MAX);
    },
    TIMEOUT_MS,
  );
});
