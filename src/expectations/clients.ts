/**
 * Who asks: the networks that stand for a place of an expectation. A network or an address stands for itself; of a
 * country and the like, networks are drawn from the place data.
 *
 * @module
 */
import type { ExpectedClient } from "../documents/expectations.ts";
import type { PlaceData } from "../geo/place-data.ts";
import { sampleNetworks } from "../geo/sample-places.ts";
import { formatAddress } from "../lib/address.ts";
import type { Random } from "../lib/random.ts";
import type { AskingNetwork } from "./asker.ts";

/** As many as `count`, where there is a choice; at least one. */
export function networksOf(
  { text, place }: ExpectedClient,
  data: PlaceData | null,
  { count, random }: { count: number; random: Random },
): { networks: readonly AskingNetwork[] } | { fault: string } {
  if (place.kind === "network") return { networks: [{ address: place.address, length: place.length }] };
  if (data === null)
    return { fault: `no place data says which networks are "${text}"; give --geo FILE, or name a network` };
  const networks = sampleNetworks(data, place, { count, random });
  if (networks.length > 0) return { networks };
  const files = data.sources.map(({ file }) => file).join(", ");
  return {
    fault: `the place data (${files}) has no network of "${text}"; give --geo FILE with data that has, or name a network`,
  };
}

export function formatNetwork({ address, length }: AskingNetwork): string {
  const shown = formatAddress(address);
  return length === 8 * address.length ? shown : `${shown}/${length}`;
}
