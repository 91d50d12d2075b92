/**
 * Files that several threads read: each takes the next one that nobody has taken. Can be sent to another thread.
 *
 * @module
 */
import type { ListedFile } from "../../documents/folder.ts";
import { type ReadFile, readListedFile } from "../../documents/read-file.ts";

export interface FileQueue {
  readonly files: readonly ListedFile[];
  /** In shared memory: how many are taken. */
  readonly taken: Int32Array;
}

export function queueOf(files: readonly ListedFile[]): FileQueue {
  return { files, taken: new Int32Array(new SharedArrayBuffer(4)) };
}

/** Reads until no file is left to take. */
export async function readQueue(
  { files, taken }: FileQueue,
  onRead: (file: ReadFile) => void,
): Promise<void> {
  for (;;) {
    const file = files[Atomics.add(taken, 0, 1)];
    if (file === undefined) return;
    onRead(await readListedFile(file));
  }
}
