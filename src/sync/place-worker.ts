/**
 * The thread that place-thread.ts starts: compiles place data, hands it over, and ends.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { loadPlaceData } from "../geo/place-data.ts";
import { WindroseError } from "../lib/errors.ts";
import type { PlaceThreadResult } from "./place-thread.ts";

parentPort!.postMessage(load());

function load(): PlaceThreadResult {
  try {
    return { places: loadPlaceData(workerData as readonly string[]) };
  } catch (error) {
    // Of an error that is posted only the message arrives.
    if (error instanceof WindroseError)
      return { code: error.code, message: error.message, fields: error.fields };
    throw error;
  }
}
