/**
 * A file of samples into a new latency table. What is wrong with lines is counted and shown, and the good ones count.
 * Reads the file in pieces, so that it may be larger than memory.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { ClientPlace } from "../geo/client-place.ts";
import type { PlaceData } from "../geo/place-data.ts";
import { WindroseError } from "../lib/errors.ts";
import { emptyLatencyTable, ingestGrowing, packed } from "./grow.ts";
import { advance, LENGTH_MIN, type Sample } from "./ingest.ts";
import { HEADER, type LatencyTable } from "./latency-table.ts";
import { REGIONS_MAX } from "./region-order.ts";
import { SampleLines } from "./sample-lines.ts";

export interface SamplesOptions {
  /** For the AS and the country of each network; null = neither is known. */
  readonly places: PlaceData | null;
  readonly expiryS: number;
  /** Seconds since 1970. */
  readonly nowS: number;
}

export interface LoadedSamples {
  readonly table: LatencyTable;
  /** Samples that count. */
  readonly taken: number;
  /** Samples that are older than the expiry. */
  readonly expired: number;
  readonly bad: number;
  /** The first bad lines. */
  readonly firstBad: readonly BadSampleLine[];
  /** /24s and /48s. */
  readonly networks: number;
}

export interface BadSampleLine {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

const BAD_SHOWN = 5;
/** Far longer than any sample is. */
const LINE_LENGTH_MAX = 4096;
const PIECE_OCTETS = 256 * 1024;

/** Throws WindroseError "samples-unreadable", which names the file. */
export function loadSamples(file: string, options: SamplesOptions): LoadedSamples {
  const loader = new SamplesLoader(options);
  try {
    const descriptor = openSync(file, "r");
    try {
      const piece = Buffer.alloc(PIECE_OCTETS);
      const decoder = new StringDecoder("utf8");
      for (;;) {
        const octets = readSync(descriptor, piece);
        if (octets === 0) break;
        loader.add(decoder.write(piece.subarray(0, octets)));
      }
      loader.add(decoder.end());
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new WindroseError("samples-unreadable", `Cannot read the round-trip times in "${file}": ${code}`, {
      file,
      cause: error,
    });
  }
  return loader.finish();
}

/** The same from text, for tests and whoever has it at hand. */
export function loadSampleText(text: string, options: SamplesOptions): LoadedSamples {
  const loader = new SamplesLoader(options);
  loader.add(text);
  return loader.finish();
}

class SamplesLoader {
  readonly #options: SamplesOptions;
  readonly #lines = new SampleLines();
  readonly #client = new ClientPlace();
  #table: LatencyTable;
  #rest = "";
  #lineNumber = 0;
  #taken = 0;
  #expired = 0;
  #bad = 0;
  readonly #firstBad: BadSampleLine[] = [];

  constructor(options: SamplesOptions) {
    this.#options = options;
    this.#table = emptyLatencyTable([], options.expiryS);
    advance(this.#table, options.nowS);
  }

  /** A piece of the file. */
  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    // What is cut off here makes a line that is too long, which is all that there is to say of it.
    this.#rest = lines.pop()!.slice(0, LINE_LENGTH_MAX + 1);
    for (const line of lines) this.#addLine(line);
  }

  finish(): LoadedSamples {
    if (this.#rest !== "") this.#addLine(this.#rest);
    const table = packed(this.#table);
    return {
      table,
      taken: this.#taken,
      expired: this.#expired,
      bad: this.#bad,
      firstBad: this.#firstBad,
      networks: table.header[HEADER.networks]!,
    };
  }

  #addLine(text: string): void {
    this.#lineNumber++;
    const read = this.#lines.read(this.#lineNumber === 1 ? text.replace(/^\uFEFF/, "") : text);
    if (read === null) return;
    const isLong = text.length > LINE_LENGTH_MAX;
    const why = isLong ? `longer than ${LINE_LENGTH_MAX} characters` : read === true ? this.#ingest() : read;
    if (why === null) return;
    this.#bad++;
    if (this.#firstBad.length < BAD_SHOWN) this.#firstBad.push({ line: this.#lineNumber, why });
  }

  /** Null when it counts, or has expired; else what is wrong. */
  #ingest(): string | null {
    const { address, length, region, rttMs, atS, count } = this.#lines.line;
    const { places, nowS } = this.#options;
    const client = this.#client;
    client.network.set(address.length === 4 ? 4 : 6, address, 0, length, "ecs");
    client.begin(places);
    const { regions } = this.#table;
    if (regions.length === REGIONS_MAX && !regions.includes(region))
      return `region "${region}" is one more than the ${REGIONS_MAX} that a table has room for`;
    const sample: Sample = { client, region, rttMs, atS, count };
    const { table, ingested } = ingestGrowing(this.#table, sample, nowS);
    this.#table = table;
    if (ingested === "taken") this.#taken++;
    else if (ingested === "expired") this.#expired++;
    else
      return `the network is too wide to say anything; the widest are /${LENGTH_MIN.ipv4} of IPv4 and /${LENGTH_MIN.ipv6} of IPv6`;
    return null;
  }
}
