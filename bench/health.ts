/**
 * `node bench/health.ts [--endpoints N] [--probers N] [--seconds N]`: what an opinion costs HealthFold, and what an endpoint takes
 * in memory. Probers stand in three regions, and each has an opinion on every endpoint; the opinions are made as
 * JSON.parse() makes them, each with texts of its own.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { HealthFold } from "../src/health/health-fold.ts";
import { parseOpinion } from "../src/health/opinion.ts";
import { randomBelow, SeededRandom } from "../src/lib/random.ts";

const REGIONS = ["us-east", "eu-west", "ap-south"];
const START_MS = Date.UTC(2026, 0, 1);
const INTERVAL_MS = 10_000;
/** Opinions that are made before they are taken, so that making them is not measured. */
const BATCH = 1000;

const { values } = parseArgs({
  options: {
    endpoints: { type: "string", default: "100000" },
    probers: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
  },
});
const endpoints = Number(values.endpoints);
const probers = Number(values.probers);
const random = new SeededRandom(1);
const fold = new HealthFold(() => ({ intervalMs: INTERVAL_MS, timeoutMs: 5000, quorum: "majority" }));
let sequence = 0;
let nowMs = START_MS;

fill();
const seconds = Number(values.seconds);
measure("confirms what was known", seconds, () =>
  opinion(randomBelow(random, endpoints), sequence % probers, "up"),
);
measure("changes its state", seconds, () =>
  opinion(randomBelow(random, endpoints), sequence % probers, randomBelow(random, 10) === 0 ? "down" : "up"),
);
verdicts();
restart();

function opinion(endpoint: number, prober: number, state: "up" | "down"): string {
  const address = `10.${endpoint >> 16}.${(endpoint >> 8) & 255}.${endpoint & 255}`;
  const failed = { firstFailureMs: nowMs - 2000, failures: 3, reason: "connect timed out after 2 s" };
  return JSON.stringify({
    endpoint: `web ${address}`,
    prober: `prober-${prober}`,
    region: REGIONS[prober % REGIONS.length],
    epoch: START_MS,
    sequence: ++sequence,
    state,
    sinceMs: nowMs - 1000,
    checkedMs: nowMs,
    ...(state === "down" ? failed : { firstFailureMs: null, failures: 0, reason: "" }),
    responseMs: 12.25,
    agent: null,
    daysToExpiry: 60,
  });
}

function fill(): void {
  const before = heapOctets();
  for (let endpoint = 0; endpoint < endpoints; endpoint++) {
    for (let prober = 0; prober < probers; prober++) take(opinion(endpoint, prober, "up"));
  }
  fold.drainChanges();
  const each = (heapOctets() - before) / endpoints;
  console.log(`${endpoints} endpoints, ${probers} probers: ${Math.round(each)} octets an endpoint`);
}

function take(text: string): void {
  fold.take(parseOpinion(JSON.parse(text), nowMs)!, nowMs);
}

function measure(what: string, s: number, make: () => string): void {
  let taken = 0;
  let spentMs = 0;
  let parsingMs = 0;
  while (spentMs + parsingMs < 1000 * s) {
    nowMs += 1000;
    const texts = Array.from({ length: BATCH }, make);
    const begin = performance.now();
    const opinions = texts.map((text) => parseOpinion(JSON.parse(text), nowMs)!);
    const parsed = performance.now();
    for (const one of opinions) fold.take(one, nowMs);
    fold.drainChanges();
    spentMs += performance.now() - parsed;
    parsingMs += parsed - begin;
    taken += BATCH;
  }
  const us = (ms: number) => ((1000 * ms) / taken).toFixed(2);
  console.log(`an opinion that ${what}: ${us(spentMs)} µs, and ${us(parsingMs)} µs to parse it`);
}

function verdicts(): void {
  const count = 100_000;
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    const endpoint = randomBelow(random, endpoints);
    fold.verdictOf(`web 10.${endpoint >> 16}.${(endpoint >> 8) & 255}.${endpoint & 255}`, nowMs);
  }
  console.log(`a verdict in words: ${((1000 * (performance.now() - begin)) / count).toFixed(2)} µs`);
}

/** The dear case: a prober that starts again, for which all endpoints are gone through. */
function restart(): void {
  const text = opinion(0, 0, "up").replace(`"epoch":${START_MS}`, `"epoch":${nowMs}`);
  const begin = performance.now();
  take(text);
  console.log(`a prober that starts again: ${(performance.now() - begin).toFixed(1)} ms`);
}

function heapOctets(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
