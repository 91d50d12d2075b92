/**
 * The small numbers of the message header, as the IANA registry "Domain Name System (DNS)
 * Parameters" has them.
 *
 * @module
 */
export const Opcode = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

/** Twelve bits: those above 15 need an OPT, which carries the upper eight (RFC 6891 section 6.1.3). */
export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const;

const OPCODE_MNEMONICS = new Map<number, string>(Object.entries(Opcode).map(([text, code]) => [code, text]));
const RCODE_MNEMONICS = new Map<number, string>(Object.entries(Rcode).map(([text, code]) => [code, text]));

/** `QUERY`, or `OPCODE9` for one without a name. */
export function opcodeMnemonic(opcode: number): string {
  return OPCODE_MNEMONICS.get(opcode) ?? `OPCODE${opcode}`;
}

/** `NXDOMAIN`, or `RCODE99` for one without a name. */
export function rcodeMnemonic(rcode: number): string {
  return RCODE_MNEMONICS.get(rcode) ?? `RCODE${rcode}`;
}
