/**
 * Reads files in a thread of its own when they are many or large, and here when they are few.
 *
 *   first load, a deploy ─► thread ─ each file as it is done, images by reference ─► here
 *   one edit ─────────────► here
 *
 * A million records take seconds to read. Where sockets are served those seconds would be silence, and the
 * garbage (ten times what is kept) would stay with the process as a heap that grew. The thread's
 * heap goes with the thread (V8 keeps its pages for some 8 s, for the next thread). One edit takes some milliseconds, less than a thread takes to start.
 * See docs/decisions/0001-zones-in-memory.md.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { type ReadFiles, readFilesHere } from "../documents/document-reader.ts";
import { reviveFileDocuments } from "../documents/file-transfer.ts";
import type { ListedFile } from "../documents/folder.ts";
import type { ReadFile } from "../documents/read-file.ts";

/** About 20 ms of reading: so long the thread of TCP and timers may be held up, and no longer. */
const HERE_OCTETS_MAX = 128 * 1024;

/** What is kept for long is little, so a small nursery costs no time; V8's own would leave 40 MB more behind. */
const YOUNG_MB_MAX = 8;

/** A ReadFiles for where nobody may be kept waiting. */
export function readFilesAside(octetsMax = HERE_OCTETS_MAX): ReadFiles {
  const readHere = readFilesHere();
  return async (files, onRead) => {
    const octets = files.reduce((sum, { size }) => sum + size, 0);
    await (octets <= octetsMax ? readHere(files, onRead) : readInThread(files, onRead));
  };
}

function readInThread(files: readonly ListedFile[], onRead: (file: ReadFile) => void): Promise<void> {
  const worker = new Worker(workerUrl(), {
    workerData: files,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
  });
  return new Promise((resolve, reject) => {
    let left = files.length;
    worker.on("message", (file: ReadFile) => {
      onRead("unread" in file ? file : reviveFileDocuments(file));
      left--;
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (left === 0) resolve();
      else reject(new Error(`the reading thread ended with code ${code} and ${left} files to read`));
    });
  });
}

/** Built code has another ending. */
function workerUrl(): URL {
  const url = new URL("./reading-worker.ts", import.meta.url);
  if (import.meta.url.endsWith(".js")) url.pathname = url.pathname.replace(/\.ts$/, ".js");
  return url;
}
