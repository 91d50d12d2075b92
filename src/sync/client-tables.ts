/**
 * Follows the files that say where clients are: loads them aside, hands the tables over, and again when a file changed.
 *
 *   each second: stamps of the files ─ other, and the same twice ─► load ─┬─ good ─► publish
 *                                                                         └─ bad ──► say why; the last good data stays
 *
 * @module
 */
import type { Logger } from "pino";
import type { PlaceData, PlaceSource } from "../geo/place-data.ts";
import { WindroseError } from "../lib/errors.ts";
import { type ClientTables, newsOfClientTables } from "../snapshot/snapshot.ts";
import { stampOf } from "./file-stamp.ts";
import type { Publisher } from "./follower.ts";
import { loadPlacesAside } from "./place-thread.ts";
import { type Carry, SamplesFollower, type SamplesSettings } from "./samples-follower.ts";

const POLL_INTERVAL_MS = 1000;
const DAY_MS = 86_400_000;
/** Networks move between owners and countries. Vendors publish monthly, so two issues were missed by then. */
const OLD_DAYS = 60;

export interface ClientTablesOptions {
  /** MMDB files, as loadPlaceData() takes them. */
  readonly placeFiles: readonly string[];
  /** Round-trip times; null = there are none. */
  readonly samples?: SamplesSettings | null;
  readonly log: Logger;
  /** loadPlacesAside(), unless a test has its own. */
  readonly loadPlaces?: (files: readonly string[]) => Promise<PlaceData>;
}

export class ClientTablesFollower {
  readonly #placeFiles: readonly string[];
  readonly #log: Logger;
  readonly #loadPlaces: (files: readonly string[]) => Promise<PlaceData>;
  readonly #samples: SamplesFollower | null;
  /** Of the files as they were read last, well or not; and as they were seen last. */
  #readStamp = "";
  #seenStamp = "";
  #plane: Publisher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #remindedMs = 0;

  constructor({ placeFiles, samples = null, log, loadPlaces = loadPlacesAside }: ClientTablesOptions) {
    this.#placeFiles = placeFiles;
    this.#log = log;
    this.#loadPlaces = loadPlaces;
    this.#samples = samples === null ? null : new SamplesFollower(samples, log);
  }

  /** Rejects with WindroseError "place-data-invalid" or "samples-unreadable", which names the file. */
  async loadFirst(): Promise<ClientTables> {
    this.#readStamp = await stampOf(this.#placeFiles);
    this.#seenStamp = this.#readStamp;
    const places = await this.#loadPlaces(this.#placeFiles);
    this.#tellAges(places);
    const latency = this.#samples === null ? null : await this.#samples.loadFirst(places);
    return { places, latency };
  }

  /** From now on `plane` gets what changes. */
  follow(plane: Publisher): void {
    this.#plane = plane;
    this.#schedule();
  }

  /** What was measured meanwhile is put into tables that come from the file of times. */
  carryInto(carry: Carry): void {
    if (this.#samples !== null) this.#samples.carry = carry;
  }

  async stop(): Promise<void> {
    this.#plane = undefined;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #schedule(): void {
    if (this.#plane === undefined) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.look().finally(() => this.#schedule());
    }, POLL_INTERVAL_MS).unref();
  }

  /** Looks at the files once, as it does each second by itself. Never throws. */
  async look(): Promise<void> {
    const plane = this.#plane;
    if (plane === undefined) return;
    try {
      await this.#lookAtPlaces(plane);
      await this.#samples?.look(plane);
    } catch (error) {
      this.#log.error(
        { err: error },
        "following place data failed by a fault of ours; the last good data stays",
      );
    }
  }

  async #lookAtPlaces(plane: Publisher): Promise<void> {
    const stamp = await stampOf(this.#placeFiles);
    const isSettled = stamp === this.#seenStamp;
    this.#seenStamp = stamp;
    if (isSettled && stamp !== this.#readStamp) {
      this.#readStamp = stamp;
      await this.#reload(plane);
    } else if (Date.now() - this.#remindedMs > DAY_MS) {
      const { places } = plane.snapshot.clientTables;
      if (places !== null) this.#tellAges(places);
    }
  }

  async #reload(plane: Publisher): Promise<void> {
    const startedMs = performance.now();
    try {
      const places = await this.#loadPlaces(this.#placeFiles);
      if (this.#plane === undefined) return;
      plane.publish(newsOfClientTables(plane.snapshot, { ...plane.snapshot.clientTables, places }));
      const durationMs = Math.round(performance.now() - startedMs);
      this.#log.info({ files: this.#placeFiles, durationMs }, "new place data");
      this.#tellAges(places);
    } catch (error) {
      if (!(error instanceof WindroseError)) throw error;
      this.#log.warn({ ...error.fields, why: error.message }, "place data refused; the last good data stays");
    }
  }

  /** Whoever gave a file can get a newer one; what came with the program is as old as the program. */
  #tellAges({ sources }: PlaceData): void {
    this.#remindedMs = Date.now();
    for (const source of sources) {
      const fields = describeSource(source);
      if (fields.ageDays > OLD_DAYS && this.#placeFiles.includes(source.file)) {
        this.#log.warn(fields, `place data is older than ${OLD_DAYS} days; get a newer file`);
      } else {
        this.#log.info(fields, "place data");
      }
    }
  }
}

function describeSource({ file, databaseType, builtMs, data }: PlaceSource) {
  const ageDays = Math.floor((Date.now() - builtMs) / DAY_MS);
  return { file, databaseType, data, built: new Date(builtMs).toISOString().slice(0, 10), ageDays };
}
