/**
 * `node bench/live-table.ts [--pools N] [--members N] [--changes N] [--seconds N]`: what health costs a node whose members change all the time.
 *
 *   main thread   HealthFollower with pools × members endpoints, told so many changes of state a second: CPU, and the longest that
 *                 it kept the thread to itself
 *   query         respond() with and without those changes, asked for all pools in turn: what queries pay for working pools out anew
 *
 * One core. The second part is worked out at 200,000 queries a second, with a change of the table each 20 ms, which is as often as it is written.
 *
 * @module
 */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { randomBelow, SeededRandom } from "../src/lib/random.ts";
import { respond } from "../src/server/respond.ts";
import { View } from "../src/server/view.ts";
import { compileSnapshot } from "../src/snapshot/snapshot.ts";
import { changeLive, upBit } from "../src/steering/live.ts";
import { HealthFollower } from "../src/sync/health/health-follower.ts";
import { encodeMessage } from "../src/wire/message.ts";
import { parseName } from "../src/wire/name.ts";
import { RRClass, RRType } from "../src/wire/rr-type.ts";
import { zoneOf } from "../test/support/answers.ts";
import { documentsOf, opinion, TestExchange, watched } from "../test/sync/health/harness.ts";

const QUERIES_A_SECOND = 200_000;
const TICK_MS = 20;

const { values } = parseArgs({
  options: {
    pools: { type: "string", default: "1000" },
    members: { type: "string", default: "100" },
    changes: { type: "string", default: "1000" },
    seconds: { type: "string", default: "10" },
  },
});
const [pools, members, changes, seconds] = [values.pools, values.members, values.changes, values.seconds].map(
  Number,
) as [number, number, number, number];
const endpoints = pools * members;
const random = new SeededRandom(1);

function addressOf(endpoint: number): string {
  return `10.${endpoint >> 16}.${(endpoint >> 8) & 255}.${endpoint & 255}`;
}

const names = Array.from({ length: pools }, (_, i) => `w${i}`);
const zone = zoneOf(
  "$ORIGIN many.test.\n@ 300 SOA ns1 admin 1 2 3 4 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n",
  Object.fromEntries(names.map((name, i) => [name, `p${i}`])),
);
const configuration = documentsOf(
  names.map((_, i) => {
    const texts = Array.from({ length: members }, (_, m) => `m${m} ${addressOf(i * members + m)}`);
    return watched(texts, { policy: [{ type: "weighted", options: {} }] }, `p${i}`);
  }),
  undefined,
  zone,
);
const snapshot = compileSnapshot(configuration);
const exchange = new TestExchange();

const health = await timed("open, with the pools of the first generation", () =>
  HealthFollower.open(
    {
      exchange,
      node: () => "bench",
      region: null,
      dataDir: null,
      answered: () => () => 0,
      log: pino({ level: "silent" }),
    },
    configuration,
    snapshot,
  ),
);
await health.follow();
health.around({ snapshot, publish() {} }, () => configuration);
await fill();
await measureChanges();
measureQueries();
await health.close();

async function timed<Value>(what: string, work: () => Value | Promise<Value>): Promise<Value> {
  const startedMs = performance.now();
  const value = await work();
  console.log(`${what}: ${Math.round(performance.now() - startedMs)} ms`);
  return value;
}

/** The first opinion on each endpoint, as they come when a node joins. */
async function fill(): Promise<void> {
  const busyBefore = performance.eventLoopUtilization();
  const startedMs = performance.now();
  for (let from = 0; from < endpoints; from += 1000) {
    const batch = Array.from({ length: Math.min(1000, endpoints - from) }, (_, i) => addressOf(from + i));
    exchange.say(...batch.map((address) => opinion(address, "up", { checkedMs: exchange.atMs })));
    await sleep(1);
  }
  while (health.counts().unknown > 0) await sleep(10);
  const { active } = performance.eventLoopUtilization(busyBefore);
  const tookMs = performance.now() - startedMs;
  console.log(
    `first opinions on ${endpoints} endpoints: ${Math.round(tookMs)} ms, ${Math.round(active)} ms of them busy`,
  );
}

async function measureChanges(): Promise<void> {
  const isDown = new Uint8Array(endpoints);
  const version = snapshot.live.version[0]!;
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let longestMs = 0;
  let lastMs = startedMs;
  let told = 0;
  // Whoever wants to run each millisecond is kept waiting by whatever takes longer.
  const probe = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - 1);
    lastMs = nowMs;
  }, 1);
  while (performance.now() - startedMs < 1000 * seconds) {
    await sleep(2);
    exchange.atMs += 2;
    const due = ((performance.now() - startedMs) / 1000) * changes;
    for (; told < due; told++) {
      const endpoint = randomBelow(random, endpoints);
      isDown[endpoint]! ^= 1;
      const state = isDown[endpoint] === 1 ? "down" : "up";
      const times = { sinceMs: exchange.atMs, checkedMs: exchange.atMs };
      exchange.say(opinion(addressOf(endpoint), state, times));
    }
  }
  clearInterval(probe);
  const { user, system } = process.cpuUsage(cpu);
  const share = (user + system) / 1000 / (performance.now() - startedMs);
  const bumps = (snapshot.live.version[0]! - version) / seconds;
  console.log(
    `${Math.round(told / seconds)} changes a second: ${(100 * share).toFixed(1)} % of a core with the bench, ` +
      `${bumps.toFixed(0)} changes of the table a second, at most ${longestMs.toFixed(1)} ms without a pause`,
  );
}

function measureQueries(): void {
  const view = new View({
    snapshot,
    random,
    identity: { id: null, version: null },
    tcpIdleTimeoutMs: 0,
    onFailure: (error) => {
      throw error;
    },
  });
  const queries = names.map((name) => {
    const octets = encodeMessage({
      question: [{ name: parseName(`${name}.many.test.`), type: RRType.A, class: RRClass.IN }],
    });
    return { octets, length: octets.length };
  });
  const client = { family: 4, address: new Uint8Array(16), port: 4711, transport: "udp" } as const;
  const out = new Uint8Array(4096);
  const perTick = (QUERIES_A_SECOND * TICK_MS) / 1000;
  const slots = snapshot.next.slot;
  const change = () => {
    const slotsChanged = Array.from({ length: (changes * TICK_MS) / 1000 }, () => randomBelow(random, slots));
    changeLive(
      snapshot.live,
      slotsChanged.map((slot) => ({ slot, up: snapshot.live.up[slot]! ^ upBit(4) })),
    );
  };
  const run = (isChanging: boolean) => {
    const startedMs = performance.now();
    const ticks = 100;
    for (let tick = 0; tick < ticks; tick++) {
      if (isChanging) change();
      for (let i = 0; i < perTick; i++) respond(view, queries[i % queries.length]!, client, out);
    }
    return ((performance.now() - startedMs) / (ticks * perTick)) * 1e6;
  };
  run(false);
  run(true);
  console.log(
    `a query: ${Math.round(run(false))} ns; ${Math.round(run(true))} ns with ${changes} changes a second, written each ${TICK_MS} ms`,
  );
}
