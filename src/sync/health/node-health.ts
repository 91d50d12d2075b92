/**
 * What one node makes of all that it hears about health: opinions become verdicts, verdicts become what pools get, and what
 * went down becomes an incident. No timers and no sockets: HealthFollower brings the news and writes the live table.
 *
 *   heard ─► HealthFold ─► verdict of an endpoint ─┬─► WatchedPool of each pool with it ─► rows of the live table
 *                                                  └─► IncidentLog
 *
 * settle() works through what changed, a slice at a time, so that a start among 100,000 endpoints does not keep the thread
 * that answers TCP for longer than some milliseconds. Lives as long as the process.
 *
 * @module
 */
import type { Configuration } from "../../documents/configuration.ts";
import { coverageWarnings, type Wanted } from "../../health/coverage.ts";
import { HealthFold, type ProberSight } from "../../health/health-fold.ts";
import { IncidentLog } from "../../health/incident.ts";
import { endpointParts, type Opinion, type OpinionState } from "../../health/opinion.ts";
import type { LastVerdict, Quorum, Verdict } from "../../health/verdict.ts";
import type { LiveChange } from "../../steering/live.ts";
import type { GivenOrder, MemberKey, ProberPresence, SavedVerdict } from "../../store/live/live-exchange.ts";
import type { EndpointHealth, HealthChange } from "./health-face.ts";
import { type WatchedMember, WatchedPool } from "./watched-pool.ts";

/** How much of a new response time goes into the smoothed one. */
const RESPONSE_SHARE = 0.3;
/** A smoothed one that moved by less is not worth that every thread works its pools out anew. */
const RESPONSE_CHANGE_MIN = 0.02;

/** One address under one monitor, as long as a pool has it. */
interface WatchedEndpoint {
  readonly key: string;
  pools: WatchedPool[];
  state: OpinionState;
  /** When this node last heard an opinion on it that was news. */
  heardMs: number;
  /** Smoothed, and as it was last written; null = not measured. */
  responseMs: number | null;
  writtenMs: number | null;
}

export interface Configured {
  /** Incidents that end because nobody checks their endpoint any more. */
  readonly changes: readonly HealthChange[];
  /** What members of pools that are new had reported before. */
  readonly loads: readonly LiveChange[];
}

export interface Settled {
  readonly live: readonly LiveChange[];
  readonly news: readonly HealthChange[];
  /** Is there more to work through? */
  readonly isMore: boolean;
  /** When something changes by itself; null = nothing will. */
  readonly nextMs: number | null;
}

export class NodeHealth {
  readonly incidents = new IncidentLog();
  /** What is held of each endpoint, to be kept for the next start; an entry is another object only when its verdict is another. */
  readonly verdicts = new Map<string, SavedVerdict>();
  #areVerdictsNew = false;
  readonly #region: string | null;
  readonly #fold: HealthFold;
  #configuration: Pick<Configuration, "pools" | "monitors"> = { pools: new Map(), monitors: new Map() };
  readonly #pools = new Map<string, WatchedPool>();
  readonly #endpoints = new Map<string, WatchedEndpoint>();
  /** By memberText(). */
  readonly #orders = new Map<string, MemberKey & { readonly order: GivenOrder }>();
  readonly #loads = new Map<string, MemberKey & { readonly load: number }>();
  #presences: readonly ProberPresence[] = [];
  /** Whose verdict may have changed, and has not been looked at. */
  readonly #changed = new Set<string>();
  /** The same of pools that are new; not a slice of these, but all. */
  readonly #fresh = new Set<string>();
  readonly #dirtyPools = new Set<WatchedPool>();
  readonly #dueMs = new Map<WatchedPool, number>();
  /** Does any pool order by response times? And whose may have changed. */
  #isTimed = false;
  readonly #timed = new Set<string>();
  /** Incidents that this node still answers with. */
  readonly #unapplied = new Map<string, string>();

  /** `region` is where the node stands. */
  constructor(region: string | null) {
    this.#region = region;
    this.#fold = new HealthFold((monitor) => this.#configuration.monitors.get(monitor));
  }

