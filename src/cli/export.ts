/**
 * `windrose export`: a zone of the documents as a master file.
 *
 * @module
 */
import type { Configuration } from "../documents/configuration.ts";
import { loadDocuments } from "../documents/load-documents.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatFault } from "../lib/fault.ts";
import { nearestWord } from "../lib/nearest.ts";
import { nameKey, parseName, ROOT } from "../wire/name.ts";
import { formatMasterFile } from "../zone/master-file.ts";
import { type Command, type CommandIo, readFlags, tellError } from "./command.ts";

const USAGE = `Usage: windrose export ZONE [--zones DIR]

Prints a zone as a master file (RFC 1035), which other servers and \`windrose import\` read. A
steered name is no record: it becomes a comment line (;windrose: www 30 POOL web), which import
reads back and other servers pass over. The pools themselves stay in the documents.

  ZONE          such as demo.test
  --zones DIR   the folder with the documents (WINDROSE_ZONES, or zones)
  --help        this help

Exit code: 0 done, 1 when the documents have errors or there is no such zone, 2 for wrong usage.
`;

export const command: Command = {
  name: "export",
  summary: "a zone as a master file (RFC 1035)",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readArgs(args, io);
      if (request === "help") {
        io.stdout.write(USAGE);
        return 0;
      }
      const key = zoneKey(request.zone);
      const { configuration, faults, data } = await loadDocuments(request.dir, {
        keepData: (each) => each === key,
      });
      if (configuration === undefined) {
        io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
        const message = `Cannot export from "${request.dir}": its documents have errors`;
        throw new WindroseError("documents-invalid", message, { dir: request.dir });
      }
      const zone = data.get(key);
      if (zone === undefined) throw zoneUnknown(configuration, request.zone);
      io.stdout.write(formatMasterFile(zone));
      return 0;
    } catch (error) {
      return tellError("export", error, io);
    }
  },
};

function zoneUnknown({ zones }: Configuration, text: string): WindroseError {
  const known = [...zones.values()].map(({ id }) => id);
  const nearest = nearestWord(text, known);
  const hint =
    nearest !== undefined
      ? `did you mean "${nearest}"?`
      : known.length === 0
        ? "there is none at all"
        : `there is ${listSome(known)}`;
  return new WindroseError("zone-unknown", `Cannot export "${text}": there is no such zone; ${hint}`, {
    zone: text,
  });
}

function listSome(known: readonly string[]): string {
  const shown = known
    .slice(0, 10)
    .map((id) => `"${id}"`)
    .join(", ");
  return known.length > 10 ? `${shown} and ${known.length - 10} more` : shown;
}

function zoneKey(text: string): string {
  try {
    return nameKey(parseName(text, ROOT));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WindroseError("usage", `"${text}" is no zone: ${reason}`, { zone: text, cause: error });
  }
}

function readArgs(args: string[], io: CommandIo): { zone: string; dir: string } | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const [zone, ...more] = positionals;
  if (zone === undefined) throw new WindroseError("usage", "which zone? give its name, such as demo.test");
  if (more.length > 0) throw new WindroseError("usage", `one zone at a time; what is "${more.join(" ")}"?`);
  return { zone, dir: values.zones ?? io.env.WINDROSE_ZONES ?? "zones" };
}

function parseFlags(args: string[]) {
  return readFlags(args, { zones: { type: "string" } });
}
