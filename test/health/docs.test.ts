/**
 * Runs every table of docs/health.md. A table is a story: its rows are run one after the other, on what the rows before
 * left. The rules stand in the paragraph above it, in code after "With". A table that no runner knows fails.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { holdOf } from "../../src/health/damping.ts";
import { drainCurve } from "../../src/health/drain.ts";
import { applyResult, beginEndpoint, type EndpointState } from "../../src/health/prober-verdict.ts";
import { neededOf, type Quorum } from "../../src/health/verdict.ts";
import { Fleet, msOf, PoolTable, START_MS } from "./notation.ts";

type Row = ReadonlyMap<string, string>;

interface Table {
  readonly title: string;
  readonly rules: ReadonlyMap<string, string>;
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

const tables = readTables(readFileSync(new URL("../../docs/health.md", import.meta.url), "utf8"));

/** By a column that only tables of this kind have: what runs one, and gives what the row should say. */
const RUNNERS: Readonly<Record<string, (table: Table) => (row: Row) => Readonly<Record<string, string>>>> = {
  check: runProber,
  opinions: runFleet,
  happens: runPool,
  "must see it down": () => (row) => {
    const quorum = row.get("quorum")!;
    const parsed = (/^[0-9]+$/.test(quorum) ? Number(quorum) : quorum) as Quorum;
    return { "must see it down": String(neededOf(parsed, Number(row.get("regions with an opinion")))) };
  },
  "a recovery must hold": () => (row) => ({
    "a recovery must hold": `${holdOf(Number(row.get("changes in 10 minutes"))) / 1000}s`,
  }),
  "answers by TTL": () => (row) => {
    const served = row
      .get("answers by TTL")!
      .split(", ")
      .map((part) => part.split("s: ").map(Number));
    const curve = drainCurve(new Map(served as [number, number][]))!;
    const parts = { "50 %": curve.p50Ms, "90 %": curve.p90Ms, "99 %": curve.p99Ms, "100 %": curve.p100Ms };
    return Object.fromEntries(Object.entries(parts).map(([part, ms]) => [part, `${ms / 1000}s`]));
  },
};

describe("docs/health.md", () => {
  test("has tables of every kind", () => {
    for (const column of Object.keys(RUNNERS)) {
      expect(tables.filter(({ header }) => header.includes(column)).length, column).toBeGreaterThan(0);
    }
  });

  test.each(tables.map((table) => [table.title, table] as const))("%s", (_, table) => {
    const kind = Object.keys(RUNNERS).find((column) => table.header.includes(column));
    expect(kind, `what runs a table of ${table.header.join(", ")}`).toBeDefined();
    const run = RUNNERS[kind!]!(table);
    for (const row of table.rows) {
      const results = run(row);
      const wanted = Object.fromEntries(
        table.header.filter((key) => key in results).map((key) => [key, row.get(key)]),
      );
      const found = Object.fromEntries(Object.keys(wanted).map((key) => [key, results[key]]));
      expect(found, [...row.values()].join(" | ")).toEqual(wanted);
      expect(Object.keys(wanted).length).toBeGreaterThan(0);
    }
  });
});

function runProber({ rules }: Table): (row: Row) => Readonly<Record<string, string>> {
  const slow = rules.get("slow");
  const checkRules = {
    intervalMs: msOf(rules.get("interval")!),
    timeoutMs: 5000,
    downAfter: Number(rules.get("down-after")),
    upAfter: Number(rules.get("up-after")),
    recheckMs: msOf(rules.get("recheck")!),
    slowMs: slow === undefined ? null : msOf(slow),
  };
  let state: EndpointState = beginEndpoint(START_MS);
  return (row) => {
    const [, verb, took] = /^(ok|fails)(?: in (\S+))?$/.exec(row.get("check")!)!;
    const ok = verb === "ok";
    const result = { ok, reason: ok ? "" : "refused", ms: took === undefined ? 20 : msOf(took) };
    const { nextCheckInMs, ...next } = applyResult(
      state,
      result,
      checkRules,
      START_MS + msOf(row.get("at")!),
    );
    state = next;
    return { opinion: state.state, "next check in": `${nextCheckInMs / 1000}s` };
  };
}

function runFleet({ rules }: Table): (row: Row) => Readonly<Record<string, string>> {
  const fleet = new Fleet(rules);
  return (row) => {
    const verdict = fleet.step(row.get("opinions")!, START_MS + msOf(row.get("at")!));
    const suffix = verdict.coldStart ? ", cold start" : verdict.stale ? ", stale" : "";
    return { verdict: verdict.state + suffix, reason: verdict.reason, "counts as": verdict.countsAs };
  };
}

function runPool({ rules }: Table): (row: Row) => Readonly<Record<string, string>> {
  const pool = new PoolTable(rules);
  return (row) => pool.step(row.get("happens")!, START_MS + msOf(row.get("at")!));
}

function readTables(page: string): Table[] {
  const found: Table[] = [];
  let rules = "";
  let section = "";
  let header: string[] = [];
  let rows: Row[] = [];
  for (const line of page.split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3);
    rules = /[Ww]ith `([^`]*: [^`]*)`:$/.exec(line)?.[1] ?? rules;
    if (!line.startsWith("|")) {
      header = [];
      continue;
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (header.length === 0) {
      header = cells;
      rows = [];
      const pairs = rules.split(", ").map((pair) => pair.split(": ") as [string, string]);
      found.push({ title: `${section}: ${rules}`, rules: new Map(rules === "" ? [] : pairs), header, rows });
      rules = "";
    } else if (!cells.every((cell) => /^-+$/.test(cell))) {
      rows.push(new Map(header.map((name, i) => [name, cells[i] ?? ""])));
    }
  }
  return found;
}
