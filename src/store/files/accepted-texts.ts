/**
 * The files of a folder as they were accepted last: to tell what an edit by hand changed in them, once they are other ones.
 *
 *   path ─► stamp            of every file
 *        └► text, packed     as long as there is room; a file without it is only known to have changed
 *
 * YAML packs to a third of its size or less, at some 100 MB a second. What came last is not packed yet, as the next edit may
 * replace it. Lives as long as its store.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { ListedFile } from "../../documents/folder.ts";

/** Packed: enough for some 100 MB of zones, or a million and a half of records. */
const PACKED_OCTETS_MAX = 32 * 1024 * 1024;

/** In characters, of those that are not packed. */
const LOOSE_LENGTH_MAX = 8 * 1024 * 1024;

interface Accepted {
  readonly stamp: string;
  /** As it is, packed, or null where there was no room. */
  text: string | Uint8Array | null;
}

export class AcceptedTexts {
  readonly #files = new Map<string, Accepted>();
  readonly #octetsMax: number;
  readonly #looseLengthMax: number;
  /** Those that are not packed, oldest first. */
  readonly #loose = new Map<string, Accepted>();
  #octets = 0;
  #looseLength = 0;
  #isFull = false;

  constructor(octetsMax = PACKED_OCTETS_MAX, looseLengthMax = LOOSE_LENGTH_MAX) {
    this.#octetsMax = octetsMax;
    this.#looseLengthMax = looseLengthMax;
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
    return known.text instanceof Uint8Array ? zstdDecompressSync(known.text).toString() : known.text;
  }

  /** `text` null: it is not known what stood there. */
  set(path: string, stamp: string, text: string | null): void {
    this.delete(path);
    const file: Accepted = { stamp, text };
    this.#files.set(path, file);
    if (text === null) return;
    this.#loose.set(path, file);
    this.#looseLength += text.length;
    for (const [oldest, each] of this.#loose) {
      if (this.#looseLength <= this.#looseLengthMax) break;
      this.#pack(oldest, each);
    }
  }

  delete(path: string): void {
    const text = this.#files.get(path)?.text;
    if (text instanceof Uint8Array) this.#octets -= text.length;
    else this.#looseLength -= text?.length ?? 0;
    this.#loose.delete(path);
    this.#files.delete(path);
  }

  #pack(path: string, file: Accepted): void {
    const text = file.text as string;
    this.#loose.delete(path);
    this.#looseLength -= text.length;
    // A copy: what zstd gives is the head of a block of 64 KiB.
    const packed = new Uint8Array(zstdCompressSync(text));
    const isRoom = this.#octets + packed.length <= this.#octetsMax;
    file.text = isRoom ? packed : null;
    if (isRoom) this.#octets += packed.length;
    else this.#isFull = true;
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
