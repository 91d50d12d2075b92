/**
 * Round-trip times that an expectation says are so (`when: { latency }`): measured for the networks that ask, and
 * for nobody else.
 *
 * @module
 */
import { ClientPlace } from "../geo/client-place.ts";
import { emptyLatencyTable, ingestGrowing } from "../latency/grow.ts";
import type { LatencyTable } from "../latency/latency-table.ts";
import { COUNT_MAX } from "../latency/pair.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { AskingNetwork } from "./asker.ts";
import { regionOf } from "./conditions.ts";

const EXPIRY_S = 3600;

/** `rttMs` by region or by member, as written; `complain` is told of those that cannot be. */
export function latencyOf(
  snapshot: Snapshot,
  rttMs: ReadonlyMap<string, number>,
  networks: readonly AskingNetwork[],
  complain: (item: string, message: string) => void,
): LatencyTable {
  const byRegion = new Map<string, number>();
  for (const [item, ms] of rttMs) {
    const found = regionOf(snapshot, item);
    if ("fault" in found) complain(item, found.fault);
    else byRegion.set(found.region, ms);
  }
  let table = emptyLatencyTable([...byRegion.keys()], EXPIRY_S);
  const client = new ClientPlace();
  for (const { address, length } of networks) {
    client.network.set(address.length === 4 ? 4 : 6, address, 0, length, "ecs");
    client.begin(snapshot.clientTables.places);
    for (const [region, ms] of byRegion) {
      // As if measured often: what is measured once may count for less.
      const sample = { client, region, rttMs: ms, count: COUNT_MAX, atS: null };
      const { table: grown, ingested } = ingestGrowing(table, sample, 0);
      table = grown;
      if (ingested === "wide") {
        const [item] = rttMs.keys();
        complain(
          item!,
          "the clients are a network too wide to be measured; name one of /8 or longer, or of /24 in IPv6",
        );
        return table;
      }
    }
  }
  return table;
}
