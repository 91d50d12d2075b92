/**
 * Whether a member stands, and why not; and which of them a pool is judged by.
 *
 * @module
 */
import type { Pool } from "./pool.ts";

/** Where a member is before the first step. */
export const Standing = {
  Stands: 0,
  Disabled: 1,
  Down: 2,
  /** An endpoint without an address of the family. */
  NoAddress: 3,
  /** A pool from which nothing of the family would come. */
  GivesNothing: 4,
} as const;

/** Does a member stand for any of the families? Of a pool that is up to date. */
function standsForAny({ state }: Pool, index: number): boolean {
  return state.ipv4.status[index] === Standing.Stands || state.ipv6.status[index] === Standing.Stands;
}

/**
 * Marks, by member index, those that the numbers of a pool are about: its members that stand for any of the families, without
 * last resorts where others stand, for those get no traffic. Of a pool that is up to date, with its weights.
 */
export function markCounted(pool: Pool, isCounted: Uint8Array): void {
  const { fullWeights } = pool.state.candidates;
  let heavy = 0;
  for (let index = 0; index < isCounted.length; index++) {
    isCounted[index] = Number(standsForAny(pool, index));
    heavy += isCounted[index]! * Number(fullWeights[index]! > 0);
  }
  if (heavy === 0) return;
  for (let index = 0; index < isCounted.length; index++) isCounted[index]! *= Number(fullWeights[index]! > 0);
}
