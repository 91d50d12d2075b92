import { expect, test } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { runProgram } from "../../src/cli/program.ts";
import type { ErrorCode } from "../../src/lib/error-codes.ts";
import { WindroseError } from "../../src/lib/errors.ts";

function newIo() {
  const written = { stdout: "", stderr: "" };
  const io = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
    env: {},
  };
  return { io, written };
}

function commandThat(name: string, run: Command["run"]): () => Promise<Command> {
  return async () => ({ name, summary: `${name} things`, usage: "", run });
}

const commands = {
  serve: commandThat("serve", async (args, io) => {
    io.stdout.write(args.join(" "));
    return 0;
  }),
  check: commandThat("check", async () => 1),
};

async function run(args: string[], table = commands as Record<string, () => Promise<Command>>) {
  const { io, written } = newIo();
  return { code: await runProgram(args, table, io), ...written };
}

test("runProgram() runs the command with the arguments after it, and gives its exit code", async () => {
  expect(await run(["serve", "--zones", "x"])).toEqual({ code: 0, stdout: "--zones x", stderr: "" });
  expect((await run(["check"])).code).toBe(1);
});

test("runProgram() loads no command but the one that is run", async () => {
  const table = {
    ...commands,
    broken: async (): Promise<Command> => {
      throw new Error("loaded");
    },
  };
  expect((await run(["serve"], table)).code).toBe(0);
});

test.each(["--help", "-h", "help"])("runProgram() lists the commands for %s", async (word) => {
  const { code, stdout } = await run([word]);
  expect(code).toBe(0);
  expect(stdout).toContain("  serve  serve things\n  check  check things\n");
});

test("runProgram() prints the help to standard error, with exit code 2, when nothing is asked", async () => {
  const { code, stdout, stderr } = await run([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Usage: windrose COMMAND");
});

test("runProgram() prints the version", async () => {
  expect((await run(["--version"])).stdout).toMatch(/^windrose \d+\.\d+\.\d+\n$/);
});

test.each([
  ["srve", 'unknown command "srve"; did you mean "serve"?'],
  ["frobnicate", "windrose --help lists all commands"],
  ["--hlep", 'unknown flag "--hlep"; did you mean "--help"?'],
  ["toString", "unknown command"],
])("runProgram() refuses %s with exit code 2", async (word, message) => {
  const { code, stderr } = await run([word]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test.each<[ErrorCode, number, string]>([
  ["usage", 2, "windrose serve --help lists all\n"],
  ["settings-invalid", 1, ""],
  ["address-in-use", 1, ""],
])("runProgram() prints an operator's error %s in one line, with exit code %i", async (code, exit, hint) => {
  const table = {
    serve: commandThat("serve", async () => {
      throw new WindroseError(code, "Cannot do it: try the other way");
    }),
  };
  expect(await run(["serve"], table)).toEqual({
    code: exit,
    stdout: "",
    stderr: `windrose serve: Cannot do it: try the other way\n${hint}`,
  });
});

test("runProgram() lets our own errors through, with their stack", async () => {
  const table = {
    serve: commandThat("serve", async () => {
      throw new TypeError("a fault of ours");
    }),
  };
  await expect(run(["serve"], table)).rejects.toThrow("a fault of ours");
});
