/**
 * The zones of a configuration, by key, in the order of their files. Never changed.
 *
 *   Apexes     what depends on the apexes alone: places by key, and which zone is within which
 *   ZoneTable  the apexes, and at each place a zone
 *
 * As long as no zone comes or goes, tables share their Apexes. So an edit among ten thousand zones costs one list
 * of them and no map, and two tables are compared place by place.
 *
 * @module
 */
import { nameKey } from "../wire/name.ts";
import type { ZoneDocument } from "./configuration.ts";

export class Apexes {
  /** nameKey() of the apexes. */
  readonly keys: readonly string[];
  /** In `keys`, by key. */
  readonly places: ReadonlyMap<string, number>;
  /** Places of zones below another one of these, and of the nearest such. */
  readonly within: readonly { readonly place: number; readonly parent: number }[];

  /** No key stands there twice. */
  constructor(keys: readonly string[]) {
    this.keys = keys;
    const places = new Map(keys.map((key, place) => [key, place]));
    this.places = places;
    this.within = keys.flatMap((key, place) => {
      const parent = enclosing(key, places);
      return parent === undefined ? [] : [{ place, parent }];
    });
  }

  /** Just these keys, in this order. */
  areThese(keys: readonly string[]): boolean {
    return keys.length === this.keys.length && keys.every((key, place) => key === this.keys[place]);
  }
}

export class ZoneTable {
  static readonly EMPTY = ZoneTable.of([]);

  readonly apexes: Apexes;
  readonly #zones: readonly ZoneDocument[];

  /** `zones` in the order of the apexes. */
  constructor(apexes: Apexes, zones: readonly ZoneDocument[]) {
    this.apexes = apexes;
    this.#zones = zones;
  }

  static of(zones: readonly ZoneDocument[]): ZoneTable {
    return new ZoneTable(new Apexes(zones.map(({ apex }) => nameKey(apex))), zones);
  }

  get size(): number {
    return this.#zones.length;
  }

  /** By nameKey() of the apex. */
  get(key: string): ZoneDocument | undefined {
    const place = this.apexes.places.get(key);
    return place === undefined ? undefined : this.#zones[place];
  }

  has(key: string): boolean {
    return this.apexes.places.has(key);
  }

  values(): readonly ZoneDocument[] {
    return this.#zones;
  }

  keys(): readonly string[] {
    return this.apexes.keys;
  }

  /** Keys and zones. */
  *[Symbol.iterator](): Generator<[string, ZoneDocument]> {
    for (const [place, zone] of this.#zones.entries()) yield [this.apexes.keys[place]!, zone];
  }

  /** Zones that are not those of `before`, with what they were there; and those that are gone. */
  since(before: ZoneTable = ZoneTable.EMPTY): {
    changed: { readonly zone: ZoneDocument; readonly before: ZoneDocument | undefined }[];
    removed: ZoneDocument[];
  } {
    const changed: { zone: ZoneDocument; before: ZoneDocument | undefined }[] = [];
    const isSameSet = this.apexes === before.apexes;
    for (let place = 0; place < this.#zones.length; place++) {
      const zone = this.#zones[place]!;
      const old = isSameSet ? before.#zones[place] : before.get(this.apexes.keys[place]!);
      if (old !== zone) changed.push({ zone, before: old });
    }
    const removed = isSameSet
      ? []
      : before.#zones.filter((_, place) => !this.has(before.apexes.keys[place]!));
    return { changed, removed };
  }
}

/** The place of the nearest zone above. */
function enclosing(key: string, places: ReadonlyMap<string, number>): number | undefined {
  // A key is a name in wire form, so its first character is the length of its first label.
  for (let at = key; at.length > 1; ) {
    at = at.slice(1 + at.charCodeAt(0));
    const place = places.get(at);
    if (place !== undefined) return place;
  }
  return undefined;
}
