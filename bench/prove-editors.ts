/**
 * `npm run prove:editors`: twenty editors for a minute over the API, on files and on Redis with two nodes, and then a look
 * whether each acknowledged edit is there, in order, and nothing else (test/store/proofs/editors.ts).
 *
 *   node bench/prove-editors.ts [--seconds N] [--editors N] [--seed N]
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Editors } from "../test/store/proofs/editors.ts";
import { type EditingApi, startEditingApi } from "../test/store/proofs/editors-api.ts";
import { makeFolder, type Place } from "../test/store/proofs/work.ts";
import { RedisServer } from "../test/support/redis-server.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    editors: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() >>> 0) },
  },
});

console.log(`seed ${values.seed}`);
const root = mkdtempSync(join(tmpdir(), "windrose-editors-"));
const dir = join(root, "zones");
makeFolder(dir);
const redis = await RedisServer.start();
try {
  await prove([
    { kind: "redis", dir, url: redis.url },
    { kind: "redis", dir, url: redis.url },
  ]);
  await prove([{ kind: "files", dir, dataDir: join(root, "data") }]);
} finally {
  await redis.kill();
  rmSync(root, { recursive: true });
}

/** One node for each place. */
async function prove(places: readonly Place[]): Promise<void> {
  const apis: EditingApi[] = [];
  for (const place of places) apis.push(await startEditingApi(place));
  const asks = Array.from({ length: Number(values.editors) }, (_, i) => apis[i % apis.length]!.ask);
  const seconds = Number(values.seconds);
  const { edits, races, unsettled } = await new Editors({ asks, seed: Number(values.seed), seconds }).run();
  console.log(
    `${places[0]!.kind}, ${places.length} nodes: ${edits} edits of ${asks.length} editors in ${seconds} s, none lost, in one order; ${races} found another one faster (412), ${unsettled} were not settled (503)`,
  );
  for (const api of apis) await api.close();
}
