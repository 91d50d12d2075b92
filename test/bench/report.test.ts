import { expect, test } from "vitest";
import type { UdpRun } from "../../bench/figures.ts";
import { formatResponseTimes, formatTcp, formatWorkload } from "../../bench/report.ts";
import { cellsOf, tcpRun, udpRun } from "./runs.ts";

const servers = [
  { id: "gdnsd", title: "gdnsd" },
  { id: "windrose", title: "Windrose" },
];

function run(server: string, round: number, cpuMicroseconds: number, answered: number): UdpRun {
  return udpRun({ server, round, cpuMicroseconds, answered });
}

test("formatWorkload() shows medians over rounds", () => {
  const runs = [run("gdnsd", 1, 2, 100), run("gdnsd", 2, 9, 900), run("gdnsd", 3, 3, 300)];
  const cells = cellsOf(formatWorkload({ title: "static A", servers, runs, notes: {} }), "gdnsd");
  expect([cells[2], cells[5]]).toEqual(["3.00", "300"]);
});

test("formatWorkload() compares servers inside a round, so that a slow round does not count", () => {
  // The machine was five times slower in the second round, for both.
  const runs = [
    run("gdnsd", 1, 2, 100),
    run("windrose", 1, 3, 80),
    run("gdnsd", 2, 10, 20),
    run("windrose", 2, 15, 16),
  ];
  const cells = cellsOf(formatWorkload({ title: "static A", servers, runs, notes: {} }), "Windrose");
  expect([cells[3], cells[6]]).toEqual(["1.50", "0.80"]);
});

test("formatWorkload() has no ratio to a server that did not run, and no line for it", () => {
  const runs = [run("windrose", 1, 3, 80)];
  const report = formatWorkload({ title: "static A", servers, runs, notes: {} });
  expect(cellsOf(report, "Windrose").slice(3, 5)).toEqual(["–", "–"]);
  expect(report).not.toContain("gdnsd   ");
});

test("formatWorkload() says so when a server was not kept busy", () => {
  const report = (cpuMicroseconds: number) => {
    const runs = [run("gdnsd", 1, cpuMicroseconds, 100_000)];
    return formatWorkload({ title: "static A", servers, runs, notes: {} });
  };
  expect(report(9.5)).not.toContain("Not every server was busy");
  expect(report(5)).toContain("Not every server was busy");
});

test("formatResponseTimes() shows how late the generator was beside the response times", () => {
  const runs = [
    udpRun({ server: "gdnsd", round: 1, p999: 100 }),
    udpRun({ server: "windrose", round: 1, p999: 150 }),
  ];
  const cells = cellsOf(formatResponseTimes({ title: "open", servers, runs, notes: {} }), "Windrose");
  expect(cells.slice(2, 8)).toEqual(["20", "40", "150", "1.50", "3", "9"]);
});

test("formatTcp() compares what is answered in a CPU second", () => {
  const runs = [tcpRun("gdnsd", 1, 200_000), tcpRun("windrose", 1, 500_000)];
  const cells = cellsOf(formatTcp({ title: "TCP", servers, runs, notes: {} }), "Windrose");
  expect(cells.slice(2, 5)).toEqual(["500000", "2.50", "2.00"]);
});
