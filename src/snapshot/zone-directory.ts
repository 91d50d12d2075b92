/**
 * Which zone answers for a name: the one with the longest apex at or above it.
 *
 * A hash table from apex to zone, as half empty as a zone's own, and the set of label counts that
 * any apex has, so that only those suffixes of a name are looked for. A find allocates nothing.
 *
 * Never changed: with() makes another one, which shares all but the list of zones as long as no zone
 * comes or goes, so that an edit costs a copy of that list.
 *
 * @module
 */
import { NameKey } from "../wire/name-key.ts";
import type { SnapshotZone } from "./snapshot.ts";

/** What depends on the apexes alone. */
interface Index {
  /** Place in the list of zones, by nameKey() of the apex. */
  readonly places: ReadonlyMap<string, number>;
  /** Place plus 1, by hash; 0 = empty. */
  readonly slots: Int32Array;
  /** By number of labels: 1 where some apex has so many. */
  readonly depths: Uint8Array;
}

export class ZoneDirectory {
  static readonly EMPTY = new ZoneDirectory([], indexOf(new Map()));

  readonly #zones: readonly SnapshotZone[];
  readonly #index: Index;
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #depths: Uint8Array;

  private constructor(zones: readonly SnapshotZone[], index: Index) {
    this.#zones = zones;
    this.#index = index;
    this.#slots = index.slots;
    this.#mask = index.slots.length - 1;
    this.#depths = index.depths;
  }

  get size(): number {
    return this.#zones.length;
  }

  get zones(): readonly SnapshotZone[] {
    return this.#zones;
  }

  /** By nameKey() of the apex. */
  get(key: string): SnapshotZone | undefined {
    const place = this.#index.places.get(key);
    return place === undefined ? undefined : this.#zones[place];
  }

  keys(): Iterable<string> {
    return this.#index.places.keys();
  }

  /** A directory with these zones in place of, or beside, those of the same keys, and without some. */
  with(changed: ReadonlyMap<string, SnapshotZone>, removed: readonly string[]): ZoneDirectory {
    const { places } = this.#index;
    const isSameSet = removed.length === 0 && [...changed.keys()].every((key) => places.has(key));
    if (isSameSet) {
      const zones = this.#zones.slice();
      for (const [key, zone] of changed) zones[places.get(key)!] = zone;
      return new ZoneDirectory(zones, this.#index);
    }
    const all = new Map([...places].map(([key, place]) => [key, this.#zones[place]!]));
    for (const key of removed) all.delete(key);
    for (const [key, zone] of changed) all.set(key, zone);
    return new ZoneDirectory([...all.values()], indexOf(all));
  }

  /** The zone whose apex is the longest suffix of `name` from label `fromLabel` on; null = not ours. */
  find(name: NameKey, fromLabel: number): SnapshotZone | null {
    const labels = name.labelCount;
    for (let label = fromLabel; label <= labels; label++) {
      if (this.#depths[labels - label] === 0) continue;
      for (let slot = name.suffixHash[label]! & this.#mask; ; slot = (slot + 1) & this.#mask) {
        const place = this.#slots[slot]!;
        if (place === 0) break;
        const zone = this.#zones[place - 1]!;
        if (zone.image.isApex(name, label)) return zone;
      }
    }
    return null;
  }
}

function indexOf(zones: ReadonlyMap<string, SnapshotZone>): Index {
  let size = 4;
  while (size < zones.size * 2) size *= 2;
  const slots = new Int32Array(size);
  const depths = new Uint8Array(128);
  const places = new Map<string, number>();
  const name = new NameKey();
  for (const [key, { apex }] of zones) {
    name.read(apex, 0, apex.length);
    depths[name.labelCount] = 1;
    let slot = name.suffixHash[0]! & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    places.set(key, places.size);
    slots[slot] = places.size;
  }
  return { places, slots, depths };
}
