/**
 * How long a large configuration takes to load, what it leaves in memory, and how soon an edit of one
 * zone is in effect:
 *
 *   node bench/load.ts [--zones N] [--records N] [--zones-per-file N] [--edits N]
 *
 * The edit is timed from the moment when the change is known (the listing of the folder that has it)
 * to the snapshot. Run it with node --expose-gc to see what a collection would still free.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Configuration } from "../src/documents/configuration.ts";
import { DocumentReader } from "../src/documents/document-reader.ts";
import { listFolder } from "../src/documents/folder.ts";
import { keepHeapSmall } from "../src/lib/heap.ts";
import { applyNews, compileSnapshot, newsBetween } from "../src/snapshot/snapshot.ts";
import { readFilesAside } from "../src/store/files/reading-thread.ts";
import { changeBetween } from "../src/sync/configuration-change.ts";

const { values } = parseArgs({
  options: {
    zones: { type: "string", default: "10000" },
    records: { type: "string", default: "1000000" },
    "zones-per-file": { type: "string", default: "10" },
    edits: { type: "string", default: "200" },
    /** For the process that this one starts: write the files into this folder, and end. */
    write: { type: "string" },
  },
});
/** V8 gives the pages of a thread that ended back after 8 s. */
const PAUSE_S = 12;
const zones = Number(values.zones);
const recordsPerZone = Math.max(1, Math.round(Number(values.records) / zones) - 5);
const zonesPerFile = Number(values["zones-per-file"]);
const files = Math.ceil(zones / zonesPerFile);

const dir = values.write ?? mkdtempSync(join(tmpdir(), "windrose-bench-load-"));
if (values.write !== undefined) {
  for (let file = 0; file < files; file++) {
    mkdirSync(join(dir, `d${file % 10}`), { recursive: true });
    writeFileSync(pathOf(file), textOf(file, 0));
  }
} else {
  try {
    await run();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function run(): Promise<void> {
  // Elsewhere, so that its garbage is not counted here.
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2), "--write", dir]);
  keepHeapSmall(); // as serve does
  const before = rssMB();
  const reader = new DocumentReader(readFilesAside());
  let startedMs = performance.now();
  let listing = await listFolder(dir);
  const { configuration, faults } = await reader.load(listing);
  if (configuration === undefined) throw new Error(JSON.stringify(faults[0]));
  const snapshot = compileSnapshot(configuration);
  const seconds = (performance.now() - startedMs) / 1000;
  const octets = [...configuration.zones.values()].reduce(
    (sum, { image }) => sum + image.buffer.byteLength,
    0,
  );
  console.log(
    `${zones} zones, ${zones * (recordsPerZone + 5)} records, ${files} files: loaded in ${seconds.toFixed(2)} s`,
  );
  console.log(`images ${mb(octets)} MB; resident ${before} MB before, ${rssMB()} MB after`);
  console.log(`after ${PAUSE_S} s: resident ${await later()} MB, ${heap()}`);

  const [listings, edits, joins]: [number[], number[], number[]] = [[], [], []];
  let [current, published]: [Configuration, typeof snapshot] = [configuration, snapshot];
  for (let edit = 1; edit <= Number(values.edits); edit++) {
    const file = (edit * 7919) % files;
    writeFileSync(`${pathOf(file)}.tmp`, textOf(file, edit));
    renameSync(`${pathOf(file)}.tmp`, pathOf(file));
    startedMs = performance.now();
    listing = await listFolder(dir, listing);
    const knownMs = performance.now();
    const loaded = await reader.load(listing, current);
    const joinedMs = performance.now();
    changeBetween(current, loaded.configuration!);
    published = applyNews(published, newsBetween(published, loaded.configuration!, { before: current }));
    edits.push(performance.now() - knownMs);
    joins.push(joinedMs - knownMs);
    listings.push(knownMs - startedMs);
    const changed = [...loaded.configuration!.zones].filter(([key, zone]) => current.zones.get(key) !== zone);
    if (changed.length !== 1) throw new Error(`${changed.length} zones changed by the edit of one`);
    current = loaded.configuration!;
  }
  console.log(`listing the folder (before the change is known): ${percentiles(listings)}`);
  console.log(`known change to configuration and images: ${percentiles(joins)}`);
  console.log(`known change to snapshot: ${percentiles(edits)}`);
  console.log(`resident at the end ${rssMB()} MB, ${heap()}`);
  console.log(`after ${PAUSE_S} s: resident ${await later()} MB, ${heap()}`);
  global.gc?.();
  if (global.gc !== undefined) console.log(`collected: resident ${await later()} MB, ${heap()}`);
}

function pathOf(file: number): string {
  return join(dir, `d${file % 10}`, `f${file}.yaml`);
}

/** The zones of one file; the first of them says which edit it is. */
function textOf(file: number, edit: number): string {
  const lines = ["zones:"];
  for (let at = file * zonesPerFile; at < Math.min((file + 1) * zonesPerFile, zones); at++) {
    lines.push(
      `  zone-${at}.example:`,
      "    records:",
      '      "@": { NS: [ns1, ns2] }',
      "      ns1: { A: 192.0.2.53 }",
      "      ns2: { A: 198.51.100.53 }",
    );
    for (let record = 0; record < recordsPerZone; record++) {
      const last = at === file * zonesPerFile && record === 0 ? edit & 0xff : record & 0xff;
      lines.push(`      host-${record}: { A: 10.${(edit >> 8) & 0xff}.${record >> 8}.${last} }`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function percentiles(ms: number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`;
}

function rssMB(): number {
  const kB = /VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return kB === undefined ? mb(process.memoryUsage.rss()) : Math.round(Number(kB) / 1024);
}

function heap(): string {
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return `heap ${mb(heapUsed)} of ${mb(heapTotal)} MB, external ${mb(external)} MB`;
}

function mb(octets: number): number {
  return Math.round(octets / 1024 / 1024);
}

function later(): Promise<number> {
  return new Promise((resolve) => setTimeout(() => resolve(rssMB()), PAUSE_S * 1000));
}
