import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DocumentReader } from "../../src/documents/document-reader.ts";
import type { DocumentBody } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { openRedisStore, type RedisDocuments } from "../../src/store/redis/redis-documents.ts";
import { RedisServer } from "../support/redis-server.ts";
import { describeStore } from "./contract.ts";

let server: RedisServer;
let dir: string;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-redis-"));
  await command("flushall");
});
const opened: RedisDocuments[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(dir, { recursive: true });
});

async function command(name: string, ...args: string[]): Promise<unknown> {
  const redis = server.client();
  const answer = await redis.call(name, ...args);
  redis.disconnect();
  return answer;
}

interface Opening {
  readonly url?: string;
  readonly seedDir?: string;
  readonly dataDir?: string;
}

async function start({ url = server.url, ...rest }: Opening = {}): Promise<RedisDocuments> {
  const store = await openRedisStore({ url, log: pino({ level: "silent" }), ...rest });
  opened.push(store);
  return store;
}

/** One that is connected. */
async function opening(options: Opening = {}): Promise<RedisDocuments> {
  const store = await start(options);
  await expect.poll(() => store.changes(1).catch(() => undefined)).toBeDefined();
  return store;
}

describeStore({
  kind: "redis",
  isShared: true,
  open: () => opening(),
  async breakDown() {
    server.pause();
    return async () => server.resume();
  },
});

const BY = { author: "ops", reason: "a test", parts: [] };
const pool = (n: number): DocumentBody => ({ members: [{ address: `192.0.2.${n}` }] });

async function put(store: RedisDocuments, documents: Record<string, DocumentBody | null>): Promise<number> {
  const { listing, generation } = await store.list();
  const edits = Object.entries(documents).map(([key, body]) => ({ key: key as DocumentKey, body }));
  const draft = await store.draft(edits, listing);
  const done = await store.commit(draft, { ...BY, expected: generation! });
  if ("newest" in done) throw new Error(`refused: ${done.newest}`);
  return done.generation;
}

async function contents(store: RedisDocuments): Promise<{ generation: number; pools: unknown }> {
  const { generation, listing } = await store.list();
  const pools: Record<string, unknown> = {};
  for (const key of listing.files.keys()) pools[key] = await store.body(key as DocumentKey);
  return { generation: generation!, pools };
}

async function zonesFolder(): Promise<string> {
  const zones = await mkdtemp(join(dir, "zones-"));
  await writeFile(
    join(zones, "all.yaml"),
    "zones:\n  Example.Test.:\n    records:\n      '@': { NS: [ns1.example.net., ns2.example.net.] }\n      www: { pool: web }\n" +
      "pools:\n  web: { members: [{ address: 192.0.2.1 }] }\n",
  );
  return zones;
}

describe("an empty Redis", () => {
  it("is filled from the folder once, though five nodes start at the same moment", async () => {
    const seedDir = await zonesFolder();
    const stores = await Promise.all(Array.from({ length: 5 }, () => opening({ seedDir })));
    const lists = await Promise.all(stores.map((store) => store.list()));
    expect(lists.map(({ generation }) => generation)).toEqual([1, 1, 1, 1, 1]);
    expect(stores[0]!.ids("zones")).toEqual(["example.test"]);
    expect(await stores[4]!.body("pools/web")).toEqual({ members: [{ address: "192.0.2.1" }] });
    const { configuration } = await new DocumentReader(stores[3]!.readFiles).load(lists[3]!.listing);
    expect(configuration?.zones.size).toBe(1);
    expect(await stores[0]!.changes(10)).toHaveLength(1);
  });

  it("is not filled from a folder with faults, and the faults are told", async () => {
    const seedDir = await zonesFolder();
    await writeFile(join(seedDir, "bad.yaml"), "pools: { x: { members: [] } }\n");
    const store = await opening({ seedDir });
    await expect(store.list()).rejects.toMatchObject({ code: "documents-invalid" });
    expect(await command("dbsize")).toBe(0);
  });
});

