/**
 * Reads a file of round-trip times in a thread of its own where it is large: a million lines take some seconds, in which nobody is
 * kept waiting. The table is shared memory, so it comes by reference.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { type LoadedSamples, loadSamples, type SamplesOptions } from "../latency/samples-file.ts";
import type { ErrorCode } from "../lib/error-codes.ts";
import { WindroseError } from "../lib/errors.ts";

/** Some 20 ms of reading, as with documents; a thread takes longer to start. */
const HERE_OCTETS_MAX = 128 * 1024;

export interface SamplesThreadInput {
  readonly file: string;
  readonly options: SamplesOptions;
}

export type SamplesThreadResult =
  | { readonly loaded: LoadedSamples }
  | {
      readonly code: ErrorCode;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** loadSamples(), aside where the file is large. Rejects as that throws. */
export async function loadSamplesAside(
  file: string,
  options: SamplesOptions,
  hereOctetsMax = HERE_OCTETS_MAX,
): Promise<LoadedSamples> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : Number.POSITIVE_INFINITY),
    () => 0,
  );
  return size <= hereOctetsMax ? loadSamples(file, options) : loadInThread({ file, options });
}

function loadInThread(input: SamplesThreadInput): Promise<LoadedSamples> {
  const worker = new Worker(workerUrl(), { workerData: input });
  return new Promise((resolve, reject) => {
    worker.on("message", (result: SamplesThreadResult) => {
      if ("loaded" in result) resolve(result.loaded);
      else reject(new WindroseError(result.code, result.message, { ...result.fields }));
    });
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`the thread for round-trip times ended with code ${code}`)));
  });
}

/** Built code has another ending. */
function workerUrl(): URL {
  const url = new URL("./samples-worker.ts", import.meta.url);
  if (import.meta.url.endsWith(".js")) url.pathname = url.pathname.replace(/\.ts$/, ".js");
  return url;
}
