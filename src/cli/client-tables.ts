/**
 * What is known of clients, for commands that ask as a client would: found by the very settings of `serve`, or the
 * story would be another one.
 *
 * @module
 */
import { loadPlaceData } from "../geo/place-data.ts";
import { loadSamples } from "../latency/samples-file.ts";
import { count } from "../lib/count.ts";
import type { ClientTables } from "../snapshot/snapshot.ts";
import type { CommandIo } from "./command.ts";
import { readSettings } from "./settings.ts";
import type { SettingValues } from "./settings-table.ts";

/** For parseArgs(): flags that are those of `serve`. */
export const SERVE_FLAGS = {
  zones: { type: "string" },
  geo: { type: "string", multiple: true },
  rtt: { type: "string" },
  "rtt-expiry": { type: "string" },
  config: { type: "string" },
} as const;

type Flag = keyof typeof SERVE_FLAGS;

/** The settings of `serve` with these flags, its variables, and windrose.yaml. */
export function settingsWith(
  values: Readonly<Partial<Record<Flag, string | readonly string[]>>>,
  env: NodeJS.ProcessEnv,
): SettingValues {
  const flags = Object.keys(SERVE_FLAGS) as Flag[];
  const given = flags.flatMap((flag) => [values[flag] ?? []].flat().flatMap((value) => [`--${flag}`, value]));
  const settings = readSettings(given, env);
  if (settings === "help") throw new Error("nobody asked for the help of serve");
  return settings;
}

/** Read at once, since nobody waits for answers. Tells of bad lines; throws WindroseError for a file that cannot be used. */
export function loadClientTables({ geo, rtt, rttExpiry }: SettingValues, io: CommandIo): ClientTables {
  const places = loadPlaceData(geo);
  if (rtt === null) return { places, latency: null };
  const options = { places, expiryS: rttExpiry / 1000, nowS: Date.now() / 1000 };
  const { table, bad, firstBad } = loadSamples(rtt, options);
  for (const { line, why } of firstBad) io.stderr.write(`${rtt}:${line}: ${why}\n`);
  if (bad > 0) io.stderr.write(`${rtt}: ${count(bad, "line")} left out\n`);
  return { places, latency: table };
}
