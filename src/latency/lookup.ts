/**
 * Finds what speaks for a client, from near to far, and says how much of the client's address each look depended on:
 *
 *   0  its own network: /24 or /48       3  its AS
 *   1  the /20 or /40 around it          4  its country
 *   2  the /16 or /32
 *
 * One for each thread and step; looks only as far as it is asked to, allocates nothing.
 *
 * @module
 */
import type { ClientPlace } from "../geo/client-place.ts";
import { formatCountry } from "../geo/place-codes.ts";
import { emptyLength, row16, row20, row24 } from "./ipv4-rows.ts";
import { HEADER, type LatencyTable, strideOf } from "./latency-table.ts";
import { emptyBits, findWide, KIND, type Kind, rowOf } from "./wide-index.ts";

export const LEVELS = 5;
const LEVEL = { own: 0, wider: 1, widest: 2, as: 3, country: 4 } as const;

/** Prefix lengths of the first three levels, of IPv4 and IPv6. */
const LENGTHS = { ipv4: [24, 20, 16], ipv6: [48, 40, 32] } as const;

export class LatencyLookup {
  #table: LatencyTable | null = null;
  #place: ClientPlace | null = null;
  #stride = 0;

  begin(table: LatencyTable, place: ClientPlace): void {
    if (table !== this.#table) {
      this.#table = table;
      this.#stride = strideOf(table.regions);
    }
    this.#place = place;
  }

  /** Where in `rows` the row of this level starts; 0 = there is none. To be asked from level 0 on upwards. */
  rowAt(level: number): number {
    const table = this.#table!;
    const place = this.#place!;
    return this.#row(table, place, level) * this.#stride;
  }

  #row(table: LatencyTable, place: ClientPlace, level: number): number {
    if (level === LEVEL.as) return wideRow(table, KIND.as, place.asNumber());
    if (level === LEVEL.country) return wideRow(table, KIND.country, place.country());
    return place.network.hasIPv4 ? rowOfIPv4(table, place, level) : rowOfIPv6(table, place, level);
  }

  /** What speaks at this level, for people: `198.51.100.0/24`, `AS64500`, `country FR`. Allocates. */
  describe(level: number): string {
    const place = this.#place!;
    if (level === LEVEL.as) return `AS${place.asNumber()}`;
    if (level === LEVEL.country) return `country ${formatCountry(place.country())}`;
    const { network } = place;
    if (!network.hasIPv4) return network.format(LENGTHS.ipv6[level]!);
    const length = LENGTHS.ipv4[level]!;
    const octets = [24, 16, 8, 0].map((shift, i) => (8 * i < length ? (network.ipv4 >>> shift) & 255 : 0));
    if (length === 20) octets[2]! &= 0xf0;
    return `${octets.join(".")}/${length}`;
  }
}

function rowOfIPv4(table: LatencyTable, { network }: ClientPlace, level: number): number {
  const { ipv4 } = network;
  // Of a client that tells less, the bits that a row goes by are not known. That it has one still narrows the scope:
  // knowing more of the client would make a difference.
  const known = network.prefixLength - network.ipv4Offset;
  if (level === LEVEL.own) {
    const row = row24(table, ipv4);
    network.lookAtIPv4(row === 0 ? emptyLength(table, ipv4) : 24);
    return known < 24 ? 0 : row;
  }
  // Scope is settled: level 0 found none, and looked as far as that holds; or it found one, and looked at more.
  if (level === LEVEL.wider) return known < 20 ? 0 : row20(table, ipv4);
  return known < 16 ? 0 : row16(table, ipv4);
}

function rowOfIPv6(table: LatencyTable, { network }: ClientPlace, level: number): number {
  const { words, prefixLength } = network;
  const key = words[0]!;
  const bits16 = words[1]! >>> 16;
  if (level === LEVEL.own) {
    const own = findWide(table, KIND.slash48, key, bits16);
    if (own >= 0) {
      network.lookAt(48);
      return prefixLength < 48 ? 0 : rowOf(table, own);
    }
    network.lookAt(emptyLengthIPv6(table, key, bits16));
    return 0;
  }
  if (prefixLength < LENGTHS.ipv6[level]!) return 0;
  const slot =
    level === LEVEL.wider
      ? findWide(table, KIND.slash40, key, bits16 & 0xff00)
      : findWide(table, KIND.slash32, key, 0);
  return slot < 0 ? 0 : rowOf(table, slot);
}

/** Length of a block around the address in which no /48 has a row, and neither a /40 or /32 unless it is in it. */
function emptyLengthIPv6(table: LatencyTable, key: number, bits16: number): number {
  const wider = findWide(table, KIND.slash40, key, bits16 & 0xff00);
  if (wider >= 0) {
    const bits = emptyBits(table, wider, (bits16 >>> 5) & 7);
    return bits > 3 ? 48 : 40 + bits;
  }
  const widest = findWide(table, KIND.slash32, key, 0);
  if (widest >= 0) {
    const bits = emptyBits(table, widest, bits16 >>> 13);
    return bits > 3 ? 40 : 32 + bits;
  }
  if (table.header[HEADER.hasIPv6] === 1) return 32;
  // With rows of IPv4 alone, 6to4 and its like have rows; lookAt() keeps the scope out of those.
  return (table.occupied[0]! & 2) === 0 ? 0 : 1;
}

function wideRow(table: LatencyTable, kind: Kind, key: number): number {
  const slot = key === 0 ? -1 : findWide(table, kind, key, 0);
  return slot < 0 ? 0 : rowOf(table, slot);
}
