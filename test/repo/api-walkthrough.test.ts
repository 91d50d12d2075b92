/**
 * Walks through docs/guide/api-walkthrough.md as a reader would: one shell, a fresh server, each command in its turn, and each output
 * held to what the page prints.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { matchesOutput, parseTour } from "./tour.ts";
import { START_MS_MAX, TourServer } from "./tour-server.ts";
import { readText } from "./tree.ts";

const tour = parseTour(readText("docs/guide/api-walkthrough.md"));

describe("docs/guide/api-walkthrough.md", () => {
  let server: TourServer;
  let shell: Shell;

  beforeAll(async () => {
    server = await TourServer.start(tour, { WINDROSE_DATA: "data" });
    shell = new Shell(server.folder);
  }, START_MS_MAX + 10_000);
  afterAll(async () => {
    shell?.stop();
    await server?.stop();
  });

  test("uses curl and dig", () => {
    const commands = tour.steps.map(({ command }) => command.split(" ")[0]);
    for (const tool of ["curl", "dig"]) expect(commands).toContain(tool);
  });

  test.each(tour.steps.map((step, index) => ({ number: index + 1, ...step })))(
    "$number: $command",
    async ({ command, output }) => {
      const expected = output.map((line) => server.withPorts(line));
      const actual = await shell.run(server.withPorts(command));
      if (!matchesOutput(expected, actual)) expect(actual.trimEnd()).toBe(expected.join("\n"));
    },
  );
});

/** One bash for all commands, so that what one sets the next one has. */
class Shell {
  readonly #process: ChildProcess;
  #output = "";
  #onOutput = () => {};

  constructor(cwd: string) {
    this.#process = spawn("bash", ["--norc"], { cwd, stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
      this.#onOutput();
    });
    this.#process.on("close", () => this.#onOutput());
    this.#process.stdin!.write("exec 2>&1\n");
  }

  /** Resolves to what it printed on both streams. */
  run(command: string): Promise<string> {
    const mark = `end-of-${Math.random().toString(36).slice(2)}`;
    return new Promise((resolve, reject) => {
      this.#onOutput = () => {
        const end = this.#output.indexOf(`${mark}\n`);
        if (end < 0) {
          if (this.#process.exitCode !== null) reject(new Error(`the shell ended:\n${this.#output}`));
          return;
        }
        const own = this.#output.slice(0, end);
        this.#output = this.#output.slice(end + mark.length + 1);
        resolve(own);
      };
      this.#process.stdin!.write(`${command}\necho ${mark}\n`);
    });
  }

  stop(): void {
    this.#process.kill();
  }
}
