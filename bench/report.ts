/**
 * The tables of the sections: one line for each server, medians over rounds, ratios inside rounds.
 *
 * @module
 */
import {
  answeredPerCpuSecond,
  busyShare,
  cpuPerQueryMicroseconds,
  p999,
  queriesPerSecond,
  type TcpRun,
  type UdpRun,
} from "./figures.ts";
import { type InRound, median, ratioOf } from "./statistics.ts";
import { formatTable } from "./table.ts";

/** Below this the server waited for the generator, or for a core that it should have had to itself. */
const BUSY_MIN = 0.9;
const IDLE_WARNING =
  "\nNot every server was busy: something else ran on these cores, or the generator was too slow. " +
  "CPU per query holds, more or less; queries per second do not.\n";

interface ServerRun extends InRound {
  readonly server: string;
}

export interface ReportOptions<Run extends ServerRun> {
  readonly title: string;
  /** Ids and titles, in the order of the lines. */
  readonly servers: readonly { readonly id: string; readonly title: string }[];
  readonly runs: readonly Run[];
  /** By server id. */
  readonly notes: Readonly<Record<string, string>>;
}

/** One server's runs, and what a cell can be made of. */
class Line<Run extends ServerRun> {
  readonly own: readonly Run[];
  readonly #all: readonly Run[];

  constructor(all: readonly Run[], server: string) {
    this.#all = all;
    this.own = all.filter((run) => run.server === server);
  }

  middle(figure: (run: Run) => number): number {
    return median(this.own.map(figure));
  }

  over(server: string, figure: (run: Run) => number): string {
    const others = this.#all.filter((run) => run.server === server);
    return ratioOf(this.own, others, figure)?.median.toFixed(2) ?? "–";
  }

  sum(figure: (run: Run) => number): string {
    return String(this.own.reduce((total, run) => total + figure(run), 0));
  }
}

function formatLines<Run extends ServerRun>(
  { title, servers, runs, notes }: ReportOptions<Run>,
  head: readonly string[],
  cells: (line: Line<Run>) => readonly string[],
): string {
  const lines = servers.flatMap(({ id, title: name }) => {
    const line = new Line(runs, id);
    return line.own.length === 0 ? [] : [[name, ...cells(line), notes[id] ?? ""]];
  });
  const table = { head: ["", ...head, ""], lines, textColumns: [0, head.length + 1] };
  return `\n### ${title}\n\n${formatTable(table)}`;
}

/** One workload, at saturation. */
export function formatWorkload(options: ReportOptions<UdpRun>): string {
  const head = ["CPU µs/query", "/ gdnsd", "/ echo", "queries/s", "/ gdnsd", "busy", "lost", "wrong"];
  let isIdle = false;
  const table = formatLines(options, head, (line) => {
    const busy = line.middle(busyShare);
    isIdle ||= busy < BUSY_MIN;
    return [
      line.middle(cpuPerQueryMicroseconds).toFixed(2),
      line.over("gdnsd", cpuPerQueryMicroseconds),
      line.over("echo", cpuPerQueryMicroseconds),
      line.middle(queriesPerSecond).toFixed(0),
      line.over("gdnsd", queriesPerSecond),
      `${(busy * 100).toFixed(0)} %`,
      line.sum(({ result }) => result.lost),
      line.sum(({ result }) => result.wrong),
    ];
  });
  return `${table}${isIdle ? IDLE_WARNING : ""}`;
}

/** The open loop. */
export function formatResponseTimes(options: ReportOptions<UdpRun>): string {
  const head = [
    "p50 µs",
    "p99 µs",
    "p99.9 µs",
    "p99.9 / gdnsd",
    "late p50 µs",
    "late p99.9 µs",
    "CPU µs/query",
    "lost",
    "wrong",
  ];
  return formatLines(options, head, (line) => [
    line.middle(({ result }) => result.responseTime?.p50 ?? Number.NaN).toFixed(0),
    line.middle(({ result }) => result.responseTime?.p99 ?? Number.NaN).toFixed(0),
    line.middle(p999).toFixed(0),
    line.over("gdnsd", p999),
    line.middle(({ result }) => result.lateness?.p50 ?? Number.NaN).toFixed(0),
    line.middle(({ result }) => result.lateness?.p999 ?? Number.NaN).toFixed(0),
    line.middle(cpuPerQueryMicroseconds).toFixed(2),
    line.sum(({ result }) => result.lost),
    line.sum(({ result }) => result.wrong),
  ]);
}

/** Pipelined connections. */
export function formatTcp(options: ReportOptions<TcpRun>): string {
  const head = [
    "answered per CPU s",
    "/ gdnsd",
    "CPU µs/query",
    "queries/s",
    "busy",
    "generator busy",
    "wrong",
  ];
  return formatLines(options, head, (line) => [
    line.middle(answeredPerCpuSecond).toFixed(0),
    line.over("gdnsd", answeredPerCpuSecond),
    (1e6 / line.middle(answeredPerCpuSecond)).toFixed(2),
    line.middle(({ result }) => result.answered / result.seconds).toFixed(0),
    `${(line.middle(busyShare) * 100).toFixed(0)} %`,
    `${(line.middle(({ result }) => result.generatorCpuSeconds / result.seconds) * 100).toFixed(0)} %`,
    line.sum(({ result }) => result.wrong),
  ]);
}
