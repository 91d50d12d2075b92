import { expect, test } from "vitest";
import { formatReport, type Run } from "../../bench/report.ts";

const servers = [
  { id: "gdnsd", title: "gdnsd" },
  { id: "windrose", title: "Windrose" },
];

function run(server: string, round: number, cpuMicroseconds: number, answered: number): Run {
  const counts = { sent: answered, answered, lost: 0, stray: 0, checked: 10, wrong: 0 };
  const serverCpuSeconds = (cpuMicroseconds * answered) / 1e6;
  const result = {
    ...counts,
    seconds: 1,
    serverCpuSeconds,
    generatorCpuSeconds: 1,
    answeredInTime: answered,
  };
  return { server, workload: "static", round, result };
}

function cellsOf(report: string, title: string): string[] {
  const line = report.split("\n").find((text) => text.startsWith(`| ${title} `))!;
  return line.split("|").map((cell) => cell.trim());
}

test("formatReport() shows medians over rounds", () => {
  const runs = [run("gdnsd", 1, 2, 100), run("gdnsd", 2, 9, 900), run("gdnsd", 3, 3, 300)];
  const cells = cellsOf(formatReport({ title: "static A", servers, runs, notes: {} }), "gdnsd");
  expect([cells[2], cells[5]]).toEqual(["3.00", "300"]);
});

test("formatReport() compares servers inside a round, so that a slow round does not count", () => {
  // The machine was five times slower in the second round, for both.
  const runs = [
    run("gdnsd", 1, 2, 100),
    run("windrose", 1, 3, 80),
    run("gdnsd", 2, 10, 20),
    run("windrose", 2, 15, 16),
  ];
  const cells = cellsOf(formatReport({ title: "static A", servers, runs, notes: {} }), "Windrose");
  expect([cells[3], cells[6]]).toEqual(["1.50", "0.80"]);
});

test("formatReport() has no ratio to a server that did not run, and no line for it", () => {
  const report = formatReport({ title: "static A", servers, runs: [run("windrose", 1, 3, 80)], notes: {} });
  expect(cellsOf(report, "Windrose").slice(3, 5)).toEqual(["–", "–"]);
  expect(report).not.toContain("gdnsd   ");
});

test("formatReport() shows response times for the open loop", () => {
  const open = (server: string, p999: number): Run => {
    const closed = run(server, 1, 3, 100);
    return { ...closed, result: { ...closed.result, responseTime: { p50: 20, p99: 40, p999 } } };
  };
  const runs = [open("gdnsd", 100), open("windrose", 150)];
  const cells = cellsOf(formatReport({ title: "static A", servers, runs, notes: {} }), "Windrose");
  expect(cells.slice(2, 6)).toEqual(["20", "40", "150", "1.50"]);
});

test("formatReport() says so when a server was not kept busy", () => {
  const report = (cpuMicroseconds: number) =>
    formatReport({
      title: "static A",
      servers,
      runs: [run("gdnsd", 1, cpuMicroseconds, 100_000)],
      notes: {},
    });
  expect(report(9.5)).not.toContain("Not every server was busy");
  expect(report(5)).toContain("Not every server was busy");
});
