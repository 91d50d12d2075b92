/**
 * Texts of documents that were lately read or written, so that an edit is not fetched again, and can be restored when
 * Redis loses it. Bounded by octets; who was put in first goes first.
 *
 * @module
 */
import type { StoredText } from "../stamp.ts";

/** Some thousand documents of ordinary size: far more than change in the second that a failover may lose. */
const OCTETS_MAX = 16 * 1024 * 1024;

export class TextCache {
  readonly #texts = new Map<string, string>();
  #length = 0;

  set(key: string, { text, stamp }: StoredText): void {
    const name = `${stamp} ${key}`;
    if (this.#texts.has(name)) return;
    this.#texts.set(name, text);
    this.#length += text.length;
    for (const [oldest, { length }] of this.#texts) {
      if (this.#length <= OCTETS_MAX) break;
      this.#texts.delete(oldest);
      this.#length -= length;
    }
  }

  get(key: string, stamp: string): string | undefined {
    return this.#texts.get(`${stamp} ${key}`);
  }
}
