/**
 * Until when a node has heard others: while it is cut off from them, and for a while after, their silence tells nothing of them. Else the
 * prober of a node that lost its way to the world would soon be the only one that counts there, and take everything out.
 *
 * @module
 */

/** What others say is all there again so soon after they can be heard. */
const CATCH_UP_MS = 10_000;

export class AwayTime {
  #sinceMs: number | null = null;
  #backMs: number | null = null;

  /** `awaySinceMs` as the exchange says it; null = not away. Infinity where others are heard. */
  heardUntilMs(awaySinceMs: number | null, nowMs: number): number {
    if (awaySinceMs !== null) {
      this.#sinceMs ??= awaySinceMs;
      this.#backMs = null;
    } else if (this.#sinceMs !== null) {
      this.#backMs ??= nowMs;
      if (nowMs - this.#backMs >= CATCH_UP_MS) this.#sinceMs = this.#backMs = null;
    }
    return this.#sinceMs ?? Number.POSITIVE_INFINITY;
  }
}
