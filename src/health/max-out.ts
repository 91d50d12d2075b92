/**
 * `max-out`: how many members of a pool machines may take out at once. A check that is wrong, or a monitor with a typing error,
 * then costs a part of the pool and not all of it.
 *
 * @module
 */

/** Members, or a part of those that have the family, in percent. */
export type MaxOut = number | { readonly percent: number };

/** How many of `members` may be out. A percentage is rounded down, but one may always be: else there would be no failover. */
export function maxOutOf(maxOut: MaxOut, members: number): number {
  if (typeof maxOut === "number") return maxOut;
  return Math.max(1, Math.floor((maxOut.percent * members) / 100));
}
