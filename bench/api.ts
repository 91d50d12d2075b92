/**
 * `npm run bench:api`: how soon an edit over the API is answered by, on this node and on others, and how many reads a
 * second one core answers. README.md says how to read the table.
 *
 *   node bench/api.ts [--only files,redis,nodes,reads] [--edits N] [--seconds N] [--rounds N]
 *
 * Each part starts servers of its own, with 1,000 zones of 100 RRsets, and ends them. Redis is one of ours.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RedisServer } from "../test/support/redis-server.ts";
import { ApiNode } from "./api/api-node.ts";
import { poolId, writeDocuments, zoneId } from "./api/documents.ts";
import { type EditTimes, timeDryRuns, timeEdits } from "./api/edits.ts";
import { measureReads } from "./api/reads.ts";
import { describeMachine, loadAverage, readStolenTime, stolenShareSince } from "./machine.ts";
import { chooseCores } from "./pinning.ts";
import { median } from "./statistics.ts";
import { formatTable } from "./table.ts";

const PARTS = ["files", "redis", "nodes", "reads"] as const;
const WORKERS = 2;
const NODES = 3;
const PLANS = 5;
const EXPLANATIONS = 100;
/** Of the reads. */
const CONNECTIONS = 64;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: PARTS.join(",") },
    edits: { type: "string", default: "300" },
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
  },
});
const edits = Number(values.edits);
const parts = values.only.split(",");
const cores = chooseCores();
const lines: string[][] = [];
const folder = mkdtempSync(join(tmpdir(), "windrose-bench-api-"));
const zones = join(folder, "zones");

console.log(Object.values(describeMachine(cores)).join("\n"));
const stolen = readStolenTime();
try {
  writeDocuments(zones);
  if (parts.includes("files")) await onFiles();
  if (parts.includes("redis")) await onRedis(1);
  if (parts.includes("nodes")) await onRedis(NODES);
  if (parts.includes("reads")) await reads();
} finally {
  rmSync(folder, { recursive: true });
}
const head = ["what", "p50", "p99", "must be", "holds"];
console.log(`\n${formatTable({ head, lines, textColumns: [0, 3, 4] })}`);
console.log(`${loadAverage()}; ${(stolenShareSince(stolen) * 100).toFixed(1)} % of the time was others'`);
if (lines.some((line) => line.at(-1) === "no")) process.exitCode = 1;

async function onFiles(): Promise<void> {
  const node = await start("files", WORKERS, ["--zones", zones]);
  try {
    for (const kind of ["rrset", "member"] as const) {
      showEdits(`files, ${kind}`, await timeEdits([node], { kind, count: edits }), 100);
    }
    await others(node);
  } finally {
    await node.stop();
  }
}

async function onRedis(count: number): Promise<void> {
  const redis = await RedisServer.start();
  const nodes: ApiNode[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const flags = ["--zones", zones, "--redis", redis.url, "--id", `node-${i}`];
      nodes.push(await start(`redis-${count}-${i}`, WORKERS, flags));
    }
    for (const kind of ["rrset", "member"] as const) {
      const wait = count > 1 ? { wait: "all" } : {};
      const times = await timeEdits(nodes, { kind, count: edits, ...wait });
      showEdits(count > 1 ? `${count} nodes, ${kind}` : `Redis, ${kind}`, times, count > 1 ? 150 : 50);
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.kill();
  }
}

/** What people wait for; no bound was set. */
async function others(node: ApiNode): Promise<void> {
  showTimes("dry run, rrset", await timeDryRuns(node, "rrset", 100));
  const explain = `/v1/explain?name=www.${zoneId(1)}&client=203.0.113.7`;
  showTimes("explain", await repeat(EXPLANATIONS, () => node.call("GET", explain)));
  const pool = { answers: 1, members: [{ name: "m1", address: "192.0.2.200" }] };
  const body = { documents: { pools: { [poolId(1)]: pool } } };
  showTimes("plan, a pool of 10 names", await repeat(PLANS, () => node.call("POST", "/v1/plan", body)));
}

async function reads(): Promise<void> {
  const redis = await RedisServer.start();
  try {
    for (const [title, more] of [
      ["files", []],
      ["Redis", ["--redis", redis.url]],
    ] as const) {
      const node = await start(`reads-${title}`, 1, ["--zones", zones, ...more], cores.server);
      try {
        await readsOf(node, title);
      } finally {
        await node.stop();
      }
    }
  } finally {
    await redis.kill();
  }
}

async function readsOf(node: ApiNode, title: string): Promise<void> {
  const tokens: string[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const made = await node.call("POST", "/v1/tokens", { name: `bench ${i}`, scope: "read" });
    tokens.push((JSON.parse(made.body) as { token: string }).token);
  }
  const path = `/v1/pools/${poolId(7)}`;
  const common = {
    tokens,
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    core: cores.generator,
  };
  const runs = await measureReads(node, { path, ...common });
  const perSecond = median(runs.map((run) => run.perSecond));
  const of = (figure: (run: (typeof runs)[number]) => number) => median(runs.map(figure));
  lines.push([
    `${title}, reads of a pool: ${Math.round(perSecond).toLocaleString("en")} a second, ${of((run) => run.cpuMicroseconds).toFixed(0)} µs of CPU each`,
    `${of((run) => run.p50Ms).toFixed(1)} ms`,
    `${of((run) => run.p99Ms).toFixed(1)} ms`,
    "10,000 a second",
    perSecond >= 10_000 ? "yes" : "no",
  ]);
  console.log(lines.at(-1)!.join("  "));
}

function start(
  name: string,
  workers: number,
  flags: readonly string[],
  core?: number | undefined,
): Promise<ApiNode> {
  const directory = join(folder, name);
  mkdirSync(directory);
  const data = ["--data", join(directory, "data")];
  return ApiNode.start({ directory, workers, core, flags: [...flags, ...data] });
}

async function repeat(count: number, call: () => Promise<{ readonly ms: number }>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push((await call()).ms);
  return times;
}

function showEdits(title: string, { answered, replied, receipts, cpuMs }: EditTimes, boundMs: number): void {
  showTimes(`${title}: to the last answer; ${cpuMs.toFixed(1)} ms of CPU each`, answered, boundMs);
  if (receipts.length > 0) showTimes(`${title}: by the receipts`, receipts, boundMs);
  showTimes(`${title}: to the API's reply`, replied);
}

function showTimes(title: string, times: readonly number[], boundMs?: number): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  const bound = boundMs === undefined ? ["", ""] : [`p99 ${boundMs} ms`, at(0.99) <= boundMs ? "yes" : "no"];
  lines.push([title, `${at(0.5).toFixed(1)} ms`, `${at(0.99).toFixed(1)} ms`, ...bound]);
  console.log(lines.at(-1)!.join("  "));
}
