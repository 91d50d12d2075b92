/**
 * Notices that a folder of documents changed.
 *
 *   fs.watch ─┐
 *   poll ─────┴─► fingerprint ─ differs ─► again, until two in a row are equal ─► onChange
 *
 * fs.watch is quick but tells little: editors write temporary files and rename them, Kubernetes
 * swaps a link, network file systems say nothing, and a folder that was removed is no longer
 * watched when it comes back. So an event only causes a look, and a poll looks anyway. What
 * counts is the fingerprint: names, sizes, times and inodes of all documents.
 *
 * @module
 */
import { type FSWatcher, watch } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

/** A change that fs.watch misses is seen after this. */
const POLL_INTERVAL_MS = 1000;
/** At most this share of the time goes into polling: ten thousand files are polled less often. */
const POLL_SHARE_MAX = 1 / 50;
/** A file that is still being written changes within this; so does what an editor does in several steps. */
const SETTLE_MS = 50;

export interface FolderWatcherOptions {
  readonly dir: string;
  /** Awaited, so that changes are handed on one after the other. It must not throw. */
  readonly onChange: () => Promise<void>;
}

export class FolderWatcher {
  readonly #options: FolderWatcherOptions;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #known = "";
  #isStopped = false;
  /** An event came while a look was under way. */
  #isStale = false;

  constructor(options: FolderWatcherOptions) {
    this.#options = options;
  }

  /** `known` is the fingerprint() that was taken before the documents in use were read. */
  start(known: string): void {
    this.#known = known;
    this.#watch();
    this.#schedule(SETTLE_MS);
  }

  #watch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      this.#watcher = watch(this.#options.dir, { persistent: false }, () => this.#onEvent());
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // No such folder, or no more watches to be had: the poll goes on, and each change tries again.
    }
  }

  #onEvent(): void {
    if (this.#looking !== undefined) this.#isStale = true;
    else this.#schedule(SETTLE_MS);
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, delayMs).unref();
  }

  async #look(): Promise<void> {
    this.#isStale = false;
    const startedMs = performance.now();
    const seen = await fingerprint(this.#options.dir);
    const tookMs = performance.now() - startedMs;
    if (seen !== this.#known && !this.#isStopped) {
      await this.#settle(seen);
      if (!this.#isStopped) this.#watch(); // the folder may be another one now
    }
    this.#schedule(this.#isStale ? SETTLE_MS : Math.max(POLL_INTERVAL_MS, tookMs / POLL_SHARE_MAX));
  }

  async #settle(first: string): Promise<void> {
    let seen = first;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const next = await fingerprint(this.#options.dir);
      if (this.#isStopped) return;
      if (next === seen) break;
      seen = next;
    }
    // What changes from here on is the next change, even when this one reads it already.
    const isNews = seen !== this.#known;
    this.#known = seen;
    if (isNews) await this.#options.onChange();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#looking;
  }
}

/**
 * Of all *.yaml and *.yml files in the folder and those below it, as loadDocuments() finds them.
 * Never throws: a folder that cannot be read has a fingerprint that says so.
 */
export async function fingerprint(dir: string): Promise<string> {
  const parts: string[] = [];
  const seen = new Set<string>();
  async function visit(folder: string): Promise<void> {
    const real = await realpath(folder);
    if (seen.has(real)) return; // a link to a folder above
    seen.add(real);
    for (const name of (await readdir(folder)).sort()) {
      if (!name.startsWith(".")) await visitEntry(join(folder, name));
    }
  }
  async function visitEntry(path: string): Promise<void> {
    try {
      const stats = await stat(path, { bigint: true });
      if (stats.isDirectory()) await visit(path);
      else if (/\.ya?ml$/.test(path))
        parts.push(`${path} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`);
    } catch (error) {
      parts.push(`${path} ${(error as NodeJS.ErrnoException).code}`);
    }
  }
  await visitEntry(dir);
  return parts.join("\n");
}
