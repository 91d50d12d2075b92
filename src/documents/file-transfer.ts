/**
 * FileDocuments from one thread to another. Structured cloning does all of it, but for one thing: a
 * ZoneImage arrives without its class. Its memory is shared, so a million records go over by reference.
 *
 * @module
 */
import { ZoneImage } from "../zone/zone-image.ts";
import type { FileDocuments, FileZone } from "./file-documents.ts";

/** Of what a message brought. */
export function reviveFileDocuments(cloned: FileDocuments): FileDocuments {
  return { ...cloned, zones: cloned.zones.map(reviveZone) };
}

function reviveZone(zone: FileZone): FileZone {
  if (zone.document === undefined) return zone;
  return { ...zone, document: { ...zone.document, image: ZoneImage.of(zone.document.image) } };
}
