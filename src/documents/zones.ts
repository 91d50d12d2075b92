/**
 * Zones: from what a document says to records in wire form, with the faults that one
 * zone can have by itself.
 *
 *   records: { www: { pool: web }, mail: { MX: "10 mx1" } }
 *      └─ owner ─► Name ─┬─ pool ─► SteeredName
 *                        └─ TYPE ─► RRs, rdata by wire/rdata
 *
 * This is the loop that a million records go through, so paths and places are only made for
 * faults. How zones hang together with pools and with each other is in zone-links.ts.
 *
 * @module
 */
import { parseAddress } from "../lib/address.ts";
import { PresentationError } from "../lib/errors.ts";
import { nearestWord } from "../lib/nearest.ts";
import {
  formatName,
  formatRelativeName,
  isAtOrBelow,
  type Name,
  nameEquals,
  nameKey,
  parseName,
  ROOT,
} from "../wire/name.ts";
import { parseRdata } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";
import { parseType, RRType, typeMnemonic } from "../wire/rr-type.ts";
import { parseTtl } from "../wire/ttl.ts";
import { checkZone } from "../zone/zone-check.ts";
import type { SteeredName, ZoneData } from "../zone/zone-data.ts";
import type { FaultList, Place } from "./fault-list.ts";
import { TTL_MAX } from "./limits.ts";
import type { NameText, RRsetText, TtlText, ZoneText } from "./schema.ts";
import { serialAt } from "./serial.ts";
import { firstNsTarget, makeSoa, parseContact } from "./soa.ts";

const TTL = 300;

const KNOWN_TYPES = Object.keys(RRType);

export function parseApex(id: string, place: Place, faults: FaultList): Name | undefined {
  try {
    if (id === "@") throw new PresentationError('"@" is not the name of a zone; write the name in full');
    return parseName(id, ROOT);
  } catch (error) {
    faults.error(place, "key", messageOf(error));
    return undefined;
  }
}

/** A zone as data, and what the checks across files need to know of it. */
export interface ReadZone {
  readonly data: ZoneData;
  readonly soa: "made" | "given";
  /** Once for each pool that names of the zone are steered by. */
  readonly steering: readonly Steering[];
}

/** That a zone leads names to a pool. Small, however many names. */
export interface Steering {
  readonly pool: string;
  /** Names that could not be an alias, should the pool answer with one: owners as they are spelled. */
  readonly notAlias: readonly { readonly owner: string; readonly beside: "apex" | number }[];
}

/**
 * The zone, with the serial that its file's time gives. `isWhole` is false when some part of it was
 * refused before; then nothing is said of what may only seem to be missing.
 */
export function readZone(
  apex: Name,
  text: ZoneText,
  context: { place: Place; faults: FaultList; isWhole: boolean; modifiedMs: number },
): ReadZone {
  const reader = new ZoneReader(apex, text, context.place, context.faults);
  const { rrs, steered } = reader;
  const hasSoa = rrs.some((rr) => rr.type === RRType.SOA && nameEquals(rr.owner, apex));
  if (!hasSoa) rrs.unshift(reader.makeSoa(serialAt(context.modifiedMs)));
  const data = { apex, rrs, steered };
  reader.report(data, context.isWhole && !reader.hasErrors);
  return { data, soa: hasSoa ? "given" : "made", steering: [...reader.steering.values()] };
}

class ZoneReader {
  readonly rrs: RR[] = [];
  readonly steered: SteeredName[] = [];
  /** By pool. */
  readonly steering = new Map<string, { pool: string; notAlias: Steering["notAlias"][number][] }>();
  hasErrors = false;
  readonly #apex: Name;
  readonly #text: ZoneText;
  readonly #place: Place;
  readonly #faults: FaultList;
  readonly #ttl: number;

  constructor(apex: Name, text: ZoneText, place: Place, faults: FaultList) {
    this.#apex = apex;
    this.#text = text;
    this.#place = place;
    this.#faults = faults;
    this.#ttl = text.ttl === undefined ? TTL : this.#readTtl(text.ttl, ["ttl"]);
    const owners = new Map<string, string>();
    for (const [owner, entry] of Object.entries(text.records)) {
      const name = this.#readOwner(owner, owners);
      if (name !== undefined) this.#readName(owner, name, entry);
    }
  }

