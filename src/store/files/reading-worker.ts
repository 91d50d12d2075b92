/**
 * The thread that reading-thread.ts starts: reads files until there are none left, and ends.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { type FileQueue, readQueue } from "./file-queue.ts";

await readQueue(workerData as FileQueue, (file) => parentPort!.postMessage(file));
