/**
 * Walks through the README's tour as a reader would: in a copy of the project, with the
 * README's own commands, and compares what they print with what the page promises.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { formatFault } from "../../src/lib/fault.ts";
import { matchesOutput, parseTour, type TourStep } from "./tour.ts";
import { ROOT, readText } from "./tree.ts";

const DEFAULT_PORT = 5300;
/** Long for a machine that is busy with other tests; a start takes well under a second. */
const START_MS_MAX = 20_000;
/** The server gives itself 5 s to drain. */
const STOP_MS_MAX = 8000;
/** How long an edit may take to show. The README says: about a second. */
const LIVE_MS_MAX = 10_000;

const tour = parseTour(readText("README.md"));

/** Debian's package for each tool that the tour uses and that is not everywhere. */
const PACKAGES: Record<string, string> = { dig: "bind9-dnsutils" };

describe("README.md's tour", () => {
  let folder = "";
  let port = DEFAULT_PORT;
  let server: ChildProcess | undefined;
  let serverOutput = "";

  beforeAll(async () => {
    for (const tool of new Set(tour.steps.map((step) => step.command.split(" ")[0]!))) requireTool(tool);
    folder = copyProject();
    port = await pickPort();
    // A group of its own, so that npm and the server below it are ended together.
    const flag = port === DEFAULT_PORT ? "" : ` -- --dns 127.0.0.1:${port}`;
    server = spawn("sh", ["-c", tour.serverCommand + flag], { cwd: folder, detached: true });
    server.stdout?.on("data", (chunk) => (serverOutput += chunk));
    server.stderr?.on("data", (chunk) => (serverOutput += chunk));
    await untilAnswering(server, () => serverOutput);
  }, START_MS_MAX + 10_000);

  afterAll(async () => {
    if (server !== undefined) await stop(server);
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  test("starts the server with one command, which says what to ask", () => {
    expect(tour.serverCommand).toBe("npm start");
    expect(serverOutput).toContain(`dig @127.0.0.1 -p ${port} `);
  });

  test.each(tour.steps.map((step, index) => ({ number: index + 1, ...step })))(
    "$number: $command",
    async (step) => {
      const expected = step.output.map((line) => line.replaceAll(`${DEFAULT_PORT}`, `${port}`));
      const actual = await runStep({ ...step, output: expected }, folder, port);
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
async function runStep(step: TourStep, cwd: string, port: number): Promise<string> {
  const command = step.command.replaceAll(`${DEFAULT_PORT}`, `${port}`);
  const deadline = Date.now() + LIVE_MS_MAX;
  for (;;) {
    const run = spawnSync("sh", ["-c", `${command} 2>&1`], { cwd, encoding: "utf8" });
    if (!step.live || matchesOutput(step.output, run.stdout) || Date.now() > deadline) return run.stdout;
    await wait(100);
  }
}

/** The tour edits files, so it goes through a copy; the dependencies are the same ones. */
function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "windrose-tour-"));
  for (const part of ["package.json", "src", "zones"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function requireTool(tool: string): void {
  if (spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0) return;
  throw new Error(
    `README's tour needs "${tool}", which is not installed; on Debian: apt-get install ${PACKAGES[tool] ?? tool}`,
  );
}

/** The README's port, or a free one where another program has it. */
async function pickPort(): Promise<number> {
  return (await tryPort(DEFAULT_PORT)) ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}

/** Until the server has said what to ask, which it does when it answers. */
async function untilAnswering(server: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  while (!output().includes("\nTry:")) {
    if (server.exitCode !== null) throw new Error(`the server ended at its start:\n${output()}`);
    if (Date.now() > deadline) throw new Error(`the server does not answer:\n${output()}`);
    await wait(50);
  }
}

/** Ends npm and the server below it, at the latest after some seconds. */
async function stop(server: ChildProcess): Promise<void> {
  const { pid } = server;
  if (pid === undefined) return;
  const ended = server.exitCode === null ? new Promise((resolve) => server.once("exit", resolve)) : undefined;
  signalGroup(pid, "SIGTERM");
  await Promise.race([ended, wait(STOP_MS_MAX, undefined, { ref: false })]);
  // npm may be gone while the server below it is not.
  signalGroup(pid, "SIGKILL");
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
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
    "$ two",
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
        { command: "two", output: [], live: true },
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
