/**
 * Round-trip times that are measured while this process runs, and what asks for them: the only bridge between the exchange and
 * the latency table.
 *
 *   probers, other nodes, POST /v1/rtt ── exchange: samples ─► the table in shared memory ─► queries, at once
 *   TCP clients of this node ────────────► exchange
 *   what asks this node ── each 10 s ────► exchange: demand ─► probers
 *
 * The table has one writer, this thread. Where it has no room or does not know a region, a larger one follows it, which the
 * threads get as news. A file of times that is read anew makes a table without what was measured: carry() puts that into it.
 *
 * All nodes take the same samples in, in about the same order, and so come to about the same estimates.
 *
 * @module
 */
import type { Logger } from "pino";
import { ClientPlace } from "../../geo/client-place.ts";
import type { PlaceData } from "../../geo/place-data.ts";
import { RegionEstimates } from "../../latency/estimates.ts";
import { emptyLatencyTable, ingestGrowing } from "../../latency/grow.ts";
import { advance, type Ingested } from "../../latency/ingest.ts";
import { HEADER, type LatencyTable, unitS } from "../../latency/latency-table.ts";
import { LatencyLookup } from "../../latency/lookup.ts";
import type { NetworkRules } from "../../latency/network-rules.ts";
import { ageUnitsOf, countOf, deviationMsOf, isAgeless, isFresh, rttMsOf } from "../../latency/pair.ts";
import { REGIONS_MAX, regionAt } from "../../latency/region-order.ts";
import { parseAddress, parsePrefix } from "../../lib/address.ts";
import { newsOfClientTables } from "../../snapshot/snapshot.ts";
import type { LiveExchange, RttSample, SampleSource } from "../../store/live/live-exchange.ts";
import type { Publisher } from "../follower.ts";
import { type CountedDemand, DemandFold } from "./demand-fold.ts";
import { LiveSamples } from "./live-samples.ts";

/** Who answers, and counts who asks. */
export interface AskedPlane extends Publisher {
  takeDemand(): readonly CountedDemand[];
  takeRoundTrips(): readonly { readonly network: string; readonly rttMs: number; readonly count: number }[];
}

export interface RoundTripsOptions {
  readonly plane: AskedPlane;
  readonly exchange: LiveExchange;
  /** What this node is called among those on the exchange. */
  readonly node: () => string;
  /** Where this node stands; null = its TCP clients say nothing. */
  readonly region: string | null;
  readonly rules: NetworkRules;
  /** How long a measurement counts. */
  readonly expiryMs: number;
  /** A file of times makes the tables, with carry(). */
  readonly hasFile: boolean;
  readonly log: Logger;
}

/** For the API. */
export interface RoundTripsFace {
  readonly rules: NetworkRules;
  /** In which members stand; samples of others would be of no use to anybody. */
  readonly regions: ReadonlySet<string>;
  /** How long a measurement counts. */
  readonly expiryMs: number;
  /** Networks that were measured since this node started: from this region, or from any. */
  measured(region?: string): string[];
  nowMs(): number;
  /** Takes them in, here and on all nodes. */
  share(samples: readonly RttSample[]): void;
  /** What a client in this network goes by, best first; an estimate for each region that has one. */
  estimates(network: string): RoundTripEstimate[];
}

export interface RoundTripEstimate {
  readonly region: string;
  readonly rttMs: number;
  readonly deviationMs: number;
  /** Samples; 31 is 31 or more. */
  readonly count: number;
  /** Null where it does not age. */
  readonly ageS: number | null;
  /** Whose it is: the network's own, or what it falls back to: `198.51.96.0/20`, `AS64500`, `country FR`. */
  readonly from: string;
  /** Of the latest sample of the network itself; null where it is from elsewhere. */
  readonly source: SampleSource | "file" | null;
}

const UNUSED_SAID_MAX = 64;
const TICK_MS = 1000;
const FORGET_INTERVAL_MS = 600_000;
const DEMAND_INTERVAL_MS = 10_000;
/** At first it is sooner each time, as what is counted is told one interval later. */
const FIRST_DEMAND_MS = 1000;
/** Each is some 60 octets, to each prober. */
const DEMAND_MAX = 1024;
/** Handshakes of these many seconds go together. */
const TCP_INTERVAL_MS = 5000;

