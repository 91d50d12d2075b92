/**
 * A zone's data made into its document: compiled, summed up, and let go.
 *
 * @module
 */
import { hash } from "node:crypto";
import { OctetWriter } from "../wire/octet-writer.ts";
import type { RR } from "../wire/rr.ts";
import { RRType } from "../wire/rr-type.ts";
import { imageWithSerial } from "../zone/image-serial.ts";
import { compileZone } from "../zone/zone-compiler.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import type { ZoneDocument } from "./configuration.ts";
import { soaSerial, withoutSerial } from "./soa.ts";

/** For data without an error: it has one SOA, at the apex, made or given as `soa` says. */
export function makeZoneDocument(id: string, data: ZoneData, soa: ZoneDocument["soa"]): ZoneDocument {
  return {
    id,
    apex: data.apex,
    image: compileZone(data),
    soa,
    serial: soaSerial(data.rrs.find(({ type }) => type === RRType.SOA)!),
    digest: digestOf(data, soa),
  };
}

/** The same zone with another serial; its digest does not count that. */
export function withSerial(zone: ZoneDocument, serial: number): ZoneDocument {
  return zone.serial === serial ? zone : { ...zone, serial, image: imageWithSerial(zone.image, serial) };
}

/**
 * Of all that is in the data, so that zones need not be kept as records to be compared. A
 * change of case is a change. Lengths are written along, so that no two zones run together.
 */
function digestOf(data: ZoneData, soa: ZoneDocument["soa"]): string {
  const writer = new OctetWriter();
  for (const rr of data.rrs)
    writeRR(writer, soa === "made" && rr.type === RRType.SOA ? withoutSerial(rr) : rr);
  for (const { owner, pool, ttl } of data.steered) {
    writer.u8(1);
    writer.octets(owner);
    writer.u32(ttl);
    const id = Buffer.from(pool);
    writer.u16(id.length);
    writer.octets(id);
  }
  return hash("sha256", writer.toOctets(), "base64");
}

function writeRR(writer: OctetWriter, { owner, type, ttl, rdata }: RR): void {
  writer.u8(0);
  writer.octets(owner); // ends itself
  writer.u16(type);
  writer.u32(ttl);
  writer.u16(rdata.length);
  writer.octets(rdata);
}
