/**
 * The table of what must be reached: for each row what was measured, the bound, and whether it holds. Pure: from
 * figures to lines.
 *
 * @module
 */
import {
  answeredPerCpuSecond,
  cpuPerQueryMicroseconds,
  type EditRun,
  type Figures,
  p999,
  queriesPerSecond,
  type UdpRun,
} from "./figures.ts";
import { type InRound, median, type Ratio, ratioOf } from "./statistics.ts";
import { formatTable } from "./table.ts";

export interface VerdictRow {
  readonly what: string;
  readonly measured: string;
  readonly bound: string;
  /** Undefined: it cannot be said (a peer is missing, or the generator was too late). */
  readonly holds: boolean | undefined;
}

const US = "windrose";
const CPU_TO_GDNSD_MAX = 1.05;
const CPU_TO_ECHO_MAX = 1.25;
const RATE_MIN = { gdnsd: 1, knot: 1.2, dns2: 6 } as const;
const OWN_STATIC_MAX = 1.15;
const GEO_MAX = { gdnsd: 1.05, knot: 0.7 } as const;
const STEERED_TO_OWN_STATIC_MAX = { weighted: 1.2, proximity: 1.2, hash: 1.2, latency: 1.3 } as const;
const CHAIN_MICROSECONDS_MAX = 2;
const P999_TO_GDNSD_MAX = 2;
const P999_EDITED_TO_GDNSD_MAX = 3;
/** A generator whose own p99.9 is above this part of gdnsd's says more about the generator's core than about servers. */
const LATE_SHARE_MAX = 0.5;
const IDLE_SHARE_MAX = 0.01;
const TCP_TO_GDNSD_MIN = 1;
const TITLES: Readonly<Record<string, string>> = { gdnsd: "gdnsd", echo: "echo", knot: "Knot", dns2: "dns2" };

/** Rows of the sections that were measured. */
export function verdictRows(figures: Figures): VerdictRow[] {
  return [
    ...(figures.cpu.length > 0 ? cpuRows(figures.cpu) : []),
    ...(figures.latency.length > 0 ? [latencyRow("p99.9", figures.latency, P999_TO_GDNSD_MAX)] : []),
    ...(figures.edit.length > 0 ? editRows(figures.edit) : []),
    ...idleRows(figures),
    ...tcpRows(figures),
  ];
}

export function formatVerdict(rows: readonly VerdictRow[]): string {
  const lines = rows.map(({ what, measured, bound, holds }) => {
    return [what, measured, bound, holds === undefined ? "–" : holds ? "yes" : "NO"];
  });
  const head = ["what", "measured (lowest to highest round)", "must be", "holds"];
  return `\n## What must be reached\n\n${formatTable({ head, lines, textColumns: [0, 1, 2, 3] })}`;
}

/** Either bound. */
type Bound = { readonly max: number } | { readonly min: number };

interface RatioRow<Run extends InRound> {
  readonly what: string;
  readonly runs: readonly Run[];
  readonly others: readonly Run[];
  readonly figure: (run: Run) => number;
  /** The figure in the middle, for people. */
  readonly shown: (value: number) => string;
  /** To whom. */
  readonly to: string;
  readonly bound: Bound;
}

function ratioRow<Run extends InRound>(row: RatioRow<Run>): VerdictRow {
  const { what, runs, others, figure, shown, to, bound } = row;
  const limit = "max" in bound ? `at most ${bound.max.toFixed(2)}` : `at least ${bound.min.toFixed(2)}`;
  const ratio = ratioOf(runs, others, figure);
  if (ratio === undefined) {
    return { what, measured: `${to} did not run`, bound: `${limit} × ${to}`, holds: undefined };
  }
  const holds = "max" in bound ? ratio.median <= bound.max : ratio.median >= bound.min;
  const measured = `${shown(median(runs.map(figure)))} = ${formatRatio(ratio)} × ${to}`;
  return { what, measured, bound: `${limit} × ${to}`, holds };
}

