/**
 * All that one process knows of what is told in an exchange, and who in it is told.
 *
 *   a prober of this process ─┐              ┌─► tell(): those who follow, in the order in which things came
 *   other processes ──────────┴─► LiveBoard ─┤
 *                                            └─► follow(): all that there is, for who comes late
 *
 * Of each prober on each endpoint, of each member and of each node the latest is kept; of verdicts applied and of samples the
 * newest ones. What comes in one turn of the event loop is told together, at its end: nobody is called from within his own call.
 *
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { isLater, type Opinion } from "../../health/opinion.ts";
import type {
  AppliedVerdict,
  Demand,
  LiveHandlers,
  MemberLoad,
  MemberOrder,
  ProberHead,
  ProberPresence,
  RttSample,
} from "./live-exchange.ts";
import { memberText } from "./live-records.ts";

/** Told at once to who comes late; so many are folded in a millisecond or two, and queries of TCP wait no longer. */
const BATCH = 500;
/** For who comes late; incidents of the last minutes, on all nodes. */
const APPLIED_KEPT = 5000;
/** For who comes late. Some 100 octets each. */
const SAMPLES_KEPT = 20_000;

/** What a prober says; of its latest start alone. */
interface Told {
  epoch: number;
  readonly byEndpoint: Map<string, Opinion>;
}

type News = (handlers: LiveHandlers) => void;

export class LiveBoard {
  readonly #followers = new Set<LiveHandlers>();
  readonly #opinions = new Map<string, Told>();
  readonly #probers = new Map<string, ProberPresence>();
  readonly #orders = new Map<string, MemberOrder>();
  readonly #loads = new Map<string, MemberLoad>();
  readonly #demand = new Map<string, readonly Demand[]>();
  /** Newest last. */
  readonly #applied: AppliedVerdict[] = [];
  readonly #samples: RttSample[] = [];
  #news: News[] = [];
  /** The last of the news, when it is opinions: more of them can go along. */
  #openBatch: Opinion[] | undefined;

  /** Tells all that there is, then what changes. */
  async follow(handlers: LiveHandlers): Promise<() => Promise<void>> {
    await nextTurn();
    this.#flush(); // so that nothing is told to the newcomer twice
    this.#followers.add(handlers);
    void this.#tellAll(handlers);
    return async () => {
      this.#followers.delete(handlers);
    };
  }

