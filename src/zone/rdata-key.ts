/**
 * Rdata as a Map key, for telling records that mean the same.
 *
 * @module
 */
import { type Name, nameKey, uncompressedNameLength } from "../wire/name.ts";
import { rdataNames } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";

/** Equal for rdata of one type that means the same: names in it are compared without case (RFC 4034 section 6.2). */
export function rdataKey({ type, rdata }: RR): string {
  const latin1 = Buffer.from(rdata.buffer, rdata.byteOffset, rdata.length).toString("latin1");
  let key = "";
  let end = 0;
  for (const offset of rdataNames(type, rdata)) {
    const nameEnd = offset + uncompressedNameLength(rdata, offset, rdata.length);
    key += latin1.slice(end, offset) + nameKey(rdata.subarray(offset, nameEnd) as Name);
    end = nameEnd;
  }
  return end === 0 ? latin1 : key + latin1.slice(end);
}
