/**
 * How zones hang together with pools and with each other. This runs over all zones at every
 * load, so it asks a zone's summary and its image, and reads its file again only for a fault.
 *
 * @module
 */
import type { Fault } from "../lib/fault.ts";
import { formatName } from "../wire/name.ts";
import { NameKey } from "../wire/name-key.ts";
import { RRType, typeMnemonic } from "../wire/rr-type.ts";
import { Found, LookupResult, lookup } from "../zone/lookup.ts";
import { type FaultList, Place } from "./fault-list.ts";
import type { FileZone } from "./file-documents.ts";
import type { PoolGraph } from "./pool-graph.ts";
import type { RereadSource } from "./source.ts";
import type { Apexes } from "./zone-table.ts";

/** A zone of a file, and the file. */
export interface PlacedZone {
  readonly zone: FileZone;
  readonly source: RereadSource;
}

export function placeOf({ zone, source }: PlacedZone): Place {
  return new Place(source, ["zones", zone.id]);
}

/**
 * Steered names lead to pools that are there, and to a CNAME only where one may stand. False when one leads to a pool that is
 * not there, which is reported.
 */
export function checkSteeredNames(zones: Iterable<PlacedZone>, graph: PoolGraph, faults: FaultList): boolean {
  let areKnown = true;
  for (const placed of zones) {
    for (const { pool, notAlias } of placed.zone.steering) {
      const targetPool = graph.targetPoolOf(pool);
      if (targetPool === undefined) {
        if (graph.has(pool) || graph.isBlind) continue;
        areKnown = false;
        const message = graph.unknown(pool)!;
        for (const place of placesSteeredBy(pool, placed)) faults.error(place, "value", message);
        continue;
      }
      const leads =
        targetPool === pool
          ? `pool "${pool}" has a target`
          : `pool "${pool}" leads to "${targetPool}", which has a target`;
      for (const { owner, beside } of notAlias) {
        const message =
          beside === "apex"
            ? `${leads}, which is answered as CNAME, and an apex cannot be an alias; use addresses here`
            : `${leads}, which is answered as CNAME, and beside ${typeMnemonic(beside)} there can be none; use addresses, or move the other data`;
        faults.error(placeOf(placed).at("records", owner, "pool"), "value", message);
      }
    }
  }
  return areKnown;
}

/** Every name that a pool steers; there may be many, so a summary does not hold them. */
function placesSteeredBy(pool: string, placed: PlacedZone): Place[] {
  const place = placeOf(placed);
  const file = placed.source.value as
    | { zones?: Record<string, { records?: Record<string, { pool?: unknown } | null> }> }
    | undefined;
  // A file that changed meanwhile is read again soon; until then the fault is the zone's.
  const records = file?.zones?.[placed.zone.id]?.records ?? {};
  const places = Object.entries(records)
    .filter(([, entry]) => entry?.pool === pool)
    .map(([owner]) => place.at("records", owner, "pool"));
  return places.length > 0 ? places : [place];
}

/**
 * A zone below another one of ours is found without a delegation, but by nobody who asks the parent elsewhere. What is
 * wrong, by index in `within`; `known` is that of before, which holds for zones that are not `isChanged`.
 */
export function checkZonesWithin(
  zones: readonly PlacedZone[],
  { within }: Apexes,
  { known, isChanged }: { known: ReadonlyMap<number, Fault>; isChanged: (place: number) => boolean },
): ReadonlyMap<number, Fault> {
  const name = new NameKey();
  const result = new LookupResult();
  const faults = new Map<number, Fault>();
  for (const [index, { place, parent }] of within.entries()) {
    if (!isChanged(place) && !isChanged(parent)) {
      const fault = known.get(index);
      if (fault !== undefined) faults.set(index, fault);
      continue;
    }
    const { apex } = zones[place]!.zone;
    const above = zones[parent]!.zone;
    if (above.document === undefined) continue;
    name.read(apex, 0, apex.length);
    lookup(above.document.image, name, RRType.NS, result);
    if (result.found === Found.referral) continue;
    const message = `zone ${formatName(apex)} is within zone ${formatName(above.apex)}, which does not delegate it; add its NS there, so that other servers of the parent find it`;
    const { source, path } = placeOf(zones[place]!);
    faults.set(index, source.fault(path, "key", "warning", message));
  }
  return faults;
}
