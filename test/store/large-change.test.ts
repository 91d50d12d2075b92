import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PartChange } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { packParts, unpackParts } from "../../src/store/redis/change-pieces.ts";
import { connected, openRedis, parseRedisUrl } from "../../src/store/redis/connection.ts";
import { RedisStore } from "../../src/store/redis/redis-store.ts";
import { type Head, NO_HEAD, stamped } from "../../src/store/stamp.ts";
import { RedisServer } from "../support/redis-server.ts";

const KEY: DocumentKey = "zones/example.test";

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());

const opened: RedisStore[] = [];
async function opening(options: { largeOctetsMax?: number } = {}): Promise<RedisStore> {
  const redis = openRedis(parseRedisUrl(server.url));
  redis.on("error", () => {});
  await connected(redis);
  const store = new RedisStore(redis, options);
  opened.push(store);
  return store;
}
beforeEach(() => command("flushall"));
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

async function command(name: string, ...args: string[]): Promise<unknown> {
  const redis = server.client();
  const answer = await redis.call(name, ...args);
  redis.disconnect();
  return answer;
}

/** A part of about so many octets, of which some three quarters are left when it is compressed. */
function part(octets: number): PartChange {
  const after = randomBytes(Math.ceil((octets * 3) / 4)).toString("base64");
  return { key: KEY, path: ["records", "a"], before: { TXT: "ü" }, after };
}

async function change(store: RedisStore, expected: Head, parts: readonly PartChange[]): Promise<Head> {
  const texts = new Map([[KEY, stamped(`{"n":${expected.generation}}`)]]);
  const { head } = await store.commit({ author: "ops", reason: "much", expected, parts, texts });
  if (head === undefined) throw new Error("refused");
  return head;
}

describe("a change of more than a megabyte", () => {
  it("is named in the log, and whole where that is asked for", async () => {
    const store = await opening();
    const first = await change(store, NO_HEAD, []);
    const parts = [part(2_000_000), part(10)];
    const { generation } = await change(store, first, parts);
    const named = { generation, author: "ops", namesOnly: true, parts: [{ key: KEY, path: [] }] };
    expect(await store.change(generation)).toMatchObject(named);
    expect((await store.changes(1))[0]).toMatchObject(named);
    const whole = await store.change(generation, true);
    expect(whole).toMatchObject({ generation, parts });
    expect(whole).not.toHaveProperty("namesOnly");
  });

  it("has its parts for 30 days, and the oldest of all make room for the newest", async () => {
    const store = await opening({ largeOctetsMax: 4_000_000 });
    let head = await change(store, NO_HEAD, []);
    for (let i = 0; i < 3; i++) head = await change(store, head, [part(2_000_000)]);
    const kept = [];
    for (const generation of [2, 3, 4]) kept.push((await store.change(generation, true))?.namesOnly ?? false);
    expect(kept).toEqual([true, false, false]);
    const keys = (await command("keys", "{windrose}:parts:*")) as string[];
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      const seconds = Number(await command("ttl", key));
      expect(seconds).toBeGreaterThan(29 * 86_400);
      expect(seconds).toBeLessThanOrEqual(30 * 86_400);
    }
    expect(await command("llen", "{windrose}:parts")).toBe(2);
  });

  it("leaves nothing behind when another one was faster", async () => {
    const store = await opening();
    const first = await change(store, NO_HEAD, []);
    await change(store, first, []);
    await expect(change(store, first, [part(2_000_000)])).rejects.toThrow("refused");
    expect(await command("keys", "{windrose}:parts*")).toEqual([]);
    expect(await command("keys", "{windrose}:staged*")).toEqual([]);
  });

  it("is not kept when it fills an empty store", async () => {
    const store = await opening();
    const { generation } = await change(store, NO_HEAD, [part(2_000_000)]);
    expect((await store.change(generation, true))?.namesOnly).toBe(true);
    expect(await command("keys", "{windrose}:parts*")).toEqual([]);
  });
});

describe("packParts()", () => {
  it("comes to pieces of 256 KiB that unpackParts() puts together", async () => {
    const parts = [part(1_500_000)];
    const pieces = await packParts(parts);
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(256 * 1024);
    expect(await unpackParts(pieces)).toEqual(parts);
  });

  it("takes 64 MiB of JSON, and not more", async () => {
    const frame = JSON.stringify([{ key: KEY, path: [], after: "" }]).length;
    const after = "x".repeat(64 * 1024 * 1024 - frame);
    const pieces = await packParts([{ key: KEY, path: [], after }]);
    expect(await unpackParts(pieces)).toEqual([{ key: KEY, path: [], after }]);
    expect(await packParts([{ key: KEY, path: [], after: `${after}x` }])).toEqual([]);
  });
});
