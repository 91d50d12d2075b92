/**
 * Follows the documents of a store: loads them, compiles a snapshot off the query path, hands it over; and makes edits of
 * them. The only bridge between the half that learns and the half that answers.
 *
 *   store ── something may be new ─┐
 *   SIGHUP ────────────────────────┴─► list ─► load ─► judge ─┬─ bad ──► log each fault; the last good generation answers
 *                                                             └─ good ─► compile ─► publish
 *   edit ─► what stands ─► draft ─► load ─► judge ─┬─ bad ──► tell who asked
 *                                                  └─ good ─► commit ─► compile ─► publish
 *
 * A load reads the sources that changed, and the reader knows the others (documents/document-reader.ts), so one
 * edit takes milliseconds among a million records. One at a time, in the order in which they were asked for; when many come at
 * once, several are published together, and each is answered when it is. Generations only go up.
 *
 * @module
 */
import type { Logger } from "pino";
import type { Configuration } from "../documents/configuration.ts";
import { DocumentReader, type ReadFiles } from "../documents/document-reader.ts";
import { type FolderListing, isSameListing } from "../documents/folder.ts";
import type { LoadedDocuments } from "../documents/parse-documents.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Fault, hasErrors } from "../lib/fault.ts";
import { compileSnapshot, newsBetween, type Snapshot, type SnapshotNews } from "../snapshot/snapshot.ts";
import { type Change, type PartChange, partsBetween } from "../store/change.ts";
import type { Store } from "../store/store.ts";
import { changeBetween, changeFields, isEmpty } from "./configuration-change.ts";
import type { Documents, EditOutcome, Editor, EditRequest } from "./editor.ts";

/** Faults of one load that are logged; `windrose check` shows all. */
const FAULTS_LOGGED_MAX = 20;
/** How often an edit is made anew because another one was faster. */
const EDIT_TRIES = 10;
/**
 * While other edits wait, an edit that is accepted is published together with them, for so long: each publishing costs all
 * threads some 0.5 ms, however many generations it brings.
 */
const PUBLISH_WAIT_MS = 10;
/** How often the first load is made anew because the documents changed under it. */
const FIRST_LOAD_TRIES = 5;

/** Changes that nobody's token stands behind. */
const BY_HAND = { author: "files", reason: "edited by hand" };
const AT_START = { author: "files", reason: "found at start" };

/** DocumentReader.load(), as far as a follower goes. */
type Load = (
  listing: FolderListing,
  previous?: Configuration,
  readFiles?: ReadFiles,
) => Promise<LoadedDocuments>;

type Judge = (loaded: LoadedDocuments) => readonly Fault[] | Promise<readonly Fault[]>;

export interface FollowerOptions {
  readonly store: Store;
  readonly log: Logger;
  /** What is wrong with a configuration that is good in itself: its expectations, run. Nothing, when left out. */
  readonly judge?: Judge;
  /** A DocumentReader's, unless a test has its own. */
  readonly load?: Load;
}

/** Who answers from the snapshots. */
export interface Publisher {
  readonly snapshot: Snapshot;
  publish(news: SnapshotNews): void;
}

/** An edit that is through. It may be answered when `done` resolves. */
interface Made {
  readonly outcome: EditOutcome;
  readonly done: Promise<unknown>;
}

