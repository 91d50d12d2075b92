/**
 * The thread that samples-thread.ts starts: reads one file of round-trip times, hands the table over, and ends.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { loadSamples } from "../latency/samples-file.ts";
import { WindroseError } from "../lib/errors.ts";
import type { SamplesThreadInput, SamplesThreadResult } from "./samples-thread.ts";

parentPort!.postMessage(load(workerData as SamplesThreadInput));

function load({ file, options }: SamplesThreadInput): SamplesThreadResult {
  try {
    return { loaded: loadSamples(file, options) };
  } catch (error) {
    // Of an error that is posted only the message arrives.
    if (error instanceof WindroseError)
      return { code: error.code, message: error.message, fields: error.fields };
    throw error;
  }
}
