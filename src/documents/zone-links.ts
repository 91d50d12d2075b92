/**
 * How zones hang together with pools and with each other.
 *
 * @module
 */
import { PresentationError } from "../lib/errors.ts";
import { formatName, type Name, nameEquals, nameKey, parentName, parseName } from "../wire/name.ts";
import { RRType, typeMnemonic } from "../wire/rr-type.ts";
import type { ZoneDocument } from "./configuration.ts";
import type { FaultList, Place } from "./fault-list.ts";
import type { PoolGraph } from "./pool-graph.ts";
import type { ZoneText } from "./schema.ts";

/** A zone that compiled, and where it is written. */
export interface PlacedZone {
  readonly zone: ZoneDocument;
  readonly place: Place;
  readonly text: ZoneText;
}

/** Steered names lead to pools that are there, and to a CNAME only where one may stand. */
export function checkSteeredNames(zones: Iterable<PlacedZone>, graph: PoolGraph, faults: FaultList): void {
  for (const placed of zones) {
    const { zone, place } = placed;
    let spellings: Map<string, string> | undefined;
    let typeAt: Map<string, number> | undefined;
    for (const { owner, pool } of zone.steered) {
      const targetPool = graph.targetPoolOf(pool);
      if (targetPool === undefined && graph.has(pool)) continue;
      spellings ??= spellingsOf(placed);
      const at = place.at("records", spellings.get(nameKey(owner))!, "pool");
      if (targetPool === undefined) {
        graph.reportUnknown(pool, at);
        continue;
      }
      const leads =
        targetPool === pool
          ? `pool "${pool}" has a target`
          : `pool "${pool}" leads to "${targetPool}", which has a target`;
      if (nameEquals(owner, zone.apex)) {
        const message = `${leads}, which is answered as CNAME, and an apex cannot be an alias; use addresses here`;
        faults.error(at, "value", message);
        continue;
      }
      typeAt ??= new Map(zone.rrs.map((rr) => [nameKey(rr.owner), rr.type]));
      const other = typeAt.get(nameKey(owner));
      if (other === undefined) continue;
      const message = `${leads}, which is answered as CNAME, and beside ${typeMnemonic(other)} there can be none; use addresses, or move the other data`;
      faults.error(at, "value", message);
    }
  }
}

/** A zone below another one of ours is found without a delegation, but by nobody who asks the parent elsewhere. */
export function checkZonesWithin(zones: ReadonlyMap<string, PlacedZone>, faults: FaultList): void {
  const cutsOf = new Map<PlacedZone, Set<string>>();
  for (const { zone, place } of zones.values()) {
    const parent = enclosingZone(zone.apex, zones);
    if (parent === undefined) continue;
    let cuts = cutsOf.get(parent);
    if (cuts === undefined) {
      cuts = new Set(parent.zone.rrs.filter((rr) => rr.type === RRType.NS).map((rr) => nameKey(rr.owner)));
      cutsOf.set(parent, cuts);
    }
    let isDelegated = false;
    for (
      let at: Name | undefined = zone.apex;
      at !== undefined && !nameEquals(at, parent.zone.apex);
      at = parentName(at)
    ) {
      isDelegated ||= cuts.has(nameKey(at));
    }
    if (isDelegated) continue;
    const message = `zone ${formatName(zone.apex)} is within zone ${formatName(parent.zone.apex)}, which does not delegate it; add its NS there, so that other servers of the parent find it`;
    faults.warning(place, "key", message);
  }
}

function enclosingZone(apex: Name, zones: ReadonlyMap<string, PlacedZone>): PlacedZone | undefined {
  for (let at = parentName(apex); at !== undefined; at = parentName(at)) {
    const zone = zones.get(nameKey(at));
    if (zone !== undefined) return zone;
  }
  return undefined;
}

/** From nameKey() to the owner as the document spells it. */
function spellingsOf({ zone, text }: PlacedZone): Map<string, string> {
  const spellings = new Map<string, string>();
  for (const owner of Object.keys(text.records)) {
    try {
      spellings.set(nameKey(parseName(owner, zone.apex)), owner);
    } catch (error) {
      if (!(error instanceof PresentationError)) throw error; // said already, when the zone was read
    }
  }
  return spellings;
}