  get probers(): readonly ProberPresence[] {
    return [...this.#probers.values()];
  }

  /** Of one prober, by endpoint. */
  opinionsOf(prober: string): ReadonlyMap<string, Opinion> {
    return this.#opinions.get(prober)?.byEndpoint ?? new Map();
  }

  get orders(): ReadonlyMap<string, MemberOrder> {
    return this.#orders;
  }

  get loads(): ReadonlyMap<string, MemberLoad> {
    return this.#loads;
  }

  /** Those that are no news are left out. */
  takeOpinions(opinions: readonly Opinion[]): void {
    for (const opinion of opinions) if (this.#keep(opinion)) this.#batch().push(opinion);
  }

  /** Null: on all endpoints. Those of a later start of the prober than `epoch` stay. */
  withdraw(prober: string, endpoints: readonly string[] | null, epoch = Number.POSITIVE_INFINITY): void {
    const told = this.#opinions.get(prober);
    if (told === undefined || told.epoch > epoch) return;
    const { byEndpoint } = told;
    const gone = endpoints?.filter((endpoint) => byEndpoint.delete(endpoint)) ?? null;
    if (gone === null || byEndpoint.size === 0) this.#opinions.delete(prober);
    if (gone === null || gone.length > 0) this.#tell(({ withdrawn }) => withdrawn?.(prober, gone));
  }

  /** A prober that is heard of. One that started before the one that has its name does not count. */
  takeProber(head: ProberHead, heardMs: number): void {
    if ((this.#probers.get(head.name)?.epoch ?? 0) > head.epoch) return;
    this.#probers.set(head.name, { ...head, heardMs });
  }

  /** Is it gone, now? Not when a later start of it is there. */
  dropProber({ name, epoch }: Pick<ProberHead, "name" | "epoch">): boolean {
    const known = this.#probers.get(name);
    return known !== undefined && known.epoch <= epoch && this.#probers.delete(name);
  }

  tellProbers(): void {
    const probers = this.probers;
    this.#tell((handlers) => handlers.probers?.(probers));
  }

  takeOrders(orders: readonly MemberOrder[]): void {
    const news = orders.filter((order) => {
      const key = memberText(order);
      if (isSameOrder(this.#orders.get(key), order)) return false;
      if (order.order === null) this.#orders.delete(key);
      else this.#orders.set(key, order);
      return true;
    });
    if (news.length > 0) this.#tell((handlers) => handlers.orders?.(news));
  }

  takeLoads(loads: readonly MemberLoad[]): void {
    const news = loads.filter((load) => {
      const key = memberText(load);
      if ((this.#loads.get(key)?.load ?? null) === load.load) return false;
      if (load.load === null) this.#loads.delete(key);
      else this.#loads.set(key, load);
      return true;
    });
    if (news.length > 0) this.#tell((handlers) => handlers.loads?.(news));
  }

  takeApplied(applied: readonly AppliedVerdict[]): void {
    if (applied.length === 0) return;
    keepNewest(this.#applied, applied, APPLIED_KEPT);
    this.#tell((handlers) => handlers.applied?.(applied));
  }

  takeSamples(samples: readonly RttSample[]): void {
    if (samples.length === 0) return;
    keepNewest(this.#samples, samples, SAMPLES_KEPT);
    this.#tell((handlers) => handlers.samples?.(samples));
  }

  /** Nothing: the node asks no more, or has gone. */
  takeDemand(node: string, demand: readonly Demand[]): void {
    if (demand.length > 0) this.#demand.set(node, demand);
    else if (!this.#demand.delete(node)) return;
    this.#tell((handlers) => handlers.demand?.(node, demand));
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#followers.clear();
  }

  #keep(opinion: Opinion): boolean {
    const { prober, endpoint, epoch } = opinion;
    let told = this.#opinions.get(prober);
    if (told === undefined) {
      told = { epoch, byEndpoint: new Map() };
      this.#opinions.set(prober, told);
    }
    if (epoch < told.epoch) return true; // it is not kept, but that it comes tells that there are two
    if (epoch > told.epoch) {
      told.epoch = epoch;
      told.byEndpoint.clear();
    }
    const before = told.byEndpoint.get(endpoint);
    if (before !== undefined && !isLater(opinion, before)) return false;
    told.byEndpoint.set(endpoint, opinion);
    return true;
  }

  #batch(): Opinion[] {
    if (this.#openBatch === undefined) {
      const batch: Opinion[] = [];
      this.#tell((handlers) => handlers.opinions?.(batch));
      this.#openBatch = batch;
    }
    return this.#openBatch;
  }

  #tell(news: News): void {
    this.#openBatch = undefined;
    this.#news.push(news);
    if (this.#news.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const all = this.#news;
    this.#news = [];
    this.#openBatch = undefined;
    for (const news of all) for (const handlers of this.#followers) news(handlers);
  }

  /** What changes while this goes on is told on its own, and what is gone by then is not told. */
  async #tellAll(handlers: LiveHandlers): Promise<void> {
    if (this.#probers.size > 0) handlers.probers?.(this.probers);
    if (this.#orders.size > 0) handlers.orders?.([...this.#orders.values()]);
    if (this.#loads.size > 0) handlers.loads?.([...this.#loads.values()]);
    if (this.#applied.length > 0) handlers.applied?.([...this.#applied]);
    if (this.#samples.length > 0) handlers.samples?.([...this.#samples]);
    for (const [node, demand] of this.#demand) handlers.demand?.(node, demand);
    if (handlers.opinions === undefined) return;
    for (const { byEndpoint } of this.#opinions.values()) {
      let batch: Opinion[] = [];
      for (const opinion of byEndpoint.values()) {
        batch.push(opinion);
        if (batch.length < BATCH) continue;
        handlers.opinions(batch);
        batch = [];
        await nextTurn(); // a Map may change under way: those that are gone are passed over, those that come are met
        if (!this.#followers.has(handlers)) return;
      }
      if (batch.length > 0) handlers.opinions(batch);
    }
  }
}

function isSameOrder(before: MemberOrder | undefined, { order }: MemberOrder): boolean {
  const known = before?.order ?? null;
  if (known === null || order === null) return known === order;
  const { kind, untilMs, by, reason, atMs } = order;
  const isSame = known.kind === kind && known.untilMs === untilMs && known.atMs === atMs;
  return isSame && known.by === by && known.reason === reason;
}

function keepNewest<Item>(kept: Item[], news: readonly Item[], limit: number): void {
  for (const item of news) kept.push(item);
  // Not with each one, for that moves them all.
  if (kept.length > 1.25 * limit) kept.splice(0, kept.length - limit);
}
