/**
 * The clock that all processes on one Redis share: its clock, as far as it can be told from here.
 *
 *   sent ────► Redis reads its clock ────► received        shared = its clock at the middle, give or take half of the way
 *
 * It runs on this machine's monotonic clock, so who sets the machine's clock changes nothing. What is measured better moves it
 * slowly, at a tenth of the speed of time, so it never goes back; only the first measurement, and another server with a clock
 * that is far off, set it at once.
 *
 * Pure: both clocks are handed in. Lives as long as the process.
 *
 * @module
 */

/** One of so many is near the truth even where most of them had to wait. */
const MEASURES_KEPT = 8;
const SLEW = 0.1;
/** Slewed, that would take minutes in which processes that start then disagree. */
const STEP_MS_MIN = 10_000;
/** What two clocks drift apart between measurements, and the grain of Redis's. */
const DRIFT_MS = 2;

interface Measure {
  /** Shared less monotonic. */
  readonly offsetMs: number;
  readonly errorMs: number;
}

export interface RoundTrip {
  /** Monotonic. */
  readonly sentMs: number;
  readonly receivedMs: number;
  /** What Redis said. */
  readonly serverMs: number;
}

export class SharedClock {
  /** It was measured, and is not only this machine's. */
  isShared = false;
  #offsetMs: number;
  #targetMs: number;
  #seenMs: number;
  #measures: Measure[] = [];

  /** `wallMs` is this machine's clock at `monotonicMs`. */
  constructor(wallMs: number, monotonicMs: number) {
    this.#offsetMs = wallMs - monotonicMs;
    this.#targetMs = this.#offsetMs;
    this.#seenMs = monotonicMs;
  }

  now(monotonicMs: number): number {
    const passedMs = Math.max(0, monotonicMs - this.#seenMs);
    this.#seenMs = Math.max(monotonicMs, this.#seenMs);
    const most = SLEW * passedMs;
    this.#offsetMs += Math.max(-most, Math.min(most, this.#targetMs - this.#offsetMs));
    return this.#seenMs + this.#offsetMs;
  }

  /** By how much it was set at once, in ms; 0 when it was not. */
  measure({ sentMs, receivedMs, serverMs }: RoundTrip): number {
    const errorMs = (receivedMs - sentMs) / 2;
    const fresh = { offsetMs: serverMs - (sentMs + errorMs), errorMs };
    // What cannot be true together with this one is of another server, or of before its clock was set.
    const agreeing = this.#measures.filter(
      (each) => Math.abs(each.offsetMs - fresh.offsetMs) <= each.errorMs + errorMs + DRIFT_MS,
    );
    this.#measures = [...agreeing.slice(1 - MEASURES_KEPT), fresh];
    const best = this.#measures.reduce((a, b) => (b.errorMs <= a.errorMs ? b : a));
    this.now(receivedMs);
    this.#targetMs = best.offsetMs;
    const changeMs = best.offsetMs - this.#offsetMs;
    if (this.isShared && Math.abs(changeMs) < STEP_MS_MIN) return 0;
    this.isShared = true;
    this.#offsetMs = best.offsetMs;
    return changeMs;
  }
}
