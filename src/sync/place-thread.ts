/**
 * Compiles place data in a thread of its own: half a second for the countries of the world, many for cities.
 *
 * @module
 */
import type { PlaceData } from "../geo/place-data.ts";
import { runAside } from "../lib/aside.ts";

/** loadPlaceData(), aside. Rejects as that throws. */
export function loadPlacesAside(files: readonly string[]): Promise<PlaceData> {
  return runAside(new URL("./place-worker.ts", import.meta.url), files);
}
