/**
 * Health for tests of the API: an exchange within the process, and verdicts as a test says them.
 *
 * @module
 */
import { pino } from "pino";
import { type Live, makeLive } from "../../src/api/live/live.ts";
import { ORDER_NOTES } from "../../src/health/effective.ts";
import type { ProberSight } from "../../src/health/health-fold.ts";
import type { Incident } from "../../src/health/incident.ts";
import { endpointParts, type OpinionState } from "../../src/health/opinion.ts";
import { type RegionView, type Verdict, verdictWithout } from "../../src/health/verdict.ts";
import type { GivenOrder, MemberKey } from "../../src/store/live/live-exchange.ts";
import { LocalExchange } from "../../src/store/live/local-exchange.ts";
import type {
  EndpointFilter,
  EndpointHealth,
  HealthChange,
  HealthFace,
  MemberHealth,
  PoolHealthView,
} from "../../src/sync/health/health-face.ts";

/** As a HealthFollower would say it; a test sets what there is. */
export class TestHealth implements HealthFace {
  readonly known: EndpointHealth[] = [];
  readonly pools = new Map<string, PoolHealthView>();
  readonly seen: ProberSight[] = [];
  readonly log: Incident[] = [];
  readonly alarmed: string[] = [];
  ageMs: number | null = 1500;
  awaySinceMs: number | null = null;
  readonly #listeners = new Set<(changes: readonly HealthChange[]) => void>();

  endpoints({ pool, monitor, state }: EndpointFilter = {}): string[] {
    const found = this.known.filter(
      (each) =>
        (pool === undefined || each.members.some((member) => member.pool === pool)) &&
        (monitor === undefined || each.monitor === monitor) &&
        (state === undefined || each.verdict.state === state),
    );
    return found.map(({ endpoint }) => endpoint);
  }

  endpoint(key: string): EndpointHealth | undefined {
    return this.known.find(({ endpoint }) => endpoint === key);
  }

  verdict(key: string): Verdict {
    return this.endpoint(key)?.verdict ?? verdictLike({});
  }

  counts(): Record<OpinionState, number> {
    const counts = { up: 0, down: 0, unknown: 0 };
    for (const { verdict } of this.known) counts[verdict.state]++;
    return counts;
  }

  pool(id: string): PoolHealthView | undefined {
    return this.pools.get(id);
  }

  probers(): ProberSight[] {
    return this.seen;
  }

  incidents(limit: number, before?: string): Incident[] {
    const from = before === undefined ? 0 : this.log.findIndex(({ id }) => id === before) + 1;
    return this.log.slice(from, from + limit);
  }

  incident(id: string): Incident | undefined {
    return this.log.find((incident) => incident.id === id);
  }

  alarms(): string[] {
    return this.alarmed;
  }

  onChange(listener: (changes: readonly HealthChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(...changes: HealthChange[]): void {
    for (const listener of this.#listeners) listener(changes);
  }
}

export interface TestLive extends Live {
  readonly health: TestHealth;
}

export async function openLive(): Promise<TestLive> {
  const exchange = await LocalExchange.open({ dataDir: null, log: pino({ level: "silent" }) });
  const health = new TestHealth();
  return { ...makeLive({ exchange, health }), health };
}

export function endpointOf(
  endpoint: string,
  verdict: Partial<Verdict>,
  ...members: MemberKey[]
): EndpointHealth {
  return { endpoint, ...endpointParts(endpoint), verdict: verdictLike(verdict), members };
}

export function verdictLike(verdict: Partial<Verdict>): Verdict {
  return { ...verdictWithout([], undefined), ...verdict };
}

export function regionLike(view: Pick<RegionView, "region" | "state"> & Partial<RegionView>): RegionView {
  const nothing = { sinceMs: null, firstFailureMs: null, reason: "", responseMs: null };
  return { ...nothing, probers: 1, down: 0, suspects: 0, silent: 0, ...view };
}

export function incidentOf(id: string, endpoint: string, incident: Partial<Incident> = {}): Incident {
  return {
    id,
    endpoint,
    ...endpointParts(endpoint),
    reason: "HTTP 503 from us-east",
    evidence: [],
    firstFailureMs: null,
    verdictMs: Date.UTC(2026, 10, 21, 8),
    publishedMs: null,
    applied: {},
    drain: null,
    closedMs: null,
    ...incident,
  };
}

/** The node answers by this order for the member b of the pool web. */
export function answerBy({ health }: TestLive, order: GivenOrder | null): void {
  const isUp = order === null || order.kind === "up";
  const member: MemberHealth = {
    name: "b",
    isUp,
    ipv4: isUp,
    ipv6: null,
    weightPart: 1,
    notes: order === null ? [] : [ORDER_NOTES[order.kind]],
    endpoints: [endpointOf("alive 192.0.2.2", { state: "up" }, { pool: "web", member: "b" })],
    order,
    load: null,
    responseMs: null,
  };
  health.pools.set("web", {
    pool: "web",
    monitor: "alive",
    isUp: true,
    membersUp: 2,
    minUp: 1,
    alarms: [],
    members: [{ ...member, name: "192.0.2.1", endpoints: [], order: null, notes: [] }, member],
  });
}

/** As a node does that follows the exchange. */
export async function followOrders(live: TestLive): Promise<void> {
  await live.exchange.follow({ orders: (orders) => answerBy(live, orders.at(-1)!.order) });
}
