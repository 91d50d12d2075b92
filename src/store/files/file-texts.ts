/**
 * Texts of files as edits found or left them: a file that is edited once is edited again, and its text is asked for several times
 * in each edit. Bounded by characters; who was put in first goes first.
 *
 * @module
 */

const LENGTH_MAX = 16 * 1024 * 1024;

export interface StampedText {
  readonly stamp: string;
  readonly text: string;
}

export class FileTexts {
  readonly #texts = new Map<string, StampedText>();
  #length = 0;

  set(path: string, stamped: StampedText): void {
    this.delete(path);
    this.#texts.set(path, stamped);
    this.#length += stamped.text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#length <= LENGTH_MAX) break;
      this.delete(oldest);
    }
  }

  delete(path: string): void {
    this.#length -= this.#texts.get(path)?.text.length ?? 0;
    this.#texts.delete(path);
  }

  /** Undefined where it is not known of the file with this stamp. */
  get(path: string, stamp: string | undefined): string | undefined {
    const known = this.#texts.get(path);
    return known?.stamp === stamp ? known?.text : undefined;
  }
}
