/**
 * Files that are whole or not there, whatever happens in between: written beside their place, synced, and renamed
 * into it; the folder is synced too, for a rename that is not on disk is none.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What a file is to hold, or its parts one after the other. */
export type FileData = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** Replaces or makes a file. Rejects with the system's error, or what `data` threw, and then the old one is as it was. */
export async function writeDurably(path: string, data: FileData): Promise<void> {
  // A dot in front: whoever reads a folder of documents passes it over.
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  let file: FileHandle | undefined;
  try {
    const mode = await modeOf(path);
    file = await open(temporary, "wx", mode ?? 0o644);
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
  } catch (error) {
    await file?.close();
    await unlink(temporary).catch(() => {}); // it may never have been there
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Removes a file, for good. */
export async function unlinkDurably(path: string): Promise<void> {
  await unlink(path);
  await syncFolder(dirname(path));
}

/** So that what was made, renamed or removed in it is on disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