describe("readFiles()", () => {
  it("points at the line that windrose pull would write", async () => {
    const store = await opening();
    await put(store, { "pools/eu": { members: [{ address: "192.0.2.1" }, { adress: "192.0.2.2" }] } });
    const { listing } = await store.list();
    const { faults } = await new DocumentReader(store.readFiles).load(listing);
    expect(faults[0]).toMatchObject({ file: "pools/eu", line: 5 });
  });

  it("does not take a document that changed since it was listed, and the next load is right", async () => {
    const [store, other] = [await opening(), await opening()];
    await put(other, { "pools/eu": pool(1) });
    await command("hset", "{windrose}:documents", "pools/us", "{");
    const { listing } = await store.list();
    await put(other, { "pools/eu": pool(2) });
    const reader = new DocumentReader((await opening()).readFiles);
    const { faults } = await reader.load(listing);
    expect(faults[0]?.message).toContain("changed in Redis while it was read");
    const { configuration } = await new DocumentReader(store.readFiles).load((await store.list()).listing);
    expect(configuration?.pools.size).toBe(1);
  });
});

describe("a Redis that lost everything", () => {
  it("gets it back from a node with a data folder, as a later generation, once", async () => {
    const a = await opening({ dataDir: join(dir, "a") });
    const b = await opening({ dataDir: join(dir, "b") });
    await put(a, { "pools/eu": pool(1), "pools/us": pool(2) });
    await put(a, { "pools/eu": pool(3) });
    for (const store of [a, b]) store.keep((await store.list()).listing);
    for (const name of ["a", "b"])
      await expect.poll(() => existsSync(join(dir, name, "snapshot.changes"))).toBe(true);
    await command("flushall");
    const [one, two] = await Promise.all([contents(a), contents(b)]);
    expect(one).toEqual({ generation: 3, pools: { "pools/eu": pool(3), "pools/us": pool(2) } });
    expect(two).toEqual(one);
    expect(await put(b, { "pools/us": null })).toBe(4);
    expect(await contents(a)).toEqual({ generation: 4, pools: { "pools/eu": pool(3) } });
  });

  it("and was filled from the folder by a node that just started, gets what the others know", async () => {
    const seedDir = await zonesFolder();
    const node = await opening({ seedDir, dataDir: join(dir, "a") });
    await node.list();
    for (let n = 1; n <= 3; n++) await put(node, { "pools/web": pool(n) });
    await command("flushall");
    const fresh = await opening({ seedDir });
    expect((await fresh.list()).generation).toBe(1);
    expect(await contents(node)).toMatchObject({ generation: 5, pools: { "pools/web": pool(3) } });
    expect(await contents(fresh)).toEqual(await contents(node));
  });

  it("is left alone by a node that has not all of it, which says so", async () => {
    const [a, b] = [await opening(), await opening()];
    await put(a, { "pools/eu": pool(1) });
    const { listing } = await b.list();
    await b.close();
    expect(listing.files.size).toBe(1);
    const c = await opening();
    // Listed in whole, without texts.
    expect((await c.list()).listing.files.size).toBe(1);
    await command("flushall");
    await expect(c.list()).rejects.toMatchObject({ code: "store-unavailable" });
    expect(await contents(a)).toEqual({ generation: 2, pools: { "pools/eu": pool(1) } });
    expect(await contents(c)).toEqual(await contents(a));
  });
});

