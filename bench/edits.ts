/**
 * `npm run bench:edits`: 200 edits a second over the API for a minute, while DNS queries come in at 20,000 a second. How long edits
 * take, whether one was lost or came out of order, and what queries notice, beside the same without edits.
 *
 *   node bench/edits.ts [--store files|redis] [--seconds N] [--edits-per-second N] [--rate N]
 *
 * 1,000 zones of 100 RRsets, ten to a file. Each second edit is an RRset, the others a member of a pool, from ten editors with a
 * connection each. Times count from when an edit was due. The server has one core, the queries come from the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { ApiClient } from "../test/store/proofs/api-client.ts";
import { RedisServer } from "../test/support/redis-server.ts";
import { ADMIN_TOKEN, ApiNode } from "./api/api-node.ts";
import { HOSTS, POOLS, poolId, writeDocuments, ZONES, zoneId } from "./api/documents.ts";
import type { UdpJob, UdpResult } from "./generator/udp-main.ts";
import { describeMachine, readStolenTime, stolenShareSince } from "./machine.ts";
import { zonesDocument } from "./peers/zones.ts";
import { chooseCores, pinned } from "./pinning.ts";
import { processTreeCpuSeconds } from "./process-cpu.ts";
import { formatTable } from "./table.ts";

const EDITORS = 10;
/** Code runs cold at first. */
const WARM_UP_SECONDS = 3;
/** The generator's own limit is a minute with its warm-up. */
const QUERY_WARM_UP_SECONDS = 0.5;

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "files,redis" },
    seconds: { type: "string", default: "60" },
    "edits-per-second": { type: "string", default: "200" },
    rate: { type: "string", default: "20000" },
  },
});
const seconds = Number(values.seconds);
const perSecond = Number(values["edits-per-second"]);
const cores = chooseCores();
const lines: string[][] = [];
/** Each edit gives another address. */
let editions = 0;
const folder = mkdtempSync(join(tmpdir(), "windrose-bench-edits-"));
const zones = join(folder, "zones");

console.log(Object.values(describeMachine(cores)).join("\n"));
const stolen = readStolenTime();
try {
  writeDocuments(zones);
  writeFileSync(join(zones, "asked.yaml"), zonesDocument());
  if (values.store.includes("files")) await measure("files", []);
  if (values.store.includes("redis")) {
    const redis = await RedisServer.start();
    await measure("redis", ["--redis", redis.url]);
    await redis.kill();
  }
} finally {
  rmSync(folder, { recursive: true });
}
const head = [
  "store",
  "",
  "edits",
  "edit p50",
  "p99",
  "max",
  "CPU/edit",
  "query p50",
  "p99",
  "p99.9",
  "lost",
];
console.log(`\n${formatTable({ head, lines, textColumns: [0, 1] })}`);
console.log(`stolen by the host: ${(stolenShareSince(stolen) * 100).toFixed(1)} %`);

async function measure(store: string, flags: readonly string[]): Promise<void> {
  const data = join(folder, `data-${store}`);
  const node = await ApiNode.start({
    directory: folder,
    workers: 1,
    core: cores.server,
    flags: ["--zones", zones, "--data", data, ...flags],
  });
  const clients = Array.from(
    { length: EDITORS },
    () => new ApiClient({ port: node.apiPort, token: ADMIN_TOKEN }),
  );
  try {
    const quiet = await askDns(node);
    lines.push([store, "without edits", "0", "", "", "", "", ...queryCells(quiet)]);
    await edit(clients, WARM_UP_SECONDS);
    const cpuBefore = processTreeCpuSeconds(node.pid);
    const [busy, edits] = await Promise.all([askDns(node), edit(clients, seconds)]);
    const cpu = processTreeCpuSeconds(node.pid) - cpuBefore - quiet.serverCpuSeconds;
    await checkThat(clients[0]!, edits);
    const ms = edits.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const at = (share: number) =>
      `${ms[Math.min(ms.length - 1, Math.floor(ms.length * share))]!.toFixed(1)} ms`;
    const cells = [
      String(edits.length),
      at(0.5),
      at(0.99),
      at(1),
      `${((cpu * 1000) / edits.length).toFixed(1)} ms`,
    ];
    lines.push([store, `${perSecond} edits/s`, ...cells, ...queryCells(busy)]);
  } finally {
    for (const client of clients) client.close();
    await node.stop();
  }
}

