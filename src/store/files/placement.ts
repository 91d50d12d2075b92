/**
 * New texts of files on their way into the folder, all of them or none, also when the process is killed at any moment:
 *
 *   written beside their places, synced ─► named in the log of changes ─► renamed into place
 *         killed here: they are removed        │      killed here: the next start puts them in place
 *                                              └─ from here on the change is made
 *
 * The renames follow each other without a pause, so nobody in this process sees one without the others.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { renameSync, statSync, unlinkSync } from "node:fs";
import { type FileHandle, open, readdir, unlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type FolderListing, type ListedFile, listed, listFolder } from "../../documents/folder.ts";
import { syncFolder } from "../../lib/durable-file.ts";

/** A dot in front: whoever reads a folder of documents passes it over. */
const WAITING_NAME = /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.edit$/;

/** A file of a change, as the log has it. */
export interface PlacedFile {
  /** From the folder of documents. */
  readonly path: string;
  /** The file beside it that takes its place; null = it goes. */
  readonly by: string | null;
  /** Its mark before the change; null = there was none. */
  readonly was: string | null;
}

export class Placement {
  readonly files: readonly PlacedFile[];
  /** By path, the marks that the files will have; null = gone. */
  readonly marks: ReadonlyMap<string, string | null>;
  readonly #dir: string;

  private constructor(dir: string, files: readonly PlacedFile[], marks: ReadonlyMap<string, string | null>) {
    this.#dir = dir;
    this.files = files;
    this.marks = marks;
  }

  /** Writes the texts beside their places. Rejects with the system's error, and then nothing is left of them. */
  static async prepare(dir: string, texts: ReadonlyMap<string, string | null>): Promise<Placement> {
    const files: PlacedFile[] = [];
    const marks = new Map<string, string | null>();
    const placement = new Placement(dir, files, marks);
    try {
      for (const [path, text] of texts) {
        const by = text === null ? null : `.${basename(path)}.${randomUUID()}.edit`;
        files.push({ path: relative(dir, path), by, was: markOf(path) });
        marks.set(path, by === null ? null : await writeBeside(path, by, text!));
      }
      return placement;
    } catch (error) {
      await placement.drop();
      throw error;
    }
  }

  /** Puts the files in place; gives back the listing as it is then. Throws the system's error, and then some may be in place. */
  put(drafted: FolderListing): FolderListing {
    const files = new Map(drafted.files);
    for (const [index, path] of [...this.marks.keys()].entries()) {
      putFile(this.#dir, this.files[index]!);
      const file = look(path);
      // Of a file that somebody changed since, the drafted stamp: as it is nobody has read it.
      if (file !== undefined && markIn(file.stamp) === this.marks.get(path)) files.set(path, file);
    }
    return { ...drafted, files };
  }

  /** Resolves when they are there for good. */
  async sync(): Promise<void> {
    await syncFolders(this.#dir, this.files);
  }

  /** Is the file as this change left it? */
  isOurs(path: string): boolean {
    return markOf(path) === this.marks.get(path);
  }

  /** Removes what is still beside its place. Never throws: what stays is removed at the next start. */
  async drop(): Promise<void> {
    for (const { path, by } of this.files) {
      if (by !== null) await unlink(join(dirname(join(this.#dir, path)), by)).catch(() => {});
    }
  }
}

/**
 * Ends what was under way when the process was killed: puts the files of the last change in place, as far as they are not,
 * and removes what no change names. A file that somebody changed since is left as it is.
 */
export async function finishPlacement(dir: string, files: readonly PlacedFile[]): Promise<void> {
  const left = files.filter(({ path, by, was }) => {
    const isWaiting = by === null || markOf(join(dirname(join(dir, path)), by)) !== null;
    return isWaiting && markOf(join(dir, path)) === was;
  });
  for (const file of left) putFile(dir, file);
  await syncFolders(dir, left);
  const { folders } = await listFolder(dir);
  for (const folder of folders) {
    for (const name of await readdir(folder)) if (WAITING_NAME.test(name)) await unlink(join(folder, name));
  }
}

/** Equal while a file is as it was, wherever the folder is mounted; null when there is none. */
function markOf(path: string): string | null {
  const file = look(path);
  return file === undefined ? null : markIn(file.stamp);
}

function look(path: string): ListedFile | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && listed(path, stats);
}

/** A stamp without the device, which another mount changes, and without ctime, which the rename into place changes. */
export function markIn(stamp: string): string {
  return stamp.slice(stamp.indexOf(" ") + 1, stamp.lastIndexOf(" "));
}

/** The listing with these files as they are now. */
export function relisted(listing: FolderListing, paths: Iterable<string>): FolderListing {
  const files = new Map(listing.files);
  for (const path of paths) {
    const file = look(path);
    if (file === undefined) files.delete(path);
    else if (files.get(path)?.stamp !== file.stamp) files.set(path, file);
  }
  return { ...listing, files };
}

function putFile(dir: string, { path, by }: PlacedFile): void {
  const to = join(dir, path);
  if (by !== null) renameSync(join(dirname(to), by), to);
  else if (markOf(to) !== null) unlinkSync(to);
}

async function syncFolders(dir: string, files: readonly PlacedFile[]): Promise<void> {
  for (const folder of new Set(files.map(({ path }) => dirname(join(dir, path))))) await syncFolder(folder);
}

/** Gives back its mark. Each wait costs a thread of its own some 50 µs, so there are no more than need be. */
async function writeBeside(path: string, name: string, text: string): Promise<string> {
  const beside = join(dirname(path), name);
  const before = statSync(path, { throwIfNoEntry: false })?.mode;
  const mode = (before ?? 0o644) & 0o777;
  let file: FileHandle | undefined;
  try {
    file = await open(beside, "wx", mode);
    // The process may mask something out of new files, which an old one has.
    if (before !== undefined && (statSync(beside).mode & 0o777) !== mode) await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file?.close();
  }
  return markOf(beside)!;
}
