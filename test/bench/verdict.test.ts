import { expect, test } from "vitest";
import type { EditRun, Figures } from "../../bench/figures.ts";
import { formatVerdict, type VerdictRow, verdictRows } from "../../bench/verdict.ts";
import { cellsOf, tcpRun, udpRun } from "./runs.ts";

const NOTHING: Figures = { cpu: [], latency: [], edit: [], idle: [], tcp: [] };

function rowsOf(figures: Partial<Figures>): VerdictRow[] {
  return verdictRows({ ...NOTHING, ...figures });
}

function holds(figures: Partial<Figures>, what: string): boolean | undefined {
  const row = rowsOf(figures).find((candidate) => candidate.what.startsWith(what));
  expect(row).toBeDefined();
  return row!.holds;
}

const cpu = (server: string, cpuMicroseconds: number, workload = "static", answered = 1000) =>
  udpRun({ server, round: 1, workload, cpuMicroseconds, answered });

test("verdictRows() has no rows for what was not measured", () => {
  expect(rowsOf({})).toEqual([]);
});

test("verdictRows() holds CPU per query at 1.05 of gdnsd, and no more", () => {
  expect(holds({ cpu: [cpu("gdnsd", 2), cpu("windrose", 2.1)] }, "CPU per query, static")).toBe(true);
  expect(holds({ cpu: [cpu("gdnsd", 2), cpu("windrose", 2.12)] }, "CPU per query, static")).toBe(false);
});

test("verdictRows() leaves open what a missing peer would say", () => {
  const row = rowsOf({ cpu: [cpu("windrose", 2)] })[0]!;
  expect([row.holds, row.measured]).toEqual([undefined, "gdnsd did not run"]);
});

test("verdictRows() asks for six times the queries a second of dns2", () => {
  const rows = (own: number) =>
    rowsOf({ cpu: [cpu("dns2", 1, "static", 100), cpu("windrose", 1, "static", own)] }).filter(({ bound }) =>
      bound.endsWith("dns2"),
    );
  expect(rows(600).map((row) => row.holds)).toEqual([true]);
  expect(rows(599).map((row) => row.holds)).toEqual([false]);
});

test("verdictRows() compares NXDOMAIN with its own static case of the same round", () => {
  const at = (round: number, microseconds: number, workload: string) =>
    udpRun({ server: "windrose", round, workload, cpuMicroseconds: microseconds });
  const runs = [
    at(1, 2, "static"),
    at(1, 2.2, "nxdomain"),
    // A slow round, for both.
    at(2, 20, "static"),
    at(2, 22, "nxdomain"),
  ];
  expect(holds({ cpu: runs }, "CPU per query, nxdomain")).toBe(true);
});

test("verdictRows() allows twice gdnsd's p99.9, and three times while a zone is edited", () => {
  const runs = (p999: number) => [
    udpRun({ server: "gdnsd", round: 1, p999: 100 }),
    udpRun({ server: "windrose", round: 1, p999 }),
  ];
  expect(holds({ latency: runs(200) }, "response time, p99.9")).toBe(true);
  expect(holds({ latency: runs(201) }, "response time, p99.9")).toBe(false);
  expect(holds({ edit: runs(300) }, "response time, p99.9 while")).toBe(true);
  expect(holds({ edit: runs(301) }, "response time, p99.9 while")).toBe(false);
});

test("verdictRows() says so when the generator was too late for the figure to mean anything", () => {
  const measured = (p999: number) =>
    rowsOf({ latency: ["gdnsd", "windrose"].map((server) => udpRun({ server, round: 1, p999 })) })[0]!
      .measured;
  expect(measured(15)).toContain("the generator itself was 9 µs late");
  expect(measured(100)).not.toContain("late");
});

test("verdictRows() tells when the last edit was never answered", () => {
  const run = (isLastAnswered: boolean): EditRun => {
    const edits = { made: 10, generations: 10, isLastAnswered };
    return { ...udpRun({ server: "windrose", round: 1, p999: 100 }), edits };
  };
  expect(holds({ edit: [run(true)] }, "edits answered")).toBe(true);
  expect(holds({ edit: [run(true), run(false)] }, "edits answered")).toBe(false);
});

test("verdictRows() holds idle under 1 % of a core", () => {
  const idle = (cpuSeconds: number) => ({ idle: [{ server: "windrose", seconds: 10, cpuSeconds }] });
  expect(holds(idle(0.09), "idle")).toBe(true);
  expect(holds(idle(0.1), "idle")).toBe(false);
});

test("verdictRows() compares TCP by CPU second", () => {
  expect(holds({ tcp: [tcpRun("gdnsd", 1, 200), tcpRun("windrose", 1, 199)] }, "TCP")).toBe(false);
  expect(holds({ tcp: [tcpRun("gdnsd", 1, 200), tcpRun("windrose", 1, 200)] }, "TCP")).toBe(true);
});

test("formatVerdict() shows measured, bound and whether it holds", () => {
  const text = formatVerdict(rowsOf({ cpu: [cpu("gdnsd", 2), cpu("windrose", 3)] }));
  expect(cellsOf(text, "CPU per query, static A").slice(2, 5)).toEqual([
    "3.00 µs = 1.50 (1.50–1.50) × gdnsd",
    "at most 1.05 × gdnsd",
    "NO",
  ]);
});
