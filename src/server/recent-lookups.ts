/**
 * What look-ups of the names that are asked most came to, so that those names cost one comparison: finding the zone and the
 * node needs a hash of every suffix, and as many tables.
 *
 *   tags      by the low bits of the hash of name and type: that hash, whole; most names that are not here cost this one number
 *   entries   type and length, the name's octets, four at once │ zone, node, RRset
 *
 * Kept are names that stand in a zone by themselves, with data or without; what wildcards and NXDOMAIN answer has no end, and would
 * push those out. Where a place is taken, every eighth name that wants one is let in, which those that are asked often soon are; and an
 * entry that was used since another last wanted its place stays there once more.
 *
 * One for each thread. Holds for one directory of zones and forgets all with the next; finding and keeping allocate nothing.
 *
 * @module
 */
import type { SnapshotZone } from "../snapshot/snapshot.ts";
import { ZoneDirectory } from "../snapshot/zone-directory.ts";
import type { NameKey } from "../wire/name-key.ts";
import { Found as ImportedFound, type LookupResult } from "../zone/lookup.ts";

// An imported binding is looked up at every use; constants of this module are compiled in.
const Found = ImportedFound;

/** A power of 2. */
const PLACES = 1024;
/** Longer names are looked up each time. */
const NAME_OCTETS_MAX = 64;
const NAME_WORDS = NAME_OCTETS_MAX / 4;
/** A power of 2. */
const LET_IN = 8;

class Entry {
  zone: SnapshotZone | null = null;
  /** 0 = no name stands here. */
  typeAndLength = 0;
  nameHash = 0;
  found: ImportedFound = Found.nodata;
  node = 0;
  rrset = 0;
  isUsed = false;
}

export class RecentLookups {
  readonly #entries = Array.from({ length: PLACES }, () => new Entry());
  readonly #tags = new Int32Array(PLACES);
  /** By place: the name as NameKey has it, lower-cased, 0 behind its end. */
  readonly #words = new Int32Array(PLACES * NAME_WORDS);
  #directory = ZoneDirectory.EMPTY;
  #refused = 0;

  /**
   * The zone of `name`, with `result` filled in; null where that is to be looked up. `name` need not have its hashes; of a name that is
   * found, the first of them is filled in and no other.
   */
  find(directory: ZoneDirectory, name: NameKey, qtype: number, result: LookupResult): SnapshotZone | null {
    if (directory !== this.#directory) return this.#forget(directory);
    const tag = tagOf(name, qtype);
    const place = tag & (PLACES - 1);
    if (this.#tags[place] !== tag) return null;
    const entry = this.#entries[place]!;
    const { length } = name;
    if (entry.typeAndLength !== typeAndLength(qtype, length)) return null;
    const mine = this.#words;
    const { words } = name;
    const start = place * NAME_WORDS;
    for (let i = (length - 1) >> 2; i >= 0; i--) if (mine[start + i] !== words[i]) return null;
    entry.isUsed = true;
    name.suffixHash[0] = entry.nameHash;
    result.found = entry.found;
    result.node = entry.node;
    result.rrset = entry.rrset;
    result.ownerLabel = 0;
    return entry.zone;
  }

  /** Takes in what a look-up in `directory` came to, for a name that find() did not have and that has its hashes. */
  keep(zone: SnapshotZone, name: NameKey, qtype: number, result: LookupResult): void {
    const { length } = name;
    const { found } = result;
    if (result.ownerLabel !== 0 || found === Found.nxdomain || found === Found.referral) return;
    if (length > NAME_OCTETS_MAX) return;
    const tag = tagOf(name, qtype);
    const place = tag & (PLACES - 1);
    const entry = this.#entries[place]!;
    if (entry.typeAndLength !== 0) {
      if ((++this.#refused & (LET_IN - 1)) !== 0) return;
      if (entry.isUsed) {
        entry.isUsed = false;
        return;
      }
    }
    this.#tags[place] = tag;
    for (let i = (length - 1) >> 2; i >= 0; i--) this.#words[place * NAME_WORDS + i] = name.words[i]!;
    entry.zone = zone;
    entry.typeAndLength = typeAndLength(qtype, length);
    entry.nameHash = name.suffixHash[0]!;
    entry.found = found;
    entry.node = result.node;
    entry.rrset = result.rrset;
  }

  #forget(directory: ZoneDirectory): null {
    this.#directory = directory;
    for (const entry of this.#entries) {
      entry.zone = null;
      entry.typeAndLength = 0;
      entry.isUsed = false;
    }
    return null;
  }
}

function tagOf({ wholeHash }: NameKey, qtype: number): number {
  return wholeHash ^ qtype;
}

/** Never 0: a name has an octet at least. */
function typeAndLength(qtype: number, length: number): number {
  return (qtype << 8) | length;
}
