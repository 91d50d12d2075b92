import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { partsBetween } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { openRedis, parseRedisUrl } from "../../src/store/redis/connection.ts";
import { RedisStore } from "../../src/store/redis/redis-store.ts";
import { RedisServer } from "../support/redis-server.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());

const opened: RedisStore[] = [];
function open(url = server.url): RedisStore {
  const redis = openRedis(parseRedisUrl(url));
  redis.on("error", () => {}); // the tests look at what commands say
  const store = new RedisStore(redis);
  opened.push(store);
  return store;
}
/** When its first command is answered; before that there is no connection. */
async function opening(url?: string): Promise<RedisStore> {
  const store = open(url);
  await expect.poll(() => store.generation().catch(() => -1)).toBeGreaterThanOrEqual(0);
  return store;
}
beforeEach(async () => {
  const redis = server.client();
  await redis.flushall();
  redis.disconnect();
});
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

const BY = { author: "test", reason: "a test" };
const EU: DocumentKey = "pools/eu";

function texts(documents: Readonly<Record<string, object | null>>): Map<DocumentKey, string | null> {
  return new Map(
    Object.entries(documents).map(([key, body]) => [key as DocumentKey, body && JSON.stringify(body)]),
  );
}

async function readAll(store: RedisStore): Promise<Record<string, unknown>> {
  const { versions } = await store.list();
  const found: Record<string, unknown> = {};
  for await (const [key, text] of store.read([...versions.keys()])) found[key] = JSON.parse(text);
  return found;
}

describe("commit()", () => {
  it("makes a change the next generation, with its documents, versions and log", async () => {
    const store = await opening();
    const parts = partsBetween(EU, null, { members: ["192.0.2.1"] });
    const first = await store.commit({
      ...BY,
      expected: 0,
      parts,
      texts: texts({ [EU]: { members: ["192.0.2.1"] } }),
    });
    expect(first).toMatchObject({ generation: 1 });
    await store.commit({
      ...BY,
      expected: 1,
      parts: [],
      texts: texts({ "zones/0/25.2.0.192.in-addr.arpa": { records: {} }, "pools/us": { members: [] } }),
    });
    expect(await store.list()).toEqual({
      generation: 2,
      versions: new Map<string, number>([
        [EU, 1],
        ["zones/0/25.2.0.192.in-addr.arpa", 2],
        ["pools/us", 2],
      ]),
    });
    expect(await readAll(store)).toMatchObject({ [EU]: { members: ["192.0.2.1"] } });
    expect(await store.change(1)).toMatchObject({ generation: 1, ...BY, parts });
    expect((await store.changes(10)).map((change) => change.generation)).toEqual([2, 1]);
    expect((await store.changes(10, 2)).map((change) => change.generation)).toEqual([1]);
  });

  it("refuses a change whose writer did not see the newest generation, and leaves nothing of it", async () => {
    const store = await opening();
    await store.commit({ ...BY, expected: 0, parts: [], texts: texts({ [EU]: { n: 1 } }) });
    const late = await store.commit({ ...BY, expected: 0, parts: [], texts: texts({ [EU]: { n: 2 } }) });
    expect(late).toEqual({ newest: 1 });
    expect(await readAll(store)).toEqual({ [EU]: { n: 1 } });
    const redis = server.client();
    expect((await redis.keys("*staged*")).length).toBe(0);
    redis.disconnect();
  });

  it("takes documents away", async () => {
    const store = await opening();
    await store.commit({ ...BY, expected: 0, parts: [], texts: texts({ [EU]: {}, "pools/us": {} }) });
    await store.commit({ ...BY, expected: 1, parts: [], texts: texts({ [EU]: null }) });
    expect(await readAll(store)).toEqual({ "pools/us": {} });
  });

  it("loses no change of twenty writers at a time, and puts them in one order", async () => {
    const writers = await Promise.all(Array.from({ length: 20 }, () => opening()));
    const accepted: number[] = [];
    await Promise.all(
      writers.map(async (store, writer) => {
        for (let edit = 0; edit < 10; edit++) {
          for (;;) {
            const expected = await store.generation();
            const key: DocumentKey = `pools/w${writer}-${edit}`;
            const done = await store.commit({ ...BY, expected, parts: [], texts: texts({ [key]: {} }) });
            if ("newest" in done) continue;
            accepted.push(done.generation);
            break;
          }
        }
      }),
    );
    expect(accepted.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect((await writers[0]!.list()).versions.size).toBe(200);
  });

  it("carries documents of many megabytes", async () => {
    const store = await opening();
    const large = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`zones/z${i}.test`, { text: "x".repeat(100_000) }]),
    );
    await store.commit({ ...BY, expected: 0, parts: [], texts: texts(large) });
    expect(Object.keys(await readAll(store)).length).toBe(40);
  });

  it("says that Redis cannot be asked, while it is away", async () => {
    const other = await RedisServer.start();
    const store = await opening(other.url);
    await other.kill();
    const edit = { ...BY, expected: 0, parts: [], texts: texts({ [EU]: {} }) };
    await expect(store.commit(edit)).rejects.toMatchObject({ code: "store-unavailable" });
    await other.start();
    await expect.poll(() => store.generation().catch(() => -1), { timeout: 5000 }).toBe(0);
    expect(await store.commit(edit)).toMatchObject({ generation: 1 });
    await other.kill();
  });

  it("says that Redis refused, when it has no memory left", async () => {
    const full = await RedisServer.start("--maxmemory", "1mb");
    const store = await opening(full.url);
    const edit = { ...BY, expected: 0, parts: [], texts: texts({ [EU]: { text: "x".repeat(2_000_000) } }) };
    await expect(store.commit(edit)).rejects.toMatchObject({
      code: "store-unavailable",
      message: expect.stringContaining("OOM") as string,
    });
    await full.kill();
  });
});

describe("seed()", () => {
  it("fills an empty store once, though five nodes try at the same moment", async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => opening()));
    const results = await Promise.all(
      nodes.map((store, i) => store.seed(1, { ...BY, texts: new Map([[EU, JSON.stringify({ from: i })]]) })),
    );
    expect(results.filter((result) => "generation" in result)).toHaveLength(1);
    const winner = results.findIndex((result) => "generation" in result);
    expect(await readAll(nodes[0]!)).toEqual({ [EU]: { from: winner } });
    expect(await nodes[0]!.list()).toEqual({ generation: 1, versions: new Map([[EU, 1]]) });
  });

  it("goes on from a generation that was there before everything was lost", async () => {
    const store = await opening();
    expect(await store.seed(8, { ...BY, texts: new Map([[EU, "{}"]]) })).toMatchObject({ generation: 8 });
    expect(await store.commit({ ...BY, expected: 8, parts: [], texts: texts({ [EU]: null }) })).toMatchObject(
      {
        generation: 9,
      },
    );
  });
});
