/**
 * Follows the file of round-trip times for ClientTablesFollower: loads it, and again when it has changed or the place data have;
 * keeps the table's clock. The last good table stays where a file cannot be read, or has no good line.
 *
 * @module
 */
import type { Logger } from "pino";
import type { PlaceData } from "../geo/place-data.ts";
import { advance } from "../latency/ingest.ts";
import { type LatencyTable, octetsOf } from "../latency/latency-table.ts";
import type { LoadedSamples } from "../latency/samples-file.ts";
import { WindroseError } from "../lib/errors.ts";
import { newsOfClientTables } from "../snapshot/snapshot.ts";
import { stampOf } from "./file-stamp.ts";
import type { Publisher } from "./follower.ts";
import { loadSamplesAside } from "./samples-thread.ts";

export interface SamplesSettings {
  readonly file: string;
  /** How long a measurement counts. */
  readonly expiryMs: number;
}

/** Puts into a table that was made from the file what a file does not know. The table to go on with. */
export type Carry = (table: LatencyTable, places: PlaceData | null) => LatencyTable;

export class SamplesFollower {
  readonly #settings: SamplesSettings;
  readonly #log: Logger;
  /** Of the file as it was read last, well or not; and as it was seen last. */
  #readStamp = "";
  #seenStamp = "";
  #places: PlaceData | null = null;
  carry: Carry = (table) => table;

  constructor(settings: SamplesSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Rejects with WindroseError "samples-unreadable", which names the file. */
  async loadFirst(places: PlaceData | null): Promise<LatencyTable> {
    this.#readStamp = await stampOf([this.#settings.file]);
    this.#seenStamp = this.#readStamp;
    return this.#load(places);
  }

  /** To be called every second or so: tells the table the time, and publishes a new one when there is cause. */
  async look(plane: Publisher): Promise<void> {
    const { places, latency } = plane.snapshot.clientTables;
    if (latency !== null) advance(latency, Date.now() / 1000);
    const stamp = await stampOf([this.#settings.file]);
    const isSettled = stamp === this.#seenStamp;
    this.#seenStamp = stamp;
    if (!isSettled || (stamp === this.#readStamp && places === this.#places)) return;
    this.#readStamp = stamp;
    this.#places = places;
    try {
      const table = this.carry(await this.#load(places), places);
      plane.publish(newsOfClientTables(plane.snapshot, { ...plane.snapshot.clientTables, latency: table }));
    } catch (error) {
      if (!(error instanceof WindroseError)) throw error;
      this.#log.warn(
        { ...error.fields, why: error.message },
        "round-trip times refused; the last good ones stay",
      );
    }
  }

  async #load(places: PlaceData | null): Promise<LatencyTable> {
    const { file, expiryMs } = this.#settings;
    this.#places = places;
    const startedMs = performance.now();
    const options = { places, expiryS: expiryMs / 1000, nowS: Date.now() / 1000 };
    const loaded = await loadSamplesAside(file, options);
    this.#tell(loaded, Math.round(performance.now() - startedMs));
    if (loaded.taken === 0 && loaded.bad > 0) {
      const { line, why } = loaded.firstBad[0]!;
      throw new WindroseError(
        "samples-unreadable",
        `Cannot read the round-trip times in "${file}": no line is good; the first bad one is line ${line}: ${why}`,
        { file, bad: loaded.bad },
      );
    }
    return loaded.table;
  }

  #tell({ table, taken, networks, expired, bad, firstBad }: LoadedSamples, durationMs: number): void {
    const { file } = this.#settings;
    const { regions } = table;
    for (const { line, why } of firstBad)
      this.#log.warn({ at: `${file}:${line}`, why }, "bad line of round-trip times");
    const fields = {
      file,
      samples: taken,
      networks,
      regions,
      expired,
      bad,
      octets: octetsOf(table),
      durationMs,
    };
    if (bad > 0) this.#log.warn(fields, "round-trip times, without the bad lines");
    else this.#log.info(fields, "round-trip times");
    if (taken === 0 && expired > 0) this.#log.warn({ file, expired }, "all round-trip times have expired");
  }
}
