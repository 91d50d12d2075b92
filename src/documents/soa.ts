/**
 * The SOA that a zone gets when its document has none.
 *
 * @module
 */
import { PresentationError } from "../lib/errors.ts";
import { joinName, type Name, nameEquals, parseName, ROOT } from "../wire/name.ts";
import { rdataNames } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";
import { RRType } from "../wire/rr-type.ts";

/** Timers for secondaries, in seconds: the order of magnitude that RFC 1912 section 2.2 advises. */
const REFRESH = 7200;
const RETRY = 900;
const EXPIRE = 1_209_600;
/** Negative answers live as long as ordinary ones, and at most this long: a new name should not wait. */
const MINIMUM_MAX = 300;

/** Octets of the five numbers behind the names of SOA rdata; the serial is the first. */
const NUMBERS_OCTETS = 20;

export interface SoaOptions {
  readonly mname: Name;
  readonly rname: Name;
  readonly serial: number;
  /** The zone's default TTL, in seconds. */
  readonly ttl: number;
}

export function makeSoa(apex: Name, { mname, rname, serial, ttl }: SoaOptions): RR {
  const rdata = new Uint8Array(mname.length + rname.length + NUMBERS_OCTETS);
  rdata.set(mname, 0);
  rdata.set(rname, mname.length);
  const view = new DataView(rdata.buffer, mname.length + rname.length);
  [serial, REFRESH, RETRY, EXPIRE, Math.min(ttl, MINIMUM_MAX)].forEach((number, index) => {
    view.setUint32(index * 4, number);
  });
  return { owner: apex, type: RRType.SOA, ttl, rdata };
}

export function soaSerial(soa: RR): number {
  return new DataView(soa.rdata.buffer, soa.rdata.byteOffset + soa.rdata.length - NUMBERS_OCTETS).getUint32(
    0,
  );
}

/** For comparing SOAs whose serial is ours. */
export function withoutSerial(soa: RR): RR {
  return withSoaSerial(soa, 0);
}

export function withSoaSerial(soa: RR, serial: number): RR {
  const rdata = soa.rdata.slice();
  new DataView(rdata.buffer, rdata.length - NUMBERS_OCTETS).setUint32(0, serial);
  return { ...soa, rdata };
}

/** Where the apex's NS rdata names the primary: the name that a made SOA gives as its source. */
export function firstNsTarget(rrs: readonly RR[], apex: Name): Name | undefined {
  const ns = rrs.find((rr) => rr.type === RRType.NS && nameEquals(rr.owner, apex));
  return ns === undefined ? undefined : (ns.rdata.subarray(rdataNames(ns.type, ns.rdata)[0] ?? 0) as Name);
}

/**
 * The RNAME of a contact. A mail address gives its local part as one label, dots and all (RFC 1035
 * section 8); a name is absolute, and a single label is below the apex. Throws a PresentationError.
 */
export function parseContact(contact: string | undefined, apex: Name): Name {
  if (contact === undefined) return joinName([Buffer.from("hostmaster")], apex);
  const at = contact.lastIndexOf("@");
  if (at < 0) return parseName(contact, /^[^.]+$/.test(contact) ? apex : ROOT);
  const local = contact.slice(0, at);
  if (!/^[!-?A-~]+$/.test(local)) {
    throw new PresentationError(`"${contact}" is not a mail address; wanted one like hostmaster@example.com`);
  }
  return joinName([Buffer.from(local)], parseName(contact.slice(at + 1), ROOT));
}