function queryCells({ responseTime, lost, wrong }: UdpResult): string[] {
  const { p50, p99, p999 } = responseTime!;
  return [...[p50, p99, p999].map((us) => `${(us / 1000).toFixed(2)} ms`), String(lost + wrong)];
}

async function askDns({ dnsPort, pid }: ApiNode): Promise<UdpResult> {
  const job: UdpJob = {
    port: dnsPort,
    pid,
    workload: "static",
    checkReplies: true,
    warmUpSeconds: QUERY_WARM_UP_SECONDS,
    seconds: seconds - 2 * QUERY_WARM_UP_SECONDS,
    sockets: 4,
    window: 256,
    rate: Number(values.rate),
  };
  const generator = fileURLToPath(new URL("generator/udp-main.ts", import.meta.url));
  const command = pinned({ file: process.execPath, args: [generator, JSON.stringify(job)] }, cores.generator);
  const { stdout } = await promisify(execFile)(command.file, [...command.args]);
  return JSON.parse(stdout) as UdpResult;
}

interface DoneEdit {
  readonly editor: number;
  readonly target: string;
  readonly address: string;
  readonly reason: string;
  readonly generation: number;
  readonly tookMs: number;
}

/** Open loop: an edit is due when it is due, however long the ones before it take. Each editor's wait for each other. */
async function edit(clients: readonly ApiClient[], forSeconds: number): Promise<DoneEdit[]> {
  const total = Math.round(forSeconds * perSecond);
  const startedMs = performance.now();
  const done: DoneEdit[] = [];
  await Promise.all(
    clients.map(async (client, editor) => {
      for (let n = editor; n < total; n += clients.length) {
        const dueMs = startedMs + (n * 1000) / perSecond;
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        done.push(await editOnce(client, editor, n, dueMs));
      }
    }),
  );
  return done;
}

async function editOnce(client: ApiClient, editor: number, n: number, dueMs: number): Promise<DoneEdit> {
  const edition = ++editions;
  const address = `10.${128 | (edition >> 16)}.${(edition >> 8) & 255}.${edition & 255}`;
  const reason = `edit ${edition}`;
  // Far from each other, as edits are.
  const zone = (n * 389) % ZONES;
  const isMember = n % 2 === 1;
  const target = isMember
    ? `/v1/pools/${poolId(zone % POOLS)}/members/m1`
    : `/v1/zones/${zoneId(zone)}/rrsets/host-${n % HOSTS}/A`;
  // With its IPv6 address, or the answer to each edit would warn of all pools that lack one.
  const body = isMember ? { address: [address, "2001:db8::1"] } : { ttl: 60, data: [address] };
  const path = `${target}?reason=${encodeURIComponent(reason)}`;
  const reply = await client.ask(isMember ? "PATCH" : "PUT", path, body);
  assert(reply.status === 200, `${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  const generation = reply.body.generation as number;
  return { editor, target, address, reason, generation, tookMs: performance.now() - dueMs };
}

/** Each edit is a generation of its own, in its editor's order, in the log of changes, and the last of each target stands. */
async function checkThat(client: ApiClient, edits: readonly DoneEdit[]): Promise<void> {
  const inOrder = edits.toSorted((a, b) => a.generation - b.generation);
  const first = inOrder[0]!.generation;
  assert.deepEqual(
    inOrder.map(({ generation }) => generation),
    inOrder.map((_, i) => first + i),
    "generations have gaps",
  );
  const last = new Map<string, DoneEdit>();
  const ofEditor = new Map<number, number>();
  for (const each of edits) {
    assert((ofEditor.get(each.editor) ?? 0) < each.generation, "an editor's edits came out of order");
    ofEditor.set(each.editor, each.generation);
  }
  for (const each of inOrder) last.set(each.target, each);
  const reasons = new Map<number, string>();
  // The log keeps some thousands.
  for (let before = first + inOrder.length; before > Math.max(first, first + inOrder.length - 4000); ) {
    const { body } = await client.ask("GET", `/v1/changes?limit=200&before=${before}`);
    const items = body.items as readonly { readonly generation: number; readonly reason: string }[];
    for (const { generation, reason } of items) reasons.set(generation, reason);
    before = items.at(-1)!.generation;
  }
  for (const { generation, reason } of inOrder.slice(-4000)) assert.equal(reasons.get(generation), reason);
  for (const { target, address } of last.values()) {
    const { body } = await client.ask("GET", target);
    assert(
      JSON.stringify(body).includes(`"${address}"`),
      `${target} is not ${address}: ${JSON.stringify(body)}`,
    );
  }
}
