/**
 * Runs the worked examples of docs/steering/: every row of every table whose last columns are
 * results that this test knows. A page with no such row, or a row that is not run, fails.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Bench, benchOf } from "./notation.ts";

const FOLDER = new URL("../../docs/steering/", import.meta.url);
const DRAWS = 20_000;
const RESULTS = ["in a row", "shares", "answer"];

const pages = readdirSync(FOLDER).filter((page) => page !== "README.md");

describe.each(pages)("docs/steering/%s", (page) => {
  const examples = readExamples(readFileSync(new URL(page, FOLDER), "utf8"));

  test("has worked examples", () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
  });

  test.each(examples.map((example) => [example.text, example.cells] as const))("%s", (_, cells) => {
    const policy = page === "pools.md" ? "failover" : page.replace(/\.md$/, "");
    const bench = benchOf(cells.get("pools") ?? `p: ${cells.get("members")}`, {
      policy: cells.get("policy") ?? policy,
      answers: Number(cells.get("answers") ?? 1),
      down: (cells.get("down") ?? "").split(" ").filter(Boolean),
    });
    const measured = cells.get("measured") ?? "";
    if (measured !== "") bench.measure(measured);
    bench.time(cells.get("response times") ?? "");
    const from = cells.get("from");
    if (from !== undefined && from !== "") bench.from(from);
    const type = (cells.get("ask") ?? "A") as "A" | "AAAA";
    const row = cells.get("in a row");
    if (row !== undefined) expect(bench.row(row.split(" ").length, type)).toBe(row);
    const shares = cells.get("shares");
    if (shares !== undefined) checkShares(bench, shares, type);
    const answer = cells.get("answer");
    if (answer !== undefined) expect(bench.ask(type)).toBe(answer);
    const degraded = cells.get("degraded");
    if (degraded !== undefined) expect(bench.picks.degraded ? "yes" : "no").toBe(degraded);
  });
});

/** Five standard deviations of so many draws, and half of the last decimal that the page gives. */
function checkShares(bench: Bench, shares: string, type: "A" | "AAAA"): void {
  const counts = bench.count(DRAWS, type);
  const expected = new Map(
    shares.split(", ").map((share) => {
      const [name, percent] = share.split(" ");
      return [name!, Number(percent) / 100];
    }),
  );
  expect([...counts.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, share] of expected) {
    const slack = 5 * Math.sqrt((share * (1 - share)) / DRAWS) + 0.0005;
    expect(Math.abs(counts.get(name)! / DRAWS - share), `share of ${name}, seed 1`).toBeLessThanOrEqual(
      slack,
    );
  }
}

function readExamples(page: string): { text: string; cells: Map<string, string> }[] {
  const examples = [];
  let header: string[] = [];
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) {
      header = [];
      continue;
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (header.length === 0) header = cells;
    else if (!cells.every((cell) => /^-+$/.test(cell)) && RESULTS.some((result) => header.includes(result))) {
      const named = header.map((name, i) => [name, cells[i] ?? ""] as const);
      examples.push({ text: line, cells: new Map(named) });
    }
  }
  return examples;
}
