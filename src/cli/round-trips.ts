/**
 * Real round-trip times in `serve`: what this node learns of them, and, with `--rtt-probe on`, its measuring.
 *
 * @module
 */
import type { Logger } from "pino";
import { NetworkRules } from "../latency/network-rules.ts";
import { RoundTripProber } from "../prober/rtt/round-trip-prober.ts";
import type { LiveExchange } from "../store/live/live-exchange.ts";
import type { ClientTablesFollower } from "../sync/client-tables.ts";
import { type AskedPlane, RoundTrips, type RoundTripsFace } from "../sync/latency/round-trips.ts";
import type { SettingValues } from "./settings-table.ts";

export interface RoundTripParts {
  readonly exchange: LiveExchange;
  readonly plane: AskedPlane;
  readonly clientTables: ClientTablesFollower;
  /** What this node is called among those on its exchange. */
  readonly name: () => string;
  readonly log: Logger;
}

export interface RunningRoundTrips {
  /** For the API. */
  readonly face: RoundTripsFace;
  stop(): Promise<void>;
}

/** Once the plane answers. */
export function startRoundTrips(settings: SettingValues, parts: RoundTripParts): RunningRoundTrips {
  const { region, rtt, rttExpiry, rttAllow, rttOptOut } = settings;
  const { exchange, plane, clientTables, name, log } = parts;
  const face = new RoundTrips({
    plane,
    exchange,
    node: name,
    region,
    rules: new NetworkRules({ allow: rttAllow, optOut: rttOptOut }),
    expiryMs: rttExpiry,
    hasFile: rtt !== null,
    log,
  });
  clientTables.carryInto((table, places) => face.carry(table, places));
  const prober = startRoundTripProber(settings, { exchange, name: name(), log });
  return {
    face,
    async stop() {
      await prober?.stop();
      await face.stop();
    },
  };
}

/** Undefined unless it was asked for, and it is known from where it measures. */
export function startRoundTripProber(
  { region, rttProbe, rttRate, rttInterval, rttOptOut, rttAllow }: SettingValues,
  parts: { readonly exchange: LiveExchange; readonly name: string; readonly log: Logger },
): RoundTripProber | undefined {
  if (!rttProbe) return undefined;
  if (region === null) {
    parts.log.warn(
      "--rtt-probe is on without --region: nobody would know from where the times are; nothing is measured",
    );
    return undefined;
  }
  return new RoundTripProber({
    ...parts,
    region,
    rate: rttRate,
    intervalMs: rttInterval,
    optOut: rttOptOut,
    allow: rttAllow,
  });
}
