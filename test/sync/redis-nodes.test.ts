/**
 * Nodes on one Redis, as serve makes them: edits on all of them at a time, while Redis loses everything and dies.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { applyNews, type Snapshot } from "../../src/snapshot/snapshot.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { openRedisStore, type RedisDocuments } from "../../src/store/redis/redis-documents.ts";
import { Follower } from "../../src/sync/follower.ts";
import { RedisServer } from "../support/redis-server.ts";

const NODES = 3;
const EDITORS = 20;
const EDITS_EACH = 10;

let server: RedisServer;
let dir: string;
let nodes: Node[] = [];
beforeEach(async () => {
  server = await RedisServer.start();
  dir = await mkdtemp(join(tmpdir(), "windrose-nodes-"));
  await writeFile(
    join(dir, "zones.yaml"),
    'zones:\n  a.test:\n    records:\n      "@": { NS: [ns1.example.net., ns2.example.net.] }\n',
  );
});
afterEach(async () => {
  for (const node of nodes) await node.follower.stop();
  nodes = [];
  await server.kill();
  await rm(dir, { recursive: true });
});

class Node {
  readonly store: RedisDocuments;
  readonly follower: Follower;
  readonly generations: number[] = [];
  #snapshot: Snapshot | undefined;

  private constructor(store: RedisDocuments) {
    this.store = store;
    this.follower = new Follower({ store, log: pino({ level: "silent" }) });
  }

  static async start(name: string): Promise<Node> {
    const log = pino({ level: "silent" });
    const dataDir = join(dir, `.data-${name}`);
    const node = new Node(await openRedisStore({ url: server.url, seedDir: dir, dataDir, log }));
    nodes.push(node);
    const first = await node.follower.loadFirst();
    node.#snapshot = first;
    node.generations.push(first.generation);
    node.follower.follow({
      get snapshot() {
        return node.#snapshot!;
      },
      publish: (news) => {
        node.#snapshot = applyNews(node.#snapshot!, news);
        node.generations.push(news.generation);
      },
    });
    return node;
  }

  get pools(): string[] {
    return [...this.follower.documents.configuration.pools.keys()].sort();
  }
}

/** Until it is accepted: who edits is told when Redis is away, and tries again. */
async function add(node: Node, id: string): Promise<void> {
  const key: DocumentKey = `pools/${id}`;
  for (;;) {
    try {
      await node.follower.edit({
        author: "ops",
        reason: "a test",
        dryRun: false,
        edits: () => Promise.resolve([{ key, body: { members: [{ address: "192.0.2.1" }] } }]),
      });
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "store-unavailable" && code !== "edit-unsettled") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

it("nodes lose no accepted edit and never go back, though Redis is emptied and killed meanwhile", async () => {
  for (let n = 0; n < NODES; n++) await Node.start(String(n));
  const wanted: string[] = [];
  const editing = Array.from({ length: EDITORS }, async (_, editor) => {
    for (let n = 0; n < EDITS_EACH; n++) {
      const id = `p${editor}-${n}`;
      await add(nodes[editor % NODES]!, id);
      wanted.push(id);
      if (wanted.length === 60) {
        const redis = server.client();
        await redis.flushall();
        redis.disconnect();
      }
      if (wanted.length === 130) {
        await server.kill(); // and what it had is gone
        await server.start();
      }
    }
  });
  await Promise.all(editing);
  wanted.sort();
  for (const node of nodes) {
    await expect.poll(() => node.pools, { timeout: 10_000 }).toEqual(wanted);
    expect(node.generations).toEqual([...new Set(node.generations)].sort((a, b) => a - b));
  }
  const [first, ...others] = nodes.map(({ follower }) => follower.documents.generation);
  for (const generation of others) expect(generation).toBe(first);
}, 60_000);
