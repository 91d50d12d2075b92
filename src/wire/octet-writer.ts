/**
 * A buffer that grows, for encoding off the query path: parsers of rdata, messages for
 * tools and tests. Numbers are big-endian, as everywhere in DNS.
 *
 * @module
 */
export class OctetWriter {
  #octets = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#octets[this.#length++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }

  octets(values: Uint8Array): void {
    this.#reserve(values.length);
    this.#octets.set(values, this.#length);
    this.#length += values.length;
  }

  /** Overwrites two octets that were written before, such as a length known only afterwards. */
  setU16(at: number, value: number): void {
    this.#octets[at] = value >>> 8;
    this.#octets[at + 1] = value;
  }

  /** A copy of what was written so far. */
  toOctets(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#octets.length) return;
    const grown = new Uint8Array(Math.max(this.#octets.length * 2, this.#length + count));
    grown.set(this.#octets);
    this.#octets = grown;
  }
}
