/**
 * `npm run prove:kills`: hundreds of kill -9 in the middle of edits, over files and over Redis, and after each one a look
 * whether an acknowledged edit is lost, a file torn or a change half there (test/store/proofs/kills.ts). Takes some minutes on one core.
 *
 *   node bench/prove-kills.ts [--store files|redis] [--kinds N] [--random N] [--outside N] [--seed N]
 *
 * Edits of `--kinds` kinds (at most 5) are killed at each of their calls: before it, after it and in the middle of what it writes. `--random` kills
 * are at calls by chance, with edits before, and some in the start that follows. `--outside` kills come at a moment by chance.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SeededRandom } from "../src/lib/random.ts";
import { Killing } from "../test/store/proofs/kills.ts";
import { RedisServer } from "../test/support/redis-server.ts";

const CALLS = { files: 30, redis: 12 };
const OUTSIDE_MS_MAX = 150;

const { values } = parseArgs({
  options: {
    store: { type: "string" },
    kinds: { type: "string", default: "5" },
    random: { type: "string", default: "100" },
    outside: { type: "string", default: "50" },
    seed: { type: "string", default: String(Date.now() >>> 0) },
  },
});

console.log(`seed ${values.seed}`);
const root = mkdtempSync(join(tmpdir(), "windrose-kills-"));
const redis = values.store === "files" ? undefined : await RedisServer.start();
try {
  if (values.store !== "redis")
    await prove(
      "files",
      new Killing({ kind: "files", dir: join(root, "files"), dataDir: join(root, "data") }),
    );
  if (redis !== undefined)
    await prove("redis", new Killing({ kind: "redis", dir: join(root, "redis"), url: redis.url }));
} finally {
  await redis?.kill();
  rmSync(root, { recursive: true });
}

async function prove(kind: "files" | "redis", killing: Killing): Promise<void> {
  const random = new SeededRandom(Number(values.seed));
  const startedMs = performance.now();
  await killing.begin();
  await killing.atEachCall(Number(values.kinds));
  console.log(`${kind}: ${killing.counts.kills} kills at each call of ${values.kinds} kinds of edits`);
  for (let n = 0; n < Number(values.random); n++) await killing.byChance(random, CALLS[kind]);
  for (let n = 0; n < Number(values.outside); n++) await killing.fromOutside(random, OUTSIDE_MS_MAX);
  const { kills, acknowledged, completed, edits } = killing.counts;
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `${kind}: ${kills} kills in ${seconds} s; ${acknowledged} acknowledged edits, none lost; ${completed} of those under way completed, the others as if never made; ${edits} generations without a gap`,
  );
}
