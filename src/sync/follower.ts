/**
 * Follows the documents: loads them, compiles a snapshot off the query path, hands it over. The only
 * bridge between the half that learns and the half that answers.
 *
 *   folder ─► FolderWatcher ─┐
 *   SIGHUP ──────────────────┴─► load ─► any error? ─ yes ─► log each fault, keep the last good snapshot
 *                                                  └─ no ──► compile ─► onSnapshot
 *
 * One load at a time; what changes meanwhile is loaded next. Generations only go up.
 *
 * @module
 */
import type { Configuration } from "../documents/configuration.ts";
import { loadDocuments } from "../documents/load-documents.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Fault, formatFault } from "../lib/fault.ts";
import { compileSnapshot, type Snapshot } from "../snapshot/snapshot.ts";
import { FolderWatcher } from "./folder-watcher.ts";

/** What following says of itself. Fields first, then a sentence, as pino has it. */
export interface FollowerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface FollowerOptions {
  /** The folder with the documents. */
  readonly dir: string;
  readonly log: FollowerLog;
  /** Takes every snapshot after the first; called between two queries. */
  readonly onSnapshot: (snapshot: Snapshot, configuration: Configuration) => void;
}

export interface Followed {
  readonly configuration: Configuration;
  readonly snapshot: Snapshot;
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #watcher: FolderWatcher;
  #current: Followed | undefined;
  #running: Promise<void> | undefined;
  #runAgain: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#watcher = new FolderWatcher({
      dir: options.dir,
      onChange: () => void this.reload("files changed"),
    });
  }

  /**
   * Loads for the first time and follows from then on. Throws WindroseError("documents-invalid")
   * whose `faults` field has every fault: there is no last good state to answer from.
   */
  async start(): Promise<Followed> {
    const { dir, log } = this.#options;
    await this.#watcher.start();
    const { configuration, faults } = await loadDocuments(dir);
    if (configuration === undefined) {
      this.#watcher.close();
      throw new WindroseError(
        "documents-invalid",
        `Cannot serve the documents in "${dir}": they have errors`,
        {
          faults,
        },
      );
    }
    logFaults(log, faults);
    this.#current = { configuration, snapshot: compileSnapshot(configuration) };
    return this.#current;
  }

  /** Loads again and hands over what changed. Never throws; resolves when it, and all asked for meanwhile, is done. */
  reload(reason: string): Promise<void> {
    this.#runAgain = reason;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  close(): void {
    this.#watcher.close();
  }

  async #run(): Promise<void> {
    while (this.#runAgain !== undefined) {
      const reason = this.#runAgain;
      this.#runAgain = undefined;
      try {
        await this.#load(reason);
      } catch (error) {
        this.#options.log.error(
          { err: error, reason },
          "loading failed by a fault of ours; the last good generation answers",
        );
      }
    }
  }

  async #load(reason: string): Promise<void> {
    const { dir, log, onSnapshot } = this.#options;
    const before = this.#current;
    const startMs = performance.now();
    const { configuration, faults } = await loadDocuments(dir, before?.configuration);
    logFaults(log, faults);
    const generation = before?.snapshot.generation;
    if (configuration === undefined) {
      const errors = faults.filter((fault) => fault.severity === "error").length;
      log.error({ reason, errors, generation }, "documents refused; the last good generation answers");
      return;
    }
    const snapshot = compileSnapshot(configuration, before?.snapshot);
    this.#current = { configuration, snapshot };
    onSnapshot(snapshot, configuration);
    log.info(
      {
        reason,
        generation: snapshot.generation,
        ...countChanges(before?.snapshot, snapshot),
        durationMs: Math.round(performance.now() - startMs),
      },
      "new generation",
    );
  }
}

function logFaults(log: FollowerLog, faults: readonly Fault[]): void {
  for (const fault of faults) {
    const { severity, ...fields } = fault;
    if (severity === "error") log.error(fields, formatFault(fault));
    else log.warn(fields, formatFault(fault));
  }
}

function countChanges(before: Snapshot | undefined, after: Snapshot): Record<string, number> {
  const images = new Set(before?.zones.map((zone) => zone.image));
  const ids = new Set(after.zones.map((zone) => zone.id));
  return {
    zones: after.zones.length,
    zonesChanged: after.zones.filter((zone) => !images.has(zone.image)).length,
    zonesRemoved: before?.zones.filter((zone) => !ids.has(zone.id)).length ?? 0,
    pools: after.pools.size,
  };
}
