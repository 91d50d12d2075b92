/**
 * From runs to the table that is printed: medians over rounds, and medians of the ratios inside
 * each round. A machine that is slower for a while is so for all servers of that round, and
 * drops out of the ratio.
 *
 * @module
 */
import type { JobResult } from "./generator/main.ts";

export interface Run {
  readonly server: string;
  readonly workload: string;
  readonly round: number;
  readonly result: JobResult;
}

function cpuPerQueryMicroseconds({ result }: Run): number {
  return (result.serverCpuSeconds / result.answeredInTime) * 1e6;
}

function queriesPerSecond({ result }: Run): number {
  return result.answeredInTime / result.seconds;
}

function busyShare({ result }: Run): number {
  return result.serverCpuSeconds / result.seconds;
}

/** Below this the server waited for the generator, or for a core that it should have had to itself. */
const BUSY_MIN = 0.9;
const IDLE_WARNING =
  "\nNot every server was busy: something else ran on these cores, or the generator was too slow. " +
  "CPU per query holds, more or less; queries per second do not.\n";

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over rounds of this server's figure divided by the other's of the same round. */
function medianRatio(
  runs: readonly Run[],
  others: readonly Run[],
  figure: (run: Run) => number,
): number | undefined {
  const ratios = runs.flatMap((run) => {
    const other = others.find(({ round }) => round === run.round);
    return other === undefined ? [] : [figure(run) / figure(other)];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

export interface ReportOptions {
  readonly title: string;
  /** Ids and titles, in the order of the lines. */
  readonly servers: readonly { readonly id: string; readonly title: string }[];
  /** Of one workload. */
  readonly runs: readonly Run[];
  /** By server id. */
  readonly notes: Readonly<Record<string, string>>;
}

/** The table of one workload, in Markdown. */
export function formatReport({ title, servers, runs, notes }: ReportOptions): string {
  const isOpenLoop = runs.some(({ result }) => result.responseTime !== undefined);
  const byServer = (id: string) => runs.filter(({ server }) => server === id);
  const gdnsd = byServer("gdnsd");
  const echo = byServer("echo");
  const head = isOpenLoop
    ? ["", "p50 µs", "p99 µs", "p99.9 µs", "p99.9 / gdnsd", "CPU µs/query", "lost", "wrong", ""]
    : ["", "CPU µs/query", "/ gdnsd", "/ echo", "queries/s", "/ gdnsd", "busy", "lost", "wrong", ""];
  const lines = servers.flatMap((server) => {
    const own = byServer(server.id);
    if (own.length === 0) return [];
    const middle = (figure: (run: Run) => number) => median(own.map(figure));
    const over = (others: readonly Run[], figure: (run: Run) => number) =>
      medianRatio(own, others, figure)?.toFixed(2) ?? "–";
    const sum = (figure: (run: Run) => number) => String(own.reduce((total, run) => total + figure(run), 0));
    const cpu = middle(cpuPerQueryMicroseconds).toFixed(2);
    const trouble = [
      sum(({ result }) => result.lost),
      sum(({ result }) => result.wrong),
      notes[server.id] ?? "",
    ];
    const cells = isOpenLoop
      ? [
          middle(({ result }) => result.responseTime!.p50).toFixed(0),
          middle(({ result }) => result.responseTime!.p99).toFixed(0),
          middle(({ result }) => result.responseTime!.p999).toFixed(0),
          over(gdnsd, ({ result }) => result.responseTime!.p999),
          cpu,
        ]
      : [
          cpu,
          over(gdnsd, cpuPerQueryMicroseconds),
          over(echo, cpuPerQueryMicroseconds),
          middle(queriesPerSecond).toFixed(0),
          over(gdnsd, queriesPerSecond),
          `${(middle(busyShare) * 100).toFixed(0)} %`,
        ];
    return [[server.title, ...cells, ...trouble]];
  });
  const isIdle =
    !isOpenLoop &&
    servers.some(({ id }) => byServer(id).length > 0 && median(byServer(id).map(busyShare)) < BUSY_MIN);
  return `\n### ${title}\n\n${formatTable(head, lines)}${isIdle ? IDLE_WARNING : ""}`;
}

function formatTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...lines.map((line) => line[i]!.length)));
  const isText = (i: number) => i === 0 || i === head.length - 1;
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (isText(i) ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return `${[row(head), rule, ...lines.map(row)].join("\n")}\n`;
}
