/**
 * Which network is to be measured next, and what a measurement says: pure, over time that is handed in.
 *
 *   demand of all nodes ─► due? ─► the busiest and stalest ─► measured ─► due again after the interval
 *                                                               └─ another time than before ─► again soon
 *
 * A path that has changed shows as a time that is off by more than noise. One such time is a sample like any other; when the
 * next one, soon after, says the same, the path has changed, and the mean of those since weighs, for this
 * and the next few, as much as all that was known.
 *
 * Probers of one region share the work by what they hear: a network that another has just measured is not due. Each has
 * an order of its own among networks that are about as urgent, so that they do not meet at the same ones.
 *
 * @module
 */
import { hashText } from "../../lib/hash.ts";
import type { Demand, RttSample } from "../../store/live/live-exchange.ts";
import type { ExchangeKind } from "./exchange.ts";

export interface RoundTripPlanOptions {
  readonly region: string;
  /** Makes the order of this prober its own. */
  readonly name: string;
  /** Between two measurements of one network. */
  readonly intervalMs: number;
  /** May this network be measured by way of that resolver? */
  readonly mayMeasure: (network: string, resolver: string) => boolean;
}

/** What is to be measured. */
export interface Errand {
  readonly network: string;
  readonly resolver: string;
  /** The way that this resolver answered before. */
  readonly kind: ExchangeKind | null;
}

export interface Measurement {
  /** The lowest of its exchanges. */
  readonly rttMs: number;
  readonly count: number;
  readonly kind: ExchangeKind;
}

interface Known {
  resolver: string;
  rate: number;
  isBusy: boolean;
  dueMs: number;
  /** When this prober measured it last; for knowing its own samples again. */
  measuredMs: number;
  kind: ExchangeKind | null;
  /** What it is held to be. */
  standingMs: number | null;
  /** The last time, where it was off. */
  offMs: number | null;
  /** Measurements to come that weigh more. */
  settling: number;
  failures: number;
}

/** Another time is off by more than both. Queues make that much of 10 % of jitter and more. */
const OFF_MS = 5;
const OFF_PART = 0.25;
/** A time that is off is looked at again after this. */
const AGAIN_MS = 5000;
/**
 * Measurements that weigh more after a change, with the one that confirms it: each takes half of what is left, so 3 % of the change
 * is left at the end. What was left of a slower way would make regions change places that are about as near.
 */
const SETTLING = 5;
/** As much as all that was known before: what a count in the table goes up to. */
const FULL_WEIGHT = 31;
/** Who never answers is asked after the interval, twice that, and so on, up to so many times that. */
const BACK_OFF_MAX = 32;
/** Above what nodes name in demand. Who is no longer asked for goes first. */
const NETWORKS_MAX = 20_000;
/** Staleness of what was never measured, in intervals. */
const NEVER_MEASURED = 10;

export class RoundTripPlan {
  readonly #options: RoundTripPlanOptions;
  readonly #known = new Map<string, Known>();
  readonly #demand = new Map<string, readonly Demand[]>();
  readonly #running = new Set<string>();

  constructor(options: RoundTripPlanOptions) {
    this.#options = options;
  }

