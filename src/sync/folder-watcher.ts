/**
 * Tells when the files of a folder may have changed. The kernel's word (fs.watch) makes it quick,
 * a look at all files each second makes it certain: watches are lost with renamed folders, on
 * network file systems, and when the kernel's queue overflows.
 *
 * Editors and deploy tools write in several steps (a temporary file, a rename, a second file), so a
 * change is told only once the folder has been quiet for a moment.
 *
 * @module
 */
import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export interface FolderWatcherOptions {
  readonly dir: string;
  readonly onChange: () => void;
  /** How often all files are looked at. Longer by itself where a look takes long. */
  readonly lookEveryMs?: number;
  /** How long nothing must change before a change is told. */
  readonly quietMs?: number;
}

/** A look may take so much of the time at most: 10,000 files should not cost a core. */
const LOOK_SHARE_MAX = 0.05;

export class FolderWatcher {
  readonly #dir: string;
  readonly #onChange: () => void;
  readonly #lookEveryMs: number;
  readonly #quietMs: number;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #seen = "";
  /** What the last look saw, when that was not yet told. */
  #pending: string | undefined;
  #isClosed = false;
  /** A change was heard of while a look was under way. */
  #isLooking = false;
  #lookAgain = false;

  constructor({ dir, onChange, lookEveryMs = 1000, quietMs = 100 }: FolderWatcherOptions) {
    this.#dir = dir;
    this.#onChange = onChange;
    this.#lookEveryMs = lookEveryMs;
    this.#quietMs = quietMs;
  }

  /** From now on changes are told, counted from how the folder is now. */
  async start(): Promise<void> {
    this.#seen = await folderState(this.#dir);
    this.#watch();
    this.#schedule(this.#lookEveryMs);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#dir, { recursive: true }, () => this.#lookSoon());
      this.#watcher.on("error", () => this.#unwatch());
      this.#watcher.unref();
    } catch {
      // No such folder at the moment, or no watches left: looking every second does without.
      this.#watcher = undefined;
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #lookSoon(): void {
    if (this.#isLooking) this.#lookAgain = true;
    else this.#schedule(this.#quietMs);
  }

  #schedule(afterMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), afterMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#lookAgain = false;
    const startMs = performance.now();
    const state = await folderState(this.#dir);
    const tookMs = performance.now() - startMs;
    this.#isLooking = false;
    if (this.#isClosed) return;
    if (this.#watcher === undefined) this.#watch();
    if (state === this.#seen) this.#pending = undefined;
    else if (state === this.#pending) {
      // The same at two looks: whoever writes has come to an end.
      this.#seen = state;
      this.#pending = undefined;
      this.#onChange();
    } else this.#pending = state;
    const isRestless = this.#pending !== undefined || this.#lookAgain;
    this.#schedule(Math.max(isRestless ? this.#quietMs : this.#lookEveryMs, tookMs / LOOK_SHARE_MAX));
  }
}

/** A text that differs when a file came, went, was written or replaced. Never fails: what cannot be read is a state, too. */
async function folderState(dir: string): Promise<string> {
  const parts: string[] = [];
  async function visit(folder: string): Promise<void> {
    let names: string[];
    try {
      names = await readdir(folder);
    } catch {
      parts.push(`${folder} is not to be read`);
      return;
    }
    for (const name of names.sort()) {
      if (name.startsWith(".")) continue;
      const path = join(folder, name);
      try {
        const stats = await stat(path);
        if (stats.isDirectory()) await visit(path);
        else parts.push(`${path} ${stats.ino} ${stats.size} ${stats.mtimeMs}`);
      } catch {
        parts.push(`${path} is gone`);
      }
    }
  }
  await visit(dir);
  return parts.join("\n");
}
