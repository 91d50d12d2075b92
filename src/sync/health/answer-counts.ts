/**
 * How many answers held a member in the last minutes, and with which TTLs: what caches may still have of it.
 *
 * The threads that answer count answers by member, and not by TTL: that would cost every query. So answers are split over the
 * TTLs of the names that lead to the pool, by the number of those names. Where all have one TTL, as is usual, that is exact.
 *
 * @module
 */
import { servedTtls } from "../../snapshot/served-ttls.ts";
import type { Snapshot } from "../../snapshot/snapshot.ts";

/** The counts are noted so often, and kept for so long: 100,000 members take 5 MB. */
const NOTE_MS = 30_000;
const NOTES = 6;

export class AnswerCounts {
  readonly #answered: () => (slot: number) => number;
  /** By slot, the oldest first. */
  readonly #notes: Float64Array[] = [];
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(answered: () => (slot: number) => number) {
    this.#answered = answered;
  }

  /** To be called often; notes the counts where it is time to. */
  look(slots: number, nowMs: number): void {
    if (nowMs - this.#notedMs < NOTE_MS) return;
    this.#notedMs = nowMs;
    const counts = new Float64Array(slots);
    const answered = this.#answered();
    for (let slot = 0; slot < slots; slot++) counts[slot] = answered(slot);
    this.#notes.push(counts);
    if (this.#notes.length > NOTES) this.#notes.shift();
  }

  /** Answers of the last minutes by their TTL in seconds, for drainCurve(). */
  servedBefore(
    members: readonly { readonly pool: string; readonly slot: number }[],
    snapshot: Snapshot,
  ): Map<number, number> {
    const answers = new Map<number, number>();
    const answered = this.#answered();
    for (const { pool, slot } of members) {
      const since = answered(slot) - (this.#notes[0]?.[slot] ?? 0);
      const ttls = servedTtls(snapshot, pool);
      let names = 0;
      for (const count of ttls.values()) names += count;
      for (const [ttl, count] of ttls) answers.set(ttl, (answers.get(ttl) ?? 0) + (since * count) / names);
    }
    return answers;
  }
}
