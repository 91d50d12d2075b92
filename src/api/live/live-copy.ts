/**
 * A copy of what the exchange tells of orders, loads and probers, to answer from: no request waits for others. Begins and ends
 * with the API.
 *
 * @module
 */
import type {
  GivenOrder,
  LiveExchange,
  MemberKey,
  MemberLoad,
  MemberOrder,
  ProberPresence,
} from "../../store/live/live-exchange.ts";

export interface StandingOrder extends MemberKey, GivenOrder {}

export class LiveCopy {
  readonly #exchange: LiveExchange;
  readonly #orders = new Map<string, StandingOrder>();
  readonly #loads = new Map<string, number>();
  #probers: readonly ProberPresence[] = [];
  #unfollow: Promise<() => Promise<void>> | undefined;

  constructor(exchange: LiveExchange) {
    this.#exchange = exchange;
  }

  async start(): Promise<void> {
    this.#unfollow = this.#exchange.follow({
      orders: (orders) => this.#takeOrders(orders),
      loads: (loads) => this.#takeLoads(loads),
      probers: (probers) => {
        this.#probers = probers;
      },
    });
    await this.#unfollow;
  }

  async stop(): Promise<void> {
    const unfollow = await this.#unfollow;
    await unfollow?.();
  }

  /** Those that have not run out, by pool and member. */
  orders(): StandingOrder[] {
    const nowMs = this.#exchange.nowMs();
    return [...this.#orders]
      .filter(([, order]) => isInForce(order, nowMs))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, order]) => order);
  }

  orderOf(member: MemberKey): StandingOrder | undefined {
    const order = this.#orders.get(keyOf(member));
    return order !== undefined && isInForce(order, this.#exchange.nowMs()) ? order : undefined;
  }

  /** Undefined where nothing is reported. */
  loadOf(member: MemberKey): number | undefined {
    return this.#loads.get(keyOf(member));
  }

  /** Those that are heard of. */
  get probers(): readonly ProberPresence[] {
    return this.#probers;
  }

  #takeOrders(orders: readonly MemberOrder[]): void {
    for (const { order, pool, member } of orders) {
      const key = keyOf({ pool, member });
      if (order === null) this.#orders.delete(key);
      else this.#orders.set(key, { pool, member, ...order });
    }
  }

  #takeLoads(loads: readonly MemberLoad[]): void {
    for (const { load, ...member } of loads) {
      if (load === null) this.#loads.delete(keyOf(member));
      else this.#loads.set(keyOf(member), load);
    }
  }
}

/** Ids of pools have no blanks. */
function keyOf({ pool, member }: MemberKey): string {
  return `${pool} ${member}`;
}

function isInForce({ untilMs }: GivenOrder, nowMs: number): boolean {
  return untilMs === null || untilMs > nowMs;
}
