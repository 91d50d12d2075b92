/**
 * Whose answers a plan compares: networks, each with a weight. By default of all countries, weighed by how many people live there.
 *
 * @module
 */
import { setImmediate as giveWay } from "node:timers/promises";
import type { AskingNetwork } from "../../expectations/asker.ts";
import { countryCode } from "../../geo/place-codes.ts";
import type { PlaceData } from "../../geo/place-data.ts";
import { POPULATIONS } from "../../geo/populations.ts";
import { sampleNetworks } from "../../geo/sample-places.ts";
import { SeededRandom } from "../../lib/random.ts";

export interface PlanClient {
  readonly network: AskingNetwork;
  readonly weight: number;
  /** What it is counted under: a country, or the network as it was written. */
  readonly group: string;
}

/** Spread over all that a country has, so a few tell apart what steering tells apart within it. */
const NETWORKS_PER_COUNTRY = 4;

/** Which networks is a matter of the data, not of the plan. */
const SEED = 1;

/** A walk over all networks for each country, some 0.5 s in all: once for each set of data. */
const known = new WeakMap<PlaceData, readonly PlanClient[]>();

/** Empty where the data know no countries. The same data give the same networks. */
export async function populationClients(places: PlaceData | null): Promise<readonly PlanClient[]> {
  if (places === null) return [];
  const before = known.get(places);
  if (before !== undefined) return before;
  const random = new SeededRandom(SEED);
  const clients: PlanClient[] = [];
  for (const [group, people] of POPULATIONS) {
    await giveWay(); // to those who ask over TCP
    const place = { kind: "country", code: countryCode(group) } as const;
    const networks = sampleNetworks(places, place, { count: NETWORKS_PER_COUNTRY, random });
    for (const network of networks) clients.push({ network, weight: people / networks.length, group });
  }
  known.set(places, clients);
  return clients;
}
