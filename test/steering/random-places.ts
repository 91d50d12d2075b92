/**
 * Random place data and clients for property tests: few, small networks next to each other, so that clients meet their
 * edges all the time, in both families and in IPv6 forms that hold IPv4 addresses.
 *
 * @module
 */
import type { ClientPlace } from "../../src/geo/client-place.ts";
import { unitVector } from "../../src/geo/distance.ts";
import { continentCode, countryCode, somewhereIn, subdivisionCode } from "../../src/geo/place-codes.ts";
import { countryPoints, type PlaceData, POINT_LENGTH } from "../../src/geo/place-data.ts";
import { type PlaceTable, RangeList } from "../../src/geo/place-table.ts";
import type { ServedPlace } from "../../src/geo/served-place.ts";
import { type Random, randomBelow } from "../../src/lib/random.ts";
import { randomPlace } from "../geo/oracle.ts";

const COUNTRIES = ["FR", "DE", "US", "JP"].map(countryCode);
const SUBDIVISIONS = ["US-CA", "US-TX", "DE-BY"].map(subdivisionCode);
const CONTINENTS = ["europe", "asia", "north-america"].map(continentCode);
const AS_NUMBERS = [64_500, 64_501, 4_200_000_000];

/** Octets that addresses begin with; the last two parts vary. */
const IPV4_HEADS = [8, 9, 10, 192];
const IPV6_HEADS = ["2400", "2001", "2a00", "2002", "0064", "0000", "fd00"];

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[randomBelow(random, items.length)]!;
}

export function randomIPv4(random: Random): Uint8Array {
  const few = (): number => pick(random, [0, 1, 127, 128, 168, 255]);
  return Uint8Array.from([pick(random, IPV4_HEADS), few(), few(), few()]);
}

/** A third of them hold an IPv4 address, in one of the four forms. */
export function randomIPv6(random: Random): Uint8Array {
  const address = new Uint8Array(16);
  const ipv4 = randomIPv4(random);
  switch (randomBelow(random, 12)) {
    case 0:
      address.set([0x20, 0x02, ...ipv4]);
      break;
    case 1:
      address.set([0xff, 0xff, ...ipv4], 10);
      break;
    case 2:
      address.set([0, 0x64, 0xff, 0x9b]);
      address.set(ipv4, 12);
      return address;
    case 3:
      address.set([0x20, 0x01]);
      address.set(
        ipv4.map((octet) => octet ^ 255),
        12,
      );
      return address;
    default: {
      const head = Number.parseInt(pick(random, IPV6_HEADS), 16);
      address.set([head >> 8, head & 255]);
    }
  }
  for (const octet of [6, 7, 15]) if (address[octet] === 0) address[octet] = pick(random, [0, 1, 128, 255]);
  return address;
}

/** The network of this length around an address. */
export function maskTo(address: Uint8Array, length: number): Uint8Array {
  return address.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))));
}

function randomNetwork(random: Random): { address: Uint8Array; length: number } {
  const address = randomBelow(random, 2) === 0 ? randomIPv4(random) : randomIPv6(random);
  const length = randomBelow(random, 8 * address.length + 1);
  return { address: maskTo(address, length), length };
}

export function randomServed(random: Random): ServedPlace {
  switch (randomBelow(random, 8)) {
    case 0:
      return { kind: "as", number: pick(random, AS_NUMBERS) };
    case 1:
      return { kind: "subdivision", code: pick(random, SUBDIVISIONS) };
    case 2:
      return { kind: "country", code: pick(random, COUNTRIES) };
    case 3:
      return { kind: "continent", code: pick(random, CONTINENTS) };
    case 4:
      return { kind: "all" };
    default:
      return { kind: "network", ...randomNetwork(random) };
  }
}

function randomTable(random: Random, values: readonly number[]): PlaceTable {
  const ipv4 = new RangeList();
  const ipv6 = new RangeList();
  const starts = new Set([0]);
  for (let i = 0; i < 12; i++) {
    const [a, b, c, d] = randomIPv4(random);
    starts.add(((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0);
  }
  for (const start of [...starts].sort((x, y) => x - y)) ipv4.push(start, 0, pick(random, values));
  const heads = IPV6_HEADS.map((head) => Number.parseInt(head, 16) * 65_536);
  const high = new Set([0, ...heads, ...heads.map((head) => head + 1)]);
  for (const start of [...high].sort((x, y) => x - y)) {
    ipv6.push(start, 0, pick(random, values));
    ipv6.push(start, randomBelow(random, 0xffff_ffff) + 1, pick(random, values));
  }
  return { ipv4: ipv4.finish(4), ipv6: ipv6.finish(6) };
}

export function randomPlaceData(random: Random): PlaceData {
  const points = [new Array<number>(POINT_LENGTH).fill(Number.NaN)];
  for (let i = 0; i < 5; i++) {
    const place = randomPlace(random);
    points.push([place.latitude, place.longitude, ...unitVector(place)]);
  }
  return {
    sources: [],
    country: randomTable(random, [0, ...COUNTRIES, ...CONTINENTS.map(somewhereIn)]),
    subdivision: randomTable(random, [0, ...SUBDIVISIONS]),
    asNumber: randomTable(random, [0, ...AS_NUMBERS]),
    coordinates: randomTable(random, [0, 1, 2, 3, 4, 5]),
    points: Float64Array.from(points.flat()),
    countryPoints: COUNTRY_POINTS,
  };
}

const COUNTRY_POINTS = countryPoints();

/** `client` is at this address from now on, all of it known. */
export function setClient(client: ClientPlace, data: PlaceData, address: Uint8Array): ClientPlace {
  const family = address.length === 4 ? 4 : 6;
  client.network.set(family, address, 0, 8 * address.length, "resolver");
  client.begin(data);
  return client;
}
