/**
 * How long a large configuration takes to start from Redis, and from the snapshot on disk when Redis is away, and how
 * soon an edit is on another node:
 *
 *   node bench/redis-load.ts [--zones N] [--records N] [--edits N]
 *
 * Starts a redis-server of its own. An edit is timed from the call of its writer to the load of who follows.
 *
 * @module
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pino from "pino";
import { DocumentReader } from "../src/documents/document-reader.ts";
import { keepHeapSmall } from "../src/lib/heap.ts";
import { compileSnapshot } from "../src/snapshot/snapshot.ts";
import type { Edit } from "../src/store/change.ts";
import { openRedisStore, type RedisDocuments } from "../src/store/redis/redis-documents.ts";
import { RedisServer } from "../test/support/redis-server.ts";

const { values } = parseArgs({
  options: {
    zones: { type: "string", default: "10000" },
    records: { type: "string", default: "1000000" },
    edits: { type: "string", default: "100" },
  },
});
const zones = Number(values.zones);
const recordsPerZone = Math.max(1, Math.round(Number(values.records) / zones) - 5);
const BY = { author: "bench", reason: "a measurement" };
const log = pino({ level: "error" });

const server = await RedisServer.start();
const dir = mkdtempSync(join(tmpdir(), "windrose-bench-redis-"));
try {
  await run();
} finally {
  await server.kill();
  rmSync(dir, { recursive: true });
}

async function run(): Promise<void> {
  keepHeapSmall(); // as serve does
  const writer = await open();
  await fill(writer);

  const reader = new DocumentReader((files, onRead) => node.readFiles(files, onRead));
  const node = await open(dir);
  let startedMs = performance.now();
  const listing = await load(node, reader);
  console.log(`start from Redis: ${secondsSince(startedMs)}; resident ${rssMB()} MB`);

  startedMs = performance.now();
  node.keep(listing);
  await node.close(); // waits for the snapshot
  const octets = statSync(join(dir, "snapshot.documents")).size;
  console.log(
    `the snapshot on disk, ${Math.round(octets / 2 ** 20)} MB: written in ${secondsSince(startedMs)}`,
  );

  startedMs = performance.now();
  const again = await open(dir);
  await load(again, new DocumentReader(again.readFiles));
  console.log(`start from Redis with a snapshot: ${secondsSince(startedMs)}`);
  await edit(writer, again);
  await again.close();

  await server.kill();
  startedMs = performance.now();
  const alone = await open(dir);
  await load(alone, new DocumentReader(alone.readFiles));
  console.log(`start from the snapshot without Redis: ${secondsSince(startedMs)}; resident ${rssMB()} MB`);
  await alone.close();
  await writer.close();
}

function open(dataDir?: string): Promise<RedisDocuments> {
  return openRedisStore({ url: server.url, log, ...(dataDir === undefined ? {} : { dataDir }) });
}

/** As a push would. */
async function fill(store: RedisDocuments): Promise<void> {
  const { listing } = await store.list();
  const edits = Array.from({ length: zones }, (_, zone) => zoneEdit(zone, 0));
  const startedMs = performance.now();
  const draft = await store.draft(edits, listing);
  await store.commit(draft, { ...BY, expected: 0, parts: [] });
  console.log(
    `${zones} zones, ${zones * (recordsPerZone + 5)} records: put into Redis in ${secondsSince(startedMs)}`,
  );
}

async function load(store: RedisDocuments, reader: DocumentReader) {
  const { listing } = await store.list();
  const { configuration, faults } = await reader.load(listing);
  if (configuration === undefined) throw new Error(JSON.stringify(faults[0]));
  if (configuration.zones.size !== zones) throw new Error(`${configuration.zones.size} zones`);
  compileSnapshot(configuration);
  return listing;
}

/** One writes, another one follows. */
async function edit(writer: RedisDocuments, follower: RedisDocuments): Promise<void> {
  const reader = new DocumentReader(follower.readFiles);
  await reader.load((await follower.list()).listing);
  let seen: (generation: number) => void = () => {};
  follower.watch((await follower.list()).listing, async () => {
    const { listing, generation } = await follower.list();
    await reader.load(listing);
    follower.keep(listing);
    seen(generation!);
  });
  const tookMs: number[] = [];
  for (let n = 1; n <= Number(values.edits); n++) {
    const { listing, generation } = await writer.list();
    const startedMs = performance.now();
    const arrived = new Promise<number>((resolve) => {
      seen = resolve;
    });
    const draft = await writer.draft([zoneEdit((n * 7919) % zones, n)], listing);
    await writer.commit(draft, { ...BY, expected: generation!, parts: [] });
    await arrived;
    tookMs.push(performance.now() - startedMs);
  }
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
  console.log(`an edit to another node's configuration: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

function zoneEdit(zone: number, edit: number): Edit {
  const records: Record<string, unknown> = {
    "@": { NS: ["ns1", "ns2"] },
    ns1: { A: "192.0.2.53" },
    ns2: { A: "198.51.100.53" },
  };
  for (let n = 0; n < recordsPerZone; n++) {
    const last = n === 0 ? edit & 0xff : n & 0xff;
    records[`host-${n}`] = { A: `10.${(edit >> 8) & 0xff}.${n >> 8}.${last}` };
  }
  return { key: `zones/zone-${zone}.example`, body: { records } };
}

function secondsSince(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(2)} s`;
}

function rssMB(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}
