/**
 * Places by name: airports, countries, subdivisions and the regions of cloud providers.
 *
 *   DUB             airport (IATA)                      data/places.json
 *   IE, US-CA       country, subdivision (ISO 3166)     data/places.json
 *   aws:eu-west-1   region of a provider                cloud-regions.ts
 *
 * A country or a subdivision stands where its people are nearest on average: the geometric median of its cities by
 * population. The geometric middle of Australia is a desert, and that of the United States has nobody's data centre.
 *
 * The tables are read when the first name is looked up, and kept. docs/reference/places.md says where they come from.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { nearestWord } from "../lib/nearest.ts";
import { CLOUD_REGIONS } from "./cloud-regions.ts";
import type { Coordinates } from "./coordinates.ts";
import { countryCalled } from "./country-names.ts";

interface Tables {
  readonly airports: ReadonlyMap<string, Coordinates>;
  readonly countries: ReadonlyMap<string, Coordinates>;
  readonly subdivisions: ReadonlyMap<string, Coordinates>;
  /** Those of which only the code is known. */
  readonly otherSubdivisions: ReadonlySet<string>;
}

/** Lines of `CODE LATITUDE LONGITUDE …`, or of codes alone. Made by tools/places.ts. */
type PlacesFile = Record<keyof Tables, readonly string[]>;

let tables: Tables | undefined;
const regions = new Map<string, ReadonlyMap<string, Coordinates>>();

/** What a location may be, for faults. */
const PLACE_FORMS =
  "a place is an airport (DUB), a country (IE), a subdivision (US-CA), a cloud region (aws:eu-west-1) or [latitude, longitude]";

/**
 * Where a named place is; case does not count. The fault is a sentence without a full stop: what is wrong; what
 * would be right, with the nearest names where some are near.
 */
export function findPlace(text: string): Coordinates | { readonly fault: string } {
  const colon = text.indexOf(":");
  if (colon >= 0) return findRegion(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).toLowerCase());
  const code = text.toUpperCase();
  const { airports, countries, subdivisions } = placeTables();
  if (/^[A-Z]{2}$/.test(code)) return countries.get(code) ?? unknownCountry(code, countries.keys());
  if (/^[A-Z]{3}$/.test(code)) return airports.get(code) ?? unknown("airport", code, airports.keys());
  if (/^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(code)) {
    const fault = subdivisionFault(code);
    if (fault !== undefined) return { fault };
    return subdivisions.get(code) ?? { fault: `nobody told where "${code}" is; give [latitude, longitude]` };
  }
  const provider = Object.keys(CLOUD_REGIONS).find((name) => regionsOf(name).has(text.toLowerCase()));
  const meant = provider === undefined ? countryCalled(text) : `${provider}:${text.toLowerCase()}`;
  const hint = meant === undefined ? PLACE_FORMS : `did you mean ${meant}?`;
  return { fault: `"${text}" is no place that is known; ${hint}` };
}

/** What is wrong with a subdivision's code, as findPlace() says it; undefined when ISO 3166-2 has it. */
export function subdivisionFault(text: string): string | undefined {
  const code = text.toUpperCase();
  const { subdivisions, otherSubdivisions } = placeTables();
  if (subdivisions.has(code) || otherSubdivisions.has(code)) return undefined;
  const all = [...subdivisions.keys(), ...otherSubdivisions];
  const own = all.filter((other) => other.startsWith(code.slice(0, 3)));
  // Another country is hardly ever meant.
  return unknown("subdivision", code, own.length > 0 ? own : all).fault;
}

/** Where the people of a country are, by its ISO 3166-1 code in capitals. Undefined when the code is nobody's. */
export function placeOfCountry(code: string): Coordinates | undefined {
  return placeTables().countries.get(code);
}

function findRegion(provider: string, region: string): Coordinates | { readonly fault: string } {
  if (!Object.hasOwn(CLOUD_REGIONS, provider)) {
    const providers = Object.keys(CLOUD_REGIONS);
    const nearest = nearestWord(provider, providers);
    const hint = nearest === undefined ? `known are ${providers.join(", ")}` : `did you mean ${nearest}:?`;
    return { fault: `"${provider}" is no cloud provider that is known; ${hint}` };
  }
  const known = regionsOf(provider);
  return (
    known.get(region) ?? unknown(`region of ${provider}`, `${provider}:${region}`, prefixed(provider, known))
  );
}

function* prefixed(provider: string, known: ReadonlyMap<string, Coordinates>): Iterable<string> {
  for (const region of known.keys()) yield `${provider}:${region}`;
}

function unknownCountry(code: string, known: Iterable<string>): { readonly fault: string } {
  const called = countryCalled(code);
  if (called === undefined) return unknown("country", code, known);
  return { fault: `"${code}" is no country that is known; did you mean ${called}?` };
}

function unknown(kind: string, name: string, candidates: Iterable<string>): { readonly fault: string } {
  const nearest = nearestNames(name, candidates);
  const hint =
    nearest.length === 0
      ? PLACE_FORMS
      : `did you mean ${nearest.join(", ").replace(/, (?=[^ ]+$)/, " or ")}?`;
  return { fault: `"${name}" is no ${kind} that is known; ${hint}` };
}

/** Up to three, the nearest first; of equals, those that begin alike. */
function nearestNames(name: string, candidates: Iterable<string>): string[] {
  const alike = [...candidates].map((candidate) => ({ candidate, length: commonLength(name, candidate) }));
  const left = new Set(alike.sort((a, b) => b.length - a.length).map(({ candidate }) => candidate));
  const found: string[] = [];
  while (found.length < 3) {
    const nearest = nearestWord(name, left);
    if (nearest === undefined) break;
    found.push(nearest);
    left.delete(nearest);
  }
  return found;
}

/** How far two names begin alike; all the way where one is the other with letters swapped. */
function commonLength(a: string, b: string): number {
  if ([...a].sort().join("") === [...b].sort().join("")) return a.length;
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

function placeTables(): Tables {
  if (tables === undefined) {
    const url = new URL("./data/places.json", import.meta.url);
    const file = JSON.parse(readFileSync(url, "utf8")) as PlacesFile;
    tables = {
      airports: readLines(file.airports),
      countries: readLines(file.countries),
      subdivisions: readLines(file.subdivisions),
      otherSubdivisions: new Set(file.otherSubdivisions.flatMap((line) => line.split(" "))),
    };
  }
  return tables;
}

function readLines(lines: readonly string[]): Map<string, Coordinates> {
  const places = new Map<string, Coordinates>();
  for (const line of lines) {
    const words = line.split(" ");
    for (let i = 0; i < words.length; i += 3) {
      places.set(words[i]!, { latitude: Number(words[i + 1]), longitude: Number(words[i + 2]) });
    }
  }
  return places;
}

function regionsOf(provider: string): ReadonlyMap<string, Coordinates> {
  let known = regions.get(provider);
  if (known === undefined) {
    known = readRegions(CLOUD_REGIONS[provider]!);
    regions.set(provider, known);
  }
  return known;
}

function readRegions(text: string): Map<string, Coordinates> {
  const { airports } = placeTables();
  const words = text.split(/\s+/);
  const places = new Map<string, Coordinates>();
  for (let i = 0; i < words.length; i += 2) {
    const where = words[i + 1]!;
    const [latitude, longitude] = where.split(",").map(Number);
    places.set(words[i]!, airports.get(where) ?? { latitude: latitude!, longitude: longitude! });
  }
  return places;
}
