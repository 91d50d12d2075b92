/**
 * Which zone answers for a name: the one with the longest apex at or above it.
 *
 * A hash table from apex to zone, as half empty as a zone's own, and the set of label counts that
 * any apex has, so that only those suffixes of a name are looked for. Built with the
 * snapshot; a find allocates nothing.
 *
 * @module
 */
import { NameKey } from "../wire/name-key.ts";
import type { SnapshotZone } from "./snapshot.ts";

export class ZoneDirectory {
  readonly #zones: readonly SnapshotZone[];
  /** Index of a zone plus 1, by hash; 0 = empty. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  /** By number of labels: 1 where some apex has so many. */
  readonly #depths = new Uint8Array(128);

  constructor(zones: readonly SnapshotZone[]) {
    this.#zones = zones;
    let size = 4;
    while (size < zones.length * 2) size *= 2;
    this.#slots = new Int32Array(size);
    this.#mask = size - 1;
    const key = new NameKey();
    zones.forEach((zone, index) => {
      key.read(zone.apex, 0, zone.apex.length);
      this.#depths[key.labelCount] = 1;
      let slot = key.suffixHash[0]! & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = index + 1;
    });
  }

  /** The zone whose apex is the longest suffix of `name` from label `fromLabel` on; null = not ours. */
  find(name: NameKey, fromLabel: number): SnapshotZone | null {
    const labels = name.labelCount;
    for (let label = fromLabel; label <= labels; label++) {
      if (this.#depths[labels - label] === 0) continue;
      for (let slot = name.suffixHash[label]! & this.#mask; ; slot = (slot + 1) & this.#mask) {
        const index = this.#slots[slot]!;
        if (index === 0) break;
        const zone = this.#zones[index - 1]!;
        if (zone.image.isApex(name, label)) return zone;
      }
    }
    return null;
  }
}
