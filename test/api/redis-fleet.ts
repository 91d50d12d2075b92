/**
 * Nodes on one Redis in one process, each with a store, a follower, an API and what nodes share; but without sockets: a node's
 * threads answer by what is published, or by nothing new while a test says so.
 *
 * @module
 */
import type { InjectOptions } from "fastify";
import pino from "pino";
import { createApi } from "../../src/api/app.ts";
import { RedisAudit } from "../../src/api/audit-redis.ts";
import { API_LIMITS } from "../../src/api/context.ts";
import { makeLive } from "../../src/api/live/live.ts";
import { RedisTokens } from "../../src/api/token-redis.ts";
import { Tokens } from "../../src/api/tokens.ts";
import { applyNews, type Snapshot } from "../../src/snapshot/snapshot.ts";
import type { LiveExchange } from "../../src/store/live/live-exchange.ts";
import { redisConnector } from "../../src/store/redis/connection.ts";
import { openRedisStore } from "../../src/store/redis/redis-documents.ts";
import { RedisExchange } from "../../src/store/redis/redis-exchange.ts";
import { RedisLine } from "../../src/store/redis/redis-line.ts";
import { RedisNodes } from "../../src/store/redis/redis-nodes.ts";
import { Follower, type Publisher } from "../../src/sync/follower.ts";
import { HealthFollower } from "../../src/sync/health/health-follower.ts";

const ADMIN_TOKEN = "admin-token-of-tests";

const log = pino({ level: "silent" });

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  readonly json: any;
}

export interface FleetNode {
  readonly id: string;
  readonly tokenStore: RedisTokens;
  readonly nodes: RedisNodes;
  readonly exchange: LiveExchange;
  /** While they are stuck, they take nothing up. */
  readonly threads: { isStuck: boolean };
  /** Asks its API, with the admin token unless another is given. */
  ask(method: InjectOptions["method"], url: string, body?: unknown, token?: string): Promise<Reply>;
  close(): Promise<void>;
}

export async function startFleetNode(url: string, id: string, seedDir: string): Promise<FleetNode> {
  const store = await openRedisStore({ url, seedDir, log });
  const follower = new Follower({ store, log });
  let snapshot: Snapshot = await follower.loadFirst();
  let taken = snapshot.generation;
  const threads = { isStuck: false };
  const line = new RedisLine(redisConnector({ url }), log);
  await line.connected();
  const self = {
    ...{ id, version: "1.2.3", region: "eu", addresses: [], startedMs: Date.now(), stateMs: Date.now() },
    get generation() {
      if (!threads.isStuck) taken = snapshot.generation;
      return taken;
    },
    get newest() {
      return snapshot.generation;
    },
  };
  const tokenStore = new RedisTokens(line, log);
  const tokens = new Tokens(tokenStore, { adminToken: ADMIN_TOKEN, now: Date.now });
  const audit = new RedisAudit({ line, node: () => id, log, now: Date.now });
  const nodes = new RedisNodes(line, self, log);
  const limits = { ...API_LIMITS, requestsPerSecondMax: 0 };
  const waitFor = nodes.waitFor.bind(nodes);
  const exchange = await RedisExchange.open({ redis: { url }, log });
  const health = await HealthFollower.open(
    { exchange, node: () => id, region: "eu", dataDir: null, answered: () => () => 0, log },
    follower.configuration,
    snapshot,
  );
  const live = makeLive({ exchange, health });
  const app = createApi({ editor: follower, tokens, audit, log, limits, now: Date.now, waitFor, live });
  await app.ready();
  const plane: Publisher = {
    get snapshot() {
      return snapshot;
    },
    publish(news) {
      snapshot = applyNews(snapshot, news);
      nodes.look();
    },
  };
  follower.follow(health.around(plane, () => follower.configuration));
  await health.follow();
  return {
    id,
    tokenStore,
    threads,
    nodes,
    exchange,
    async ask(method, path, body, token = ADMIN_TOKEN) {
      const reply = await app.inject({
        method: method!,
        url: path,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      return { status: reply.statusCode, json: reply.body === "" ? undefined : reply.json() };
    },
    async close() {
      await app.close();
      await health.close();
      await exchange.close();
      await tokens.close();
      await audit.close();
      await nodes.stop();
      line.close();
      await follower.stop();
    },
  };
}
