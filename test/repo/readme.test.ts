/**
 * Walks through the README's tour as a reader would: in a copy of the project, with the
 * README's own commands, and compares what they print with what the page promises.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { formatFault } from "../../src/lib/fault.ts";
import { matchesOutput, parseTour, type TourStep } from "./tour.ts";
import { START_MS_MAX, TourServer } from "./tour-server.ts";
import { readText } from "./tree.ts";

/** How long an edit may take to show. The README says: about a second. */
const LIVE_MS_MAX = 10_000;

const tour = parseTour(readText("README.md"));

describe("README.md's tour", () => {
  let server: TourServer;

  beforeAll(async () => {
    server = await TourServer.start(tour);
  }, START_MS_MAX + 10_000);
  afterAll(() => server?.stop());

  test("starts the server with one command, which says what to ask", () => {
    expect(tour.serverCommand).toBe("npm start");
    expect(server.output).toContain(`dig @127.0.0.1 -p ${server.dnsPort} `);
  });

  test.each(tour.steps.map((step, index) => ({ number: index + 1, ...step })))(
    "$number: $command",
    async (step) => {
      const expected = step.output.map((line) => server.withPorts(line));
      const command = server.withPorts(step.command);
      const actual = await runStep({ ...step, command, output: expected }, server.folder);
      if (!matchesOutput(expected, actual)) expect(actual.trimEnd()).toBe(expected.join("\n"));
    },
  );
});

test("README.md's example documents have no fault", () => {
  const examples = [...readText("README.md").matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    (block) => block[1]!,
  );
  expect(examples.length).toBeGreaterThan(0);
  for (const text of examples) {
    expect(parseDocuments([{ file: "README.md", text, modifiedMs: 0 }]).faults.map(formatFault)).toEqual([]);
  }
});

/** Runs a command of the tour; a live one again and again until it prints what it should. */
async function runStep(step: TourStep, cwd: string): Promise<string> {
  const deadline = Date.now() + LIVE_MS_MAX;
  for (;;) {
    const run = spawnSync("sh", ["-c", `${step.command} 2>&1`], { cwd, encoding: "utf8" });
    if (!step.live || matchesOutput(step.output, run.stdout) || Date.now() > deadline) return run.stdout;
    await wait(100);
  }
}

describe("parseTour()", () => {
  const page = [
    "```sh tour-server",
    "npm ci && npm start",
    "```",
    "```console tour live",
    "$ one",
    "a…c",
    "",
    "$ two '",
    "> three'",
    "> four",
    "```",
    "```console",
    "$ not in the tour",
    "```",
  ].join("\n");

  test("finds the server's command and the marked commands with their outputs", () => {
    expect(parseTour(page)).toEqual({
      serverCommand: "npm start",
      steps: [
        { command: "one", output: ["a…c"], live: true },
        { command: "two '\nthree'\nfour", output: [], live: true },
      ],
    });
  });

  test("the README has a tour of some length", () => {
    expect(tour.steps.length).toBeGreaterThan(5);
  });
});

describe("matchesOutput()", () => {
  test.each([
    [["a…c"], "abc\n", true],
    [["a…c"], "ab\n", false],
    [["a.c"], "abc\n", false],
    [["a", "…", "c"], "a\nb\nb\nc\n", true],
    [["a", "…", "c"], "a\nc\n", true],
    [["a", "c"], "a\nb\nc\n", false],
    [["a"], "a\nb\n", false],
    [[], "", true],
    [[], "a\n", false],
    [["a"], "", false],
    [["a b"], "a\t b \n", true],
    [["a b"], "ab\n", false],
  ])("%j against %j: %s", (promised, actual, claim) => {
    expect(matchesOutput(promised, actual)).toBe(claim);
  });
});
