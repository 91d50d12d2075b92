/**
 * What if: a table in which one client's network has other round-trip times, for `explain` and for `expect` in documents.
 *
 * @module
 */
import type { ClientPlace } from "../geo/client-place.ts";
import { RegionEstimates } from "./estimates.ts";
import { emptyLatencyTable, ingestGrowing } from "./grow.ts";
import { advance } from "./ingest.ts";
import { HEADER, type LatencyTable, unitS } from "./latency-table.ts";
import { COUNT_MAX } from "./pair.ts";

/** As long as files are kept, for what was never in one. */
const EXPIRY_S = 604_800;

/**
 * A table of the client's own network alone, with these times (ms by region) as if measured often, and in the other regions
 * what `base` has for the client, from whatever network. The lowest is first, without regard to who was before.
 */
export function withRoundTrips(
  base: LatencyTable | null,
  client: ClientPlace,
  rttMs: ReadonlyMap<string, number>,
): LatencyTable {
  const times = new Map([...estimatesOf(base, client), ...rttMs]);
  const nearestFirst = [...times].sort(([, a], [, b]) => a - b);
  let table = emptyLatencyTable([...times.keys()], base?.expiryS ?? EXPIRY_S);
  const nowS = base === null ? 0 : base.header[HEADER.tick]! * unitS(base);
  advance(table, nowS);
  for (const [region, ms] of nearestFirst) {
    const sample = { client, region, rttMs: ms, count: COUNT_MAX, atS: null };
    ({ table } = ingestGrowing(table, sample, nowS));
  }
  return table;
}

function estimatesOf(base: LatencyTable | null, client: ClientPlace): [string, number][] {
  if (base === null) return [];
  const estimates = new RegionEstimates(base.regions);
  estimates.begin(true);
  estimates.find(base, client, 1);
  return base.regions.flatMap((name, region): [string, number][] =>
    estimates.levels[region]! < 0 ? [] : [[name, estimates.ms[region]!]],
  );
}
