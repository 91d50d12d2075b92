/**
 * Documents from a folder: which files they are, and their texts.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Fault } from "../lib/fault.ts";
import type { Configuration } from "./configuration.ts";
import { compareText } from "./fault-list.ts";
import { type LoadedDocuments, parseDocuments } from "./parse-documents.ts";
import type { SourceFile } from "./source.ts";

/**
 * Reads all *.yaml and *.yml files of a folder and the folders in it, as one configuration. Files and
 * folders whose names begin with a dot are left alone: editors and Kubernetes keep theirs there.
 * Links are followed.
 */
export async function loadDocuments(dir: string, previous?: Configuration): Promise<LoadedDocuments> {
  const faults: Fault[] = [];
  const files: SourceFile[] = [];
  for (const path of await findFiles(dir, faults)) {
    const file = await readSourceFile(path, faults);
    if (file !== undefined) files.push(file);
  }
  return parseDocuments(files, previous, faults);
}

async function findFiles(dir: string, faults: Fault[]): Promise<string[]> {
  const files: string[] = [];
  const seen = new Set<string>();
  async function visit(folder: string): Promise<void> {
    try {
      const real = await realpath(folder);
      if (seen.has(real)) return; // a link to a folder above
      seen.add(real);
      for (const name of (await readdir(folder)).sort(compareText)) {
        if (!name.startsWith(".")) await visitEntry(join(folder, name));
      }
    } catch (error) {
      faults.push(unreadable(folder, error));
    }
  }
  async function visitEntry(path: string): Promise<void> {
    const isYaml = /\.ya?ml$/.test(path);
    try {
      const stats = await stat(path);
      if (stats.isDirectory()) await visit(path);
      else if (stats.isFile() && isYaml) files.push(path);
    } catch (error) {
      // A link to nothing: of interest only where documents would be.
      if (isYaml) faults.push(unreadable(path, error));
    }
  }
  await visit(dir);
  return files;
}

async function readSourceFile(path: string, faults: Fault[]): Promise<SourceFile | undefined> {
  try {
    const octets = await readFile(path);
    const { mtimeMs } = await stat(path);
    if (isUtf8(octets)) return { file: path, text: new TextDecoder().decode(octets), modifiedMs: mtimeMs };
    faults.push(notUtf8(path, octets));
  } catch (error) {
    faults.push(unreadable(path, error));
  }
  return undefined;
}

/** Points at the first octet that is no UTF-8. */
function notUtf8(file: string, octets: Buffer): Fault {
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
  const encoded = Buffer.from(decoded);
  let at = 0;
  while (octets[at] === encoded[at]) at++;
  const before = octets.subarray(0, at).toString();
  const octet = octets[at]!.toString(16).padStart(2, "0");
  return {
    severity: "error",
    file,
    line: before.split("\n").length,
    column: before.length - before.lastIndexOf("\n"),
    message: `the octet 0x${octet} is no UTF-8; save the file as UTF-8`,
  };
}

function unreadable(file: string, error: unknown): Fault {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return {
    severity: "error",
    file,
    line: 1,
    column: 1,
    message: REASONS.get(code) ?? `cannot be read (${code}); make it readable`,
  };
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder; mend the path, or make it"],
  ["ENOTDIR", "this is not a folder; name the folder that holds the documents"],
  ["EACCES", "no permission to read it; allow the user that runs Windrose to"],
  ["ELOOP", "a link that leads to itself; make it lead to a file"],
]);
