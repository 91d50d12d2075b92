/**
 * The rdata of all types: text to wire and back, and out of messages.
 *
 * A new type is a layout in the file of its family (or a codec of its own) and a line in
 * the table below. A type that is not in the table is opaque octets, RFC 3597.
 *
 * @module
 */
import { PresentationError } from "../../lib/errors.ts";
import { lexRdata, type Token } from "../lexer.ts";
import type { Name } from "../name.ts";
import { RRType, typeMnemonic } from "../rr-type.ts";
import { A, AAAA } from "./address.ts";
import type { RdataCodec } from "./codec.ts";
import { formatGenericRdata, parseGenericRdata } from "./generic.ts";
import { AFSDB, DNAME, HOST, KX, MINFO, MX, RP, SOA } from "./host.ts";
import { LOC } from "./loc.ts";
import { DNSKEY, DS, SSHFP, TLSA } from "./security.ts";
import { NAPTR, SRV, URI } from "./service.ts";
import { SVCB } from "./svcb.ts";
import { CAA, HINFO, TXT } from "./text.ts";
import { TokenReader } from "./token-reader.ts";

const CODECS: ReadonlyMap<number, RdataCodec> = new Map([
  [RRType.A, A],
  [RRType.NS, HOST],
  [RRType.MD, HOST],
  [RRType.MF, HOST],
  [RRType.CNAME, HOST],
  [RRType.SOA, SOA],
  [RRType.MB, HOST],
  [RRType.MG, HOST],
  [RRType.MR, HOST],
  [RRType.PTR, HOST],
  [RRType.HINFO, HINFO],
  [RRType.MINFO, MINFO],
  [RRType.MX, MX],
  [RRType.TXT, TXT],
  [RRType.RP, RP],
  [RRType.AFSDB, AFSDB],
  [RRType.AAAA, AAAA],
  [RRType.LOC, LOC],
  [RRType.SRV, SRV],
  [RRType.NAPTR, NAPTR],
  [RRType.KX, KX],
  [RRType.DNAME, DNAME],
  [RRType.DS, DS],
  [RRType.SSHFP, SSHFP],
  [RRType.DNSKEY, DNSKEY],
  [RRType.TLSA, TLSA],
  [RRType.SMIMEA, TLSA],
  [RRType.CDS, DS],
  [RRType.CDNSKEY, DNSKEY],
  [RRType.SVCB, SVCB],
  [RRType.HTTPS, SVCB],
  [RRType.SPF, TXT],
  [RRType.URI, URI],
  [RRType.CAA, CAA],
]);

/** RDLENGTH has 16 bits. */
const RDATA_OCTETS_MAX = 0xffff;

/**
 * Reads rdata that stands alone, as in a YAML or JSON document. Throws a PresentationError
 * with the offset in `text`. Names that end without a dot are relative to `origin`.
 */
export function parseRdata(type: number, text: string, origin?: Name): Uint8Array {
  return parseRdataTokens(type, lexRdata(text), origin);
}

/** Reads the rdata of a master-file entry, the tokens behind its type. Throws as parseRdata(). */
export function parseRdataTokens(type: number, tokens: readonly Token[], origin?: Name): Uint8Array {
  const mnemonic = typeMnemonic(type);
  const reader = new TokenReader(mnemonic, tokens, origin);
  const codec = CODECS.get(type);
  const first = tokens[0];
  let rdata: Uint8Array;
  if (first !== undefined && first.text === "\\#" && !first.quoted) {
    reader.take("\\#");
    rdata = parseGenericRdata(reader);
    if (codec !== undefined && !isWellFormed(codec, rdata)) {
      throw reader.error(
        first,
        `these ${rdata.length} octets are not what ${mnemonic} rdata is made of; write it as text`,
      );
    }
  } else if (codec !== undefined) rdata = codec.parse(reader);
  else {
    throw new PresentationError(
      `the rdata of ${mnemonic} has no text form here; write it as \\# LENGTH HEX (RFC 3597)`,
      first?.offset ?? 0,
    );
  }
  if (rdata.length > RDATA_OCTETS_MAX) {
    throw new PresentationError(
      `${mnemonic} rdata of ${rdata.length} octets; at most ${RDATA_OCTETS_MAX} fit a record`,
      first?.offset ?? 0,
    );
  }
  return rdata;
}

/**
 * The text of rdata, which parseRdata() reads back to the same octets; names relative to
 * `origin` if one is given. Opaque or malformed rdata comes out as RFC 3597 has it.
 */
export function formatRdata(type: number, rdata: Uint8Array, origin?: Name): string {
  const codec = CODECS.get(type);
  if (codec === undefined || !isWellFormed(codec, rdata)) return formatGenericRdata(rdata);
  return codec.format(rdata, origin);
}

/**
 * A copy of the rdata at `offset` of a message, names decompressed. Null when it is
 * malformed: it runs past the message, a field does not fit, octets are left over, a value
 * breaks a rule of its RFC. Rdata of unknown types is whatever it is.
 */
export function decodeRdata(
  type: number,
  message: Uint8Array,
  offset: number,
  length: number,
): Uint8Array | null {
  const end = offset + length;
  if (end > message.length) return null;
  const codec = CODECS.get(type);
  return codec === undefined ? message.slice(offset, end) : codec.decode(message, offset, end);
}

/** Where domain names start in well-formed uncompressed rdata. */
export function rdataNames(type: number, rdata: Uint8Array): number[] {
  return CODECS.get(type)?.nameOffsets(rdata) ?? [];
}

/** Those of rdataNames() that a sender may compress: only in types of RFC 1035 (RFC 3597 section 4). */
export function compressibleRdataNames(type: number, rdata: Uint8Array): number[] {
  const codec = CODECS.get(type);
  return codec?.mayCompress ? codec.nameOffsets(rdata) : [];
}

function isWellFormed(codec: RdataCodec, rdata: Uint8Array): boolean {
  // Alone in a message, rdata with compression pointers cannot come out as it went in.
  const decoded = codec.decode(rdata, 0, rdata.length);
  return decoded !== null && Buffer.compare(decoded, rdata) === 0;
}
