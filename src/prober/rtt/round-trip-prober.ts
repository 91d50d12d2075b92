/**
 * Measures the way to resolvers that really ask, from where this prober stands, and tells all nodes. Sends nothing unless it is
 * told to, and never more than its rate; docs/latency.md says what, so that operators can answer for it.
 *
 *   demand ─► RoundTripPlan ─► up to three exchanges, the lowest counts ─► samples, each second
 *
 * Lives as long as the process. Nothing throws or waits, whatever resolvers do.
 *
 * @module
 */
import type { Logger } from "pino";
import { NetworkRules } from "../../latency/network-rules.ts";
import { cutAddress, parseAddress, parsePrefix } from "../../lib/address.ts";
import type { LiveExchange, RttSample } from "../../store/live/live-exchange.ts";
import { EXCHANGES, type ExchangeKind, type ExchangeOptions, exchange } from "./exchange.ts";
import { type Errand, type Measurement, RoundTripPlan } from "./round-trip-plan.ts";

export interface RoundTripSettings {
  /** Exchanges a second. */
  readonly rate: number;
  /** Between two measurements of one network. */
  readonly intervalMs: number;
  /** Networks that are not to be probed, in CIDR form. */
  readonly optOut: readonly string[];
  /** Special networks that may be, in CIDR form. */
  readonly allow: readonly string[];
}

export interface RoundTripProberOptions extends RoundTripSettings {
  readonly exchange: LiveExchange;
  readonly name: string;
  readonly region: string;
  readonly log: Logger;
  /** Real exchanges, unless a test has its own. */
  readonly send?: (kind: ExchangeKind, address: string, options: ExchangeOptions) => Promise<number | null>;
}

export interface RoundTripReport {
  /** Exchanges that were begun. */
  readonly sent: number;
  readonly answered: number;
  /** Networks that are asked for, and may be measured. */
  readonly networks: number;
}

/** Paths round the world are below 400 ms; what takes longer is of no use to anyone. */
const TIMEOUT_MS = 1000;
/** Of one measurement: the lowest of three hardly ever waited in a queue. */
const EXCHANGES_EACH = 3;
/** Between two of them, so that one full queue does not meet them all. */
const EXCHANGE_GAP_MS = 300;
const SHARE_INTERVAL_MS = 1000;
/** How often it is looked for something that is due, where nothing was. */
const IDLE_MS = 250;

export class RoundTripProber {
  readonly #options: RoundTripProberOptions;
  readonly #plan: RoundTripPlan;
  readonly #abort = new AbortController();
  readonly #following: Promise<() => Promise<void>>;
  readonly #shareTimer: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  /** Of the next exchange, on performance.now(). */
  #turnMs = performance.now();
  #samples: RttSample[] = [];
  #sent = 0;
  #answered = 0;

  constructor(options: RoundTripProberOptions) {
    this.#options = options;
    const { exchange: live, name, region, intervalMs, allow, optOut, log } = options;
    const rules = new NetworkRules({ allow, optOut });
    this.#plan = new RoundTripPlan({
      region,
      name,
      intervalMs,
      mayMeasure: (network, resolver) => mayMeasure(rules, network, resolver),
    });
    this.#following = live.follow({
      demand: (node, demand) => this.#plan.takeDemand(node, demand),
      samples: (samples) => this.#plan.takeSamples(samples),
    });
    this.#following.catch((error: unknown) => {
      log.warn({ err: error }, "round-trip times are not measured: what asks cannot be heard");
    });
    this.#shareTimer = setInterval(() => this.#share(), SHARE_INTERVAL_MS).unref();
    this.#look();
    const { rate } = options;
    log.info({ region, rate, intervalMs, optOut, allow }, "measuring round-trip times to resolvers that ask");
  }

  readReport(): RoundTripReport {
    return { sent: this.#sent, answered: this.#answered, networks: this.#plan.size };
  }

  async stop(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#shareTimer);
    this.#share();
    await this.#following.then((unfollow) => unfollow()).catch(() => {});
  }

  /** Begins an errand when the next exchange may be sent. One that waits for its reply does not hold up others. */
  #look(): void {
    if (this.#abort.signal.aborted) return;
    const waitMs = this.#turnMs - performance.now();
    const errand = waitMs > 0 ? null : this.#plan.next(this.#nowMs());
    if (errand !== null) void this.#run(errand);
    const nextMs = Math.max(1, this.#turnMs - performance.now());
    this.#timer = setTimeout(() => this.#look(), waitMs > 0 || errand !== null ? nextMs : IDLE_MS).unref();
  }

  async #run(errand: Errand): Promise<void> {
    let measurement: Measurement | null = null;
    try {
      measurement = await this.#measure(errand);
    } catch (error) {
      this.#options.log.error(
        { err: error, network: errand.network },
        "a measurement failed by a fault of ours",
      );
    }
    if (this.#abort.signal.aborted) return;
    const sample = this.#plan.finish(errand, measurement, this.#nowMs());
    if (sample !== null) this.#samples.push(sample);
  }

  /** The way that it answered before first; the first that is answered is taken twice more. */
  async #measure({ resolver, network, kind }: Errand): Promise<Measurement | null> {
    const kinds = kind === null ? EXCHANGES : [kind, ...EXCHANGES.filter((other) => other !== kind)];
    for (const by of kinds) {
      const first = await this.#send(by, resolver);
      if (first === null) continue;
      let [rttMs, count] = [first, 1];
      while (count < EXCHANGES_EACH) {
        await this.#waitMs(EXCHANGE_GAP_MS);
        const again = await this.#send(by, resolver);
        if (again === null) break;
        rttMs = Math.min(rttMs, again);
        count++;
      }
      // Of a resolver elsewhere it is a guess at the network it asked for, and weighs as little as can be.
      return { rttMs, count: isInside(resolver, network) ? count : 1, kind: by };
    }
    return null;
  }

  async #send(kind: ExchangeKind, address: string): Promise<number | null> {
    const { signal } = this.#abort;
    await this.#turn();
    if (signal.aborted) return null;
    this.#sent++;
    const ms = await (this.#options.send ?? exchange)(kind, address, { timeoutMs: TIMEOUT_MS, signal });
    if (ms !== null) this.#answered++;
    return ms;
  }

  /** Resolves when the next exchange may be sent: evenly, so that no second has more than the rate. */
  async #turn(): Promise<void> {
    const nowMs = performance.now();
    const turnMs = Math.max(this.#turnMs, nowMs);
    this.#turnMs = turnMs + 1000 / this.#options.rate;
    if (turnMs > nowMs) await this.#waitMs(turnMs - nowMs);
  }

  /** Or until it is stopped. */
  #waitMs(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const { signal } = this.#abort;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    });
  }

  #share(): void {
    if (this.#samples.length === 0) return;
    this.#options.exchange.shareSamples(this.#samples);
    this.#samples = [];
  }

  #nowMs(): number {
    return Math.round(this.#options.exchange.nowMs());
  }
}

/** An operator who opts a network out means the resolvers in it, and what is behind others as well. */
function mayMeasure(rules: NetworkRules, network: string, resolver: string): boolean {
  const address = parseAddress(resolver);
  const prefix = parsePrefix(network);
  return (
    address !== undefined && prefix !== undefined && rules.mayProbe(address) && rules.mayProbe(prefix.address)
  );
}

function isInside(resolver: string, network: string): boolean {
  const address = parseAddress(resolver);
  const prefix = parsePrefix(network);
  if (address === undefined || prefix === undefined || address.length !== prefix.address.length) return false;
  return cutAddress(address, prefix.length).every((octet, i) => octet === prefix.address[i]);
}
