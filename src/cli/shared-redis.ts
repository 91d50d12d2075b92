/**
 * What a server with `--redis` shares with the other nodes on it, beside documents: who is there and answers by what, tokens
 * and the audit.
 * Loaded only then, as the client of Redis costs a start its time.
 *
 * @module
 */
import type { Logger } from "pino";
import { RedisAudit } from "../api/audit-redis.ts";
import type { NodeFace } from "../api/node-face.ts";
import { RedisTokens } from "../api/token-redis.ts";
import { redisConnector } from "../store/redis/connection.ts";
import { RedisLine } from "../store/redis/redis-line.ts";
import { RedisNodes } from "../store/redis/redis-nodes.ts";
import type { Publisher } from "../sync/follower.ts";
import type { RedisAccess } from "./redis-settings.ts";

export class SharedRedis {
  readonly line: RedisLine;
  readonly nodes: RedisNodes;
  readonly #log: Logger;

  constructor(access: RedisAccess, node: NodeFace, log: Logger) {
    this.#log = log;
    this.line = new RedisLine(redisConnector(access), log);
    const { id, version, region, addresses, startedMs, plane } = node;
    this.nodes = new RedisNodes(
      this.line,
      {
        id,
        version,
        region,
        addresses,
        startedMs,
        get generation() {
          return plane.generation;
        },
        get newest() {
          return plane.snapshot.generation;
        },
        get stateMs() {
          return node.store.seenMs;
        },
      },
      log,
    );
  }

  /** The same, and the other nodes are told of what it publishes. */
  around(plane: Publisher): Publisher {
    const { nodes } = this;
    return {
      get snapshot() {
        return plane.snapshot;
      },
      publish(news) {
        plane.publish(news);
        nodes.look();
      },
    };
  }

  /** For the API. Waits a little for Redis, and goes on without it. */
  async openTokens(): Promise<RedisTokens> {
    await this.line.connected();
    return new RedisTokens(this.line, this.#log);
  }

  /** For the API. */
  openAudit(now: () => number): RedisAudit {
    return new RedisAudit({ line: this.line, node: () => this.nodes.name, log: this.#log, now });
  }

  /** The other nodes wait for this one no more. */
  async close(): Promise<void> {
    await this.nodes.stop();
    this.line.close();
  }
}

/** Tokens of all nodes on a Redis, for a command. */
export async function openRedisTokens(
  access: RedisAccess,
  log: Logger,
): Promise<{ store: RedisTokens; close: () => void }> {
  const line = new RedisLine(redisConnector(access), log);
  await line.connected();
  return { store: new RedisTokens(line, log), close: () => line.close() };
}
