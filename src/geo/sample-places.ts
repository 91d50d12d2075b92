/**
 * Networks of a place, drawn from place data: for tests of the steering that speak of countries.
 *
 *   ranges of FR     ├────┤   ├─┤      ├────────┤          by their size in /24 (IPv6: /48)
 *   equal parts      1   2    3    4    5    6              one network at random out of each
 *
 * So they are spread over all that the place has, and no part is left out by chance. Each is asked about as a client would be,
 * so what is drawn is what steps see.
 *
 * @module
 */
import type { Random } from "../lib/random.ts";
import { ClientPlace } from "./client-place.ts";
import { continentOf } from "./place-codes.ts";
import type { PlaceData, PlaceDatum } from "./place-data.ts";
import { countOf, lowStartOf, type PlaceRanges, placeAt, startOf, UNKNOWN } from "./place-table.ts";
import { formatServedPlace, type ServedPlace } from "./served-place.ts";

export interface SampledNetwork {
  /** 4 or 16 octets, those beyond the length 0. */
  readonly address: Uint8Array;
  /** 24 or 48; longer where the place has no network as wide. */
  readonly length: number;
}

/** A kind of place that only data knows the networks of. */
export type SampledPlace = Exclude<ServedPlace, { kind: "network" }>;

/** One in so many networks is one of IPv6. */
const IPV6_EVERY = 4;

/**
 * Some `count` of them, fewer where the place has fewer. Empty where the data know nothing of such a place, and where it
 * has no network.
 */
export function sampleNetworks(
  data: PlaceData,
  place: SampledPlace,
  { count, random }: { count: number; random: Random },
): SampledNetwork[] {
  const table = data[datumOf(place)];
  if (table === null) return [];
  const client = new ClientPlace();
  const isThere = ({ address, length }: SampledNetwork) => {
    client.network.set(address.length === 4 ? 4 : 6, address, 0, length, "resolver");
    client.begin(data);
    return place.kind === "continent"
      ? client.continent() === place.code
      : matches(place, client[datumOf(place)]());
  };
  const ipv4 = piecesOf(table.ipv4, place, 4);
  const ipv6 = piecesOf(table.ipv6, place, 6);
  const countOfIPv6 = ipv4.total === 0 ? count : ipv6.total === 0 ? 0 : Math.floor(count / IPV6_EVERY);
  return [
    ...draw(ipv4, count - countOfIPv6, random).map((at) => networkOfIPv4(table.ipv4, at)),
    ...draw(ipv6, countOfIPv6, random).map((at) => networkOfIPv6(table.ipv6, at)),
  ].filter(isThere);
}

function datumOf({ kind }: SampledPlace): Exclude<PlaceDatum, "coordinates"> {
  return kind === "as" ? "asNumber" : kind === "subdivision" ? "subdivision" : "country";
}

function matches(place: SampledPlace, value: number): boolean {
  switch (place.kind) {
    case "all":
      return value !== UNKNOWN;
    case "as":
      return value === place.number;
    case "continent":
      return continentOf(value) === place.code;
    default:
      return value === place.code;
  }
}

/** The ranges of a place, each with its size in networks. */
interface Pieces {
  readonly ranges: readonly number[];
  readonly sizes: readonly number[];
  readonly total: number;
}

/** Found once for each place: it takes a walk over the whole table, and every edit may ask again. Goes with the table. */
const knownPieces = new WeakMap<PlaceRanges, Map<string, Pieces>>();

function piecesOf(table: PlaceRanges, place: SampledPlace, family: 4 | 6): Pieces {
  const known = knownPieces.get(table) ?? new Map<string, Pieces>();
  knownPieces.set(table, known);
  const key = formatServedPlace(place);
  const pieces = known.get(key) ?? findPieces(table, place, family);
  known.set(key, pieces);
  return pieces;
}

function findPieces(table: PlaceRanges, place: SampledPlace, family: 4 | 6): Pieces {
  const ranges: number[] = [];
  const sizes: number[] = [];
  let total = 0;
  for (let range = 0; range < countOf(table); range++) {
    if (!matches(place, placeAt(table, range))) continue;
    const size = Math.max(1, firstNetwork(table, range + 1, family) - firstNetwork(table, range, family));
    ranges.push(range);
    sizes.push(size);
    total += size;
  }
  return { ranges, sizes, total };
}

/** The number of the first /24 or /48 that begins in a range, or behind it. */
function firstNetwork(table: PlaceRanges, range: number, family: 4 | 6): number {
  if (range === countOf(table)) return family === 4 ? 2 ** 24 : 2 ** 48;
  const start = startOf(table, range);
  return family === 4
    ? Math.ceil(start / 256)
    : start * 0x1_0000 + Math.ceil(lowStartOf(table, range) / 0x1_0000);
}

interface Drawn {
  readonly range: number;
  /** Of the networks in the range, from 0. */
  readonly nth: number;
}

function draw({ ranges, sizes, total }: Pieces, count: number, random: Random): Drawn[] {
  const drawn: Drawn[] = [];
  const parts = Math.min(count, total);
  let piece = 0;
  let before = 0;
  for (let part = 0; part < parts; part++) {
    const at = ((part + random.u32() / 0x1_0000_0000) / parts) * total;
    while (piece < sizes.length - 1 && at >= before + sizes[piece]!) before += sizes[piece++]!;
    drawn.push({ range: ranges[piece]!, nth: Math.min(Math.floor(at - before), sizes[piece]! - 1) });
  }
  return drawn;
}

function networkOfIPv4(table: PlaceRanges, { range, nth }: Drawn): SampledNetwork {
  const start = startOf(table, range);
  const first = firstNetwork(table, range, 4);
  // A range that holds no whole /24: an address of it.
  if (firstNetwork(table, range + 1, 4) <= first) return { address: octetsOf(4, start), length: 32 };
  return { address: octetsOf(4, (first + nth) * 256), length: 24 };
}

function networkOfIPv6(table: PlaceRanges, { range, nth }: Drawn): SampledNetwork {
  const first = firstNetwork(table, range, 6);
  if (firstNetwork(table, range + 1, 6) <= first)
    return { address: octetsOf(16, startOf(table, range), lowStartOf(table, range)), length: 64 };
  const number = first + nth;
  return {
    address: octetsOf(16, Math.floor(number / 0x1_0000), (number % 0x1_0000) * 0x1_0000),
    length: 48,
  };
}

function octetsOf(octets: 4 | 16, ...words: number[]): Uint8Array {
  const address = Buffer.alloc(octets);
  for (const [index, word] of words.entries()) address.writeUInt32BE(word, 4 * index);
  return new Uint8Array(address);
}
