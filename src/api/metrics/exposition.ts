/**
 * Prometheus' text format, version 0.0.4: what GET /metrics answers.
 *
 *   # HELP windrose_dns_queries_total DNS queries received
 *   # TYPE windrose_dns_queries_total counter
 *   windrose_dns_queries_total{transport="udp",family="ipv4"} 4711
 *
 * @module
 */

import { inSlices } from "../in-slices.ts";

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence without a full stop. */
  readonly help: string;
  readonly labels: readonly string[];
}

export interface Sample {
  /** In the order of the metric's labels. */
  readonly labels: readonly string[];
  readonly value: number;
}

export interface Histogram {
  /** Upper bounds, growing, without the infinite one. */
  readonly bounds: readonly number[];
  /** How many were observed up to each bound. */
  readonly cumulative: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Lines of one metric with their final newlines; empty when it has no samples. */
export function formatMetric(metric: Metric, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value }) => line(metric.name, pairs(metric, labels), value));
  return head(metric) + lines.join("");
}

/** The same of very many samples, in slices. */
export async function formatLongMetric(metric: Metric, samples: readonly Sample[]): Promise<string> {
  if (samples.length === 0) return "";
  const lines = await inSlices(samples, ({ labels, value }) => [
    line(metric.name, pairs(metric, labels), value),
  ]);
  return head(metric) + lines.join("");
}

/** A histogram without labels of its own. */
export function formatHistogram(metric: Metric, { bounds, cumulative, count, sum }: Histogram): string {
  const buckets = bounds.map((bound, i) => bucket(metric, formatNumber(bound), cumulative[i]!));
  return [
    head(metric),
    ...buckets,
    bucket(metric, "+Inf", count),
    line(`${metric.name}_sum`, [], sum),
    line(`${metric.name}_count`, [], count),
  ].join("");
}

function head({ name, type, help }: Metric): string {
  return `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
}

function bucket({ name }: Metric, bound: string, value: number): string {
  return line(`${name}_bucket`, [["le", bound]], value);
}

function pairs({ labels }: Metric, values: readonly string[]): [string, string][] {
  return labels.map((label, i) => [label, values[i]!]);
}

function line(name: string, labels: readonly [string, string][], value: number): string {
  const inside = labels.map(([label, text]) => `${label}="${escapeLabel(text)}"`).join(",");
  return `${name}${inside === "" ? "" : `{${inside}}`} ${formatNumber(value)}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}
