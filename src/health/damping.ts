/**
 * Flap damping: whoever goes up and down often must stay up longer and longer before it gets traffic again.
 *
 *   verdict    ▔▔▁▁▔▔▁▁▔▔▔▔▔▔▔▔▁▁▔▔▔▔▔▔▔▔▔▔     4 changes in 10 minutes: hold 10 s; 6: 20 s; 8: 40 s
 *   damped     ▔▔▁▁▔▔▁▁▁▁▁▁▔▔▔▔▁▁▁▁▁▁▁▁▁▁▔▔
 *
 * Going down is never delayed. One Damped for each endpoint of each pool; plain data, never changed in place.
 *
 * @module
 */
import type { OpinionState } from "./opinion.ts";

/** Changes that are longer ago do not count: ten minutes of quiet and all is forgotten. */
const WINDOW_MS = 600_000;
/** A failure and its recovery, and the next failure, are ordinary: a restart after a deploy that went wrong. */
const CHANGES_FREE = 3;
/** What the first hold takes; each further failure and recovery doubles it. */
const HOLD_MS = 10_000;
const HOLD_MS_MAX = 600_000;
/** So many make the longest hold. */
const CHANGES_MAX = 16;

export interface Damped {
  /** The last verdict; unknown = there was none yet. */
  readonly verdict: OpinionState;
  /** Is it in, as far as its health goes? */
  readonly isIn: boolean;
  /** When that verdict began, as far as can be; 0 = there was none yet. */
  readonly sinceMs: number;
  /** Changes of the verdict in the window, the oldest first. */
  readonly changesMs: readonly number[];
  /** Up again and held until then; null = not held. */
  readonly heldUntilMs: number | null;
  /** When it came in again after it had been out; null = it was never out, or is. */
  readonly recoveredMs: number | null;
}

/** Nothing is known, so it is in. */
export const UNSEEN: Damped = {
  verdict: "unknown",
  sinceMs: 0,
  isIn: true,
  changesMs: [],
  heldUntilMs: null,
  recoveredMs: null,
};

/**
 * What it is after a verdict that stands since `sinceMs`, at `nowMs`. All nodes count from the moment of the verdict, not
 * from when they heard of it. A verdict of unknown changes nothing.
 */
export function applyVerdict(
  before: Damped,
  verdict: OpinionState,
  sinceMs: number | null,
  nowMs: number,
): Damped {
  if (verdict === "unknown" || verdict === before.verdict) return release(before, nowMs);
  // The first verdict is not a change: there was nothing before it.
  if (before.verdict === "unknown") return { ...UNSEEN, verdict, sinceMs: nowMs, isIn: verdict === "up" };
  // Where a verdict turned because opinions ran out, those that are left may be older than the verdict before.
  const isNew = sinceMs !== null && sinceMs > before.sinceMs && sinceMs <= nowMs;
  const atMs = isNew ? sinceMs : nowMs;
  const changesMs = [...before.changesMs.filter((ms) => ms > atMs - WINDOW_MS), atMs].slice(-CHANGES_MAX);
  const changed = { verdict, sinceMs: atMs, changesMs, heldUntilMs: null, recoveredMs: null };
  if (verdict === "down") return { ...changed, isIn: false };
  const holdMs = holdOf(changesMs.length);
  if (holdMs === 0) return { ...changed, isIn: true, recoveredMs: atMs };
  return release({ ...changed, isIn: false, heldUntilMs: atMs + holdMs }, nowMs);
}

/** How long a recovery must hold when it is the last of so many changes, in ms. */
export function holdOf(changes: number): number {
  if (changes <= CHANGES_FREE) return 0;
  return Math.min(HOLD_MS_MAX, HOLD_MS * 2 ** (Math.floor(changes / 2) - 2));
}

function release(damped: Damped, nowMs: number): Damped {
  const { heldUntilMs } = damped;
  if (heldUntilMs === null || nowMs < heldUntilMs) return damped;
  return { ...damped, isIn: true, heldUntilMs: null, recoveredMs: heldUntilMs };
}
