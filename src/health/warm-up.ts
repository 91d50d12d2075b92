/**
 * Warm-up: an endpoint that comes back gets its traffic by and by, so that cold caches and empty connection pools do
 * not throw it down again.
 *
 * @module
 */

/** Where the ramp begins. With less, a small endpoint would see no client at all at first, and nothing would get warm. */
const FLOOR = 0.1;
/** The ramp rises in so many steps: a finer one makes work on every node, and nobody could see it. */
const STEPS = 100;

/** What part of its weight an endpoint has, 0.1 to 1, so long after it came back. */
export function warmUpPart(sinceMs: number, warmUpMs: number): number {
  if (sinceMs >= warmUpMs) return 1;
  return FLOOR + (1 - FLOOR) * (Math.floor((STEPS * Math.max(0, sinceMs)) / warmUpMs) / STEPS);
}

/** In how many ms the part changes next; null when it is 1. */
export function nextWarmUpMs(sinceMs: number, warmUpMs: number): number | null {
  if (sinceMs >= warmUpMs) return null;
  const step = warmUpMs / STEPS;
  return Math.max(1, Math.ceil(step * (Math.floor(Math.max(0, sinceMs) / step) + 1) - sinceMs));
}
