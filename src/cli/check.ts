/**
 * `windrose check`: reads the documents as `serve` would and prints what is wrong with them.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { loadDocuments } from "../documents/load-documents.ts";
import { formatFault } from "../lib/fault.ts";
import type { Command, CommandIo } from "./command.ts";

const USAGE = `Usage: windrose check [DIR] [--zones DIR]

Checks all documents (zones, pools, monitors) in a folder, and prints one line for each fault:

  zones/web.yaml:12:7: unknown key "wieght"; did you mean "weight"? known keys: ...

  DIR, --zones DIR   the folder to check (WINDROSE_ZONES, or zones)
  --help             this help

Exit code: 0 when there is no error (warnings do not count), 1 when there is one, 2 for wrong usage.
`;

export const command: Command = {
  name: "check",
  summary: "validate documents; one line for each fault",
  usage: USAGE,
  async run(args, io) {
    const dir = readDir(args, io);
    if (typeof dir !== "string") return dir.exitCode;
    const { configuration, faults } = await loadDocuments(dir);
    if (faults.length > 0) io.stdout.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
    const errors = faults.filter((fault) => fault.severity === "error").length;
    const counts = `${count(errors, "error")}, ${count(faults.length - errors, "warning")}`;
    if (configuration === undefined) {
      io.stderr.write(`${dir}: ${counts}\n`);
      return 1;
    }
    const { zones, pools, monitors } = configuration;
    const kinds = `${count(zones.size, "zone")}, ${count(pools.size, "pool")}, ${count(monitors.size, "monitor")}`;
    io.stderr.write(`${dir}: good; ${kinds}; ${counts}\n`);
    return 0;
  },
};

function readDir(args: string[], io: CommandIo): string | { exitCode: number } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { zones: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help === true) {
      io.stdout.write(USAGE);
      return { exitCode: 0 };
    }
    const dirs = values.zones === undefined ? positionals : [...positionals, values.zones];
    if (dirs.length <= 1) return dirs[0] ?? io.env.WINDROSE_ZONES ?? "zones";
    io.stderr.write(`windrose check: one folder at a time, not ${dirs.join(" and ")}\n${USAGE}`);
  } catch (error) {
    io.stderr.write(`windrose check: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  return { exitCode: 2 };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
