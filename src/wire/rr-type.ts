/**
 * RR types and classes: numbers, mnemonics, and the TYPEnnn and CLASSnnn of RFC 3597
 * section 5 for those without one. The numbers are the IANA registry "Domain Name System
 * (DNS) Parameters"; a type that is listed here is known by name, and rdata/index.ts says
 * whose rdata is understood.
 *
 * @module
 */
export const RRType = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  "NSAP-PTR": 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  SPF: 99,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
  TA: 32768,
  DLV: 32769,
} as const;

export const RRClass = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

const TYPE_MNEMONICS = new Map<number, string>(Object.entries(RRType).map(([text, type]) => [type, text]));
const TYPES = new Map<string, number>(Object.entries(RRType));
const CLASS_MNEMONICS = new Map<number, string>(
  Object.entries(RRClass).map(([text, value]) => [value, text]),
);
const CLASSES = new Map<string, number>(Object.entries(RRClass));

/** `AAAA`, or `TYPE999` for a type without a name. */
export function typeMnemonic(type: number): string {
  return TYPE_MNEMONICS.get(type) ?? `TYPE${type}`;
}

/** The number of a mnemonic or of TYPEnnn, in any case; undefined when it is neither. */
export function parseType(text: string): number | undefined {
  const upper = text.toUpperCase();
  return TYPES.get(upper) ?? parseNumbered(upper, "TYPE");
}

/** `IN`, or `CLASS999` for a class without a name. */
export function classMnemonic(value: number): string {
  return CLASS_MNEMONICS.get(value) ?? `CLASS${value}`;
}

/** The number of a mnemonic or of CLASSnnn, in any case; undefined when it is neither. */
export function parseClass(text: string): number | undefined {
  const upper = text.toUpperCase();
  return CLASSES.get(upper) ?? parseNumbered(upper, "CLASS");
}

/**
 * True for types whose records can stand in a zone. OPT and 128 to 255 are questions or
 * belong to one message (RFC 6895 section 3.1), and 0 and 65535 are reserved.
 */
export function isDataType(type: number): boolean {
  return type > 0 && type < 0xffff && type !== RRType.OPT && (type < 128 || type > 255);
}

function parseNumbered(upper: string, prefix: string): number | undefined {
  if (!upper.startsWith(prefix)) return undefined;
  const digits = upper.slice(prefix.length);
  if (!/^[0-9]{1,5}$/.test(digits)) return undefined;
  const value = Number(digits);
  return value <= 0xffff ? value : undefined;
}
