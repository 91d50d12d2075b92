/**
 * The files of a folder of documents: which they are, and a stamp of each that changes when the file does.
 *
 * One scan serves two: the watcher sees from it that something changed, and the reader which files
 * to read. It costs a stat for each file, some 2 µs; through the thread pool it would be 10 µs of CPU, and a
 * thousand files are looked at every second. Between a few of them others get their turn.
 *
 * @module
 */
import { type BigIntStats, statSync } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Fault } from "../lib/fault.ts";
import { compareText } from "./fault-list.ts";

/** Some 200 µs of work. */
const FILES_A_TURN = 64;

export interface ListedFile {
  readonly path: string;
  /** Inode, size, and times in ns: two stamps are equal while the file is as it was. */
  readonly stamp: string;
  readonly inode: string;
  /** Octets. */
  readonly size: number;
  readonly modifiedMs: number;
  /**
   * Its last change was to its inode and not to its data, as by a rename: nobody is in the middle of
   * writing it. False says nothing, for clocks of file systems tick every few ms.
   */
  readonly isMovedHere: boolean;
}

export interface FolderListing {
  /** By path. */
  readonly files: ReadonlyMap<string, ListedFile>;
  /** The folder itself, and those in it. */
  readonly folders: readonly string[];
  /** What could not be looked at. */
  readonly faults: readonly Fault[];
}

/**
 * All *.yaml and *.yml files of a folder and the folders in it. Files and folders whose names begin
 * with a dot are left alone: editors and Kubernetes keep theirs there. Links are followed.
 * Never throws: what cannot be read is a fault. A file that is as it was in `known` is its very object, so that
 * looking every second leaves nothing to keep.
 */
export async function listFolder(dir: string, known?: FolderListing): Promise<FolderListing> {
  const faults: Fault[] = [];
  const files = new Map<string, ListedFile>();
  const folders: string[] = [];
  const seen = new Set<string>();
  async function visit(folder: string): Promise<void> {
    try {
      const real = await realpath(folder);
      if (seen.has(real)) return; // a link to a folder above
      seen.add(real);
      folders.push(folder);
      const names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort(compareText);
      for (const [index, name] of names.entries()) {
        if (index % FILES_A_TURN === FILES_A_TURN - 1) await nextTurn();
        const path = join(folder, name);
        const found = look(path);
        const isYaml = /\.ya?ml$/.test(path);
        // A link to nothing: of interest only where documents would be.
        if (found instanceof Error) {
          if (isYaml) faults.push(unreadable(path, found));
        } else if (found.isDirectory()) await visit(path);
        else if (found.isFile() && isYaml) {
          const file = listed(path, found);
          const before = known?.files.get(path);
          files.set(path, before?.stamp === file.stamp ? before : file);
        }
      }
    } catch (error) {
      faults.push(unreadable(folder, error));
    }
  }
  await visit(dir);
  return { files, folders, faults };
}

/** What cannot be looked at counts too: a fault that comes or goes is a change. */
export function isSameListing(a: FolderListing, b: FolderListing): boolean {
  if (a.files.size !== b.files.size || a.faults.length !== b.faults.length) return false;
  for (const [path, { stamp }] of a.files) if (b.files.get(path)?.stamp !== stamp) return false;
  return a.faults.every(({ file, message }, index) => {
    const other = b.faults[index]!;
    return file === other.file && message === other.message;
  });
}

function look(path: string): BigIntStats | Error {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    return error as Error;
  }
}

export function listed(path: string, stats: BigIntStats): ListedFile {
  return {
    path,
    stamp: `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`,
    inode: `${stats.dev} ${stats.ino}`,
    size: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs / 1000n) / 1000,
    isMovedHere: stats.ctimeNs > stats.mtimeNs && stats.size > 0n,
  };
}

export function unreadable(file: string, error: unknown): Fault {
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
