/**
 * What a scrape says of health. Every endpoint is in it, so one of 100,000 endpoints takes about a second of the thread that
 * answers no queries over UDP.
 *
 * @module
 */
import type { ProberSight } from "../../health/health-fold.ts";
import type { EndpointHealth } from "../../sync/health/health-face.ts";
import type { LiveCounts } from "./collect.ts";
import { formatMetric, type Sample } from "./exposition.ts";
import { METRICS } from "./metric-table.ts";

export function healthMetrics({ health, copy, exchange, incidentsOpened }: LiveCounts): string[] {
  const endpoints = health.endpoints();
  const probers = health.probers();
  const nowMs = exchange.nowMs();
  const open = health.incidents(Number.POSITIVE_INFINITY).filter(({ closedMs }) => closedMs === null);
  return [
    formatMetric(METRICS.endpoints, counted(Object.entries(health.counts()))),
    formatMetric(
      METRICS.endpointUp,
      of(endpoints, ({ state }) => (state === "unknown" ? null : Number(state === "up"))),
    ),
    formatMetric(
      METRICS.probeDuration,
      of(endpoints, ({ responseMs }) => responseMs && responseMs / 1000),
    ),
    formatMetric(
      METRICS.certificateDays,
      of(endpoints, ({ daysToExpiry }) => daysToExpiry),
    ),
    formatMetric(METRICS.probers, counted(tally(probers.map(({ region }) => region)))),
    formatMetric(
      METRICS.proberAge,
      ofProbers(probers, ({ checkedMs }) => Math.max(0, nowMs - checkedMs) / 1000),
    ),
    formatMetric(
      METRICS.proberSuspect,
      ofProbers(probers, ({ suspect }) => Number(suspect.length > 0)),
    ),
    formatMetric(METRICS.verdictAge, health.ageMs === null ? [] : one(health.ageMs / 1000)),
    formatMetric(METRICS.exchangeUp, one(Number(health.awaySinceMs === null))),
    formatMetric(METRICS.incidents, one(incidentsOpened)),
    formatMetric(METRICS.incidentsOpen, one(open.length)),
    formatMetric(
      METRICS.orders,
      counted(
        tally(
          copy.orders().map(({ kind }) => kind),
          ["up", "down", "drain"],
        ),
      ),
    ),
    formatMetric(METRICS.healthAlarms, one(health.alarms().length)),
  ];
}

function one(value: number): Sample[] {
  return [{ labels: [], value }];
}

/** Null: it has none. */
function of(
  endpoints: readonly EndpointHealth[],
  read: (verdict: EndpointHealth["verdict"]) => number | null,
): Sample[] {
  const samples: Sample[] = [];
  for (const { monitor, address, verdict } of endpoints) {
    const value = read(verdict);
    if (value !== null) samples.push({ labels: [monitor, address], value });
  }
  return samples;
}

function ofProbers(probers: readonly ProberSight[], read: (prober: ProberSight) => number): Sample[] {
  return probers.map((prober) => ({ labels: [prober.name, prober.region], value: read(prober) }));
}

function counted(counts: Iterable<[string, number]>): Sample[] {
  return [...counts].map(([label, value]) => ({ labels: [label], value }));
}

/** `always` are counted also where there is none. */
function tally(texts: readonly string[], always: readonly string[] = []): Map<string, number> {
  const counts = new Map(always.map((text) => [text, 0]));
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
