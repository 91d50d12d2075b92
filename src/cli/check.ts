/**
 * `windrose check`: reads the documents as `serve` would, asks what they expect, and prints what is wrong with them.
 *
 * @module
 */
import { loadDocuments } from "../documents/load-documents.ts";
import { runExpectations } from "../expectations/run-expectations.ts";
import { count } from "../lib/count.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatFault } from "../lib/fault.ts";
import { loadClientTables, SERVE_FLAGS, settingsWith } from "./client-tables.ts";
import { type Command, type CommandIo, readFlags, tellError } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";

const USAGE = `Usage: windrose check [DIR] [--zones DIR] [--geo FILE]... [--rtt FILE] [--config FILE]

Checks all documents (zones, pools, monitors) in a folder, asks what the zones expect, and prints one line for
each fault:

  zones/web.yaml:12:7: unknown key "wieght"; did you mean "weight"? known keys: ...
  zones/web.yaml:30:9: www.example.test. A from FR: expected eu, got 198.51.100.10 (us/us-1) ...

  DIR                the folder to check
  --zones DIR, --geo FILE, --rtt FILE, --rtt-expiry TIME, --config FILE
                     documents, place data and round-trip times, as serve finds them: by flag,
                     WINDROSE_* variable or windrose.yaml
  --help             this help

Exit code: 0 when there is no error (warnings do not count), 1 when there is one, 2 for wrong usage.
`;

export const command: Command = {
  name: "check",
  summary: "validate documents and what they expect; one line for each fault",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readArgs(args, io.env);
      if (request !== "help") return await check(request, io);
      io.stdout.write(USAGE);
      return 0;
    } catch (error) {
      return tellError("check", error, io);
    }
  },
};

interface Request {
  readonly dir: string;
  readonly settings: SettingValues;
}

function readArgs(args: string[], env: NodeJS.ProcessEnv): Request | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const dirs = values.zones === undefined ? positionals : [...positionals, values.zones];
  if (dirs.length > 1)
    throw new WindroseError("usage", `one folder at a time, not ${dirs.join(" and ")}`, { dirs });
  const settings = settingsWith(values, env);
  return { dir: dirs[0] ?? settings.zones, settings };
}

function parseFlags(args: string[]) {
  return readFlags(args, SERVE_FLAGS);
}

async function check({ dir, settings }: Request, io: CommandIo): Promise<number> {
  const loaded = await loadDocuments(dir);
  const { configuration, expectations } = loaded;
  // Tables are read where somebody asks by them: it takes some 300 ms.
  const { faults: failures, held } =
    configuration === undefined || expectations.length === 0
      ? { faults: [], held: 0 }
      : runExpectations(configuration, expectations, loadClientTables(settings, io));
  const faults = [...loaded.faults, ...failures];
  io.stdout.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
  const errors = faults.filter((fault) => fault.severity === "error").length;
  const counts = `${count(errors, "error")}, ${count(faults.length - errors, "warning")}`;
  const tests =
    configuration === undefined || expectations.length === 0
      ? ""
      : held === expectations.length
        ? `${count(held, "expectation")} ${held === 1 ? "holds" : "hold"}; `
        : `${held} of ${count(expectations.length, "expectation")} hold; `;
  if (configuration === undefined || errors > 0) {
    io.stderr.write(`${dir}: ${tests}${counts}\n`);
    return 1;
  }
  const { zones, pools, monitors } = configuration;
  const kinds = `${count(zones.size, "zone")}, ${count(pools.size, "pool")}, ${count(monitors.size, "monitor")}`;
  io.stderr.write(`${dir}: good; ${kinds}; ${tests}${counts}\n`);
  return 0;
}