  /**
   * Other documents. `slotOf` gives the row of a member of pools that differ from before. Pools that did not change are the same
   * objects, and cost nothing.
   */
  configure(
    { pools, monitors }: Pick<Configuration, "pools" | "monitors">,
    slotOf: (pool: string, member: string) => number,
    nowMs: number,
  ): Configured {
    const before = this.#configuration;
    this.#configuration = { pools, monitors };
    const anew = new Set<string>();
    for (const [id, pool] of this.#pools) if (!pools.has(id)) this.#forget(pool);
    for (const [id, document] of pools) {
      const known = this.#pools.get(id);
      const monitor = (document.monitor === undefined ? null : monitors.get(document.monitor)) ?? null;
      if (known?.document === document && known.monitor === monitor) continue;
      const parts = { slotOf: (member: string) => slotOf(id, member), region: this.#region };
      const pool = new WatchedPool(document, monitor, parts);
      if (known !== undefined) {
        pool.adopt(known);
        this.#forget(known);
      }
      this.#watch(pool);
      anew.add(id);
    }
    const changes = this.#dropEndpoints(nowMs);
    this.#isTimed = [...pools.values()].some(({ policy }) =>
      policy.some(({ type }) => type === "response-time"),
    );
    const isWanted = (endpoint: string) => this.#endpoints.has(endpoint);
    const haveRulesChanged = [...monitors].some(([id, monitor]) => {
      const was = before.monitors.get(id);
      return was !== undefined && was !== monitor;
    });
    if (haveRulesChanged) this.#fold.refold(isWanted);
    else this.#fold.prune(isWanted);
    return { changes, loads: this.#loadsOf(anew) };
  }

  /** Verdicts from before the process began; to be told before the first opinion. */
  remember(verdicts: ReadonlyMap<string, LastVerdict>): void {
    for (const [endpoint, verdict] of verdicts) {
      if (this.#endpoints.has(endpoint)) this.#fold.remember(endpoint, verdict);
    }
  }

  /** See HealthFold.hearUntil(). */
  hearUntil(heardUntilMs: number): void {
    this.#fold.hearUntil(heardUntilMs);
  }

  take(opinions: readonly Opinion[], nowMs: number): void {
    for (const opinion of opinions) {
      if (!this.#fold.take(opinion, nowMs)) continue;
      const known = this.#endpoints.get(opinion.endpoint);
      if (known === undefined) continue;
      known.heardMs = nowMs;
      if (this.#isTimed && opinion.responseMs !== null) this.#timed.add(opinion.endpoint);
    }
  }

  /** A prober has gone; or, with endpoints, it has nothing to say on them any more: then what it said runs out by itself. */
  withdraw(prober: string, endpoints: readonly string[] | null): void {
    if (endpoints === null) this.#fold.forgetProber(prober);
  }

  hearProbers(probers: readonly ProberPresence[]): void {
    this.#presences = probers;
  }

  order({ pool, member }: MemberKey, order: GivenOrder | null): void {
    const key = memberKey(pool, member);
    if (order === null) this.#orders.delete(key);
    else this.#orders.set(key, { pool, member, order });
    const known = this.#pools.get(pool);
    if (known === undefined) return;
    known.order(member, order);
    this.#dirtyPools.add(known);
  }

  /** What the live table has to say of it; null where there is no such member. */
  load({ pool, member }: MemberKey, load: number | null): LiveChange | null {
    const key = memberKey(pool, member);
    if (load === null) this.#loads.delete(key);
    else this.#loads.set(key, { pool, member, load });
    const slot = this.#memberOf(pool, member)?.slot ?? -1;
    return slot < 0 ? null : { slot, load: load ?? Number.NaN };
  }

  /** Works through what changed: what is new in documents, and of the rest so many endpoints at most. */
  settle(nowMs: number, endpointsMax: number): Settled {
    for (const endpoint of this.#fold.drainChanges()) this.#changed.add(endpoint);
    const news: HealthChange[] = [];
    this.#judgeSome(this.#fresh, Number.POSITIVE_INFINITY, news, nowMs);
    this.#judgeSome(this.#changed, endpointsMax, news, nowMs);
    for (const [pool, atMs] of this.#dueMs) if (atMs <= nowMs) this.#dirtyPools.add(pool);
    const live: LiveChange[] = [];
    for (const pool of this.#dirtyPools) {
      for (const member of pool.work(nowMs)) {
        news.push({ kind: "member", pool: pool.document.id, member, atMs: nowMs });
      }
      live.push(...pool.liveChanges());
      const { nextChangeMs = null } = pool.effect ?? {};
      if (nextChangeMs === null) this.#dueMs.delete(pool);
      else this.#dueMs.set(pool, nextChangeMs);
    }
    this.#dirtyPools.clear();
    let nextMs: number | null = null;
    for (const atMs of this.#dueMs.values()) nextMs = Math.min(nextMs ?? atMs, atMs);
    return { live, news, isMore: this.#changed.size > 0, nextMs };
  }

  /** Smooths the response times that came in, of so many endpoints at most; what of them is worth writing. */
  settleResponses(nowMs: number, endpointsMax: number): LiveChange[] {
    const live: LiveChange[] = [];
    let count = 0;
    for (const key of this.#timed) {
      if (count++ >= endpointsMax) break;
      this.#timed.delete(key);
      const endpoint = this.#endpoints.get(key);
      const { responseMs = null } = endpoint === undefined ? {} : this.#fold.verdictOf(key, nowMs);
      if (endpoint === undefined || responseMs === null) continue;
      const before = endpoint.responseMs ?? responseMs;
      endpoint.responseMs = before + RESPONSE_SHARE * (responseMs - before);
      const writtenMs = endpoint.writtenMs ?? Number.POSITIVE_INFINITY;
      if (Math.abs(endpoint.responseMs - writtenMs) < RESPONSE_CHANGE_MIN * writtenMs) continue;
      endpoint.writtenMs = endpoint.responseMs;
      for (const pool of endpoint.pools) {
        for (const member of pool.members) {
          if (member.ipv4 !== key && member.ipv6 !== key) continue;
          live.push({ slot: member.slot, rttMs: this.responseOf(member)! });
        }
      }
    }
    return live;
  }

  /** Incidents that this node does not answer with any more, since the last work of their pools. */
  takeApplied(): string[] {
    const applied: string[] = [];
    for (const [id, key] of this.#unapplied) {
      const incident = this.incidents.get(id);
      const pools = this.#endpoints.get(key)?.pools ?? [];
      if (incident === undefined || incident.closedMs !== null) this.#unapplied.delete(id);
      else if (pools.every((pool) => pool.isWithout(key))) {
        this.#unapplied.delete(id);
        applied.push(id);
      }
    }
    return applied;
  }

  /** Rows of the live table that are about an endpoint. */
  slotsOf(endpoint: string): { pool: string; slot: number }[] {
    return this.#membersOf(endpoint).map(({ pool, member }) => ({
      pool,
      slot: this.#memberOf(pool, member)!.slot,
    }));
  }

  /** Is there something new in `verdicts` since this was asked? */
  takeVerdictsNew(): boolean {
    const areNew = this.#areVerdictsNew;
    this.#areVerdictsNew = false;
    return areNew;
  }

  /** Key and state of each endpoint of the documents. */
  endpoints(): Iterable<Pick<WatchedEndpoint, "key" | "state">> {
    return this.#endpoints.values();
  }

  /** Opinions on what is in no document are kept for a while, for the document may be on its way. */
  prune(): void {
    this.#fold.prune((endpoint) => this.#endpoints.has(endpoint));
  }

  verdictOf(endpoint: string, nowMs: number): Verdict {
    return this.#fold.verdictOf(endpoint, nowMs);
  }

  view(endpoint: string, nowMs: number): EndpointHealth {
    return {
      endpoint,
      ...endpointParts(endpoint),
      verdict: this.#fold.verdictOf(endpoint, nowMs),
      members: this.#membersOf(endpoint),
    };
  }

  pool(id: string): WatchedPool | undefined {
    return this.#pools.get(id);
  }

  orderOf(pool: string, member: string): GivenOrder | null {
    return this.#orders.get(memberKey(pool, member))?.order ?? null;
  }

  loadOf(pool: string, member: string): number | null {
    return this.#loads.get(memberKey(pool, member))?.load ?? null;
  }

  /** Smoothed, in ms, the lower one of its families; null = not measured, or no pool goes by it. */
  responseOf({ ipv4, ipv6 }: Pick<WatchedMember, "ipv4" | "ipv6">): number | null {
    const known = [ipv4, ipv6].map((key) => (key === null ? null : this.#endpoints.get(key)?.responseMs));
    const times = known.filter((time) => typeof time === "number");
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Those that have said something, and those that are only there. */
  probers(): ProberSight[] {
    const sights = this.#fold.probers();
    const known = new Set(sights.map(({ name }) => name));
    for (const { name, region, epoch } of this.#presences) {
      if (known.has(name)) continue;
      const nothing = { checkedMs: 0, seen: 0, down: 0, suspect: [], isDouble: false };
      sights.push({ name, region, epoch, ...nothing });
    }
    return sights.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What pools say loudly. */
  poolAlarms(): string[] {
    return [...this.#pools.values()].flatMap(({ effect, document }) =>
      (effect?.alarms ?? []).map((alarm) => `pool "${document.id}": ${alarm}`),
    );
  }

  /** What probers cannot do for the documents. Nothing where no pool has a monitor. */
  coverage(): string[] {
    if (this.#endpoints.size === 0) return [];
    return coverageWarnings(this.#wanted(), this.probers());
  }

  #wanted(): Wanted {
    const regions = new Map<string, string>();
    const quorums = new Map<string, Quorum>();
    let isOwnWanted = false;
    for (const { document, monitor } of this.#pools.values()) {
      if (monitor === null) continue;
      quorums.set(monitor.id, monitor.quorum);
      for (const region of [document.region, ...document.members.map((member) => member.region)]) {
        if (region != null && !regions.has(region)) regions.set(region, `pool "${document.id}"`);
      }
      isOwnWanted ||= document.healthView === "region";
    }
    return { regions, quorums, nodeRegions: isOwnWanted && this.#region !== null ? [this.#region] : [] };
  }

  #judgeSome(keys: Set<string>, countMax: number, news: HealthChange[], nowMs: number): void {
    let count = 0;
    for (const key of keys) {
      if (count++ >= countMax) break;
      keys.delete(key);
      const endpoint = this.#endpoints.get(key);
      if (endpoint !== undefined) this.#judge(endpoint, news, nowMs);
    }
  }

  #judge(endpoint: WatchedEndpoint, news: HealthChange[], nowMs: number): void {
    const { key } = endpoint;
    const verdict = this.#fold.verdictOf(key, nowMs);
    if (verdict.state !== endpoint.state) {
      news.push({ kind: "verdict", endpoint: key, before: endpoint.state, verdict, atMs: nowMs });
    }
    endpoint.state = verdict.state;
    this.#keep(key, verdict, nowMs);
    for (const pool of endpoint.pools) {
      pool.see(key, verdict, nowMs);
      this.#dirtyPools.add(pool);
    }
    this.#noteIncident(endpoint, verdict, news, nowMs);
  }

  #keep(key: string, { state, sinceMs }: Verdict, nowMs: number): void {
    const since = sinceMs ?? nowMs;
    const kept = this.verdicts.get(key);
    if (state === "unknown" || (kept?.state === state && kept.sinceMs === since)) return;
    this.verdicts.set(key, { state, sinceMs: since, savedMs: nowMs });
    this.#areVerdictsNew = true;
  }

  #noteIncident({ key, heardMs }: WatchedEndpoint, verdict: Verdict, news: HealthChange[], nowMs: number) {
    const change = this.incidents.see(key, verdict, nowMs);
    if (change === null) return;
    const { id } = change.incident;
    if (change.kind === "opened") {
      this.incidents.published(id, Math.max(heardMs, change.incident.verdictMs));
      this.#unapplied.set(id, key);
    }
    news.push({ kind: "incident", change: change.kind, incident: this.incidents.get(id)! });
  }

  #loadsOf(pools: ReadonlySet<string>): LiveChange[] {
    const live: LiveChange[] = [];
    for (const { pool, member, load } of this.#loads.values()) {
      const slot = pools.has(pool) ? (this.#memberOf(pool, member)?.slot ?? -1) : -1;
      if (slot >= 0) live.push({ slot, load });
    }
    return live;
  }

  #watch(pool: WatchedPool): void {
    const { id } = pool.document;
    this.#pools.set(id, pool);
    for (const key of pool.endpoints) {
      let endpoint = this.#endpoints.get(key);
      if (endpoint === undefined) {
        const times = { heardMs: 0, responseMs: null, writtenMs: null };
        endpoint = { key, pools: [], state: "unknown", ...times };
        this.#endpoints.set(key, endpoint);
      }
      if (!endpoint.pools.includes(pool)) endpoint.pools.push(pool);
      this.#fresh.add(key);
    }
    for (const { pool: of, member, order } of this.#orders.values()) if (of === id) pool.order(member, order);
    this.#dirtyPools.add(pool);
  }

  #forget(pool: WatchedPool): void {
    for (const key of pool.endpoints) {
      const endpoint = this.#endpoints.get(key);
      if (endpoint !== undefined) endpoint.pools = endpoint.pools.filter((one) => one !== pool);
    }
    this.#pools.delete(pool.document.id);
    this.#dirtyPools.delete(pool);
    this.#dueMs.delete(pool);
  }

  /** Those that no pool has any more; their incidents end with them. */
  #dropEndpoints(nowMs: number): HealthChange[] {
    const closed: HealthChange[] = [];
    for (const [key, { pools }] of this.#endpoints) {
      if (pools.length > 0) continue;
      this.#endpoints.delete(key);
      this.#areVerdictsNew = this.verdicts.delete(key) || this.#areVerdictsNew;
      const change = this.incidents.close(key, nowMs);
      if (change !== null) closed.push({ kind: "incident", change: change.kind, incident: change.incident });
    }
    return closed;
  }

  #membersOf(endpoint: string): MemberKey[] {
    return (this.#endpoints.get(endpoint)?.pools ?? []).flatMap(({ document, members }) =>
      members
        .filter(({ ipv4, ipv6 }) => ipv4 === endpoint || ipv6 === endpoint)
        .map(({ name }) => ({ pool: document.id, member: name })),
    );
  }

  #memberOf(pool: string, member: string) {
    return this.#pools.get(pool)?.members.find(({ name }) => name === member);
  }
}

function memberKey(pool: string, member: string): string {
  return `${pool}/${member}`;
}
