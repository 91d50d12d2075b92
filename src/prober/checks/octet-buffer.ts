/**
 * Octets that come in pieces, up to a limit. Grows by doubling, so that an endpoint which sends them one by one costs
 * no more than in proportion.
 *
 * @module
 */
const FIRST_OCTETS = 512;
const EMPTY = Buffer.alloc(0);

export class OctetBuffer {
  readonly #octetsMax: number;
  #octets: Buffer<ArrayBufferLike> = EMPTY;
  #length = 0;

  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#octetsMax;
  }

  /** A view of all that there is, until the next push(). */
  get octets(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  /** Takes as much as fits. */
  push(piece: Uint8Array): void {
    const taken = piece.subarray(0, this.#octetsMax - this.#length);
    const wanted = this.#length + taken.length;
    if (wanted > this.#octets.length) {
      const size = Math.min(this.#octetsMax, Math.max(FIRST_OCTETS, wanted, this.#octets.length * 2));
      const grown = Buffer.allocUnsafe(size);
      this.#octets.copy(grown, 0, 0, this.#length);
      this.#octets = grown;
    }
    this.#octets.set(taken, this.#length);
    this.#length = wanted;
  }
}
