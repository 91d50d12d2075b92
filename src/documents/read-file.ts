/**
 * One file from the disk to what it says. What cannot be read is a fault at its first line.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Fault } from "../lib/fault.ts";
import { type FileDocuments, type ReadOptions, readFileDocuments } from "./file-documents.ts";
import { type ListedFile, listed, unreadable } from "./folder.ts";

/** Either what a file says, or why it cannot be read. */
export type ReadFile = FileDocuments | { readonly file: string; readonly unread: Fault };

export async function readListedFile(
  { path, modifiedMs }: ListedFile,
  options: ReadOptions = {},
): Promise<ReadFile> {
  try {
    const octets = await readFile(path);
    if (!isUtf8(octets)) return { file: path, unread: notUtf8(path, octets) };
    return readFileDocuments({ file: path, text: new TextDecoder().decode(octets), modifiedMs }, options);
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return { file: path, unread: unreadable(path, error) };
    throw error;
  }
}

/**
 * The text of a file that was read before, to point at a place in it; undefined when it is not that
 * file any more. Waits for the disk, which is only worth it for faults.
 */
export function rereadText({ path, stamp }: ListedFile): string | undefined {
  try {
    const octets = readFileSync(path);
    if (listed(path, statSync(path, { bigint: true })).stamp !== stamp) return undefined;
    return new TextDecoder().decode(octets);
  } catch {
    return undefined;
  }
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