describe("a Redis that went back", () => {
  /** What is in Redis now, to be put back later: what a replica has that lost what came after. */
  async function photograph(): Promise<() => Promise<void>> {
    const keys = (await command("keys", "*")) as string[];
    const redis = server.client();
    const dumps = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
    redis.disconnect();
    return async () => {
      const again = server.client();
      await again.flushall();
      for (const [key, dump] of dumps) await again.restore(key, 0, dump);
      again.disconnect();
    };
  }

  it("gets the lost changes again, and generations only go up", async () => {
    const [a, b] = [await opening(), await opening()];
    await put(a, { "pools/eu": pool(1), "pools/us": pool(1), "pools/old": pool(1) });
    await b.list();
    const goBack = await photograph();
    await put(a, { "pools/eu": pool(2) });
    await put(a, { "pools/old": null, "pools/new": pool(9) });
    await b.list();
    await goBack();
    const [one, two] = await Promise.all([contents(a), contents(b)]);
    expect(one).toEqual({
      generation: 4,
      pools: { "pools/eu": pool(2), "pools/us": pool(1), "pools/new": pool(9) },
    });
    expect(two).toEqual(one);
    expect((await a.changes(1))[0]).toMatchObject({
      author: "windrose",
      reason: "restored: Redis went back from generation 3 to 1",
    });
  });

  it("keeps what was changed there since, and gets the rest", async () => {
    const [a, b, late] = [await opening(), await opening(), await opening()];
    await put(a, { "pools/eu": pool(1), "pools/us": pool(1) });
    for (const store of [b, late]) await store.list();
    const goBack = await photograph();
    await put(a, { "pools/eu": pool(2) });
    await put(a, { "pools/us": pool(2) });
    await b.list();
    await goBack();
    // One that never saw the lost changes makes others, and reaches the same generation.
    expect(await put(late, { "pools/eu": pool(7) })).toBe(2);
    expect(await put(late, { "pools/x": pool(7) })).toBe(3);
    const [one, two] = await Promise.all([contents(a), contents(b)]);
    expect(one).toEqual({
      generation: 4,
      pools: { "pools/eu": pool(7), "pools/us": pool(2), "pools/x": pool(7) },
    });
    expect(two).toEqual(one);
    expect(await contents(late)).toEqual(one);
  });

  it("is healed by nodes that know different parts of what was lost", async () => {
    const [a, b] = [await opening(), await opening()];
    await put(a, { "pools/eu": pool(1) });
    const goBack = await photograph();
    await put(a, { "pools/eu": pool(2) });
    await b.list();
    await put(a, { "pools/us": pool(3) });
    await goBack();
    // The one that knows less is first.
    await b.list();
    const all = await contents(a);
    expect(all.pools).toEqual({ "pools/eu": pool(2), "pools/us": pool(3) });
    expect(all.generation).toBeGreaterThan(3);
    expect(await contents(b)).toEqual(all);
  });

  it("after a failover to a replica that did not hear the last changes, is whole again", async () => {
    // Nothing of it goes through a disk.
    const main = await RedisServer.start("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0");
    const diskless = ["--repl-diskless-load", "on-empty-db"];
    const replica = await RedisServer.start("--replicaof", "127.0.0.1", String(main.port), ...diskless);
    // What a virtual address or a proxy in front of both does.
    let { port } = main;
    const front = createServer((socket) => {
      const there = connect(port, "127.0.0.1");
      for (const end of [socket, there]) end.on("error", () => {});
      socket.pipe(there).pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(front, "listening");
    const node = await opening({ url: `redis://127.0.0.1:${(front.address() as AddressInfo).port}` });
    await put(node, { "pools/eu": pool(1) });
    const redis = replica.client();
    await expect.poll(() => redis.exists("{windrose}:generation"), { timeout: 10_000 }).toBe(1);
    await redis.replicaof("NO", "ONE");
    await put(node, { "pools/eu": pool(2) });
    port = replica.port;
    await main.kill();
    await expect
      .poll(() => contents(node).catch(() => undefined), { timeout: 10_000 })
      .toEqual({ generation: 3, pools: { "pools/eu": pool(2) } });
    redis.disconnect();
    await node.close();
    front.close();
    await replica.kill();
  });
});

describe("a Redis that is away", () => {
  it("is not needed to start, where the data folder has the last good configuration", async () => {
    const other = await RedisServer.start();
    const dataDir = join(dir, "data");
    const before = await opening({ url: other.url, dataDir });
    await put(before, { "pools/eu": pool(1) });
    before.keep((await before.list()).listing);
    await before.close();
    await other.kill();
    const store = await start({ url: other.url, dataDir });
    const { listing, generation } = await store.list();
    expect(generation).toBe(1);
    const { configuration } = await new DocumentReader(store.readFiles).load(listing);
    expect(configuration?.pools.size).toBe(1);
    const fresh = await start({ url: other.url });
    await expect(fresh.list()).rejects.toMatchObject({ code: "store-unavailable" });
    // Back, with nothing in it.
    let news = 0;
    store.watch(listing, async () => {
      await store.list();
      news++;
    });
    await other.start();
    await expect.poll(() => news, { timeout: 5000 }).toBeGreaterThan(0);
    expect(await contents(store)).toEqual({ generation: 2, pools: { "pools/eu": pool(1) } });
    await other.kill();
  });
});
