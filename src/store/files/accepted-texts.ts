/**
 * The files of a folder as they were accepted last: to tell what an edit by hand changed in them, once they are other ones.
 *
 *   path ─► stamp            of every file
 *        └► text, packed     as long as there is room; a file without it is only known to have changed
 *
 * YAML packs to a third of its size or less, at some 100 MB a second. Lives as long as its store.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { ListedFile } from "../../documents/folder.ts";

/** Packed: enough for some 100 MB of zones, or a million and a half of records. */
const PACKED_OCTETS_MAX = 32 * 1024 * 1024;

interface Accepted {
  readonly stamp: string;
  /** Null where there was no room. */
  readonly packed: Uint8Array | null;
}

export class AcceptedTexts {
  readonly #files = new Map<string, Accepted>();
  readonly #octetsMax: number;
  #octets = 0;
  #isFull = false;

  constructor(octetsMax = PACKED_OCTETS_MAX) {
    this.#octetsMax = octetsMax;
  }

  /** Nothing was accepted yet, or it is not known what. */
  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  paths(): Iterable<string> {
    return this.#files.keys();
  }

  /** Undefined: there was no such file. */
  stamp(path: string): string | undefined {
    return this.#files.get(path)?.stamp;
  }

  /** Empty for a file that was not there; null where it is not known any more. */
  text(path: string): string | null {
    const known = this.#files.get(path);
    if (known === undefined) return "";
    return known.packed === null ? null : zstdDecompressSync(known.packed).toString();
  }

  /** `text` null: it is not known what stood there. */
  set(path: string, stamp: string, text: string | null): void {
    this.delete(path);
    // A copy: what zstd gives is the head of a block of 64 KiB.
    let packed = text === null ? null : new Uint8Array(zstdCompressSync(text));
    if (packed !== null && this.#octets + packed.length > this.#octetsMax) {
      packed = null;
      this.#isFull = true;
    }
    this.#octets += packed?.length ?? 0;
    this.#files.set(path, { stamp, packed });
  }

  delete(path: string): void {
    this.#octets -= this.#files.get(path)?.packed?.length ?? 0;
    this.#files.delete(path);
  }

  /**
   * Those that are not known yet, as they are now, unless somebody changed them since: by `stampOf`. Lets others have their
   * turn; `signal` ends it.
   */
  async fill(
    files: ReadonlyMap<string, ListedFile>,
    stampOf: (path: string) => string | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    for (const [path, { stamp }] of files) {
      if (signal?.aborted) return;
      if (this.#files.has(path)) continue;
      const text = this.#isFull ? null : await readFile(path, "utf8").catch(() => null);
      if (this.#files.has(path)) continue; // an edit was faster
      this.set(path, stamp, stampOf(path) === stamp ? text : null);
      await nextTurn();
    }
  }
}
