/**
 * What a server with `--redis` shares with the other nodes on it, beside documents: who is there and answers by what.
 * Loaded only then, as the client of Redis costs a start its time.
 *
 * @module
 */
import type { Logger } from "pino";
import type { NodeFace } from "../api/node-face.ts";
import { redisConnector } from "../store/redis/connection.ts";
import { RedisLine } from "../store/redis/redis-line.ts";
import { RedisNodes } from "../store/redis/redis-nodes.ts";
import type { Publisher } from "../sync/follower.ts";
import type { RedisAccess } from "./redis-settings.ts";

export class SharedRedis {
  readonly line: RedisLine;
  readonly nodes: RedisNodes;

  constructor(access: RedisAccess, node: NodeFace, log: Logger) {
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

  /** The other nodes wait for this one no more. */
  async close(): Promise<void> {
    await this.nodes.stop();
    this.line.close();
  }
}
