/**
 * What a scrape says of health. Every endpoint is in it, which takes some 1.5 s where there are 100,000; so it is
 * done in slices, and nothing else waits for longer than 50 ms.
 *
 * @module
 */
import type { ProberSight } from "../../health/health-fold.ts";
import { endpointParts } from "../../health/opinion.ts";
import type { Verdict } from "../../health/verdict.ts";
import { inSlices } from "../in-slices.ts";
import type { LiveCounts } from "./collect.ts";
import { formatLongMetric, formatMetric, type Sample } from "./exposition.ts";
import { METRICS } from "./metric-table.ts";

export async function healthMetrics({
  health,
  copy,
  exchange,
  incidentsOpened,
}: LiveCounts): Promise<string[]> {
  const endpoints = await inSlices(health.endpoints(), (key): EndpointLine[] => {
    const { state, responseMs, daysToExpiry } = health.verdict(key);
    const { monitor, address } = endpointParts(key);
    return [{ labels: [monitor, address], state, responseMs, daysToExpiry }];
  });
  const probers = health.probers();
  const nowMs = exchange.nowMs();
  const open = health.incidents(Number.POSITIVE_INFINITY).filter(({ closedMs }) => closedMs === null);
  return [
    formatMetric(METRICS.endpoints, counted(Object.entries(health.counts()))),
    await formatLongMetric(
      METRICS.endpointUp,
      of(endpoints, ({ state }) => (state === "unknown" ? null : Number(state === "up"))),
    ),
    await formatLongMetric(
      METRICS.probeDuration,
      of(endpoints, ({ responseMs }) => responseMs && responseMs / 1000),
    ),
    await formatLongMetric(
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

interface EndpointLine extends Pick<Verdict, "state" | "responseMs" | "daysToExpiry"> {
  readonly labels: readonly string[];
}

/** Null: it has none. */
function of(endpoints: readonly EndpointLine[], read: (line: EndpointLine) => number | null): Sample[] {
  const samples: Sample[] = [];
  for (const line of endpoints) {
    const value = read(line);
    if (value !== null) samples.push({ labels: line.labels, value });
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
