/**
 * Follows the documents of a store for a prober that runs without a node: pools and monitors alone, as zones are nothing to it,
 * and would be most of its memory.
 *
 *   store ── something may be new ─► list ─► pools, monitors ─► load ─┬─ good ─► use()
 *                                                                    └─ bad ──► logged; those before go on
 *
 * Where the store cannot be asked, also at the start, it is waited for.
 *
 * @module
 */
import type { Logger } from "pino";
import type { Configuration } from "../documents/configuration.ts";
import { DocumentReader } from "../documents/document-reader.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatFault } from "../lib/fault.ts";
import { type DocumentKey, kindOf } from "../store/document-key.ts";
import type { Store } from "../store/store.ts";
import type { ProbedDocuments } from "./targets.ts";

const FAULTS_LOGGED_MAX = 5;

export interface DocumentFollowerOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly use: (documents: ProbedDocuments) => void;
}

export class DocumentFollower {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #use: (documents: ProbedDocuments) => void;
  readonly #reader: DocumentReader;
  #configuration: Configuration | undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor({ store, log, use }: DocumentFollowerOptions) {
    this.#store = store;
    this.#log = log;
    this.#use = use;
    this.#reader = new DocumentReader(store.readFiles);
  }

  /** Resolves when the documents are in use, or when they could not be had yet. */
  async start(): Promise<void> {
    await this.reload();
    const empty = { files: new Map(), folders: [], faults: [] };
    this.#store.watch(empty, () => this.reload());
  }

  /** Closes the store. */
  async stop(): Promise<void> {
    await this.#store.close();
    await this.#loading;
  }

  /** Looks at the store again. Never rejects. One at a time. */
  reload(): Promise<void> {
    this.#loading = this.#loading.then(() =>
      this.#load().catch((error: unknown) => {
        if (!(error instanceof WindroseError)) {
          this.#log.error({ err: error }, "documents cannot be loaded by a fault of ours");
        } else if (this.#configuration === undefined) {
          this.#log.warn({ why: error.message }, "there are no documents yet; waiting for the store");
        } else {
          this.#log.warn({ why: error.message }, "the store cannot be read; what was known is checked");
        }
      }),
    );
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { listing } = await this.#store.list();
    const files = new Map([...listing.files].filter(([path]) => kindOf(path as DocumentKey) !== "zones"));
    const { configuration, faults } = await this.#reader.load({ ...listing, files }, this.#configuration);
    if (configuration === undefined) {
      const errors = faults.filter(({ severity }) => severity === "error").map(formatFault);
      this.#log.error(
        { errors: errors.length, faults: errors.slice(0, FAULTS_LOGGED_MAX) },
        "documents have errors; what was known is checked",
      );
      return;
    }
    this.#configuration = configuration;
    this.#use(configuration);
  }
}
