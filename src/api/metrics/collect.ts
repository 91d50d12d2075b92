/**
 * Reads what the threads counted and what the node is at, for one scrape. Nothing is stopped and nothing is kept: sums are
 * taken over the blocks of all threads at once, so that a scrape of ten thousand zones takes some milliseconds.
 *
 * @module
 */
import { sumOf } from "../../server/counter-blocks.ts";
import { COUNTER, type Counters, LATENCY_BUCKETS } from "../../server/counters.ts";
import type { Snapshot } from "../../snapshot/snapshot.ts";
import { isMemberUp } from "../../steering/standing.ts";
import { rcodeMnemonic } from "../../wire/dns-codes.ts";
import { typeMnemonic } from "../../wire/rr-type.ts";
import type { Live } from "../live/live.ts";
import type { NodeFace } from "../node-face.ts";
import { formatHistogram, formatMetric, type Histogram, type Sample } from "./exposition.ts";
import { healthMetrics } from "./health-metrics.ts";
import { METRICS } from "./metric-table.ts";

const TRANSPORTS = [
  ["udp", "ipv4"],
  ["udp", "ipv6"],
  ["tcp", "ipv4"],
  ["tcp", "ipv6"],
] as const;

/** What the API counts of itself. */
export interface ApiCounts {
  readonly requests: readonly Sample[];
  readonly eventClients: number;
}

export interface LiveCounts extends Live {
  readonly incidentsOpened: number;
}

/** The whole text of a scrape. Without `live` nothing is said of health. */
export async function collectMetrics(
  node: NodeFace,
  api: ApiCounts,
  nowMs: number,
  live?: LiveCounts,
): Promise<string> {
  const health = live === undefined ? [] : await healthMetrics(live);
  const { snapshot, generation, counters } = node.plane;
  const one = (value: number): Sample[] => [{ labels: [], value }];
  const sum = (counter: number) => one(sumOf(counters, counter));
  const { user, system } = process.cpuUsage();
  return [
    formatMetric(
      METRICS.queries,
      TRANSPORTS.map((labels, i) => ({ labels, value: sumOf(counters, COUNTER.transports + i) })),
    ),
    formatMetric(METRICS.queryTypes, range(counters, COUNTER.types, COUNTER.latency, typeLabel)),
    formatMetric(METRICS.responses, range(counters, COUNTER.rcodes, COUNTER.types, rcodeMnemonic)),
    formatMetric(METRICS.truncated, sum(COUNTER.truncated)),
    formatMetric(METRICS.malformed, sum(COUNTER.malformed)),
    formatMetric(METRICS.dropped, [
      { labels: ["ignored"], value: sumOf(counters, COUNTER.ignored) },
      { labels: ["guarded"], value: sumOf(counters, COUNTER.guarded) },
    ]),
    formatMetric(METRICS.failures, sum(COUNTER.failures)),
    formatMetric(METRICS.socketErrors, [
      { labels: ["receive"], value: sumOf(counters, COUNTER.receiveErrors) },
      { labels: ["send"], value: sumOf(counters, COUNTER.sendErrors) },
    ]),
    formatHistogram(METRICS.duration, durations(counters)),
    formatMetric(METRICS.zoneQueries, zoneQueries(snapshot, counters)),
    ...memberMetrics(snapshot, counters),
    ...health,
    formatMetric(METRICS.generation, one(generation)),
    formatMetric(METRICS.zones, one(snapshot.zones.length)),
    formatMetric(METRICS.pools, one(snapshot.pools.size)),
    formatMetric(METRICS.stateAge, [
      { labels: ["documents"], value: Math.max(0, nowMs - node.store.seenMs) / 1000 },
    ]),
    formatMetric(METRICS.storeUp, [{ labels: [node.store.kind], value: node.store.isUp ? 1 : 0 }]),
    formatMetric(METRICS.placeDataAge, placeDataAges(snapshot, nowMs)),
    formatMetric(METRICS.apiRequests, api.requests),
    formatMetric(METRICS.eventClients, one(api.eventClients)),
    formatMetric(METRICS.up, [{ labels: [node.version, node.id], value: 1 }]),
    formatMetric(METRICS.cpu, one((user + system) / 1e6)),
    formatMetric(METRICS.memory, one(process.memoryUsage.rss())),
    formatMetric(METRICS.heap, one(process.memoryUsage().heapUsed)),
    formatMetric(METRICS.start, one(node.startedMs / 1000)),
  ].join("");
}

/** Counters from one offset up to another that counted something, labelled by how far from the first they are. */
function range(
  counters: readonly Counters[],
  from: number,
  to: number,
  label: (i: number) => string,
): Sample[] {
  const samples: Sample[] = [];
  for (let i = from; i < to; i++) {
    const value = sumOf(counters, i);
    if (value > 0) samples.push({ labels: [label(i - from)], value });
  }
  return samples;
}

function typeLabel(type: number): string {
  return type === COUNTER.latency - COUNTER.types - 1 ? "other" : typeMnemonic(type);
}

/** Bounds are every second of the counters': doubling from 1 µs to some 500 ms. */
function durations(counters: readonly Counters[]): Histogram {
  const bounds: number[] = [];
  const cumulative: number[] = [];
  let count = 0;
  let sum = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const value = sumOf(counters, COUNTER.latency + bucket);
    count += value;
    // Half a step below the bound, as bounds grow by a factor.
    sum += value * 2 ** ((bucket - 0.5) / 2) * 1e-6;
    // The last one holds all that took longer, too.
    if (bucket % 2 !== 0 || bucket === LATENCY_BUCKETS - 1) continue;
    bounds.push(2 ** (bucket / 2) / 1e6);
    cumulative.push(count);
  }
  return { bounds, cumulative, count, sum };
}

function zoneQueries({ zones }: Snapshot, counters: readonly Counters[]): Sample[] {
  const samples: Sample[] = [];
  for (const { id, number } of zones) {
    let value = 0;
    for (const block of counters) value += block.zoneCount(number);
    if (value > 0) samples.push({ labels: [id], value });
  }
  return samples;
}

function memberMetrics({ pools, live }: Snapshot, counters: readonly Counters[]): string[] {
  const answers: Sample[] = [];
  const up: Sample[] = [];
  for (const { id, members } of pools.values()) {
    for (const member of members) {
      if (member.pool !== null) continue; // counted where it stands
      let value = 0;
      for (const block of counters) value += block.memberCount(member.slot);
      answers.push({ labels: [id, member.name], value });
      up.push({ labels: [id, member.name], value: isMemberUp(member, live) ? 1 : 0 });
    }
  }
  return [formatMetric(METRICS.poolAnswers, answers), formatMetric(METRICS.memberUp, up)];
}

function placeDataAges({ clientTables }: Snapshot, nowMs: number): Sample[] {
  // By file: one that was given twice is one.
  const builtMs = new Map(
    (clientTables.places?.sources ?? []).map((source) => [source.file, source.builtMs]),
  );
  return [...builtMs].map(([file, ms]) => ({ labels: [file], value: Math.max(0, nowMs - ms) / 1000 }));
}
