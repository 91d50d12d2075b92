#!/usr/bin/env node
/**
 * `windrose COMMAND`: the table of commands, and what concerns the process as a whole.
 *
 * @module
 */
import { type Commands, runProgram } from "./cli/program.ts";

const COMMANDS: Commands = {
  serve: async () => (await import("./cli/serve.ts")).command,
  probe: async () => (await import("./cli/probe.ts")).command,
  check: async () => (await import("./cli/check.ts")).command,
  explain: async () => (await import("./cli/explain.ts")).command,
  import: async () => (await import("./cli/import.ts")).command,
  export: async () => (await import("./cli/export.ts")).command,
  push: async () => (await import("./cli/push.ts")).command,
  pull: async () => (await import("./cli/pull.ts")).command,
  plan: async () => (await import("./cli/plan.ts")).command,
  status: async () => (await import("./cli/status.ts")).command,
  token: async () => (await import("./cli/token.ts")).command,
  schema: async () => (await import("./cli/schema.ts")).command,
};

// `windrose export ZONE | head` closes the pipe early: nobody reads on, so there is nothing to say.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
// Whoever read the log is gone; that is no reason to stop answering.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  process.exitCode = await runProgram(process.argv.slice(2), COMMANDS, process);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  // A server in an unknown state had better be started anew, whatever still holds it up.
  process.exit(1);
}
