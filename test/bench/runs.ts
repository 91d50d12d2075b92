/** Runs of the bench with given figures, for tests. */
import type { TcpRun, UdpRun } from "../../bench/figures.ts";

export interface RunFigures {
  readonly server: string;
  readonly round: number;
  readonly workload?: string;
  readonly cpuMicroseconds?: number;
  readonly answered?: number;
  /** Of an open loop. */
  readonly p999?: number;
}

/** One second of answers. */
export function udpRun(figures: RunFigures): UdpRun {
  const { server, round, workload = "static", cpuMicroseconds = 1, answered = 1000, p999 } = figures;
  const result = {
    sent: answered,
    answered,
    lost: 0,
    stray: 0,
    checked: 10,
    wrong: 0,
    seconds: 1,
    serverCpuSeconds: (cpuMicroseconds * answered) / 1e6,
    generatorCpuSeconds: 1,
    answeredInTime: answered,
    ...(p999 !== undefined && {
      responseTime: { p50: 20, p99: 40, p999 },
      lateness: { p50: 3, p99: 5, p999: 9 },
    }),
  };
  return { server, workload, round, result };
}

export function tcpRun(server: string, round: number, answeredPerCpuSecond: number): TcpRun {
  const result = {
    answered: answeredPerCpuSecond,
    checked: 10,
    wrong: 0,
    seconds: 1,
    serverCpuSeconds: 1,
    generatorCpuSeconds: 0.5,
    ended: [],
  };
  return { server, round, connections: 8, inFlight: 64, result };
}

/** The cells of the line that begins with `title`; cell 1 is the title. */
export function cellsOf(report: string, title: string): string[] {
  const line = report.split("\n").find((text) => text.startsWith(`| ${title} `))!;
  return line.split("|").map((cell) => cell.trim());
}
