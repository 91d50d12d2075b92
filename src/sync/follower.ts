/**
 * Follows the documents: loads them, compiles a snapshot off the query path, hands it over. The
 * only bridge between the half that learns and the half that answers.
 *
 *   folder ─► FolderWatcher ─ listing ─┐
 *   SIGHUP ─► listing ─────────────────┴─► load ─► any error? ─ yes ─► log each fault, keep the last good snapshot
 *                                                            └─ no ──► compile ─► publish
 *
 * A load reads the files that changed, and the reader knows the others (documents/document-reader.ts), so one
 * edit takes milliseconds among a million records. One load at a time; what is asked for meanwhile follows. Generations only go up.
 *
 * @module
 */
import type { Logger } from "pino";
import type { Configuration } from "../documents/configuration.ts";
import { DocumentReader } from "../documents/document-reader.ts";
import { type FolderListing, listFolder } from "../documents/folder.ts";
import type { LoadedDocuments } from "../documents/parse-documents.ts";
import { WindroseError } from "../lib/errors.ts";
import type { Fault } from "../lib/fault.ts";
import { compileSnapshot, newsBetween, type Snapshot, type SnapshotNews } from "../snapshot/snapshot.ts";
import { changeBetween, changeFields, isEmpty } from "./configuration-change.ts";
import { FolderWatcher } from "./folder-watcher.ts";
import { readFilesAside } from "./reading-thread.ts";

/** Faults of one load that are logged; `windrose check` shows all. */
const FAULTS_LOGGED_MAX = 20;

/** DocumentReader.load(), as far as a follower goes. */
type Load = (listing: FolderListing, previous?: Configuration) => Promise<LoadedDocuments>;

export interface FollowerOptions {
  /** The folder with the documents. */
  readonly dir: string;
  readonly log: Logger;
  /** A DocumentReader's, unless a test has its own. */
  readonly load?: Load;
}

/** Who answers from the snapshots. */
export interface Publisher {
  readonly snapshot: Snapshot;
  publish(news: SnapshotNews): void;
}

export class Follower {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #load: Load;
  readonly #watcher: FolderWatcher;
  #configuration: Configuration | undefined;
  #plane: Publisher | undefined;
  #listing: FolderListing = { files: new Map(), folders: [], faults: [] };
  #loading: Promise<void> = Promise.resolve();

  constructor(options: FollowerOptions) {
    this.#dir = options.dir;
    this.#log = options.log;
    const reader = new DocumentReader(readFilesAside());
    this.#load = options.load ?? ((listing, previous) => reader.load(listing, previous));
    this.#watcher = new FolderWatcher({
      dir: options.dir,
      onChange: (listing) => this.#enqueue("files changed", listing),
    });
  }

  /**
   * The first generation. Throws WindroseError "documents-invalid" with every fault in its field
   * `faults`: there is no last good state to answer from.
   */
  async loadFirst(): Promise<Snapshot> {
    this.#listing = await listFolder(this.#dir);
    const { configuration, faults } = await this.#load(this.#listing);
    if (configuration === undefined) {
      throw new WindroseError(
        "documents-invalid",
        `Cannot serve the documents in "${this.#dir}": they have errors`,
        {
          dir: this.#dir,
          faults,
        },
      );
    }
    this.#configuration = configuration;
    this.#logFaults(faults);
    this.#warnOfMonitors(configuration);
    return compileSnapshot(configuration);
  }

  /** From now on `plane`, which answers from the first generation, gets each that follows. */
  follow(plane: Publisher): void {
    this.#plane = plane;
    this.#watcher.start(this.#listing);
  }

  async stop(): Promise<void> {
    await this.#watcher.stop();
    await this.#loading;
  }

  /** Looks at the folder again. Never throws; resolves when that is done, well or not. */
  reload(reason: string): Promise<void> {
    return this.#enqueue(reason, undefined);
  }

  #enqueue(reason: string, listing: FolderListing | undefined): Promise<void> {
    this.#loading = this.#loading.then(() =>
      this.#reload(reason, listing).catch((error: unknown) => {
        this.#log.error(
          { err: error, reason },
          "loading failed by a fault of ours; the last good generation answers",
        );
      }),
    );
    return this.#loading;
  }

  async #reload(reason: string, seen: FolderListing | undefined): Promise<void> {
    const [before, plane] = [this.#configuration, this.#plane];
    if (before === undefined || plane === undefined) return; // the documents are being read as it is
    const listing = seen ?? (await listFolder(this.#dir));
    const startedMs = performance.now();
    const { generation } = plane.snapshot;
    const { configuration, faults } = await this.#load(listing, before);
    this.#logFaults(faults);
    if (configuration === undefined) {
      const errors = faults.filter((fault) => fault.severity === "error").length;
      this.#log.error({ reason, errors, generation }, "documents refused; the last good generation answers");
      return;
    }
    if (configuration.zones.size === 0 && before.zones.size > 0) {
      // A folder in the middle of a copy looks like this. A server that is to answer nothing is stopped.
      this.#log.error(
        { reason, generation },
        "documents refused: no zone is left; the last good generation answers",
      );
      return;
    }
    const change = changeBetween(before, configuration);
    if (isEmpty(change)) {
      this.#log.info({ reason, generation }, "nothing changed");
      return;
    }
    const news = newsBetween(plane.snapshot, configuration, before);
    this.#configuration = configuration;
    plane.publish(news);
    const durationMs = Math.round(performance.now() - startedMs);
    const { zonesRemoved, ...fields } = changeFields(change);
    this.#log.info({ reason, generation: news.generation, ...fields, durationMs }, "new generation");
    if (zonesRemoved !== undefined) {
      // Queries for them are refused from now on, which nobody should have to find out from their clients.
      this.#log.warn({ generation: news.generation, zonesRemoved }, "zones are gone, and refused");
    }
    this.#warnOfMonitors(configuration);
  }

  /** Monitors may be written down already; until something runs them, nobody should rely on them. */
  #warnOfMonitors(configuration: Configuration): void {
    if (configuration.monitors.size === 0) return;
    this.#log.warn(
      { monitors: configuration.monitors.size },
      "this version does not run monitors: every enabled member counts as up",
    );
  }

  #logFaults(faults: readonly Fault[]): void {
    for (const fault of faults.slice(0, FAULTS_LOGGED_MAX)) {
      const { severity, file, line, column, message } = fault;
      const fields = { at: `${file}:${line}:${column}`, fault: message };
      if (severity === "error") this.#log.error(fields, "fault in a document");
      else this.#log.warn(fields, "warning about a document");
    }
    const more = faults.length - FAULTS_LOGGED_MAX;
    if (more > 0) this.#log.warn({ more }, "more faults; windrose check shows all");
  }
}
