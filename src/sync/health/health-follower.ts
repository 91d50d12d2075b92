/**
 * Follows what probers and operators say, and keeps the live table by it: the node's side of health.
 *
 *   LiveExchange ─► NodeHealth ─► live table of the snapshot        no new generation, nothing that a query waits for
 *                        └─► listeners: events, webhooks, log
 *
 * What comes within some milliseconds is written as one change of the table, because each makes every thread work its pools
 * out anew. New documents are worked in before they are published, so that nobody answers with a member that is known to be down.
 *
 * @module
 */
import type { Logger } from "pino";
import type { Configuration } from "../../documents/configuration.ts";
import { endpointOfId, type Incident } from "../../health/incident.ts";
import { endpointParts, type OpinionState } from "../../health/opinion.ts";
import type { Verdict } from "../../health/verdict.ts";
import { type Snapshot, type SnapshotNews, slotKey } from "../../snapshot/snapshot.ts";
import { changeLive, type LiveTable } from "../../steering/live.ts";
import { refresh } from "../../steering/standing.ts";
import type { AppliedVerdict, LiveExchange } from "../../store/live/live-exchange.ts";
import type { Publisher } from "../follower.ts";
import { AnswerCounts } from "./answer-counts.ts";
import { AwayTime } from "./away-time.ts";
import type {
  EndpointFilter,
  EndpointHealth,
  HealthChange,
  HealthFace,
  MemberHealth,
  PoolHealthView,
} from "./health-face.ts";
import { IncidentFile } from "./incident-file.ts";
import { NodeHealth, type Settled } from "./node-health.ts";

/** What comes within so long goes into one change of the table. A verdict took some seconds; nobody sees this on top. */
const GATHER_MS = 5;
/** And so long it is quiet after one, so that a storm of changes does not keep every thread at its pools. */
const QUIET_MS = 20;
/** Endpoints worked through in one go: some 5 ms, in which TCP waits. */
const SLICE = 1000;
/** Response times, verdicts to save and alarms need not be newer. */
const SLOW_MS = 1000;
const RESPONSES_MAX = 5000;
const SAVE_EVERY = 5;
const PRUNE_EVERY = 60;
/** A prober of this process, or of others, has spoken by then; until then nothing is said of regions where none stands. */
const COVERAGE_AFTER_MS = 30_000;
/** A start does not wait longer for the last verdicts: Redis may be away. */
const LOAD_MS_MAX = 2000;
/** Verdicts applied elsewhere of which nothing is known here, yet. */
const EARLY_MAX = 1000;
/** Of one endpoint: what a hundred nodes say of an incident. */
const EARLY_OF_ONE_MAX = 100;

export interface HealthOptions {
  readonly exchange: LiveExchange;
  /** What the node is called when it says that it applied a verdict. */
  readonly node: () => string;
  readonly region: string | null;
  /** Where incidents are kept; null = nowhere. */
  readonly dataDir: string | null;
  /** Reads how many answers held the member at a row of the live table, since the start. */
  readonly answered: () => (slot: number) => number;
  readonly log: Logger;
}

export class HealthFollower implements HealthFace {
  readonly #exchange: LiveExchange;
  readonly #node: () => string;
  readonly #log: Logger;
  readonly #health: NodeHealth;
  readonly #counts: AnswerCounts;
  readonly #file: IncidentFile;
  readonly #away = new AwayTime();
  readonly #listeners = new Set<(changes: readonly HealthChange[]) => void>();
  /** By endpointOfId(). */
  readonly #early = new Map<string, AppliedVerdict[]>();
  readonly #startedMs: number;
  /** That which answers now. */
  #snapshot: () => Snapshot;
  #live: LiveTable;
  #configuration: Configuration;
  #newestMs: number | null = null;
  #unfollow: (() => Promise<void>) | undefined;
  #settleTimer: NodeJS.Timeout | undefined;
  #settleAtMs = Number.POSITIVE_INFINITY;
  #settledMs = 0;
  #slowTimer: NodeJS.Timeout | undefined;
  #slowTurns = 0;
  #alarms: readonly string[] = [];

