/**
 * A zone image with another serial in its SOA, without compiling the zone again.
 *
 * The serial stands in two places: the SOA that answers, and the one of negative answers. In both it
 * begins the five numbers at the end of the rdata (RFC 1035 section 3.3.13), which
 * compression leaves alone.
 *
 * @module
 */
import { RRType } from "../wire/rr-type.ts";
import { HEADER, RRSET, ZoneImage } from "./zone-image.ts";

const NUMBERS_OCTETS = 20;

/** A copy: whoever reads the image as it is may go on. */
export function imageWithSerial(image: ZoneImage, serial: number): ZoneImage {
  const buffer = new SharedArrayBuffer(image.buffer.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(image.buffer));
  const copy = new ZoneImage(buffer, image.poolIds);
  const { words, octets } = copy;
  for (const rrset of [copy.findRrset(copy.apexNode, RRType.SOA), words[HEADER.negativeSoa]!]) {
    const end = words[rrset + RRSET.octets]! + words[rrset + RRSET.length]!;
    new DataView(buffer, octets.byteOffset).setUint32(end - NUMBERS_OCTETS, serial);
  }
  return copy;
}
