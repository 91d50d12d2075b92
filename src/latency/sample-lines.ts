/**
 * Lines of samples: CSV and JSON, one sample a line, mixed as it comes. docs/reference/round-trip-times.md is the form.
 *
 *   network,region,rtt_ms,at,count                     a header sets the order of the columns; without one it is this
 *   198.51.100.0/24,eu-west,23.4,2026-01-01T00:00:00Z
 *   {"network":"198.51.100.0/24","region":"eu-west","rttMs":23.4}
 *
 * @module
 */
import { parseAddress, parsePrefix } from "../lib/address.ts";
import { COUNT_MAX } from "./pair.ts";

/** A line that says something; reused from line to line. */
export interface SampleLine {
  /** 4 or 16 octets. */
  address: Uint8Array;
  length: number;
  region: string;
  rttMs: number;
  /** Seconds since 1970; null = not said. */
  atS: number | null;
  count: number;
}

const RTT_MS_MAX = 60_000;
/** As ids of documents are. */
const REGION = /^[A-Za-z0-9_](?:[A-Za-z0-9_.:-]{0,62}[A-Za-z0-9_])?$/;
/** ISO 8601: a date, with a time or without, and that with a zone or without. */
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i;
const DAY_LENGTH = "2026-01-31".length;
const COLUMNS = ["network", "region", "rtt_ms", "at", "count"] as const;
type Column = (typeof COLUMNS)[number];
/** Other spellings of columns and keys. */
const SPELLINGS: Readonly<Record<string, Column>> = {
  network: "network",
  prefix: "network",
  region: "region",
  rtt_ms: "rtt_ms",
  rttms: "rtt_ms",
  rtt: "rtt_ms",
  at: "at",
  time: "at",
  count: "count",
  samples: "count",
};

/** What was wrong with a line, as a sentence without a full stop that says what would be right. */
class BadLine extends Error {}

/** Reads lines of one file, in order. */
export class SampleLines {
  readonly line: SampleLine = {
    address: new Uint8Array(4),
    length: 0,
    region: "",
    rttMs: 0,
    atS: null,
    count: 1,
  };
  #columns: readonly (Column | null)[] = COLUMNS;
  #isFirst = true;
  /** Samples of one network stand together as a rule. */
  #networkText = "";
  #regions = new Set<string>();

  /** Null: the line says nothing (blank, a comment, the header). True: it is in `line`. Else what is wrong with it. */
  read(text: string): true | null | string {
    const line = text.trim();
    if (line === "" || line.startsWith("#")) return null;
    try {
      if (line.startsWith("{")) this.#readJson(line);
      else if (!this.#readCsv(line)) return null;
      return true;
    } catch (error) {
      if (error instanceof BadLine) return error.message;
      throw error;
    } finally {
      this.#isFirst = false;
    }
  }

  /** The same of a line of JSON that is read already. */
  readRecord(record: Readonly<Record<string, unknown>>): true | string {
    try {
      this.#takeRecord(record);
      return true;
    } catch (error) {
      if (error instanceof BadLine) return error.message;
      throw error;
    }
  }

  /** False for a header. */
  #readCsv(text: string): boolean {
    const cells = text.includes('"') ? splitQuoted(text) : text.split(",");
    if (this.#isFirst && this.#readHeader(cells)) return false;
    const columns = this.#columns;
    if (cells.length > columns.length)
      throw new BadLine(
        `${cells.length} columns, of which ${columns.length} are known: ${columns.join(",")}`,
      );
    const values: Partial<Record<Column, string>> = {};
    for (let i = 0; i < cells.length; i++) {
      const column = columns[i];
      if (column !== null && column !== undefined) values[column] = cells[i]!.trim();
    }
    this.#take(values.network, values.region, values.rtt_ms, values.at, values.count);
    return true;
  }

  #readHeader(cells: readonly string[]): boolean {
    const columns = cells.map((cell) => SPELLINGS[cell.trim().toLowerCase()] ?? null);
    if (!columns.includes("network")) return false;
    for (const column of ["region", "rtt_ms"] as const) {
      if (!columns.includes(column)) throw new BadLine(`the header has no column ${column}`);
    }
    this.#columns = columns;
    return true;
  }

