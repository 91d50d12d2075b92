/**
 * Notices that a folder of documents changed.
 *
 *   fs.watch ─┐                       ┌─ all moved into place ────────────────────────────┐
 *   poll ─────┴─► listing ─ differs? ─┴─ else again, until two in a row are equal ────────┴─► onChange
 *
 * fs.watch is quick but tells little: editors write temporary files and rename them, Kubernetes
 * swaps a link, network file systems say nothing, and a folder that was removed is no longer
 * watched when it comes back. So an event only causes a look, and a poll looks anyway. What
 * counts is the listing: names, sizes, times and inodes of all documents. Folders within are watched each by itself.
 *
 * A file that is written in place is half a file for a while, so what changed must be seen twice alike. A
 * file that was renamed into place is whole: it is another inode than stood there before, and its
 * last change was the rename and not a write. It is taken at once.
 *
 * @module
 */
import { type FSWatcher, watch } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type FolderListing, isSameListing, listFolder } from "../../documents/folder.ts";

/** A change that fs.watch misses is seen after this. */
const POLL_INTERVAL_MS = 1000;
/** At most this share of the time goes into polling: ten thousand files are polled less often. */
const POLL_SHARE_MAX = 1 / 50;
/** Watches are scarce: changes in folders beyond these are seen by the poll. */
const FOLDERS_WATCHED_MAX = 256;
/** From the first event to the look: who renames several files one after the other is done within this. */
const EVENT_DELAY_MS = 5;
/** A file that is still being written changes within this; so does what an editor does in several steps. */
const SETTLE_MS = 50;

export interface FolderWatcherOptions {
  readonly dir: string;
  /** A look begins; what it finds is handed on before the next one does. */
  readonly onLook?: () => void;
  /** Awaited, so that changes are handed on one after the other. It must not throw. */
  readonly onChange: (listing: FolderListing) => Promise<void>;
}

export class FolderWatcher {
  readonly #options: FolderWatcherOptions;
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The timer is an event's. */
  #isSoon = false;
  #looking: Promise<void> | undefined;
  #known: FolderListing = { files: new Map(), folders: [], faults: [] };
  #isStopped = false;
  /** An event came while a look was under way. */
  #isStale = false;

  constructor(options: FolderWatcherOptions) {
    this.#options = options;
  }

  /** `known` is the listing by which the documents in use were read. */
  start(known: FolderListing): void {
    this.#known = known;
    this.#watch();
    this.#lookSoon();
  }

  /** Anew each time, for a folder may be another one of the same name. */
  #watch(): void {
    this.#unwatch();
    for (const folder of this.#known.folders.slice(0, FOLDERS_WATCHED_MAX)) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#onEvent());
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // No such folder, or no more watches to be had: the poll goes on, and each change tries again.
      }
    }
  }

  #unwatch(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #onEvent(): void {
    if (this.#looking !== undefined) this.#isStale = true;
    else this.#lookSoon();
  }

  /** More events do not put it off, or a folder in which something always happens would never be looked at. */
  #lookSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#schedule(EVENT_DELAY_MS);
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isSoon = false;
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, delayMs).unref();
  }

  async #look(): Promise<void> {
    this.#isStale = false;
    this.#options.onLook?.();
    const startedMs = performance.now();
    const seen = await listFolder(this.#options.dir, this.#known);
    const tookMs = performance.now() - startedMs;
    if (!isSameListing(seen, this.#known) && !this.#isStopped) {
      const settled = isInPlace(this.#known, seen) ? seen : await this.#settle(seen);
      if (this.#isStopped) return;
      // What changes from here on is the next change, even when this one reads it already.
      const isNews = !isSameListing(settled, this.#known);
      this.#known = settled;
      if (isNews) await this.#options.onChange(settled);
      if (!this.#isStopped) this.#watch();
    } else if (!isDeepStrictEqual(seen.folders, this.#known.folders) && !this.#isStopped) {
      this.#known = seen;
      this.#watch();
      this.#isStale = true; // a file may have come before the watch
    }
    if (this.#isStale) this.#lookSoon();
    else this.#schedule(Math.max(POLL_INTERVAL_MS, tookMs / POLL_SHARE_MAX));
  }

  async #settle(first: FolderListing): Promise<FolderListing> {
    let seen = first;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const next = await listFolder(this.#options.dir, seen);
      if (this.#isStopped || isSameListing(next, seen)) return next;
      seen = next;
    }
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#unwatch();
    await this.#looking;
  }
}

/** All that changed are files that were moved to where they are. What went may be about to come back. */
function isInPlace(before: FolderListing, after: FolderListing): boolean {
  if (after.faults.length > 0 || before.faults.length > 0) return false;
  for (const path of before.files.keys()) if (!after.files.has(path)) return false;
  for (const [path, file] of after.files) {
    const known = before.files.get(path);
    if (known?.stamp === file.stamp) continue;
    if (!file.isMovedHere || known?.inode === file.inode) return false;
  }
  return true;
}
