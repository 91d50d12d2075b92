/**
 * What an explanation knows of clients: the files of --geo and --rtt, read at once, since nobody waits for answers.
 *
 * @module
 */
import { loadPlaceData } from "../geo/place-data.ts";
import type { LatencyTable } from "../latency/latency-table.ts";
import { loadSamples } from "../latency/samples-file.ts";
import { count } from "../lib/count.ts";
import { applyNews, newsOfClientTables, type Snapshot } from "../snapshot/snapshot.ts";
import type { CommandIo } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";

/** Tells of bad lines. Throws WindroseError for a file that cannot be read. */
export function withClientTables(
  snapshot: Snapshot,
  { geo, rtt, rttExpiry }: SettingValues,
  io: CommandIo,
): Snapshot {
  const places = loadPlaceData(geo);
  let latency: LatencyTable | null = null;
  if (rtt !== null) {
    const nowS = Date.now() / 1000;
    const { table, bad, firstBad } = loadSamples(rtt, { places, expiryS: rttExpiry / 1000, nowS });
    for (const { line, why } of firstBad) io.stderr.write(`${rtt}:${line}: ${why}\n`);
    if (bad > 0) io.stderr.write(`${rtt}: ${count(bad, "line")} left out\n`);
    latency = table;
  }
  return applyNews(snapshot, newsOfClientTables(snapshot, { places, latency }));
}
