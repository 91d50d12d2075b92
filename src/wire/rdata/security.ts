/**
 * Keys, digests and what binds them to names: DS and DNSKEY (RFC 4034) with their child
 * copies CDS and CDNSKEY (RFC 7344), TLSA (RFC 6698), SMIMEA (RFC 8162), SSHFP (RFC 4255).
 *
 * @module
 */
import { base64ToEnd, type FieldKind, hexToEnd, u8, u16 } from "./fields.ts";
import { layout } from "./layout.ts";

/** IANA "DNS Security Algorithm Numbers"; text may use these for the number (RFC 4034 appendix A.1). */
const ALGORITHMS = new Map([
  ["DELETE", 0],
  ["RSAMD5", 1],
  ["DH", 2],
  ["DSA", 3],
  ["RSASHA1", 5],
  ["DSA-NSEC3-SHA1", 6],
  ["RSASHA1-NSEC3-SHA1", 7],
  ["RSASHA256", 8],
  ["RSASHA512", 10],
  ["ECC-GOST", 12],
  ["ECDSAP256SHA256", 13],
  ["ECDSAP384SHA384", 14],
  ["ED25519", 15],
  ["ED448", 16],
  ["INDIRECT", 252],
  ["PRIVATEDNS", 253],
  ["PRIVATEOID", 254],
]);

const algorithm: FieldKind = {
  ...u8,
  parse(reader, out, field) {
    const value = ALGORITHMS.get(reader.peek()?.text.toUpperCase() ?? "");
    if (value === undefined) return u8.parse(reader, out, field);
    reader.take(field);
    out.u8(value);
  },
};

/** Octets of a digest by its type: SHA-1, SHA-256, GOST R 34.11-94, SHA-384. */
const DS_DIGEST_OCTETS = new Map([
  [1, 20],
  [2, 32],
  [3, 32],
  [4, 48],
]);

/** Octets of a fingerprint by its type: SHA-1, SHA-256. */
const SSHFP_OCTETS = new Map([
  [1, 20],
  [2, 32],
]);

/** Octets of certificate association data by matching type: SHA-256, SHA-512; 0 is the whole thing. */
const TLSA_OCTETS = new Map([
  [1, 32],
  [2, 64],
]);

export const DS = layout({ "key tag": u16, algorithm, "digest type": u8, digest: hexToEnd }, (rdata) =>
  checkLength("a digest", "digest type", rdata[3]!, rdata.length - 4, DS_DIGEST_OCTETS),
);

export const DNSKEY = layout(
  { flags: u16, protocol: u8, algorithm, "public key": base64ToEnd },
  // RFC 4034 section 2.1.2: a key with any other protocol is invalid.
  (rdata) => (rdata[2] === 3 ? undefined : `the protocol is ${rdata[2]}; it must be 3`),
);

export const TLSA = layout(
  { "certificate usage": u8, selector: u8, "matching type": u8, "certificate association data": hexToEnd },
  (rdata) =>
    checkLength("certificate association data", "matching type", rdata[2]!, rdata.length - 3, TLSA_OCTETS),
);

export const SSHFP = layout({ algorithm: u8, "fingerprint type": u8, fingerprint: hexToEnd }, (rdata) =>
  checkLength("a fingerprint", "fingerprint type", rdata[1]!, rdata.length - 2, SSHFP_OCTETS),
);

function checkLength(
  what: string,
  field: string,
  value: number,
  octets: number,
  table: ReadonlyMap<number, number>,
): string | undefined {
  const right = table.get(value);
  if (right === undefined || right === octets) return undefined;
  return `${what} of ${octets} octets; ${field} ${value} has ${right}`;
}