  private constructor(
    options: HealthOptions,
    file: IncidentFile,
    configuration: Configuration,
    snapshot: Snapshot,
  ) {
    const { exchange, node, region, answered, log } = options;
    this.#exchange = exchange;
    this.#node = node;
    this.#log = log;
    this.#health = new NodeHealth(region);
    this.#counts = new AnswerCounts(answered);
    this.#file = file;
    this.#startedMs = exchange.nowMs();
    this.#snapshot = () => snapshot;
    this.#live = snapshot.live;
    this.#configuration = configuration;
  }

  /** With what was held before the start in the live table of `snapshot`. Rejects when `dataDir` cannot be read. */
  static async open(
    options: HealthOptions,
    configuration: Configuration,
    snapshot: Snapshot,
  ): Promise<HealthFollower> {
    const file = await IncidentFile.open(options.dataDir, options.log);
    const follower = new HealthFollower(options, file, configuration, snapshot);
    follower.#health.incidents.load(file.loaded);
    const slots = (key: string) => snapshot.slots.get(key);
    follower.#configure(configuration, slots, snapshot.live);
    await follower.#loadVerdicts();
    follower.#settle(Number.POSITIVE_INFINITY);
    return follower;
  }

  /** Begins to hear, and to write. */
  async follow(): Promise<void> {
    const health = this.#health;
    const soon = () => this.#settleSoon();
    this.#slowTimer = setInterval(() => this.#slow(), SLOW_MS).unref();
    this.#unfollow = await this.#exchange.follow({
      opinions: (opinions) => {
        const nowMs = this.#exchange.nowMs();
        this.#hearUntil(nowMs);
        health.take(opinions, nowMs);
        for (const { checkedMs } of opinions) {
          this.#newestMs = Math.max(this.#newestMs ?? 0, Math.min(checkedMs, nowMs));
        }
        soon();
      },
      withdrawn: (prober, endpoints) => {
        health.withdraw(prober, endpoints);
        soon();
      },
      probers: (probers) => health.hearProbers(probers),
      orders: (orders) => {
        for (const { order, ...member } of orders) health.order(member, order);
        soon();
      },
      loads: (loads) => {
        const changes = loads.map(({ load, ...member }) => health.load(member, load));
        changeLive(
          this.#live,
          changes.filter((change) => change !== null),
        );
      },
      applied: (applied) => this.#hearApplied(applied),
    });
  }

  /** The same, and what it publishes has been worked in before. `configuration` is that of the news. */
  around(plane: Publisher, configuration: () => Configuration): Publisher {
    this.#snapshot = () => plane.snapshot;
    return {
      get snapshot() {
        return plane.snapshot;
      },
      publish: (news) => {
        this.#workIn(news, configuration());
        plane.publish(news);
      },
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#settleTimer);
    clearInterval(this.#slowTimer);
    await this.#unfollow?.();
    this.#saveVerdicts();
    await this.#file.close(this.#health.incidents);
  }

  endpoints({ pool, monitor, state }: EndpointFilter = {}): string[] {
    const of = pool === undefined ? undefined : new Set(this.#health.pool(pool)?.endpoints ?? []);
    const found: string[] = [];
    for (const known of this.#health.endpoints()) {
      if (of !== undefined && !of.has(known.key)) continue;
      if (state !== undefined && known.state !== state) continue;
      if (monitor !== undefined && !known.key.startsWith(`${monitor} `)) continue;
      found.push(known.key);
    }
    return found;
  }

  endpoint(key: string): EndpointHealth | undefined {
    const view = this.#health.view(key, this.#exchange.nowMs());
    return view.members.length === 0 ? undefined : view;
  }

  verdict(key: string): Verdict {
    return this.#health.verdictOf(key, this.#exchange.nowMs());
  }

  counts(): Record<OpinionState, number> {
    const counts = { up: 0, down: 0, unknown: 0 };
    for (const { state } of this.#health.endpoints()) counts[state]++;
    return counts;
  }

  pool(id: string): PoolHealthView | undefined {
    const watched = this.#health.pool(id);
    const pool = this.#snapshot().pools.get(id);
    if (watched === undefined || pool === undefined) return undefined;
    refresh(pool, this.#live, Atomics.load(this.#live.version, 0));
    const { membersUp, isUp } = pool.state;
    const { monitor, effect } = watched;
    const nowMs = this.#exchange.nowMs();
    const members = watched.members.flatMap((member, index): MemberHealth[] => {
      if (member.slot < 0) return [];
      const { name, ipv4, ipv6 } = member;
      const unwatched = { name, isUp: true, ipv4: null, ipv6: null, weightPart: 1, notes: [] };
      return [
        {
          ...(effect?.members[index] ?? unwatched),
          endpoints: [ipv4, ipv6].filter((key) => key !== null).map((key) => this.#health.view(key, nowMs)),
          order: this.#health.orderOf(id, name),
          load: this.#health.loadOf(id, name),
          responseMs: this.#health.responseOf(member),
        },
      ];
    });
    return {
      pool: id,
      monitor: monitor?.id ?? null,
      isUp,
      membersUp,
      minUp: pool.minUp,
      alarms: effect?.alarms ?? [],
      members,
    };
  }

  probers() {
    return this.#health.probers();
  }

  incidents(limit: number, before?: string): Incident[] {
    const all = this.#health.incidents.list();
    const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
    return all.slice(from, from + limit);
  }

  incident(id: string): Incident | undefined {
    return this.#health.incidents.get(id);
  }

  alarms(): string[] {
    return [...this.#health.poolAlarms(), ...this.#health.coverage()];
  }

  get ageMs(): number | null {
    return this.#newestMs === null ? null : Math.max(0, this.#exchange.nowMs() - this.#newestMs);
  }

  get awaySinceMs(): number | null {
    return this.#exchange.awaySinceMs;
  }

  onChange(listener: (changes: readonly HealthChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Before others answer by the news: what is known of its members stands in its table. */
  #workIn(news: SnapshotNews, configuration: Configuration): void {
    const { steering } = news;
    const before = this.#configuration;
    if (steering === null && configuration.monitors === before.monitors) return;
    const { slots } = this.#snapshot();
    const slotOf = (key: string) => steering?.slots.get(key) ?? slots.get(key);
    this.#configure(configuration, slotOf, steering?.live ?? this.#live);
    this.#settle(0);
  }

  #configure(
    configuration: Configuration,
    slotOf: (key: string) => number | undefined,
    live: LiveTable,
  ): void {
    this.#configuration = configuration;
    this.#live = live;
    const slot = (pool: string, member: string) => slotOf(slotKey(pool, member)) ?? -1;
    const { changes, loads } = this.#health.configure(configuration, slot, this.#exchange.nowMs());
    changeLive(live, loads);
    this.#tell(changes);
  }

  async #loadVerdicts(): Promise<void> {
    const timeout = new AbortController();
    try {
      const late = new Promise<"late">((resolve) => {
        const timer = setTimeout(() => resolve("late"), LOAD_MS_MAX);
        timeout.signal.addEventListener("abort", () => clearTimeout(timer));
      });
      const saved = await Promise.race([this.#exchange.loadVerdicts(), late]);
      if (saved === "late") {
        this.#log.warn("the last verdicts cannot be had; every member counts as up until it is checked");
        return;
      }
      const entries = [...saved].map(([endpoint, { state, sinceMs, savedMs }]) => {
        const reason = state === "down" ? "down before this node started" : "";
        return [endpoint, { state, sinceMs, atMs: savedMs, reason }] as const;
      });
      this.#health.remember(new Map(entries));
    } catch (error) {
      this.#log.warn(
        { err: error },
        "the last verdicts cannot be read; every member counts as up until it is checked",
      );
    } finally {
      timeout.abort();
    }
  }

  #settleSoon(): void {
    const inMs = Math.max(GATHER_MS, QUIET_MS - (performance.now() - this.#settledMs));
    this.#settleIn(inMs);
  }

  /** Unless it will be sooner anyway. */
  #settleIn(inMs: number): void {
    const atMs = performance.now() + inMs;
    if (atMs >= this.#settleAtMs) return;
    clearTimeout(this.#settleTimer);
    this.#settleAtMs = atMs;
    // Holds may last for longer than a timer can; then it comes early, and finds nothing.
    this.#settleTimer = setTimeout(() => this.#settle(SLICE), Math.min(inMs, 60_000)).unref();
  }

  #settle(endpointsMax: number): void {
    clearTimeout(this.#settleTimer);
    this.#settleAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#exchange.nowMs();
    const { live, news, isMore, nextMs }: Settled = this.#health.settle(nowMs, endpointsMax);
    changeLive(this.#live, live);
    this.#settledMs = performance.now();
    const applied = this.#health.takeApplied();
    if (applied.length > 0) this.#noteApplied(applied);
    if (news.length > 0) this.#tell(news);
    if (isMore) this.#settleSoon();
    else if (nextMs !== null) this.#settleIn(Math.max(QUIET_MS, nextMs - nowMs));
  }

  /** This node answers without them from now on. */
  #noteApplied(incidents: readonly string[]): void {
    const atMs = this.#exchange.nowMs();
    const log = this.#health.incidents;
    for (const id of incidents) {
      const { endpoint } = log.get(id)!;
      log.served(id, this.#counts.servedBefore(this.#health.slotsOf(endpoint), this.#snapshot()));
      log.applied(id, this.#node(), atMs);
      this.#exchange.sayApplied({ incident: id, node: this.#node(), atMs });
    }
    this.#file.changed();
  }

  #hearApplied(applied: readonly AppliedVerdict[]): void {
    for (const verdict of applied) {
      const { incident, node, atMs } = verdict;
      if (this.#health.incidents.applied(incident, node, atMs)) continue;
      const key = endpointOfId(incident);
      this.#early.set(key, [...(this.#early.get(key) ?? []), verdict].slice(-EARLY_OF_ONE_MAX));
      if (this.#early.size > EARLY_MAX) this.#early.delete(this.#early.keys().next().value!);
    }
    this.#file.changed();
  }

  /** A monitor that only observes gives nobody cause to get up. */
  #tellOpened(incident: string, endpoint: string, reason: string): void {
    const { observe } = this.#configuration.monitors.get(endpointParts(endpoint).monitor) ?? {};
    const level = observe === true ? "info" : "warn";
    this.#log[level]({ incident, endpoint, reason, observe }, "endpoint is down");
  }

  #tell(news: readonly HealthChange[]): void {
    for (const change of news) {
      if (change.kind !== "incident") continue;
      const { id, endpoint, reason } = change.incident;
      const early = this.#early.get(endpointOfId(id)) ?? [];
      this.#early.delete(endpointOfId(id));
      this.#hearApplied(early);
      this.#file.changed();
      if (change.change === "opened") this.#tellOpened(id, endpoint, reason);
      else this.#log.info({ incident: id, endpoint }, "endpoint is up again");
    }
    if (news.length === 0) return;
    for (const listener of this.#listeners) listener(news);
  }

  #hearUntil(nowMs: number): void {
    this.#health.hearUntil(this.#away.heardUntilMs(this.#exchange.awaySinceMs, nowMs));
  }

  #slow(): void {
    const nowMs = this.#exchange.nowMs();
    this.#slowTurns++;
    this.#hearUntil(nowMs); // where no prober is here, nothing is heard while others are away
    changeLive(this.#live, this.#health.settleResponses(nowMs, RESPONSES_MAX));
    this.#counts.look(this.#snapshot().next.slot, nowMs);
    if (this.#slowTurns % SAVE_EVERY === 0) this.#saveVerdicts();
    if (this.#slowTurns % PRUNE_EVERY === 0) this.#health.prune();
    if (nowMs - this.#startedMs > COVERAGE_AFTER_MS || this.#newestMs !== null) this.#lookAtAlarms();
    this.#file.write(this.#health.incidents);
  }

  /** Each is logged when it comes, and once. */
  #lookAtAlarms(): void {
    const alarms = this.alarms();
    const before = new Set(this.#alarms);
    const isSame = alarms.length === before.size && alarms.every((alarm) => before.has(alarm));
    if (isSame) return;
    for (const alarm of alarms) if (!before.has(alarm)) this.#log.warn({ alarm }, "health needs a look");
    this.#alarms = alarms;
    this.#tell([{ kind: "alarms", alarms }]);
  }

  #saveVerdicts(): void {
    if (this.#health.takeVerdictsNew()) this.#exchange.saveVerdicts(this.#health.verdicts);
  }
}
