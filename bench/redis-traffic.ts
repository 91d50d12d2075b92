/**
 * What probers and nodes cost the Redis that they share, in a steady state: octets in and out, its CPU, and how soon a change
 * and a newcomer have what there is.
 *
 *   node bench/redis-traffic.ts [--probers N] [--endpoints N] [--nodes N] [--listeners N] [--interval SECONDS] [--failing PERCENT] [--seconds N]
 *
 * Starts a redis-server of its own. Each prober has an opinion on each endpoint and says its numbers once an interval, spread evenly, as checks are.
 * Probers and nodes are in this process; listeners stand for more nodes, and do nothing with what they hear. What Redis does is read from its own INFO.
 *
 * @module
 */
import { parseArgs } from "node:util";
import pino from "pino";
import type { Opinion } from "../src/health/opinion.ts";
import type { ProberHead, ProberVoice } from "../src/store/live/live-exchange.ts";
import { redisKeys } from "../src/store/redis/keys.ts";
import { RedisExchange } from "../src/store/redis/redis-exchange.ts";
import { RedisServer } from "../test/support/redis-server.ts";

const { values } = parseArgs({
  options: {
    probers: { type: "string", default: "20" },
    endpoints: { type: "string", default: "5000" },
    nodes: { type: "string", default: "3" },
    listeners: { type: "string", default: "0" },
    interval: { type: "string", default: "10" },
    failing: { type: "string", default: "0" },
    seconds: { type: "string", default: "30" },
  },
});
const endpoints = Number(values.endpoints);
const intervalMs = 1000 * Number(values.interval);
const seconds = Number(values.seconds);
/** Of checks, in ms of this process: fine enough for messages that go each second. */
const TICK_MS = 50;
/** Reason of the opinions by which changes are timed. */
const URGENT = "a change of the bench";
const log = pino({ level: "error" });

interface Prober {
  readonly exchange: RedisExchange;
  readonly head: ProberHead;
  readonly voice: ProberVoice;
  readonly startedMs: number;
  readonly opinions: Opinion[];
  /** Checks made, in all. */
  checks: number;
}

const server = await RedisServer.start();
const open = () => RedisExchange.open({ redis: { url: server.url }, log });
const exchanges: RedisExchange[] = [];
try {
  await run();
} finally {
  for (const exchange of exchanges) await exchange.close();
  await server.kill();
}

async function run(): Promise<void> {
  const redis = server.client();
  let heard = 0;
  let onUrgent: () => void = () => {};
  for (let n = 0; n < Number(values.nodes); n++) {
    const node = await open();
    exchanges.push(node);
    await node.follow({
      opinions: (opinions) => {
        heard += opinions.length;
        if (opinions.some(({ reason }) => reason === URGENT)) onUrgent();
      },
    });
  }
  const listeners = Array.from({ length: Number(values.listeners) }, () => server.client());
  for (const listener of listeners) await listener.subscribe(redisKeys().opinions);
  const probers: Prober[] = [];
  for (let n = 0; n < Number(values.probers); n++) probers.push(await startProber(n));
  const timer = setInterval(() => {
    for (const prober of probers) check(prober);
  }, TICK_MS);
  await sleep(1.2 * intervalMs + 1000); // each endpoint was checked, so each was told in full
  const before = await infoOf(redis);
  heard = 0;
  await sleep(1000 * seconds);
  report(before, await infoOf(redis), heard);
  console.log(
    `a change on all nodes after ${await changeMs(probers[0]!, (done) => (onUrgent = done))} ms (median of 20)`,
  );
  clearInterval(timer);
  await newcomer(probers.length * endpoints);
  for (const each of [redis, ...listeners]) each.disconnect();
}

async function startProber(n: number): Promise<Prober> {
  const exchange = await open();
  exchanges.push(exchange);
  const head = { name: `prober-${n}`, region: `region-${n % 4}`, epoch: exchange.nowMs(), version: "1" };
  const voice = exchange.speakAs(head);
  const opinions = Array.from({ length: endpoints }, (_, i) => opinionOf(head, i));
  return { exchange, head, voice, startedMs: performance.now(), opinions, checks: 0 };
}

