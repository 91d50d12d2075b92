/**
 * Randomness for steering: fast, allocation-free, and handed in, so that a test or an
 * explanation can repeat a draw by its seed. Not for secrets.
 *
 * @module
 */
export interface Random {
  /** The next 32 random bits, as an unsigned integer. */
  u32(): number;
  /** The same, as a signed integer, which is never put on the heap. */
  i32(): number;
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded through splitmix32. Chosen over
 * Math.random() because it can be seeded, and over crypto because it is some 20 times
 * cheaper; who can guess the next weighted draw gains nothing.
 */
export class SeededRandom implements Random {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    let z = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) >>> 0;
      let t = z ^ (z >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      this.#state[i] = (t ^ (t >>> 15)) >>> 0;
    }
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  i32(): number {
    const s = this.#state;
    const s1 = s[1]!;
    let result = Math.imul(s1, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    const t = s1 << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result | 0;
  }
}

/**
 * A whole number in [0, bound), without the bias of a bare modulo: 2^32 values are scaled
 * down, which is off by less than bound / 2^32 for any one of them.
 */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.u32() / 0x1_0000_0000) * bound);
}