export class RoundTrips implements RoundTripsFace {
  readonly rules: NetworkRules;
  readonly expiryMs: number;
  readonly #options: RoundTripsOptions;
  readonly #live = new LiveSamples();
  readonly #fold: DemandFold;
  readonly #client = new ClientPlace();
  readonly #following: Promise<() => Promise<void>>;
  readonly #timers: NodeJS.Timeout[];
  #demandTimer: NodeJS.Timeout | undefined;
  #regions: ReadonlySet<string> = new Set();
  #regionsOf: unknown;
  /** That the table was made with. */
  #places: PlaceData | null;
  #isFullSaid = false;
  /** Regions that were said to be of no use. */
  readonly #unusedSaid = new Set<string>();

  constructor(options: RoundTripsOptions) {
    this.#options = options;
    const { plane, exchange, rules, log } = options;
    this.rules = rules;
    this.expiryMs = options.expiryMs;
    this.#places = plane.snapshot.clientTables.places;
    this.#fold = new DemandFold(performance.now());
    this.#following = exchange.follow({ samples: (samples) => this.#take(samples) });
    this.#following.catch((error: unknown) => {
      log.warn({ err: error }, "round-trip times of others are not heard");
    });
    this.#timers = [
      setInterval(() => this.#keepTable(), TICK_MS).unref(),
      setInterval(() => this.#shareHandshakes(), TCP_INTERVAL_MS).unref(),
      setInterval(() => this.#live.forgetBefore(Date.now() - options.expiryMs), FORGET_INTERVAL_MS).unref(),
    ];
    this.#sayDemandIn(FIRST_DEMAND_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#demandTimer);
    for (const timer of this.#timers) clearInterval(timer);
    await this.#following.then((unfollow) => unfollow()).catch(() => {});
  }

  nowMs(): number {
    return Math.round(this.#options.exchange.nowMs());
  }

  get regions(): ReadonlySet<string> {
    const { poolSpecs } = this.#options.plane.snapshot;
    if (poolSpecs !== this.#regionsOf) {
      this.#regionsOf = poolSpecs;
      const members = [...poolSpecs.values()].flatMap((pool) => pool.members);
      this.#regions = new Set(members.map(({ region }) => region).filter((region) => region !== null));
    }
    return this.#regions;
  }

  measured(region?: string): string[] {
    return this.#live.networks(region);
  }

  share(samples: readonly RttSample[]): void {
    if (samples.length > 0) this.#options.exchange.shareSamples(samples);
  }

  estimates(network: string): RoundTripEstimate[] {
    const { latency, places } = this.#options.plane.snapshot.clientTables;
    if (latency === null || !this.#place(network, places)) return [];
    const found = new RegionEstimates(latency.regions);
    found.begin(true);
    found.find(latency, this.#client, 1);
    const now = latency.header[HEADER.now]!;
    const own = this.#ownNetwork();
    return latency.regions
      .flatMap((region, i): RoundTripEstimate[] => {
        const level = found.levels[i]!;
        if (level < 0) return [];
        const pair = found.pairs[i]!;
        const source = this.#live.get(own, region)?.source ?? "file";
        return [
          {
            region,
            rttMs: rttMsOf(pair),
            deviationMs: deviationMsOf(pair),
            count: countOf(pair),
            ageS: isAgeless(pair) ? null : Math.round(ageUnitsOf(pair, now) * unitS(latency)),
            from: found.lookup.describe(level),
            source: level === 0 ? source : null,
          },
        ];
      })
      .sort((a, b) => a.rttMs - b.rttMs);
  }

  /** Puts into `table`, which was made anew and will follow the one in use, what was measured. The table to go on with. */
  carry(table: LatencyTable, places: PlaceData | null): LatencyTable {
    const { latency } = this.#options.plane.snapshot.clientTables;
    this.#places = places;
    if (latency === null || this.#live.size === 0) return table;
    const lookup = new LatencyLookup();
    let next = table;
    for (const [network, pairs] of this.#live.entries()) {
      if (!this.#place(network, places)) continue;
      lookup.begin(latency, this.#client);
      const at = lookup.rowAt(0);
      if (at === 0) continue;
      // In the order of the network, so that it stays.
      for (let place = 0; place < latency.regions.length; place++) {
        const column = regionAt(latency, at, place);
        const region = latency.regions[column]!;
        const known = pairs.get(region);
        const pair = latency.rows[at + column]!;
        if (known === undefined || !isFresh(pair, latency.header[HEADER.now]!)) continue;
        next = this.#ingest(next, region, rttMsOf(pair), countOf(pair), known.atMs).table;
      }
    }
    return next;
  }

  #take(samples: readonly RttSample[]): void {
    const { plane, exchange } = this.#options;
    const { clientTables } = plane.snapshot;
    const { places } = clientTables;
    const sharedMs = exchange.nowMs();
    let table = clientTables.latency ?? this.#emptyTable();
    for (const { network, region, rttMs, count, atMs, source = "posted" } of samples) {
      if (!this.#isOfUse(region) || !this.#place(network, places)) continue;
      // By the age that it has by the clock of all, whatever this machine's says.
      const hereMs = Date.now() - Math.max(0, sharedMs - atMs);
      const { table: next, ingested } = this.#ingest(table, region, rttMs, count, hereMs);
      table = next;
      if (ingested === "taken") this.#live.note(this.#ownNetwork(), region, { source, atMs: hereMs });
    }
    this.#publish(table);
  }

  /** Each region that is not is said once: a prober's that stands where nothing does, or is misspelt. */
  #isOfUse(region: string): boolean {
    if (this.regions.has(region)) return true;
    if (this.#unusedSaid.has(region) || this.#unusedSaid.size >= UNUSED_SAID_MAX) return false;
    this.#unusedSaid.add(region);
    this.#options.log.warn(
      { region },
      "round-trip times from a region in which no member stands are passed over",
    );
    return false;
  }

  /** Sets the client to a network in CIDR form, or an address; false for what is none, or does not count. */
  #place(network: string, places: PlaceData | null): boolean {
    const prefix = prefixOf(network);
    if (prefix === undefined || !this.rules.counts(prefix.address, prefix.length)) return false;
    const { address, length } = prefix;
    this.#client.network.set(address.length === 4 ? 4 : 6, address, 0, length, "ecs");
    this.#client.begin(places);
    return true;
  }

  /** The /24 or /48 that the client is in, or the wider network that it is. */
  #ownNetwork(): string {
    const { network } = this.#client;
    return network.format(Math.min(network.prefixLength, network.family === 4 ? 24 : 48));
  }

  /** Of the client that was set. */
  #ingest(
    table: LatencyTable,
    region: string,
    rttMs: number,
    count: number,
    atMs: number,
  ): { readonly table: LatencyTable; readonly ingested: Ingested } {
    if (table.regions.length === REGIONS_MAX && !table.regions.includes(region)) {
      if (!this.#isFullSaid)
        this.#options.log.warn(
          { region, regions: table.regions.length },
          "a region is one more than the table of round-trip times has room for; it is passed over",
        );
      this.#isFullSaid = true;
      return { table, ingested: "region" };
    }
    const sample = { client: this.#client, region, rttMs, count, atS: atMs / 1000 };
    return ingestGrowing(table, sample, Date.now() / 1000);
  }

  #emptyTable(): LatencyTable {
    const table = emptyLatencyTable([...this.regions].slice(0, REGIONS_MAX), this.#options.expiryMs / 1000);
    advance(table, Date.now() / 1000);
    return table;
  }

  /** Where it is another one than before. */
  #publish(table: LatencyTable): void {
    const { plane } = this.#options;
    const { clientTables } = plane.snapshot;
    if (clientTables.latency === table || (clientTables.latency === null && this.#live.size === 0)) return;
    plane.publish(newsOfClientTables(plane.snapshot, { ...clientTables, latency: table }));
  }

  /** Tells the table the time; makes it anew for other place data, where no file does. */
  #keepTable(): void {
    const { latency, places } = this.#options.plane.snapshot.clientTables;
    if (latency === null) return;
    advance(latency, Date.now() / 1000);
    if (places === this.#places || this.#options.hasFile) return;
    this.#publish(this.carry(this.#emptyTable(), places));
  }

  #shareHandshakes(): void {
    const { plane, region } = this.#options;
    const taken = plane.takeRoundTrips();
    if (region === null || !this.regions.has(region)) return;
    const atMs = this.nowMs();
    this.share(
      taken
        .filter(({ network }) => {
          const { address, length } = parsePrefix(network)!;
          return this.rules.counts(address, length);
        })
        .map(({ network, rttMs, count }) => ({ network, region, rttMs, count, atMs, source: "tcp" })),
    );
  }

  #sayDemandIn(ms: number): void {
    this.#demandTimer = setTimeout(() => {
      this.#sayDemand();
      this.#sayDemandIn(Math.min(2 * ms, DEMAND_INTERVAL_MS));
    }, ms).unref();
  }

  #sayDemand(): void {
    const { plane, exchange, node } = this.#options;
    this.#fold.take(plane.takeDemand(), performance.now());
    exchange.sayDemand(node(), this.#fold.most(DEMAND_MAX));
  }
}

function prefixOf(text: string): { readonly address: Uint8Array; readonly length: number } | undefined {
  if (text.includes("/")) return parsePrefix(text);
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return { address, length: 8 * address.length };
}
