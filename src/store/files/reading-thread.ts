/**
 * Reads files in a thread of its own when they are many or large, and here when they are few.
 *
 *   one edit ───► here
 *   a deploy ───► thread ─ each file as it is done, images by reference ─► here
 *   first load ─► thread, and here: each takes the next file
 *
 * A million records take seconds to read. Where sockets are served those seconds would be silence, and the
 * garbage (ten times what is kept) would stay with the process as a heap that grew. The thread's
 * heap goes with the thread (V8 keeps its pages for some 8 s, for the next thread). One edit takes some milliseconds, less than a
 * thread takes to start. At the first load nobody is served yet. That this thread reads too makes it shorter on two cores, and
 * code that has run is compiled: without it the first edits would take some 100 ms each.
 * See docs/decisions/0001-zones-in-memory.md.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { ReadFiles } from "../../documents/document-reader.ts";
import { reviveFileDocuments } from "../../documents/file-transfer.ts";
import type { ReadFile } from "../../documents/read-file.ts";
import { builtUrl } from "../../lib/aside.ts";
import { type FileQueue, queueOf, readQueue } from "./file-queue.ts";

/** About 20 ms of reading: so long the thread of TCP and timers may be held up, and no longer. */
const HERE_OCTETS_MAX = 128 * 1024;

/** What is kept for long is little, so a small nursery costs no time; V8's own would leave 40 MB more behind. */
const YOUNG_MB_MAX = 8;

/** For where nobody may be kept waiting but the first time; without `firstHere`, not then either. */
export function readFilesAside({ octetsMax = HERE_OCTETS_MAX, firstHere = true } = {}): ReadFiles {
  let isFirst = true;
  return async (files, onRead) => {
    const octets = files.reduce((sum, { size }) => sum + size, 0);
    const isSmall = octets <= octetsMax;
    const isHere = isSmall || (isFirst && firstHere);
    isFirst = false;
    const queue = queueOf(files);
    let left = files.length;
    const count = (file: ReadFile) => {
      left--;
      onRead(file);
    };
    await Promise.all([isSmall || readInThread(queue, count), isHere && readQueue(queue, count)]);
    if (left > 0) throw new Error(`the reading thread ended with ${left} files to read`);
  };
}

/** Resolves when the thread is gone. */
function readInThread(queue: FileQueue, onRead: (file: ReadFile) => void): Promise<void> {
  const worker = new Worker(builtUrl(new URL("./reading-worker.ts", import.meta.url)), {
    workerData: queue,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
  });
  return new Promise((resolve, reject) => {
    worker.on("message", (file: ReadFile) => onRead("unread" in file ? file : reviveFileDocuments(file)));
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
}
