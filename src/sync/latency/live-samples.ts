/**
 * Which pairs of network and region were measured while this process runs, when last and by whom: what a table that is made
 * anew, from a file or with other place data, must not lose. The times themselves are in the table.
 *
 * @module
 */
import type { SampleSource } from "../../store/live/live-exchange.ts";

export interface LivePair {
  readonly source: SampleSource;
  /** Of this machine's clock. */
  readonly atMs: number;
}

/** Some 300 octets each. The one that was measured longest ago goes first. */
const NETWORKS_MAX = 100_000;

export class LiveSamples {
  /** By network, in canonical text; the one measured last stands last. */
  readonly #networks = new Map<string, Map<string, LivePair>>();
  readonly #networksMax: number;

  constructor(networksMax = NETWORKS_MAX) {
    this.#networksMax = networksMax;
  }

  note(network: string, region: string, pair: LivePair): void {
    const pairs = this.#networks.get(network) ?? new Map<string, LivePair>();
    this.#networks.delete(network);
    this.#networks.set(network, pairs);
    if (pair.atMs >= (pairs.get(region)?.atMs ?? 0)) pairs.set(region, pair);
    if (this.#networks.size > this.#networksMax) {
      for (const oldest of this.#networks.keys()) {
        this.#networks.delete(oldest);
        break;
      }
    }
  }

  get(network: string, region: string): LivePair | undefined {
    return this.#networks.get(network)?.get(region);
  }

  /** Those that were measured before are forgotten. */
  forgetBefore(atMs: number): void {
    for (const [network, pairs] of this.#networks) {
      for (const [region, pair] of pairs) if (pair.atMs < atMs) pairs.delete(region);
      if (pairs.size === 0) this.#networks.delete(network);
    }
  }

  get size(): number {
    return this.#networks.size;
  }

  /** Those that were measured from a region, or from any. */
  networks(region: string | undefined): string[] {
    if (region === undefined) return [...this.#networks.keys()];
    const networks: string[] = [];
    for (const [network, pairs] of this.#networks) if (pairs.has(region)) networks.push(network);
    return networks;
  }

  entries(): Iterable<[string, ReadonlyMap<string, LivePair>]> {
    return this.#networks;
  }
}
