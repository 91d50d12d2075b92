/**
 * Compiles place data in a thread of its own: half a second for the countries of the world, many for cities, in which
 * nobody is kept waiting. What comes of it is shared memory, so it comes by reference, and the garbage goes with the thread.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { PlaceData } from "../geo/place-data.ts";
import type { ErrorCode } from "../lib/error-codes.ts";
import { WindroseError } from "../lib/errors.ts";

export type PlaceThreadResult =
  | { readonly places: PlaceData }
  | {
      readonly code: ErrorCode;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** loadPlaceData(), aside. Rejects as that throws. */
export function loadPlacesAside(files: readonly string[]): Promise<PlaceData> {
  const worker = new Worker(workerUrl(), { workerData: files });
  return new Promise((resolve, reject) => {
    worker.on("message", (result: PlaceThreadResult) => {
      if ("places" in result) resolve(result.places);
      else reject(new WindroseError(result.code, result.message, { ...result.fields }));
    });
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`the thread for place data ended with code ${code}`)));
  });
}

/** Built code has another ending. */
function workerUrl(): URL {
  const url = new URL("./place-worker.ts", import.meta.url);
  if (import.meta.url.endsWith(".js")) url.pathname = url.pathname.replace(/\.ts$/, ".js");
  return url;
}
