/**
 * Response times in buckets that grow by a 64th of their value: a percentile read from it is at most 1.6 %
 * too high, and an entry costs no allocation. From 1 µs to some 70 s.
 *
 * @module
 */
const SUB_BITS = 6;
const SUB_COUNT = 1 << SUB_BITS;
const EXPONENTS = 27;

export class Histogram {
  count = 0;
  readonly #buckets = new Uint32Array(EXPONENTS * SUB_COUNT);

  add(microseconds: number): void {
    const value = Math.max(0, Math.round(microseconds));
    const exponent = Math.max(0, 31 - Math.clz32(value) - SUB_BITS);
    const bucket = Math.min(exponent * SUB_COUNT + (value >>> exponent), this.#buckets.length - 1);
    this.#buckets[bucket]!++;
    this.count++;
  }

  /** The response time, in µs, that a share of 0 to 1 of all stayed within; 0 when there are none. */
  percentile(share: number): number {
    const rank = Math.ceil(share * this.count);
    let seen = 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      seen += this.#buckets[bucket]!;
      if (seen >= rank && seen > 0) return upperEnd(bucket);
    }
    return 0;
  }
}

/** The largest value that falls into the bucket. */
function upperEnd(bucket: number): number {
  if (bucket < 2 * SUB_COUNT) return bucket;
  const exponent = Math.floor(bucket / SUB_COUNT) - 1;
  return (bucket - exponent * SUB_COUNT + 1) * 2 ** exponent - 1;
}
