/**
 * A node's health in a test: an exchange that says what the test says, at the time that the test says.
 *
 * @module
 */
import { pino } from "pino";
import type {
  Configuration,
  MonitorDocument,
  PoolDocument,
  ZoneDocument,
} from "../../../src/documents/configuration.ts";
import type { Opinion } from "../../../src/health/opinion.ts";
import {
  applyNews,
  compileSnapshot,
  newsBetween,
  type Snapshot,
  slotKey,
} from "../../../src/snapshot/snapshot.ts";
import type {
  AppliedVerdict,
  LiveExchange,
  LiveHandlers,
  SavedVerdict,
} from "../../../src/store/live/live-exchange.ts";
import type { Publisher } from "../../../src/sync/follower.ts";
import type { HealthChange } from "../../../src/sync/health/health-face.ts";
import { HealthFollower, type HealthOptions } from "../../../src/sync/health/health-follower.ts";
import { configurationOf, poolOf, zoneOf } from "../../support/answers.ts";

export const START_MS = Date.UTC(2026, 0, 1);

export const WEB: MonitorDocument = {
  id: "web",
  type: "tcp",
  intervalMs: 1000,
  timeoutMs: 500,
  downAfter: 2,
  upAfter: 1,
  recheckMs: 200,
  quorum: "majority",
  observe: false,
  check: { type: "tcp", port: 80 },
};

const ZONE = zoneOf(
  "$ORIGIN one.test.\n@ 300 SOA ns1 admin 1 2 3 4 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n",
  { www: "p" },
);

export function documentsOf(
  pools: readonly PoolDocument[],
  monitors = [WEB],
  zone: ZoneDocument = ZONE,
): Configuration {
  return {
    ...configurationOf([zone], pools),
    monitors: new Map(monitors.map((monitor) => [monitor.id, monitor])),
  };
}

/** Members as poolOf() takes them, under the monitor `web`. */
export function watched(
  members: readonly string[],
  more: Partial<PoolDocument> = {},
  id = "p",
): PoolDocument {
  return { ...poolOf(id, members), monitor: "web", ...more };
}

export function opinion(endpoint: string, state: Opinion["state"], said: Partial<Opinion> = {}): Opinion {
  const isDown = state === "down";
  return {
    endpoint: `web ${endpoint}`,
    prober: "prober-1",
    region: "eu",
    epoch: START_MS - 60_000,
    sequence: 1,
    state,
    sinceMs: START_MS,
    checkedMs: START_MS,
    firstFailureMs: isDown ? START_MS - 300 : null,
    failures: isDown ? 2 : 0,
    reason: isDown ? "refused" : "",
    responseMs: isDown ? null : 10,
    agent: null,
    daysToExpiry: null,
    ...said,
  };
}

export class TestExchange implements LiveExchange {
  atMs = START_MS;
  awaySinceMs: number | null = null;
  handlers: LiveHandlers = {};
  saved: ReadonlyMap<string, SavedVerdict> = new Map();
  readonly applied: AppliedVerdict[] = [];
  #sequence = 1;

  nowMs(): number {
    return this.atMs;
  }
  /** Each is news, later than the one before. */
  say(...opinions: Opinion[]): void {
    this.handlers.opinions?.(opinions.map((each) => ({ ...each, sequence: ++this.#sequence })));
  }
  async follow(handlers: LiveHandlers): Promise<() => Promise<void>> {
    this.handlers = handlers;
    return async () => {
      this.handlers = {};
    };
  }
  saveVerdicts(verdicts: ReadonlyMap<string, SavedVerdict>): void {
    this.saved = verdicts;
  }
  async loadVerdicts(): Promise<ReadonlyMap<string, SavedVerdict>> {
    return this.saved;
  }
  sayApplied(applied: AppliedVerdict): void {
    this.applied.push(applied);
  }
  speakAs(): never {
    throw new Error("nobody speaks here");
  }
  async order(): Promise<void> {}
  async reportLoad(): Promise<void> {}
  shareSamples(): void {}
  sayDemand(): void {}
  async close(): Promise<void> {}
}

export class TestNode {
  readonly exchange: TestExchange;
  readonly health: HealthFollower;
  readonly publisher: Publisher;
  readonly changes: HealthChange[] = [];
  #snapshot: Snapshot;
  #configuration: Configuration;

  private constructor(
    exchange: TestExchange,
    health: HealthFollower,
    snapshot: Snapshot,
    configuration: Configuration,
  ) {
    this.exchange = exchange;
    this.health = health;
    this.#snapshot = snapshot;
    this.#configuration = configuration;
    const node = this;
    const plane: Publisher = {
      get snapshot() {
        return node.#snapshot;
      },
      publish(news) {
        node.#snapshot = applyNews(node.#snapshot, news);
      },
    };
    this.publisher = health.around(plane, () => this.#configuration);
    health.onChange((changes) => this.changes.push(...changes));
  }

  static async start(
    configuration: Configuration,
    exchange = new TestExchange(),
    options: Partial<HealthOptions> = {},
  ): Promise<TestNode> {
    const snapshot = compileSnapshot(configuration);
    const health = await HealthFollower.open(
      {
        exchange,
        node: () => "node-1",
        region: "eu",
        dataDir: null,
        answered: () => () => 100,
        log: pino({ level: "silent" }),
        ...options,
      },
      configuration,
      snapshot,
    );
    const node = new TestNode(exchange, health, snapshot, configuration);
    await health.follow();
    return node;
  }

  publish(configuration: Configuration): void {
    const news = newsBetween(this.#snapshot, configuration, { before: this.#configuration });
    this.#configuration = configuration;
    this.publisher.publish(news);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Bits of a member of pool p, and its weight where it has not all of it. */
  live(member: string, pool = "p"): number | string {
    const { live, slots } = this.#snapshot;
    const slot = slots.get(slotKey(pool, member))!;
    const weight = live.weight[slot]!;
    return weight === 1 ? live.up[slot]! : `${live.up[slot]} at ${weight}`;
  }
}