function formatRatio({ median: middle, min, max }: Ratio): string {
  return `${middle.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

function cpuRows(runs: readonly UdpRun[]): VerdictRow[] {
  const of = (server: string, workload: string) => {
    return runs.filter((run) => run.server === server && run.workload === workload);
  };
  const asked = (workload: string) => runs.some((run) => run.workload === workload && run.server === US);
  const microseconds = (value: number) => `${value.toFixed(2)} µs`;
  const saturated = ["static", "weighted"].filter(asked);
  return [
    ...saturated.flatMap((workload) =>
      (
        [
          ["gdnsd", CPU_TO_GDNSD_MAX],
          ["echo", CPU_TO_ECHO_MAX],
        ] as const
      ).map(([server, max]) =>
        ratioRow({
          what: `CPU per query, ${workload} A`,
          runs: of(US, workload),
          others: of(server, workload),
          figure: cpuPerQueryMicroseconds,
          shown: microseconds,
          to: TITLES[server]!,
          bound: { max },
        }),
      ),
    ),
    ...saturated.flatMap((workload) =>
      Object.entries(RATE_MIN).map(([server, min]) =>
        ratioRow({
          what: `queries a second, ${workload} A`,
          runs: of(US, workload),
          others: of(server, workload),
          figure: queriesPerSecond,
          shown: (value) => value.toFixed(0),
          to: TITLES[server]!,
          bound: { min },
        }),
      ),
    ),
    ...["nxdomain", "wildcard", "case", "ecs"].filter(asked).map((workload) =>
      ratioRow({
        what: `CPU per query, ${workload}`,
        runs: of(US, workload),
        others: of(US, "static"),
        figure: cpuPerQueryMicroseconds,
        shown: microseconds,
        to: "own static A",
        bound: { max: OWN_STATIC_MAX },
      }),
    ),
    ...steeredRows(asked, (workload, server, others, max) =>
      ratioRow({
        what: `CPU per query, ${workload}`,
        runs: of(US, workload),
        others: of(server, others),
        figure: cpuPerQueryMicroseconds,
        shown: microseconds,
        to: server === US ? "own static A" : TITLES[server]!,
        bound: { max },
      }),
    ),
    ...(asked("chain") && asked("ecs") ? [chainRow(of(US, "chain"), of(US, "ecs"))] : []),
  ];
}

function steeredRows(
  asked: (workload: string) => boolean,
  rowOf: (workload: string, server: string, others: string, max: number) => VerdictRow,
): VerdictRow[] {
  return [
    ...Object.entries(asked("geo") ? GEO_MAX : {}).map(([server, max]) => rowOf("geo", server, "geo", max)),
    ...Object.entries(STEERED_TO_OWN_STATIC_MAX)
      .filter(([workload]) => asked(workload))
      .map(([workload, max]) => rowOf(workload, US, "static", max)),
  ];
}

/** What the choice itself takes: the rest of such a query is that of a static answer with the same ECS. */
function chainRow(runs: readonly UdpRun[], statics: readonly UdpRun[]): VerdictRow {
  const what = "CPU of a chain of three steps over 100 members";
  const bound = `at most ${CHAIN_MICROSECONDS_MAX} µs`;
  if (runs.length === 0 || statics.length === 0)
    return { what, measured: "did not run", bound, holds: undefined };
  const more = median(runs.map(cpuPerQueryMicroseconds)) - median(statics.map(cpuPerQueryMicroseconds));
  const measured = `${more.toFixed(2)} µs more than static A with ECS`;
  return { what, measured, bound, holds: more <= CHAIN_MICROSECONDS_MAX };
}

function latencyRow(what: string, runs: readonly UdpRun[], max: number): VerdictRow {
  const [own, others] = [US, "gdnsd"].map((id) => runs.filter(({ server }) => server === id)) as [
    UdpRun[],
    UdpRun[],
  ];
  const row = ratioRow({
    what: `response time, ${what}`,
    runs: own,
    others,
    figure: p999,
    shown: (value) => `${value.toFixed(0)} µs`,
    to: "gdnsd",
    bound: { max },
  });
  if (row.holds === undefined) return row;
  const lateMicroseconds = median([...own, ...others].map(({ result }) => result.lateness?.p999 ?? 0));
  const isLate = lateMicroseconds > LATE_SHARE_MAX * median(others.map(p999));
  if (!isLate) return row;
  return {
    ...row,
    measured: `${row.measured}; the generator itself was ${lateMicroseconds.toFixed(0)} µs late`,
  };
}

function editRows(runs: readonly EditRun[]): VerdictRow[] {
  const edited = runs.flatMap(({ edits }) => edits ?? []);
  const late = edited.filter(({ isLastAnswered }) => !isLastAnswered).length;
  return [
    latencyRow("p99.9 while a zone is edited", runs, P999_EDITED_TO_GDNSD_MAX),
    {
      what: "edits answered within 1 s of the last",
      measured:
        edited.length === 0 ? "nothing was edited" : `${edited.length - late} of ${edited.length} rounds`,
      bound: "all",
      holds: edited.length === 0 ? undefined : late === 0,
    },
  ];
}

function idleRows({ idle }: Figures): VerdictRow[] {
  return idle
    .filter(({ server }) => server === US)
    .map(({ cpuSeconds, seconds }) => {
      const share = cpuSeconds / seconds;
      const measured = `${(share * 100).toFixed(2)} % of a core`;
      const bound = `under ${(IDLE_SHARE_MAX * 100).toFixed(0)} %`;
      return { what: "idle", measured, bound, holds: share < IDLE_SHARE_MAX };
    });
}

/** One row for each number of queries in flight. */
function tcpRows({ tcp }: Figures): VerdictRow[] {
  return [...new Set(tcp.map(({ inFlight }) => inFlight))].map((inFlight) => {
    const of = (id: string) => tcp.filter((run) => run.server === id && run.inFlight === inFlight);
    return ratioRow({
      what: `TCP, answered in a CPU second, ${inFlight} in flight (a dream)`,
      runs: of(US),
      others: of("gdnsd"),
      figure: answeredPerCpuSecond,
      shown: (value) => value.toFixed(0),
      to: "gdnsd",
      bound: { min: TCP_TO_GDNSD_MIN },
    });
  });
}
