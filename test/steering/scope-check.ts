/**
 * Is a scope sound? An answer is kept for all clients in the network of its scope (RFC 7871 section 7.3.1), so any two
 * of them must get the same one.
 *
 * @module
 */
import { expect } from "vitest";
import { type Random, randomBelow, SeededRandom } from "../../src/lib/random.ts";
import type { PoolSpec } from "../../src/steering/spec.ts";
import { Bench } from "./notation.ts";
import { maskTo, randomIPv4, randomIPv6, randomPlaceData, setClient } from "./random-places.ts";

/** Pairs for each pool, and pools for each place data: making them costs more than asking. */
const PAIRS_A_POOL = 100;
const POOLS_A_WORLD = 10;

/** Draws so many random pairs: a client, and another one inside the scope of its answer. */
export function checkScopes(seed: number, pairs: number, makePool: (random: Random) => PoolSpec): void {
  const random = new SeededRandom(seed);
  let data = randomPlaceData(random);
  for (let pool = 0; pool * PAIRS_A_POOL < pairs; pool++) {
    const bench = new Bench([makePool(random)]);
    if (pool % POOLS_A_WORLD === 0) data = randomPlaceData(random);
    const { client } = bench.request;
    for (let pair = 0; pair < PAIRS_A_POOL; pair++) {
      const address = randomBelow(random, 2) === 0 ? randomIPv4(random) : randomIPv6(random);
      setClient(client, data, address);
      const answer = bench.ask();
      const scope = bench.picks.scopePrefixLength;
      const block = client.network.format(scope);
      const other = neighbourIn(address, scope, random);
      setClient(client, data, other);
      if (bench.ask() === answer) continue;
      expect.fail(
        `seed ${seed}: ${block} got ${answer}, but ${client.network.format()} in it ${bench.ask()}`,
      );
    }
  }
}

/** Another address in the network of this length: random behind it, or one that tends to meet edges. */
function neighbourIn(address: Uint8Array, length: number, random: Random): Uint8Array {
  const kind = randomBelow(random, 3);
  const other =
    kind === 0
      ? address.map(() => random.u32() & 255)
      : address.length === 4
        ? randomIPv4(random)
        : randomIPv6(random);
  const kept = maskTo(address, length);
  const free = maskTo(new Uint8Array(address.length).fill(255), length);
  return other.map((octet, i) => kept[i]! | (octet & ~free[i]!));
}
