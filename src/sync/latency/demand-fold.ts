/**
 * What asks this node most, over the last minutes: the windows that its threads counted in, added up and forgotten by half every
 * five minutes. Pure, over time that is handed in.
 *
 * @module
 */
import type { Demand } from "../../store/live/live-exchange.ts";

/** What one thread counted in one window. */
export interface CountedDemand {
  /** A /24 or /48. */
  readonly network: string;
  readonly queries: number;
  readonly resolver: string;
}

/** Long enough that a pause of a resolver is none, short enough that an hour ago is forgotten. */
const HALF_LIFE_MS = 300_000;
/** As many as one thread counts in a window, so that what is lost here was hardly there. */
const NETWORKS_MAX = 1024;

interface Asked {
  queries: number;
  resolver: string;
}

export class DemandFold {
  readonly #asked = new Map<string, Asked>();
  readonly #startedMs: number;
  #decayedMs: number;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
    this.#decayedMs = nowMs;
  }

  take(windows: readonly CountedDemand[], nowMs: number): void {
    this.#decay(nowMs);
    for (const { network, queries, resolver } of windows) {
      const asked = this.#asked.get(network);
      if (asked === undefined) this.#asked.set(network, { queries, resolver });
      else {
        asked.queries += queries;
        asked.resolver = resolver;
      }
    }
    if (this.#asked.size <= NETWORKS_MAX) return;
    for (const [network] of this.#sorted().slice(NETWORKS_MAX)) this.#asked.delete(network);
  }

  /** Most first. */
  most(limit: number): Demand[] {
    // What is remembered of a steady rate, from the first call to now.
    const rememberedMs =
      (HALF_LIFE_MS / Math.LN2) * (1 - 2 ** ((this.#startedMs - this.#decayedMs) / HALF_LIFE_MS));
    return this.#sorted()
      .slice(0, limit)
      .map(([network, { queries, resolver }]) => ({
        network,
        rate: Number(((1000 * queries) / Math.max(rememberedMs, 1000)).toPrecision(3)),
        resolver,
      }));
  }

  #decay(nowMs: number): void {
    const passedMs = nowMs - this.#decayedMs;
    if (passedMs <= 0) return;
    const left = 2 ** (-passedMs / HALF_LIFE_MS);
    this.#decayedMs = nowMs;
    for (const [network, asked] of this.#asked) {
      asked.queries *= left;
      // Less than a query every some minutes is none.
      if (asked.queries < 1) this.#asked.delete(network);
    }
  }

  #sorted(): [string, Asked][] {
    return [...this.#asked].sort(([, a], [, b]) => b.queries - a.queries);
  }
}
