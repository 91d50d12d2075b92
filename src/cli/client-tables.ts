/**
 * What is known of clients, for commands that ask as a client would: found by the very settings of `serve`, or the
 * story would be another one.
 *
 * @module
 */
import { loadPlaceData } from "../geo/place-data.ts";
import { loadSamples } from "../latency/samples-file.ts";
import type { ClientTables } from "../snapshot/snapshot.ts";
import { readSettings } from "./settings.ts";
import type { SettingValues } from "./settings-table.ts";

/** For parseArgs(): flags that are those of `serve`. */
export const CLIENT_TABLE_FLAGS = {
  zones: { type: "string" },
  geo: { type: "string", multiple: true },
  rtt: { type: "string" },
  "rtt-expiry": { type: "string" },
  config: { type: "string" },
} as const;

type Flag = keyof typeof CLIENT_TABLE_FLAGS;

/** The settings of `serve` with these flags, its variables, and windrose.yaml. */
export function settingsWith(
  values: Readonly<Partial<Record<Flag, string | readonly string[]>>>,
  env: NodeJS.ProcessEnv,
): SettingValues {
  const flags = Object.keys(CLIENT_TABLE_FLAGS) as Flag[];
  const given = flags.flatMap((flag) => [values[flag] ?? []].flat().flatMap((value) => [`--${flag}`, value]));
  const settings = readSettings(given, env);
  if (settings === "help") throw new Error("nobody asked for the help of serve");
  return settings;
}

/** Throws WindroseError, which names the file, for one that cannot be used. */
export function loadClientTables({ geo, rtt, rttExpiry }: SettingValues): ClientTables {
  const places = loadPlaceData(geo);
  if (rtt === null) return { places, latency: null };
  const { table } = loadSamples(rtt, { places, expiryS: rttExpiry / 1000, nowS: Date.now() / 1000 });
  return { places, latency: table };
}
