/**
 * A zone after a reload: the same object when nothing in it changed, else a serial that grew.
 *
 * @module
 */
import type { RR } from "../wire/rr.ts";
import { RRType } from "../wire/rr-type.ts";
import type { ZoneDocument } from "./configuration.ts";
import { nextSerial } from "./serial.ts";
import { soaEqualsButSerial, soaSerial, withSerial } from "./soa.ts";

/**
 * What to publish after `previous`. A made SOA gets a serial above the one before; a given one is
 * the operator's, and `isSerialStuck` says that it did not grow although the data changed.
 */
export function continueZone(
  previous: ZoneDocument,
  zone: ZoneDocument,
): { zone: ZoneDocument; isSerialStuck: boolean } {
  if (isUnchanged(previous, zone)) return { zone: previous, isSerialStuck: false };
  const before = soaSerial(soaOf(previous));
  const candidate = soaSerial(soaOf(zone));
  const serial = nextSerial(before, candidate);
  if (zone.soa === "given") return { zone, isSerialStuck: serial !== candidate };
  const rrs = zone.rrs.map((rr) => (rr.type === RRType.SOA ? withSerial(rr, serial) : rr));
  return { zone: { ...zone, rrs }, isSerialStuck: false };
}

function isUnchanged(a: ZoneDocument, b: ZoneDocument): boolean {
  if (
    a.id !== b.id ||
    a.soa !== b.soa ||
    a.rrs.length !== b.rrs.length ||
    a.steered.length !== b.steered.length
  )
    return false;
  return (
    a.rrs.every((rr, index) => rrEquals(rr, b.rrs[index]!, a.soa === "made")) &&
    a.steered.every((steered, index) => {
      const other = b.steered[index]!;
      return (
        steered.pool === other.pool &&
        steered.ttl === other.ttl &&
        Buffer.compare(steered.owner, other.owner) === 0
      );
    })
  );
}

/** Octet by octet: a change of case is a change. */
function rrEquals(a: RR, b: RR, isSerialFree: boolean): boolean {
  if (a.type !== b.type || a.ttl !== b.ttl || Buffer.compare(a.owner, b.owner) !== 0) return false;
  if (isSerialFree && a.type === RRType.SOA) return soaEqualsButSerial(a, b);
  return Buffer.compare(a.rdata, b.rdata) === 0;
}

function soaOf(zone: ZoneDocument): RR {
  return zone.rrs.find((rr) => rr.type === RRType.SOA)!;
}
