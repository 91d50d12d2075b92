/**
 * Reads a file of round-trip times in a thread of its own where it is large: a million lines take some seconds, in which nobody is
 * kept waiting. The table is shared memory, so it comes by reference.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { type LoadedSamples, loadSamples, type SamplesOptions } from "../latency/samples-file.ts";
import { runAside } from "../lib/aside.ts";

/** Some 20 ms of reading, as with documents; a thread takes longer to start. */
const HERE_OCTETS_MAX = 128 * 1024;

export interface SamplesThreadInput {
  readonly file: string;
  readonly options: SamplesOptions;
}

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
  if (size <= hereOctetsMax) return loadSamples(file, options);
  const input: SamplesThreadInput = { file, options };
  return runAside(new URL("./samples-worker.ts", import.meta.url), input);
}