  /** What asks a node most; replaces what it said before. */
  takeDemand(node: string, demand: readonly Demand[]): void {
    if (demand.length === 0) this.#demand.delete(node);
    else this.#demand.set(node, demand);
    for (const known of this.#known.values()) {
      known.rate = 0;
      known.isBusy = false;
    }
    for (const each of this.#demand.values()) for (const one of each) this.#want(one);
    if (this.#known.size <= NETWORKS_MAX) return;
    for (const [network, { isBusy }] of this.#known) if (!isBusy) this.#known.delete(network);
  }

  /** What others have measured, and this one too. */
  takeSamples(samples: readonly RttSample[]): void {
    const { region, intervalMs } = this.#options;
    for (const { network, region: from, atMs } of samples) {
      const known = this.#known.get(network);
      if (known === undefined || from !== region || atMs === known.measuredMs) continue;
      if (known.offMs === null && known.settling === 0)
        known.dueMs = Math.max(known.dueMs, atMs + intervalMs);
    }
  }

  /** The most urgent that is due, which counts as under way from now on; null = none is. */
  next(nowMs: number): Errand | null {
    const { intervalMs } = this.#options;
    let chosen: string | null = null;
    let highest = 0;
    for (const [network, { isBusy, dueMs, rate, measuredMs }] of this.#known) {
      if (!isBusy || dueMs > nowMs || this.#running.has(network)) continue;
      const stale = measuredMs === 0 ? NEVER_MEASURED : (nowMs - measuredMs) / intervalMs;
      const urgency = (rate + 0.01) * stale * this.#share(network);
      if (urgency <= highest) continue;
      highest = urgency;
      chosen = network;
    }
    if (chosen === null) return null;
    this.#running.add(chosen);
    const { resolver, kind } = this.#known.get(chosen)!;
    return { network: chosen, resolver, kind };
  }

  /** The end of an errand; null = nothing was answered. The sample that it makes. */
  finish({ network, resolver }: Errand, measurement: Measurement | null, nowMs: number): RttSample | null {
    this.#running.delete(network);
    const known = this.#known.get(network);
    if (known === undefined) return null;
    const { intervalMs, region } = this.#options;
    known.measuredMs = nowMs;
    if (measurement === null) {
      known.kind = null;
      known.dueMs = nowMs + intervalMs * Math.min(2 ** known.failures, BACK_OFF_MAX);
      known.failures++;
      return null;
    }
    const { rttMs, kind } = measurement;
    known.failures = 0;
    // Of another resolver than before the time is another path's.
    known.kind = known.resolver === resolver ? kind : null;
    const meanMs = judge(known, rttMs);
    const isUnsure = known.offMs !== null || known.settling > 0;
    known.dueMs = nowMs + (isUnsure ? Math.min(AGAIN_MS, intervalMs) : intervalMs);
    const sample = { network, region, atMs: nowMs, source: "probe" } as const;
    return meanMs === null
      ? { ...sample, rttMs: rounded(rttMs), count: measurement.count }
      : { ...sample, rttMs: rounded(meanMs), count: FULL_WEIGHT };
  }

  /** Networks that are asked for, and may be measured. */
  get size(): number {
    let size = 0;
    for (const { isBusy } of this.#known.values()) if (isBusy) size++;
    return size;
  }

  #want({ network, resolver, rate }: Demand): void {
    if (!this.#options.mayMeasure(network, resolver)) return;
    const known = this.#known.get(network);
    if (known === undefined) {
      this.#known.set(network, {
        resolver,
        rate,
        isBusy: true,
        dueMs: 0,
        measuredMs: 0,
        kind: null,
        standingMs: null,
        offMs: null,
        settling: 0,
        failures: 0,
      });
      return;
    }
    // The one that answered stays, for a network has many, and times of two are not to be compared.
    if (known.resolver !== resolver && known.failures > 0) {
      known.resolver = resolver;
      known.failures = 0;
      known.dueMs = Math.min(known.dueMs, known.measuredMs + this.#options.intervalMs);
    }
    known.rate += rate;
    known.isBusy = true;
  }

  /** 0.5 to 1.5, by chance, and always the same. */
  #share(network: string): number {
    return 0.5 + hashText(`${this.#options.name} ${network}`) / 2 ** 32;
  }
}

/** Takes a time in. After a change: the mean since, which weighs as much as all that was known; else null. */
function judge(known: Known, rttMs: number): number | null {
  const { standingMs, offMs } = known;
  if (standingMs === null) {
    known.standingMs = rttMs;
    return null;
  }
  if (!isOff(rttMs, standingMs)) {
    known.offMs = null;
    if (known.settling === 0) {
      known.standingMs = standingMs + (rttMs - standingMs) / 4;
      return null;
    }
    // Of the change there were two, and one for each that it has settled since.
    known.standingMs = standingMs + (rttMs - standingMs) / (2 + SETTLING - known.settling);
    known.settling--;
    return known.standingMs;
  }
  if (offMs === null || isOff(rttMs, offMs)) {
    known.offMs = rttMs;
    known.settling = 0;
    return null;
  }
  known.standingMs = (rttMs + offMs) / 2;
  known.offMs = null;
  known.settling = SETTLING - 1;
  return known.standingMs;
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(1000 * ms) / 1000;
}

function isOff(oneMs: number, otherMs: number): boolean {
  const off = Math.abs(oneMs - otherMs);
  return off > OFF_MS && off > OFF_PART * Math.min(oneMs, otherMs);
}