  #readJson(text: string): void {
    let record: Record<string, unknown>;
    try {
      record = JSON.parse(text) as Record<string, unknown>;
    } catch {
      throw new BadLine("this is no JSON object in one line");
    }
    this.#takeRecord(record);
  }

  #takeRecord(record: Readonly<Record<string, unknown>>): void {
    const values: Partial<Record<Column, unknown>> = {};
    for (const [key, value] of Object.entries(record)) {
      const column = SPELLINGS[key.toLowerCase()];
      if (column !== undefined) values[column] = value;
    }
    this.#take(values.network, values.region, values.rtt_ms, values.at, values.count);
  }

  #take(network: unknown, region: unknown, rtt: unknown, at: unknown, count: unknown): void {
    const { line } = this;
    if (network !== this.#networkText) this.#takeNetwork(network);
    if (typeof region !== "string" || !(this.#regions.has(region) || REGION.test(region)))
      throw new BadLine(`${shown(region)} is no region; write letters, digits, _, -, . and :, at most 64`);
    this.#regions.add(region);
    line.region = region;
    line.rttMs = numberOf(rtt);
    if (!(line.rttMs >= 0 && line.rttMs <= RTT_MS_MAX))
      throw new BadLine(`${shown(rtt)} is no round-trip time; write milliseconds, 0 to ${RTT_MS_MAX}`);
    line.atS = at === undefined || at === "" || at === null ? null : secondsOf(at);
    line.count = count === undefined || count === "" || count === null ? 1 : numberOf(count);
    if (!Number.isInteger(line.count) || line.count < 1)
      throw new BadLine(`${shown(count)} is no count of samples; write a whole number from 1`);
    line.count = Math.min(line.count, COUNT_MAX);
  }

  #takeNetwork(network: unknown): void {
    const prefix = typeof network === "string" ? networkOf(network) : undefined;
    if (prefix === undefined)
      throw new BadLine(
        `${shown(network)} is no network; write one as in 198.51.100.0/24, without bits beyond its length, or an address`,
      );
    this.line.address = prefix.address;
    this.line.length = prefix.length;
    this.#networkText = network as string;
  }
}

function networkOf(text: string): { address: Uint8Array; length: number } | undefined {
  if (text.includes("/")) return parsePrefix(text);
  const address = parseAddress(text);
  return address === undefined ? undefined : { address, length: 8 * address.length };
}

/** NaN when it is no plain number. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^[0-9]+(?:\.[0-9]*)?(?:[eE][0-9]{1,2})?$/.test(value)
    ? Number(value)
    : Number.NaN;
}

/** From seconds since 1970, or from a date of ISO 8601. */
function secondsOf(value: unknown): number {
  const seconds = numberOf(value);
  // Of 12 digits and more they are milliseconds: as seconds that would be in 5138 or later.
  if (seconds >= 0) return seconds >= 1e11 ? seconds / 1000 : seconds;
  const date = typeof value === "string" ? DATE.exec(value) : null;
  // A time without a zone is UTC: JavaScript takes it for that of the machine, and nodes may stand in several.
  const isLocal = date !== null && date[0].length > DAY_LENGTH && date[1] === undefined;
  const ms = date === null ? Number.NaN : Date.parse(isLocal ? `${date[0]}Z` : date[0]);
  if (Number.isNaN(ms))
    throw new BadLine(
      `${shown(value)} is no time; write it as in 2026-01-31T12:00:00Z, or in seconds since 1970`,
    );
  return ms / 1000;
}

/** Cells with "quotes" around them; a quote inside is doubled (RFC 4180). */
function splitQuoted(text: string): string[] {
  const cells: string[] = [];
  const cell = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
  for (;;) {
    const match = cell.exec(text);
    if (match === null) throw new BadLine("a quote is not closed");
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === "") return cells;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? `"${value}"` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