/** Generations that are accepted and not published yet. */
interface Batch {
  readonly sinceMs: number;
  readonly published: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Follower implements Editor {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #reader: DocumentReader;
  readonly #load: Load;
  readonly #judge: Judge;
  /** The newest, and what it is made of. */
  #generation = 0;
  #configuration: Configuration | undefined;
  /** What is published. */
  #answering: Configuration | undefined;
  #batch: Batch | undefined;
  /** Edits that were asked for and have not begun. */
  #waiting = 0;
  #plane: Publisher | undefined;
  /** By which the documents in use were read. */
  #listing: FolderListing = { files: new Map(), folders: [], faults: [] };
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ store, log, judge = () => [], load }: FollowerOptions) {
    this.#store = store;
    this.#log = log;
    this.#judge = judge;
    this.#reader = new DocumentReader(store.readFiles);
    this.#load = load ?? ((...args) => this.#reader.load(...args));
  }

  /**
   * The generation to begin with. Rejects with WindroseError "documents-invalid" with every fault in its field
   * `faults`: there is no last good state to answer from.
   */
  async loadFirst(): Promise<Snapshot> {
    let { listing, generation: known } = await this.#store.list();
    let { configuration, faults } = await this.#load(listing);
    // A large store takes seconds to read and may change meanwhile. What was read is known, so the rest is quick.
    for (let tries = 1; configuration === undefined && tries < FIRST_LOAD_TRIES; tries++) {
      const before = listing;
      ({ listing, generation: known } = await this.#store.list());
      if (isSameListing(listing, before)) break;
      ({ configuration, faults } = await this.#load(listing));
    }
    if (configuration === undefined) {
      const { name } = this.#store;
      throw invalid(`Cannot serve the documents in "${name}": they have errors`, faults, { dir: name });
    }
    const generation = known ?? (await this.#store.recognise(AT_START, listing)).generation;
    this.#listing = listing;
    this.#generation = generation;
    this.#configuration = this.#answering = configuration;
    this.#logFaults(faults);
    return compileSnapshot(configuration, undefined, generation);
  }

  /** From now on `plane`, which answers from the first generation, gets each that follows. */
  follow(plane: Publisher): void {
    this.#plane = plane;
    const store = this.#store;
    store.keep?.(this.#listing);
    store.watch(this.#listing, (seen) => this.#reloadLater(`${store.kind} changed`, seen));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    await this.#store.close();
    await this.#queue;
  }

  /** Looks at the store again. Never throws; resolves when that is done, well or not. */
  reload(reason: string): Promise<void> {
    return this.#reloadLater(reason, undefined);
  }

  /** That of the generation that answers; from loadFirst() on. */
  get configuration(): Configuration {
    return this.#answering!;
  }

  get documents(): Documents {
    return {
      generation: this.#generation,
      configuration: this.#configuration!,
      ids: (kind) => this.#store.ids(kind),
      body: (key) => this.#store.body(key),
    };
  }

  edit(request: EditRequest): Promise<EditOutcome> {
    this.#waiting++;
    const made = this.#queue.then(async () => {
      this.#waiting--;
      try {
        return await this.#edit(request);
      } finally {
        this.#publishSoon();
      }
    });
    this.#queue = made.catch(() => {}); // who asked is told
    return made.then(async ({ outcome, done }) => {
      await done;
      return outcome;
    });
  }

  changes(limit: number, before?: number): Promise<readonly Change[]> {
    return this.#store.changes(limit, before);
  }

  change(generation: number, whole?: boolean): Promise<Change | undefined> {
    return this.#store.change(generation, whole);
  }

  #reloadLater(reason: string, seen: (() => FolderListing) | undefined): Promise<void> {
    const done = this.#queue.then(() =>
      this.#reload(reason, seen).catch((error: unknown) => {
        if (error instanceof WindroseError) {
          this.#log.warn(
            { reason, why: error.message },
            "the store cannot be read; the last good generation answers",
          );
        } else {
          this.#log.error(
            { err: error, reason },
            "loading failed by a fault of ours; the last good generation answers",
          );
        }
      }),
    );
    this.#queue = done;
    return done;
  }

  async #reload(reason: string, look: (() => FolderListing) | undefined): Promise<void> {
    this.#publishNow();
    const [before, plane, generation] = [this.#configuration, this.#plane, this.#generation];
    if (before === undefined || plane === undefined) return; // the documents are being read as it is
    const seen = look?.();
    // What an edit of ours did to the files is known.
    if (seen !== undefined && isSameListing(seen, this.#listing)) return;
    const { listing, generation: stored } =
      seen === undefined ? await this.#store.list() : { listing: seen, generation: undefined };
    const startedMs = performance.now();
    const loaded = await this.#load(listing, before);
    const { configuration } = loaded;
    const faults =
      configuration === undefined ? loaded.faults : [...loaded.faults, ...(await this.#judge(loaded))];
    this.#logFaults(faults);
    if (configuration === undefined || hasErrors(faults)) {
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
    this.#listing = listing;
    const change = changeBetween(before, configuration);
    const isNew = stored !== undefined && stored !== generation;
    if (isEmpty(change) && !isNew) {
      this.#configuration = configuration;
      this.#log.info({ reason, generation }, "nothing changed");
      return;
    }
    const next = stored ?? (await this.#store.recognise(BY_HAND, listing)).generation;
    const published = this.#accept(configuration, next);
    this.#publishNow();
    await published;
    const durationMs = Math.round(performance.now() - startedMs);
    const { zonesRemoved, ...fields } = changeFields(change);
    this.#log.info({ reason, generation: next, ...fields, durationMs }, "new generation");
    if (zonesRemoved !== undefined) {
      // Queries for them are refused from now on, which nobody should have to find out from their clients.
      this.#log.warn({ generation: next, zonesRemoved }, "zones are gone, and refused");
    }
  }

  async #edit(request: EditRequest): Promise<Made> {
    const { author, reason, dryRun } = request;
    for (let tries = 0; tries < EDIT_TRIES; tries++) {
      const [before, generation] = [this.#configuration, this.#generation];
      if (before === undefined || this.#plane === undefined)
        throw new Error("an edit before the first generation");
      const told = (outcome: EditOutcome) => ({ outcome, done: this.#batch?.published ?? DONE });
      const edits = await request.edits(this.documents);
      const parts: PartChange[] = [];
      for (const { key, body } of edits) parts.push(...partsBetween(key, await this.#store.body(key), body));
      if (parts.length === 0) return told({ generation, at: null, parts, warnings: [] });
      const touched = new Set(parts.map(({ key }) => key));
      const draft = await this.#store.draft(
        edits.filter(({ key }) => touched.has(key)),
        this.#listing,
      );
      const loaded = await this.#load(draft.listing, before, draft.readFiles);
      const { configuration } = loaded;
      const faults =
        configuration === undefined ? loaded.faults : [...loaded.faults, ...(await this.#judge(loaded))];
      if (configuration === undefined || hasErrors(faults)) throw invalid("The change has errors", faults);
      const warnings = faults;
      if (dryRun) return told({ generation, at: null, parts, warnings, configuration });
      const committed = await this.#store.commit(draft, { expected: generation, author, reason, parts });
      if ("newest" in committed) {
        await this.#reload("another change was faster", undefined);
        continue;
      }
      for (const [path, file] of draft.listing.files) {
        const now = committed.listing.files.get(path);
        if (now !== undefined && now !== file) this.#reader.restamp(file, now);
      }
      this.#listing = committed.listing;
      const published = this.#accept(configuration, committed.generation);
      const fields = changeFields(changeBetween(before, configuration));
      this.#log.info({ author, reason, generation: committed.generation, ...fields }, "new generation");
      const outcome = { generation: committed.generation, at: committed.at, parts, warnings };
      return { outcome, done: Promise.all([published, committed.kept]) };
    }
    throw new WindroseError(
      "edit-unsettled",
      `Another change was faster ${EDIT_TRIES} times in a row; nothing was changed, try again`,
    );
  }

  /** Resolves when it is published. */
  #accept(configuration: Configuration, generation: number): Promise<void> {
    this.#configuration = configuration;
    this.#generation = generation;
    if (this.#batch === undefined) {
      const { promise, ...settle } = Promise.withResolvers<void>();
      promise.catch(() => {}); // who waits for it is told
      this.#batch = { sinceMs: performance.now(), published: promise, ...settle };
    }
    return this.#batch.published;
  }

  #publishSoon(): void {
    if (this.#batch === undefined) return;
    if (this.#waiting === 0 || performance.now() - this.#batch.sinceMs >= PUBLISH_WAIT_MS) this.#publishNow();
  }

  #publishNow(): void {
    const [batch, plane, before] = [this.#batch, this.#plane, this.#answering];
    if (batch === undefined || plane === undefined || before === undefined) return;
    this.#batch = undefined;
    const [configuration, generation] = [this.#configuration!, this.#generation];
    this.#answering = configuration;
    try {
      plane.publish(newsBetween(plane.snapshot, configuration, { before, generation }));
      this.#store.keep?.(this.#listing);
      batch.resolve();
    } catch (error) {
      batch.reject(error);
    }
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

const DONE = Promise.resolve();

function invalid(
  message: string,
  faults: readonly Fault[],
  fields: Record<string, unknown> = {},
): WindroseError {
  return new WindroseError("documents-invalid", message, { ...fields, faults });
}
