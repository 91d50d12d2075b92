import { setTimeout as sleep } from "node:timers/promises";
import pino, { type Logger } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NodeReport } from "../../src/store/nodes.ts";
import { openRedis, parseRedisUrl, redisConnector } from "../../src/store/redis/connection.ts";
import { RedisLine } from "../../src/store/redis/redis-line.ts";
import { type NodeSelf, RedisNodes } from "../../src/store/redis/redis-nodes.ts";
import { RedisStore } from "../../src/store/redis/redis-store.ts";
import { type Head, NO_HEAD } from "../../src/store/stamp.ts";
import { RedisServer } from "../support/redis-server.ts";

const silent = pino({ level: "silent" });

let server: RedisServer;
let store: RedisStore;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());
beforeEach(async () => {
  const redis = server.client();
  await redis.flushall();
  redis.disconnect();
  const connection = openRedis(parseRedisUrl(server.url));
  connection.on("error", () => {});
  store = new RedisStore(connection);
  await expect.poll(() => store.head().catch(() => undefined)).toBeDefined();
});
afterEach(async () => {
  for (const node of started.splice(0)) await node.stop();
  store.close();
});

const started: TestNode[] = [];

/** A node whose threads take up what a test says. */
class TestNode {
  readonly nodes: RedisNodes;
  readonly line: RedisLine;
  readonly self: NodeSelf & { generation: number; newest: number };

  constructor(id: string, log: Logger = silent) {
    this.self = {
      id,
      version: "1.2.3",
      region: "eu",
      addresses: ["192.0.2.53:53"],
      startedMs: 0,
      generation: 0,
      newest: 0,
      stateMs: Date.now(),
    };
    this.line = new RedisLine(redisConnector({ url: server.url }), log);
    this.nodes = new RedisNodes(this.line, this.self, log);
    started.push(this);
  }

  /** All threads answer by it. */
  take(generation: number): void {
    this.self.newest = generation;
    this.self.generation = generation;
    this.nodes.look();
  }

  /** As when the process dies: nothing is said any more. */
  die(): void {
    this.line.close();
  }

  async stop(): Promise<void> {
    await this.nodes.stop();
    this.line.close();
  }
}

async function start(...ids: string[]): Promise<TestNode[]> {
  const nodes = ids.map((id) => new TestNode(id));
  await expect.poll(() => namesBy(nodes[0]!)).toEqual([...ids].sort());
  return nodes;
}

async function namesBy({ nodes }: TestNode): Promise<string[]> {
  return (await nodes.list()).map(({ id }) => id);
}

/** One change, accepted by Redis. */
async function change(expected: Head = NO_HEAD): Promise<{ head: Head; at: string }> {
  const done = await store.commit({
    author: "test",
    reason: "a test",
    parts: [],
    expected,
    texts: new Map(),
  });
  if (done.head === undefined) throw new Error("refused");
  return done;
}

describe("RedisNodes.list()", () => {
  it("has every node on this Redis, and what it is at", async () => {
    const [a, b] = (await start("b", "a")) as [TestNode, TestNode];
    b.take(3);
    await expect.poll(async () => (await a.nodes.list())[0]?.generation).toBe(3);
    expect(await a.nodes.list()).toEqual([
      {
        id: "a",
        version: "1.2.3",
        region: "eu",
        addresses: ["192.0.2.53:53"],
        pid: process.pid,
        generation: 3,
        stateAgeSeconds: expect.any(Number) as number,
        startedAt: "1970-01-01T00:00:00.000Z",
        seenAt: expect.stringMatching(/^20/) as string,
        self: false,
      } satisfies NodeReport,
      expect.objectContaining({ id: "b", self: true }),
    ]);
  });

  it("forgets a node that stops at once", async () => {
    const [a, b] = (await start("a", "b")) as [TestNode, TestNode];
    await b.nodes.stop();
    expect(await namesBy(a)).toEqual(["a"]);
  });

  it("has those that were there last while Redis is away, and all again when it is back", async () => {
    const [a, b] = (await start("a", "b")) as [TestNode, TestNode];
    await server.kill();
    expect(await namesBy(a)).toEqual(["a", "b"]);
    await server.start(); // with nothing in it
    await expect.poll(() => namesBy(b), { timeout: 10_000 }).toEqual(["a", "b"]);
  }, 20_000);
});

