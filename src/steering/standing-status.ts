/**
 * Whether a member stands, and why not.
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
export function standsForAny({ state }: Pool, index: number): boolean {
  return state.ipv4.status[index] === Standing.Stands || state.ipv6.status[index] === Standing.Stands;
}
