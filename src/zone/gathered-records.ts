/**
 * The records that a parser gathers, with where each stands: for the one TTL that an RRset has, for
 * records that are there twice, and for findings that come after reading.
 *
 * Places are kept by index beside the records, for a million of them should not cost a million
 * more objects; what is dropped leaves a hole, so that indexes stay true.
 *
 * @module
 */
import type { Fault } from "../lib/fault.ts";
import { formatName, type Name, nameKey } from "../wire/name.ts";
import type { RR } from "../wire/rr.ts";
import { RRType, typeMnemonic } from "../wire/rr-type.ts";
import { rdataKey } from "./rdata-key.ts";
import type { Position, SourceText } from "./source-text.ts";
import type { SteeredName } from "./zone-data.ts";

export type Locate = (owner: Name, type: number | undefined) => Position;

/** Where records stand: a file and an offset for each, turned into line and column when asked for. */
class Places {
  readonly #sources: SourceText[] = [];
  readonly #offsets: number[] = [];

  add(source: SourceText, offset: number): void {
    this.#sources.push(source);
    this.#offsets.push(offset);
  }

  at(index: number): Position {
    return this.#sources[index]!.positionOf(this.#offsets[index]!);
  }
}

export class GatheredRecords {
  readonly #rrs: RR[] = [];
  readonly #steered: SteeredName[] = [];
  readonly #rrPlaces = new Places();
  readonly #steeredPlaces = new Places();
  readonly #warnings: Fault[];

  /** What settling changes is added to `warnings`. */
  constructor(warnings: Fault[]) {
    this.#warnings = warnings;
  }

  addRR(rr: RR, source: SourceText, offset: number): void {
    this.#rrs.push(rr);
    this.#rrPlaces.add(source, offset);
  }

  addSteered(steered: SteeredName, source: SourceText, offset: number): void {
    this.#steered.push(steered);
    this.#steeredPlaces.add(source, offset);
  }

  /** One TTL for each RRset, and each record once; says what it changed. */
  settleRRsets(): RR[] {
    const groups = groupIndexes(this.#rrs.length, this.#rrsetKeys());
    const rrs: (RR | undefined)[] = this.#rrs;
    for (const group of groups) {
      this.#dropDuplicates(group);
      this.#lowerTtls(group);
    }
    return groups.length === 0 ? this.#rrs : rrs.filter((rr) => rr !== undefined);
  }

  *#rrsetKeys(): Generator<string> {
    let owner: Name | undefined;
    let key = "";
    for (const rr of this.#rrs) {
      if (rr.owner !== owner) key = nameKey(rr.owner);
      owner = rr.owner;
      // Signatures are kept by the type that they cover, the first two octets (RFC 4034 section 3).
      const covered =
        rr.type === RRType.RRSIG ? String.fromCharCode(((rr.rdata[0] ?? 0) << 8) | (rr.rdata[1] ?? 0)) : "";
      yield `${key}${String.fromCharCode(rr.type)}${covered}`;
    }
  }

  #dropDuplicates(group: readonly number[]): void {
    const rrs: (RR | undefined)[] = this.#rrs;
    const firsts = new Map<string, number>();
    for (const index of group) {
      const rr = this.#rrs[index]!;
      const key = rdataKey(rr);
      const first = firsts.get(key);
      if (first === undefined) {
        firsts.set(key, index);
        continue;
      }
      const { file, line } = this.#rrPlaces.at(first);
      const message = `${typeMnemonic(rr.type)} at ${formatName(rr.owner)} says the same as ${file}:${line} and is dropped; write each record once`;
      this.#warnings.push({ severity: "warning", ...this.#rrPlaces.at(index), message });
      this.#lowestTtl(first, rr.ttl);
      rrs[index] = undefined;
    }
  }

  /** A dropped record's TTL counts, so that an answer never lives longer than any line allows. */
  #lowestTtl(index: number, ttl: number): void {
    const rr = this.#rrs[index]!;
    if (ttl < rr.ttl) this.#rrs[index] = { ...rr, ttl };
  }

  /** RFC 2181 section 5.2 calls differing TTLs an error but lets a reader take the lowest, as BIND does. */
  #lowerTtls(group: readonly number[]): void {
    const left = group.filter((index) => this.#rrs[index] !== undefined);
    const ttl = left.reduce(
      (lowest, index) => Math.min(lowest, this.#rrs[index]!.ttl),
      Number.POSITIVE_INFINITY,
    );
    const other = left.find((index) => this.#rrs[index]!.ttl !== ttl);
    if (other === undefined) return;
    const rr = this.#rrs[other]!;
    const message = `${typeMnemonic(rr.type)} at ${formatName(rr.owner)} has TTL ${rr.ttl} here and ${ttl} elsewhere; one RRset has one TTL (RFC 2181 section 5.2), and ${ttl} is taken`;
    this.#warnings.push({ severity: "warning", ...this.#rrPlaces.at(other), message });
    for (const index of left) this.#lowestTtl(index, ttl);
  }

  /** Each steered name once; two that differ are left for checkZone(). */
  settleSteered(): SteeredName[] {
    const seen = new Map<string, number>();
    return this.#steered.filter(({ owner, pool, ttl }, index) => {
      const key = `${nameKey(owner)}${ttl} ${pool}`;
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, index);
        return true;
      }
      const { file, line } = this.#steeredPlaces.at(first);
      const message = `${formatName(owner)} is steered as in ${file}:${line}, and this line is dropped; write it once`;
      this.#warnings.push({ severity: "warning", ...this.#steeredPlaces.at(index), message });
      return false;
    });
  }

  /** Finds the place of the first record of an owner and type, or of the owner, or else says `start`. */
  makeLocate(start: Position): Locate {
    // Dropped records left holes, so the indexes are still those of the places.
    const rrs: readonly (RR | undefined)[] = this.#rrs;
    const steered = this.#steered;
    const [places, steeredPlaces] = [this.#rrPlaces, this.#steeredPlaces];
    let positions: Map<string, () => Position> | undefined;
    return (owner, type) => {
      if (positions === undefined) {
        positions = new Map();
        const add = (key: string, position: () => Position) =>
          positions!.has(key) || positions!.set(key, position);
        for (const [index, each] of steered.entries())
          add(`${nameKey(each.owner)}-`, () => steeredPlaces.at(index));
        for (const [index, each] of rrs.entries()) {
          if (each === undefined) continue;
          add(`${nameKey(each.owner)}${each.type}`, () => places.at(index));
          add(nameKey(each.owner), () => places.at(index));
        }
      }
      const key = nameKey(owner);
      const position =
        positions.get(`${key}${type ?? "-"}`) ?? positions.get(key) ?? positions.get(`${key}-`);
      return position === undefined ? start : position();
    };
  }
}

/** Indexes that share a key, where there are two or more. */
function groupIndexes(length: number, keys: Iterable<string>): number[][] {
  if (length === 0) return [];
  const firsts = new Map<string, number>();
  const groups = new Map<string, number[]>();
  let index = 0;
  for (const key of keys) {
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, index);
    else {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [first, index]);
      else group.push(index);
    }
    index++;
  }
  return [...groups.values()];
}
