/**
 * A zone after a reload: the same object when nothing in it changed, else a serial that grew.
 *
 * @module
 */
import type { ZoneDocument } from "./configuration.ts";
import { nextSerial } from "./serial.ts";
import { withSerial } from "./zone-document.ts";

/**
 * What to publish after `previous`. A made SOA gets a serial above the one before; a given one is
 * the operator's, and `isSerialStuck` says that it did not grow although the data changed.
 */
export function continueZone(
  previous: ZoneDocument,
  zone: ZoneDocument,
): { zone: ZoneDocument; isSerialStuck: boolean } {
  if (isUnchanged(previous, zone)) return { zone: previous, isSerialStuck: false };
  const serial = nextSerial(previous.serial, zone.serial);
  if (zone.soa === "given") return { zone, isSerialStuck: serial !== zone.serial };
  return { zone: withSerial(zone, serial), isSerialStuck: false };
}

function isUnchanged(a: ZoneDocument, b: ZoneDocument): boolean {
  return a === b || (a.id === b.id && a.soa === b.soa && a.digest === b.digest);
}