describe("RedisNodes.waitFor()", () => {
  it("resolves with a receipt of each of three nodes, by the clock of Redis", async () => {
    const [a, b, c] = (await start("a", "b", "c")) as [TestNode, TestNode, TestNode];
    const { head, at } = await change();
    a.take(head.generation);
    const waiting = a.nodes.waitFor(head.generation, { who: "all", timeoutMs: 10_000, at });
    // The main thread has it, and a worker does not yet.
    b.self.newest = head.generation;
    b.nodes.look();
    c.take(head.generation);
    await sleep(30); // of the clock of Redis
    b.take(head.generation);
    const { complete, receipts, missing } = await waiting;
    expect([complete, missing]).toEqual([true, []]);
    expect(receipts.map(({ node }) => node).sort()).toEqual(["a", "b", "c"]);
    expect(receipts.at(-1)).toMatchObject({ node: "b", generation: head.generation });
    expect(receipts.at(-1)!.ms).toBeGreaterThanOrEqual(30);
  });

  it("knows receipts that came before anybody waited, and takes a later generation for one", async () => {
    const [a, b] = (await start("a", "b")) as [TestNode, TestNode];
    const first = await change();
    const second = await change(first.head);
    a.take(1);
    b.take(2);
    await expect.poll(async () => (await a.nodes.list())[1]?.generation).toBe(2);
    a.take(2);
    const { receipts } = await a.nodes.waitFor(1, { who: "all", timeoutMs: 10_000, at: first.at });
    expect(new Map(receipts.map(({ node, generation }) => [node, generation]))).toEqual(
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
    );
    const both = await a.nodes.waitFor(2, { who: "all", timeoutMs: 10_000, at: second.at });
    expect(both.receipts).toHaveLength(2);
  });

  it("a quorum is more than half, and says who is missing", async () => {
    const [a, b] = (await start("a", "b", "c")) as [TestNode, TestNode, TestNode];
    const { at } = await change();
    a.take(1);
    b.take(1);
    const { complete, receipts, missing } = await a.nodes.waitFor(1, {
      who: "quorum",
      timeoutMs: 10_000,
      at,
    });
    expect([complete, receipts.length, missing]).toEqual([true, 2, ["c"]]);
    const all = await a.nodes.waitFor(1, { who: "all", timeoutMs: 50, at });
    expect(all).toMatchObject({ complete: false, missing: ["c"] });
  });

  it("waits no longer for a node that died than that one's lifetime", async () => {
    const [a, b, c] = (await start("a", "b", "c")) as [TestNode, TestNode, TestNode];
    c.die();
    const { at } = await change();
    a.take(1);
    b.take(1);
    const { complete, receipts, missing } = await a.nodes.waitFor(1, { who: "all", timeoutMs: 60_000, at });
    expect([complete, receipts.length, missing]).toEqual([true, 2, ["c"]]);
    expect(await namesBy(a)).toEqual(["a", "b"]);
  }, 20_000);

  it("of an edit that changed nothing has no ms", async () => {
    const [a] = (await start("a")) as [TestNode];
    a.take(1);
    const { receipts } = await a.nodes.waitFor(1, { who: "all", timeoutMs: 10_000, at: null });
    expect(receipts).toEqual([{ node: "a", generation: 1, ms: null }]);
  });

  it("ends in time while Redis does not answer, and does not doubt this node", async () => {
    const [a] = (await start("a", "b")) as [TestNode, TestNode];
    const { at } = await change();
    await server.kill();
    a.take(1);
    const { complete, receipts, missing } = await a.nodes.waitFor(1, { who: "all", timeoutMs: 300, at });
    await server.start();
    expect([complete, receipts, missing]).toEqual([false, [{ node: "a", generation: 1, ms: null }], ["b"]]);
  });
});

describe("a name that another node has", () => {
  it("gets a number behind it and a warning when that node lives", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    // A node lists itself before Redis has it, and who is there first keeps the name: so another one says when it is.
    const [other, first] = (await start("other", "same")) as [TestNode, TestNode];
    const second = new TestNode("same", log);
    await expect.poll(() => second.nodes.name, { timeout: 10_000 }).toBe("same-2");
    await expect.poll(() => namesBy(other)).toEqual(["other", "same", "same-2"]);
    expect(lines.join("")).toContain("another node has this name");
    expect(first.nodes.name).toBe("same");
  }, 20_000);

  it("is taken again after a crash, once the entry ran out", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    const [first] = (await start("same")) as [TestNode];
    first.die();
    const second = new TestNode("same", log);
    second.take(7);
    const other = new TestNode("other");
    const generation = async () => (await other.nodes.list()).find(({ id }) => id === "same")?.generation;
    await expect.poll(generation, { timeout: 10_000 }).toBe(7);
    expect([second.nodes.name, lines]).toEqual(["same", []]);
  }, 20_000);
});
