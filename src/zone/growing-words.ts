/**
 * Words that grow while a zone is compiled, then are copied once into shared memory of
 * exactly their size.
 *
 * @module
 */
export class GrowingWords {
  length = 0;
  #words = new Int32Array(256);

  push(value: number): void {
    this.#reserve(1);
    this.#words[this.length++] = value;
  }

  /** Appends `count` zeros and answers where they start. */
  append(count: number): number {
    this.#reserve(count);
    const start = this.length;
    this.length += count;
    return start;
  }

  set(offset: number, value: number): void {
    this.#words[offset] = value;
  }

  get(offset: number): number {
    return this.#words[offset]!;
  }

  view(): Int32Array {
    return this.#words.subarray(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#words.length) return;
    const grown = new Int32Array(Math.max(this.#words.length * 2, this.length + more));
    grown.set(this.view());
    this.#words = grown;
  }
}
