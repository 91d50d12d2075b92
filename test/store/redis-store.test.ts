import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { partsBetween } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { openRedis, parseRedisUrl } from "../../src/store/redis/connection.ts";
import { RedisStore } from "../../src/store/redis/redis-store.ts";
import { COMMIT } from "../../src/store/redis/scripts.ts";
import { type Head, NO_HEAD, type StoredText, stamped } from "../../src/store/stamp.ts";
import { RedisServer } from "../support/redis-server.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());

const opened: RedisStore[] = [];
/** When its first command is answered; before that there is no connection. */
async function opening(url = server.url): Promise<RedisStore> {
  const redis = openRedis(parseRedisUrl(url));
  redis.on("error", () => {}); // the tests look at what commands say
  const store = new RedisStore(redis);
  opened.push(store);
  await expect.poll(() => store.head().catch(() => undefined)).toBeDefined();
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

const BY = { author: "test", reason: "a test", parts: [] };
const EU: DocumentKey = "pools/eu";
const US: DocumentKey = "pools/us";
const RFC2317: DocumentKey = "zones/0/25.2.0.192.in-addr.arpa";

function texts(documents: Readonly<Record<string, object | null>>): Map<DocumentKey, StoredText | null> {
  return new Map(
    Object.entries(documents).map(([key, body]) => [
      key as DocumentKey,
      body && stamped(JSON.stringify(body)),
    ]),
  );
}

function commit(store: RedisStore, expected: Head, documents: Readonly<Record<string, object | null>>) {
  return store.commit({ ...BY, expected, texts: texts(documents) });
}

/** Of a commit that must be accepted. */
async function committed(store: RedisStore, expected: Head, documents: Record<string, object | null>) {
  const { head } = await commit(store, expected, documents);
  if (head === undefined) throw new Error("refused");
  return head;
}

async function readAll(store: RedisStore): Promise<Record<string, unknown>> {
  const news = await store.news();
  if (news.kind !== "all") throw new Error("not all was listed");
  const wanted = [...news.versions].map(([key, { octets }]) => ({ key, octets }));
  const found: Record<string, unknown> = {};
  for await (const { key, text } of store.read(wanted)) found[key] = JSON.parse(text);
  return found;
}

describe("commit()", () => {
  it("makes a change the next generation, with its documents, versions and log", async () => {
    const store = await opening();
    const parts = partsBetween(EU, null, { members: ["192.0.2.1"] });
    const first = await store.commit({
      ...BY,
      expected: NO_HEAD,
      parts,
      texts: texts({ [EU]: { members: ["192.0.2.1"] } }),
    });
    expect(first.head).toMatchObject({ generation: 1 });
    await committed(store, first.head!, { [RFC2317]: { records: {} }, [US]: { members: [] } });
    expect(await store.head()).toMatchObject({ generation: 2 });
    expect(await readAll(store)).toEqual({
      [EU]: { members: ["192.0.2.1"] },
      [RFC2317]: { records: {} },
      [US]: { members: [] },
    });
    expect(await store.change(1)).toMatchObject({ generation: 1, author: "test", reason: "a test", parts });
    expect((await store.changes(10)).map((change) => change.generation)).toEqual([2, 1]);
    expect((await store.changes(10, 2)).map((change) => change.generation)).toEqual([1]);
    expect(await store.changes(0)).toEqual([]);
    expect(await store.change(3)).toBeUndefined();
  });

  it("refuses a change whose writer did not see the newest generation, and leaves nothing of it", async () => {
    const store = await opening();
    await committed(store, NO_HEAD, { [EU]: { n: 1 } });
    expect(await commit(store, NO_HEAD, { [EU]: { n: 2 } })).toEqual({ newest: 1 });
    // The same number, of another history.
    expect(await commit(store, { generation: 1, id: "other" }, { [EU]: { n: 2 } })).toEqual({ newest: 1 });
    expect(await readAll(store)).toEqual({ [EU]: { n: 1 } });
    const redis = server.client();
    expect((await redis.keys("*staged*")).length).toBe(0);
    redis.disconnect();
  });

  it("takes documents away", async () => {
    const store = await opening();
    const head = await committed(store, NO_HEAD, { [EU]: {}, [US]: {} });
    await committed(store, head, { [EU]: null });
    expect(await readAll(store)).toEqual({ [US]: {} });
  });

  it("keeps of a change too large to be kept which documents it touched", async () => {
    const store = await opening();
    const parts = partsBetween(EU, null, { text: "x".repeat(2_000_000) });
    await store.commit({ ...BY, expected: NO_HEAD, parts, texts: texts({ [EU]: { text: "x" } }) });
    expect((await store.change(1))?.parts).toEqual([{ key: EU, path: [] }]);
  });

  it("loses no change of twenty writers at a time, and puts them in one order", async () => {
    const writers = await Promise.all(Array.from({ length: 20 }, () => opening()));
    const accepted: number[] = [];
    await Promise.all(
      writers.map(async (store, writer) => {
        for (let edit = 0; edit < 10; edit++) {
          for (;;) {
            const { head } = await commit(store, await store.head(), { [`pools/w${writer}-${edit}`]: {} });
            if (head === undefined) continue;
            accepted.push(head.generation);
            break;
          }
        }
      }),
    );
    expect(accepted.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(Object.keys(await readAll(writers[0]!))).toHaveLength(200);
  });

  it("carries documents of many megabytes", async () => {
    const store = await opening();
    const large = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`zones/z${i}.test`, { text: "x".repeat(100_000) }]),
    );
    await committed(store, NO_HEAD, large);
    expect(Object.keys(await readAll(store))).toHaveLength(40);
  });

  it("says that Redis cannot be asked, while it is away", async () => {
    const other = await RedisServer.start();
    const store = await opening(other.url);
    await other.kill();
    await expect(commit(store, NO_HEAD, { [EU]: {} })).rejects.toMatchObject({ code: "store-unavailable" });
    await other.start();
    await expect.poll(() => store.head().catch(() => undefined), { timeout: 5000 }).toEqual(NO_HEAD);
    expect((await committed(store, NO_HEAD, { [EU]: {} })).generation).toBe(1);
    await other.kill();
  });

  it("does not wait for ever while Redis does not answer, and goes on when it does", async () => {
    const other = await RedisServer.start();
    const store = await opening(other.url);
    const head = await committed(store, NO_HEAD, { [EU]: {} });
    other.pause();
    await expect(commit(store, head, { [US]: {} })).rejects.toMatchObject({ code: "store-unavailable" });
    other.resume();
    await expect.poll(() => store.head().catch(() => undefined), { timeout: 5000 }).toEqual(head);
    expect(Object.keys(await readAll(store))).toEqual([EU]);
    await other.kill();
  });

  it("never makes a change afterwards that it said had failed", async () => {
    const other = await RedisServer.start();
    const redis = openRedis(parseRedisUrl(other.url));
    redis.on("error", () => {});
    const store = new RedisStore(redis);
    opened.push(store);
    await expect.poll(() => store.head().catch(() => undefined)).toBeDefined();
    const head = await committed(store, NO_HEAD, { [EU]: {} });
    const send = redis.eval.bind(redis) as (script: string, ...args: unknown[]) => Promise<unknown>;
    // The commit is on its way when Redis stops, and waits in its buffers.
    redis.eval = ((script: string, ...args: unknown[]) => {
      if (script === COMMIT) other.pause();
      return send(script, ...args);
    }) as typeof redis.eval;
    await expect(commit(store, head, { [EU]: null })).rejects.toMatchObject({ code: "store-unavailable" });
    other.resume();
    await expect.poll(() => store.head().catch(() => undefined), { timeout: 5000 }).toEqual(head);
    expect(Object.keys(await readAll(store))).toEqual([EU]);
    await other.kill();
  });

  it("says that Redis refused, when it has no memory left", async () => {
    const full = await RedisServer.start("--maxmemory", "1mb");
    const store = await opening(full.url);
    await expect(commit(store, NO_HEAD, { [EU]: { text: "x".repeat(2_000_000) } })).rejects.toMatchObject({
      code: "store-unavailable",
      message: expect.stringContaining("OOM") as string,
    });
    await full.kill();
  });

  it("fills an empty store once, though five nodes try at the same moment", async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => opening()));
    const results = await Promise.all(nodes.map((store, i) => commit(store, NO_HEAD, { [EU]: { from: i } })));
    expect(results.filter(({ head }) => head !== undefined)).toHaveLength(1);
    const winner = results.findIndex(({ head }) => head !== undefined);
    expect(await readAll(nodes[0]!)).toEqual({ [EU]: { from: winner } });
  });

  it("goes on from a generation that was there before everything was lost", async () => {
    const store = await opening();
    const { head } = await store.commit({ ...BY, expected: NO_HEAD, least: 8, texts: texts({ [EU]: {} }) });
    expect(head).toMatchObject({ generation: 8 });
    expect((await committed(store, head!, { [EU]: null })).generation).toBe(9);
  });
});

describe("news()", () => {
  it("tells nothing, some documents with their texts and changes, or all", async () => {
    const store = await opening();
    const first = await committed(store, NO_HEAD, { [EU]: { n: 1 }, [US]: { n: 1 } });
    expect(await store.news(first)).toEqual({ kind: "none", head: first });
    const second = await committed(store, first, { [EU]: { n: 2 } });
    const third = await committed(store, second, { [US]: null, [EU]: { n: 3 } });
    expect(await store.news(first)).toEqual({
      kind: "some",
      head: third,
      documents: [
        { key: EU, version: expect.objectContaining({ generation: 3 }) as unknown, text: '{"n":3}' },
        { key: US, version: undefined, text: undefined },
      ],
      steps: [
        { ...second, keys: [EU] },
        { ...third, keys: [US, EU] },
      ],
    });
    expect(await store.news({ generation: 1, id: "of another history" })).toMatchObject({ kind: "all" });
    expect(await store.news({ generation: 9, id: "not there yet" })).toMatchObject({ kind: "all" });
  });
});
