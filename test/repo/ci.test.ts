/**
 * The last line of .ci/run and its exit code, from made-up test reports: CI must not take
 * "nothing ran" for "nothing failed".
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "./tree.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-ci-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly passed?: number;
  readonly failed?: number;
  /** Files that could not be loaded. */
  readonly brokenFiles?: number;
  readonly checkFailed?: "0" | "1";
  readonly testExit?: string;
}

function summarize(run: Run): { lastLine: string | undefined; exitCode: number | null } {
  const report = {
    numPassedTests: run.passed ?? 0,
    numFailedTests: run.failed ?? 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: Array.from({ length: run.brokenFiles ?? 0 }, () => ({
      name: "test/broken.test.ts",
      status: "failed",
      message: "cannot be loaded",
      assertionResults: [],
    })),
  };
  const path = join(folder, "report.json");
  writeFileSync(path, JSON.stringify(report));
  return runSummary(path, run.checkFailed ?? "0", run.testExit ?? "0");
}

function runSummary(...args: string[]): { lastLine: string | undefined; exitCode: number | null } {
  const { stdout, status } = spawnSync(process.execPath, [join(ROOT, ".ci/summary.mjs"), ...args], {
    encoding: "utf8",
  });
  return { lastLine: stdout.trimEnd().split("\n").at(-1), exitCode: status };
}

test.each<[string, Run, string, number]>([
  ["all passed", { passed: 9 }, "9 passed, 0 failed", 0],
  ["a test failed", { passed: 8, failed: 1, testExit: "1" }, "8 passed, 1 failed", 1],
  ["nothing ran", {}, "0 passed, 1 failed", 1],
  ["a file could not be loaded", { passed: 9, brokenFiles: 1, testExit: "1" }, "9 passed, 1 failed", 1],
  ["npm run check failed", { passed: 9, checkFailed: "1" }, "9 passed, 1 failed", 1],
  ["an error outside of any test", { passed: 9, testExit: "1" }, "9 passed, 1 failed", 1],
])("summary.mjs: %s", (_case, run, lastLine, exitCode) => {
  expect(summarize(run)).toEqual({ lastLine, exitCode });
});

test("summary.mjs: no report at all", () => {
  expect(runSummary(join(folder, "none.json"), "0", "1")).toEqual({
    lastLine: "0 passed, 1 failed",
    exitCode: 1,
  });
});