  makeSoa(serial: number): RR {
    let rname: Name;
    try {
      rname = parseContact(this.#text.contact, this.#apex);
    } catch (error) {
      // Without a contact it is hostmaster below the apex that did not fit.
      this.#error(this.#text.contact === undefined ? [] : ["contact"], messageOf(error));
      rname = this.#apex;
    }
    return makeSoa(this.#apex, {
      mname: firstNsTarget(this.rrs, this.#apex) ?? this.#apex,
      rname,
      serial,
      ttl: this.#ttl,
    });
  }

  /** What zone/ finds, at the places that it speaks of. */
  report(zone: ZoneData, isWhole: boolean): void {
    const findings = checkZone(zone).filter(({ isLack }) => isWhole || !isLack);
    if (findings.length === 0) return;
    const owners = this.#ownersByKey();
    for (const { severity, owner, type, message } of findings) {
      const key = owners.get(nameKey(owner));
      const entry = key === undefined ? undefined : this.#text.records[key];
      const typeKey =
        entry && (type === undefined ? "pool" : Object.keys(entry).find((name) => parseType(name) === type));
      const place =
        key === undefined
          ? this.#place
          : typeKey === undefined || !Object.hasOwn(entry!, typeKey)
            ? this.#place.at("records", key)
            : this.#place.at("records", key, typeKey);
      this.#faults[severity](place, "key", message);
    }
  }

  #ownersByKey(): Map<string, string> {
    const owners = new Map<string, string>();
    for (const owner of Object.keys(this.#text.records)) {
      try {
        const key = nameKey(parseName(owner, this.#apex));
        if (!owners.has(key)) owners.set(key, owner);
      } catch (error) {
        messageOf(error); // no name, which has been said
      }
    }
    return owners;
  }

  #error(path: readonly (string | number)[], message: string, part: "key" | "value" = "value"): void {
    this.hasErrors = true;
    this.#faults.error(this.#place.at(...path), part, message);
  }

  #readOwner(owner: string, owners: Map<string, string>): Name | undefined {
    let name: Name;
    try {
      name = parseName(owner, this.#apex);
    } catch (error) {
      this.#error(["records", owner], messageOf(error), "key");
      return undefined;
    }
    if (!isAtOrBelow(name, this.#apex)) {
      this.#error(
        ["records", owner],
        `${formatName(name)} is not in zone ${formatName(this.#apex)}; move it to its own zone, or drop the final dot`,
        "key",
      );
      return undefined;
    }
    // Cheaper than nameKey(), and the same for two spellings of one name.
    const isPlain = /^[A-Za-z0-9_*.-]*[A-Za-z0-9_*-]$/.test(owner);
    const key = (isPlain ? owner : formatRelativeName(name, this.#apex)).toLowerCase();
    const first = owners.get(key);
    if (first !== undefined) {
      const line = this.#place.at("records", first).shown;
      this.#error(
        ["records", owner],
        `"${owner}" is the same name as "${first}" at ${line}; put both into one`,
        "key",
      );
      return undefined;
    }
    owners.set(key, owner);
    if (this.#apex.length > 1) this.#warnOfDoubleSuffix(owner, name);
    return name;
  }

  /** `www.example.com` without its final dot, in zone example.com, is www.example.com.example.com. */
  #warnOfDoubleSuffix(owner: string, name: Name): void {
    if (!owner.includes(".") || owner.endsWith(".")) return;
    const relative = name.slice(0, name.length - this.#apex.length + 1) as Name;
    relative[relative.length - 1] = 0;
    if (!isAtOrBelow(relative, this.#apex)) return;
    const message = `"${owner}" stands for ${formatName(name)}; owners are relative to the zone, so drop its name, or end this one with a dot`;
    this.#faults.warning(this.#place.at("records", owner), "key", message);
  }

  #readName(owner: string, name: Name, entry: NameText): void {
    const ttl = entry.ttl === undefined ? this.#ttl : this.#readTtl(entry.ttl, ["records", owner, "ttl"]);
    let isEmpty = true;
    for (const key in entry) {
      if (key === "ttl") continue;
      isEmpty = false;
      if (key === "pool") this.#steer(owner, name, entry, ttl);
      else this.#readRRset(owner, name, key, entry, ttl);
    }
    if (isEmpty)
      this.#error(
        ["records", owner],
        `"${owner}" has no data; give it a pool or an RR type such as A`,
        "key",
      );
  }

  #steer(owner: string, name: Name, entry: NameText, ttl: number): void {
    let steering = this.steering.get(entry.pool!);
    if (steering === undefined) {
      // A copy: a text that was cut out of the file would keep the whole file in memory.
      steering = { pool: Buffer.from(entry.pool!).toString(), notAlias: [] };
      this.steering.set(steering.pool, steering);
    }
    this.steered.push({ owner: name, pool: steering.pool, ttl });
    if (nameEquals(name, this.#apex)) steering.notAlias.push({ owner, beside: "apex" });
    else {
      const types = Object.keys(entry).map((key) =>
        key === "ttl" || key === "pool" ? undefined : parseType(key),
      );
      const beside = types.findLast((type) => type !== undefined);
      if (beside !== undefined) steering.notAlias.push({ owner, beside });
    }
  }

  #readRRset(owner: string, name: Name, key: string, entry: NameText, ttl: number): void {
    const type = parseType(key);
    if (type === undefined) {
      const nearest = nearestWord(key, KNOWN_TYPES);
      const hint =
        nearest === undefined ? "wanted a mnemonic such as A, or TYPEnnn" : `did you mean ${nearest}?`;
      this.#error(["records", owner, key], `unknown RR type "${key}"; ${hint}`, "key");
      return;
    }
    const mnemonic = typeMnemonic(type);
    if (mnemonic !== key && Object.hasOwn(entry, mnemonic)) {
      this.#error(
        ["records", owner, key],
        `${key} is another name of ${mnemonic}, which stands here too; put both into one`,
        "key",
      );
      return;
    }
    const rrset = entry[key] as RRsetText;
    if (typeof rrset === "string") this.#readData(name, type, ttl, rrset, owner, key);
    else if (Array.isArray(rrset)) this.#readList(name, type, ttl, rrset, owner, [key]);
    else {
      const ownTtl = rrset.ttl === undefined ? ttl : this.#readTtl(rrset.ttl, ["records", owner, key, "ttl"]);
      if (typeof rrset.data === "string") this.#readData(name, type, ownTtl, rrset.data, owner, key, "data");
      else this.#readList(name, type, ownTtl, rrset.data, owner, [key, "data"]);
    }
  }

  #readList(
    name: Name,
    type: number,
    ttl: number,
    data: readonly string[],
    owner: string,
    path: readonly string[],
  ): void {
    for (const [index, one] of data.entries()) this.#readData(name, type, ttl, one, owner, ...path, index);
  }

  #readData(
    name: Name,
    type: number,
    ttl: number,
    data: string,
    owner: string,
    ...path: (string | number)[]
  ): void {
    try {
      this.rrs.push({ owner: name, type, ttl, rdata: readRdata(type, data, this.#apex) });
    } catch (error) {
      this.#error(["records", owner, ...path], messageOf(error));
    }
  }

  #readTtl(text: TtlText, path: readonly string[]): number {
    if (typeof text === "number") return text;
    const ttl = parseTtl(text);
    if (ttl !== undefined) return ttl;
    this.#error(path, `ttl is ${text}; wanted at most ${TTL_MAX} seconds`);
    return TTL;
  }
}

function readRdata(type: number, data: string, apex: Name): Uint8Array {
  if (type === RRType.A || type === RRType.AAAA) {
    // Most of what there is to read, and without the lexer a few times as fast.
    const octets = parseAddress(data);
    if (octets?.length === (type === RRType.A ? 4 : 16)) return octets;
  } else if ((type === RRType.TXT || type === RRType.SPF) && !/^(?:"|\\#\s)/.test(data)) {
    return wholeText(data);
  }
  return parseRdata(type, data, apex);
}

/**
 * One text, cut into character-strings of 255 octets, which is as long as they get (RFC 1035
 * section 3.3); who reads SPF or DKIM puts them together again (RFC 7208 section 3.3).
 */
function wholeText(text: string): Uint8Array {
  const octets = Buffer.from(text);
  const strings = Math.max(1, Math.ceil(octets.length / 255));
  const rdata = new Uint8Array(octets.length + strings);
  if (rdata.length > 0xffff) {
    throw new PresentationError(`a text of ${octets.length} octets; a record holds 65279`);
  }
  for (let string = 0; string < strings; string++) {
    const part = octets.subarray(string * 255, string * 255 + 255);
    rdata[string * 256] = part.length;
    rdata.set(part, string * 256 + 1);
  }
  return rdata;
}

/** Of what presentation parsers throw; all else is our own mistake. */
function messageOf(error: unknown): string {
  if (error instanceof PresentationError) return error.message;
  throw error;
}
