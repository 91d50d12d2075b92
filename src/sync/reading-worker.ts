/**
 * The thread that reading-thread.ts starts: reads the files that it is handed, and ends.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { readFilesHere } from "../documents/document-reader.ts";
import type { ListedFile } from "../documents/folder.ts";

await readFilesHere()(workerData as readonly ListedFile[], (file) => parentPort!.postMessage(file));
