/**
 * `windrose import`: a master file as a document for zones/. A file with faults gives no
 * document, but a line for each of them.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import { link, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { formatZoneDocument } from "../documents/zone-text.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Fault, formatFault, hasErrors } from "../lib/fault.ts";
import { type Name, parseName, ROOT } from "../wire/name.ts";
import { includesBeside } from "../zone/include.ts";
import { type MasterFile, parseMasterFile } from "../zone/master-file.ts";
import { checkZone } from "../zone/zone-check.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import { type Command, type CommandIo, readFlags, tellError } from "./command.ts";

const USAGE = `Usage: windrose import FILE.zone [--zone NAME] [--out FILE [--force]]

Reads a master file (RFC 1035 section 5, with $INCLUDE and $GENERATE) and prints the zone as a
document for the zones folder. Nothing is lost: every record, every TTL, the SOA with its serial;
but what DNSSEC signing put there is left out, with a warning.

  FILE.zone     the master file; $INCLUDE reaches what is in its folder
  --zone NAME   the zone, and the first $ORIGIN (by default the SOA's owner says it)
  --out FILE    write the document there, whole or not at all, if there is no such file yet. Better than
                "> FILE", which empties the file before anything is read
  --force       write it even so
  --help        this help

Exit code: 0 done (warnings do not count), 1 when the file has faults, 2 for wrong usage.
`;

interface Request {
  readonly file: string;
  readonly apex: Name | undefined;
  readonly out: string | undefined;
  readonly force: boolean;
}

export const command: Command = {
  name: "import",
  summary: "a master file (RFC 1035) as a document",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readArgs(args);
      if (request === "help") {
        io.stdout.write(USAGE);
        return 0;
      }
      return await importZone(request, io);
    } catch (error) {
      return tellError("import", error, io);
    }
  },
};

async function importZone({ file, apex, out, force }: Request, io: CommandIo): Promise<number> {
  const text = await readZoneFile(file);
  const read = parseMasterFile(text, {
    file,
    readInclude: includesBeside(file),
    skipSigning: true,
    ...(apex === undefined ? {} : { apex }),
  });
  const faults = [...read.faults, ...findFaults(read)];
  io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
  const { data } = read;
  if (data === undefined || hasErrors(faults)) return 1;
  const document = formatZoneDocument(data);
  if (out === undefined) {
    io.stdout.write(document);
    return 0;
  }
  await writeDocument(out, document, force);
  io.stderr.write(`wrote ${out}${poolsToDefine(data)}\n`);
  return 0;
}

/** What the zone's records do to each other, where they stand in the file. */
function findFaults(read: MasterFile): Fault[] {
  if (read.data === undefined) return [];
  return checkZone(read.data).map(({ severity, owner, type, message }) => ({
    severity,
    ...read.locate(owner, type),
    message,
  }));
}

function poolsToDefine(data: ZoneData): string {
  const pools = [...new Set(data.steered.map(({ pool }) => pool))];
  return pools.length === 0 ? "" : `; it steers by ${pools.join(", ")}, which a document has to define`;
}

async function readZoneFile(file: string): Promise<string> {
  let octets: Buffer;
  try {
    octets = await readFile(file);
  } catch (error) {
    throw new WindroseError("master-file-invalid", `Cannot read "${file}": ${reasonOf(error)}`, {
      file,
      cause: error,
    });
  }
  if (isUtf8(octets)) return octets.toString();
  throw new WindroseError(
    "master-file-invalid",
    `Cannot read "${file}": it is no UTF-8; convert it, and write octets beyond ASCII in strings as \\DDD`,
    { file },
  );
}

async function writeDocument(file: string, document: string, force: boolean): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (force && there !== undefined && !there.isFile()) return writeInto(file, document);
  // Through a link, or the link would be what is replaced.
  const target = there === undefined ? file : await realpath(file);
  // Beside it, for a rename stays on one file system; with a dot, so that a running server does not read it.
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, document, { flag: "wx" });
    // A link fails where a file is, a rename replaces it: each in one step, so nobody sees half a document.
    if (force) await rename(temporary, target);
    else await link(temporary, target);
  } catch (error) {
    throw unwritten(file, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A pipe or a device: there is nothing to replace. */
async function writeInto(file: string, document: string): Promise<void> {
  try {
    await writeFile(file, document);
  } catch (error) {
    throw unwritten(file, error);
  }
}

function unwritten(file: string, error: unknown): WindroseError {
  const isThere = codeOf(error) === "EEXIST";
  const reason = isThere ? "it is there already; name another, or overwrite it by --force" : reasonOf(error);
  return new WindroseError("master-file-invalid", `Cannot write "${file}": ${reason}`, {
    file,
    cause: error,
  });
}

/** What the system calls most failures, in words. */
const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "there is no such file or folder; mend the path"],
  ["ENOTDIR", "a part of the path is a file and not a folder; mend the path"],
  ["EISDIR", "it is a folder; name a file"],
  ["EACCES", "no permission"],
  ["ENOSPC", "no space is left"],
  ["EROFS", "the file system is read-only"],
]);

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  return REASONS.get(codeOf(error)) ?? (error instanceof Error ? error.message : String(error));
}

function readArgs(args: string[]): Request | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const [file, ...more] = positionals;
  if (file === undefined)
    throw new WindroseError("usage", "which file? give a master file, such as example.zone");
  if (more.length > 0) {
    throw new WindroseError("usage", `one file at a time; what is "${more.join(" ")}"?`, { file });
  }
  if (values.force === true && values.out === undefined) {
    throw new WindroseError("usage", "--force overwrites the file of --out, which is not given");
  }
  return {
    file,
    apex: values.zone === undefined ? undefined : parseZoneName(values.zone),
    out: values.out,
    force: values.force === true,
  };
}

function parseFlags(args: string[]) {
  return readFlags(args, {
    zone: { type: "string" },
    out: { type: "string" },
    force: { type: "boolean" },
  });
}

function parseZoneName(text: string): Name {
  try {
    return parseName(text, ROOT);
  } catch (error) {
    throw new WindroseError("usage", `--zone "${text}" is no name: ${reasonOf(error)}`, { cause: error });
  }
}