function opinionOf({ name: prober, region, epoch }: ProberHead, i: number): Opinion {
  const isFailing = (i * 7919) % 100 < Number(values.failing);
  const failed = { state: "down", firstFailureMs: epoch, reason: "connect timed out after 2 s" } as const;
  return {
    ...{ endpoint: `web 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, prober, region, epoch, sequence: 0 },
    ...{ state: "up", sinceMs: epoch, checkedMs: epoch, firstFailureMs: null, failures: 0, reason: "" },
    ...{ responseMs: null, agent: null, daysToExpiry: 60, ...(isFailing ? failed : {}) },
  };
}

/** Makes all checks that are due. */
function check(prober: Prober): void {
  const { exchange, voice, startedMs, opinions } = prober;
  const due = Math.floor(((performance.now() - startedMs) / intervalMs) * endpoints);
  const checkedMs = exchange.nowMs();
  for (; prober.checks < due; prober.checks++) {
    const i = prober.checks % endpoints;
    const before = opinions[i]!;
    const isUp = before.state === "up";
    const numbers = isUp ? { responseMs: 5 + 20 * Math.random() } : { failures: before.failures + 1 };
    const opinion = { ...before, sequence: before.sequence + 1, checkedMs, ...numbers };
    opinions[i] = opinion;
    voice.routine(opinion);
  }
}

/** From urgent() to the last node. */
async function changeMs(prober: Prober, listen: (done: () => void) => void): Promise<string> {
  const took: number[] = [];
  for (let n = 0; n < 20; n++) {
    await sleep(100);
    const startedMs = performance.now();
    let left = Number(values.nodes);
    const arrived = new Promise<void>((resolve) => {
      listen(() => {
        if (--left === 0) resolve();
      });
    });
    const before = prober.opinions[0]!;
    const opinion = {
      ...before,
      sequence: before.sequence + 1,
      checkedMs: prober.exchange.nowMs(),
      reason: URGENT,
    };
    prober.opinions[0] = opinion;
    prober.voice.urgent(opinion);
    await arrived;
    took.push(performance.now() - startedMs);
    prober.opinions[0] = { ...opinion, sequence: opinion.sequence + 1, reason: "" };
    prober.voice.urgent(prober.opinions[0]);
  }
  return took.toSorted((a, b) => a - b)[10]!.toFixed(1);
}

async function newcomer(opinions: number): Promise<void> {
  const startedMs = performance.now();
  const late = await open();
  exchanges.push(late);
  let heard = 0;
  await new Promise<void>((resolve) => {
    void late.follow({
      opinions: (some) => {
        heard += some.length;
        if (heard >= opinions) resolve();
      },
    });
  });
  console.log(
    `a node that comes late has ${opinions} opinions after ${Math.round(performance.now() - startedMs)} ms`,
  );
}

interface Info {
  readonly atMs: number;
  readonly inOctets: number;
  readonly outOctets: number;
  readonly cpuSeconds: number;
  readonly commands: number;
  readonly memoryOctets: number;
}

async function infoOf(redis: ReturnType<RedisServer["client"]>): Promise<Info> {
  const text = await redis.info();
  const field = (name: string) => Number(new RegExp(`^${name}:(.*)$`, "m").exec(text)![1]);
  return {
    atMs: performance.now(),
    inOctets: field("total_net_input_bytes"),
    outOctets: field("total_net_output_bytes"),
    cpuSeconds: field("used_cpu_user") + field("used_cpu_sys"),
    commands: field("total_commands_processed"),
    memoryOctets: field("used_memory"),
  };
}

function report(before: Info, after: Info, heard: number): void {
  const s = (after.atMs - before.atMs) / 1000;
  const kB = (octets: number) => (octets / s / 1000).toFixed(1);
  console.log(
    `${values.probers} probers × ${endpoints} endpoints each ${values.interval} s, ${values.nodes} nodes and ${values.listeners} listeners, ${s.toFixed(0)} s:`,
  );
  console.log(
    `  into Redis ${kB(after.inOctets - before.inOctets)} kB/s, out of it ${kB(after.outOctets - before.outOctets)} kB/s`,
  );
  console.log(
    `  CPU of Redis ${((100 * (after.cpuSeconds - before.cpuSeconds)) / s).toFixed(2)} % of a core`,
  );
  console.log(
    `  ${((after.commands - before.commands) / s).toFixed(0)} commands/s, memory ${(after.memoryOctets / 1e6).toFixed(1)} MB`,
  );
  console.log(`  each node hears ${(heard / s / Number(values.nodes)).toFixed(0)} opinions/s`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
