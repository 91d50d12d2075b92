import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Tokens } from "../../src/api/tokens.ts";
import { RedisServer } from "../support/redis-server.ts";
import { type FleetNode, startFleetNode } from "./redis-fleet.ts";

const ZONE = 'zones:\n  a.test:\n    records:\n      "@": { NS: [ns1.example.net., ns2.example.net.] }\n';

let server: RedisServer;
let dir: string;
let a: FleetNode;
let b: FleetNode;
let c: FleetNode;
let all: FleetNode[] = [];
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());
beforeEach(async () => {
  const redis = server.client();
  await redis.flushall();
  redis.disconnect();
  dir = await mkdtemp(join(tmpdir(), "windrose-fleet-"));
  await writeFile(join(dir, "zones.yaml"), ZONE);
  all = [];
  for (const id of ["a", "b", "c"]) all.push(await startFleetNode(server.url, id, dir));
  [a, b, c] = all as [FleetNode, FleetNode, FleetNode];
  await expect.poll(async () => (await a.nodes.list()).length).toBe(3);
});
afterEach(async () => {
  for (const node of all) await node.close();
  await rm(dir, { recursive: true });
});

const pool = (n: number) => ({ members: [`192.0.2.${n}`] });

describe("an edit on one of three nodes", () => {
  test("with ?wait=all has a receipt of each, and all have the edit by then", async () => {
    const { status, json } = await a.ask("PUT", "/v1/pools/web?wait=all", pool(1));
    expect([status, json.generation, json.complete, json.missing]).toEqual([201, 2, true, []]);
    expect(json.receipts.map(({ node }: { node: string }) => node).sort()).toEqual(["a", "b", "c"]);
    for (const { generation, ms } of json.receipts) {
      expect(generation).toBe(2);
      expect(ms).toBeGreaterThan(0);
    }
    for (const node of [b, c]) expect((await node.ask("GET", "/v1/pools/web")).json).toMatchObject(pool(1));
  });

  test("with ?wait=quorum does not wait for one that is stuck, and ?timeout ends a wait for all", async () => {
    c.threads.isStuck = true;
    const quorum = await b.ask("PUT", "/v1/pools/web?wait=quorum", pool(1));
    expect(quorum.json).toMatchObject({ complete: true, missing: ["c"] });
    const waited = await b.ask("PUT", "/v1/pools/web?wait=all&timeout=200ms", pool(2));
    expect(waited.json).toMatchObject({ generation: 3, complete: false, missing: ["c"] });
    expect(waited.json.receipts).toHaveLength(2);
    c.threads.isStuck = false;
    const again = await b.ask("PUT", "/v1/pools/web?wait=all", pool(2)); // nothing new, and c has caught up
    expect(again.json).toMatchObject({ generation: 3, at: null, complete: true, missing: [] });
  });

  test("is not held up by a node that was stopped", async () => {
    await c.close();
    all.pop();
    const { json } = await a.ask("PUT", "/v1/pools/web?wait=all", pool(1));
    expect(json).toMatchObject({ complete: true, missing: [] });
    expect(json.receipts).toHaveLength(2);
  });

  test.each(["wait=some", "wait=all&timeout=2", "wait=all&timeout=61s"])("refuses ?%s", async (query) => {
    const { status, json } = await a.ask("PUT", `/v1/pools/web?${query}`, pool(1));
    expect([status, json.code]).toEqual([400, "request-invalid"]);
  });
});

describe("a change of megabytes", () => {
  const zoneOf = (data: string) => ({
    records: {
      "@": { NS: ["ns1.example.net.", "ns2.example.net."] },
      ...Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`name-${i}`, { TXT: `${data} ${i}` }])),
    },
  });

  test("is taken back on another node", async () => {
    await a.ask("PUT", "/v1/zones/large.test?wait=all", zoneOf("as it was, a text that repeats itself"));
    const { json } = await a.ask("PUT", "/v1/zones/large.test?wait=all", zoneOf("another text"));
    const shown = (await b.ask("GET", `/v1/changes/${json.generation}`)).json;
    expect(shown).toMatchObject({ namesOnly: true, changes: [{ document: "zones/large.test", path: [] }] });
    const reverted = await b.ask("POST", `/v1/changes/${json.generation}/revert?wait=all`);
    expect([reverted.status, reverted.json.complete]).toEqual([200, true]);
    const name = await c.ask("GET", "/v1/zones/large.test/names/name-7");
    expect(name.json).toEqual({ TXT: "as it was, a text that repeats itself 7" });
  });

  test("that is not kept any more is refused with a code of its own", async () => {
    await a.ask("PUT", "/v1/zones/large.test", zoneOf("as it was, a text that repeats itself"));
    const redis = server.client();
    for (const key of await redis.keys("{windrose}:parts:*")) await redis.del(key);
    redis.disconnect();
    const { status, json } = await a.ask("POST", "/v1/changes/2/revert");
    expect([status, json.code]).toEqual([409, "change-not-kept"]);
  });
});

describe("tokens of nodes on one Redis", () => {
  async function make(node: FleetNode, name = "ci"): Promise<{ id: string; token: string }> {
    const { status, json } = await node.ask("POST", "/v1/tokens", { name, scope: "edit" });
    expect(status).toBe(201);
    return json;
  }
  const self = async (node: FleetNode, token: string) => {
    const { status, json } = await node.ask("GET", "/v1/tokens/self", undefined, token);
    return [status, json.code ?? json.name];
  };

  test("work on all at once, and a revocation counts everywhere within a second", async () => {
    const { id, token } = await make(a);
    for (const node of all) expect(await self(node, token)).toEqual([200, "ci"]);
    await b.ask("DELETE", `/v1/tokens/${id}`);
    expect(await self(b, token)).toEqual([401, "token-revoked"]);
    for (const node of [a, c])
      await expect.poll(() => self(node, token), { timeout: 1000 }).toEqual([401, "token-revoked"]);
  });

  test("are revoked within a second even where the message is lost", async () => {
    const { id, token } = await make(a);
    expect(await self(c, token)).toEqual([200, "ci"]);
    const redis = server.client();
    const stored = JSON.parse((await redis.hget("{windrose}:tokens", id))!);
    await redis.hset("{windrose}:tokens", id, JSON.stringify({ ...stored, revokedAt: stored.createdAt }));
    await redis.set("{windrose}:tokens:version", "as another node would, without its message");
    redis.disconnect();
    await expect.poll(() => self(c, token), { timeout: 1000 }).toEqual([401, "token-revoked"]);
  });

  test("are kept as hashes, and their last use on any node is told by all", async () => {
    const { id, token } = await make(a);
    await self(c, token);
    const used = async () =>
      (await b.ask("GET", "/v1/tokens")).json.items.find((each: { id: string }) => each.id === id).lastUsedAt;
    await expect.poll(used).toMatch(/^20/);
    const redis = server.client();
    const kept = JSON.stringify([
      await redis.hgetall("{windrose}:tokens"),
      await redis.xrange("{windrose}:audit", "-", "+"),
    ]);
    redis.disconnect();
    expect(kept).toContain(id);
    expect(kept).not.toContain(token.slice(16));
  });

  test("let in from memory while Redis is away; what is not known is refused with 503", async () => {
    const { token } = await make(a);
    await expect.poll(() => self(b, token)).toEqual([200, "ci"]);
    await sleep(600); // until b has read all
    await server.kill();
    expect(await self(b, token)).toEqual([200, "ci"]);
    expect(await self(b, `wr_0123456789ab_${"x".repeat(43)}`)).toEqual([503, "store-unavailable"]);
    expect((await b.ask("POST", "/v1/tokens", { name: "new", scope: "read" })).json.code).toBe(
      "store-unavailable",
    );
    await server.start();
  });

  test("come back, revocations too, when Redis lost everything", async () => {
    const [good, revoked] = [await make(a, "good"), await make(a, "revoked")];
    await a.ask("DELETE", `/v1/tokens/${revoked.id}`);
    await expect.poll(() => self(c, revoked.token)).toEqual([401, "token-revoked"]);
    const redis = server.client();
    await redis.flushall();
    await expect.poll(() => redis.hlen("{windrose}:tokens"), { timeout: 3000 }).toBe(2);
    redis.disconnect();
    const late = await startFleetNode(server.url, "late", dir);
    all.push(late);
    expect(await self(late, good.token)).toEqual([200, "good"]);
    expect(await self(late, revoked.token)).toEqual([401, "token-revoked"]);
  });

  test("createFirst() and revoke() of nodes at the same moment agree", async () => {
    const nodes = all.map(({ tokenStore }) => new Tokens(tokenStore, { now: Date.now }));
    const texts = await Promise.all(nodes.map((tokens) => tokens.createFirst()));
    expect(texts.filter((text) => text !== undefined)).toHaveLength(1);
    const second = await nodes[0]!.create({ name: "second", scope: "admin" }, "test");
    const ids = (await nodes[0]!.list()).map(({ id }) => id);
    expect(ids).toContain(second.token.id);
    const outcomes = await Promise.all(ids.map((id, i) => nodes[i]!.revoke(id)));
    expect(outcomes.sort()).toEqual(["last", "revoked"]);
  });
});

describe("the audit of nodes on one Redis", () => {
  const entries = async (node: FleetNode, query = "") => {
    const { json } = await node.ask("GET", `/v1/audit${query}`);
    return json as {
      items: { id: number; node: string; what: string; status: number }[];
      next: number | null;
    };
  };

  test("is read on each of them, newest first, in pages", async () => {
    await a.ask("PUT", "/v1/pools/web", pool(1));
    await expect.poll(async () => (await entries(c)).items.length).toBe(1);
    await b.ask("PUT", "/v1/pools/web", pool(2));
    await c.ask("GET", "/v1/zones", undefined, "wrong");
    await expect.poll(async () => (await entries(a)).items.map(({ node }) => node)).toEqual(["c", "b", "a"]);
    const first = await entries(b, "?limit=2");
    expect(first.items.map(({ status }) => status)).toEqual([401, 200]);
    const rest = await entries(b, `?before=${first.next}`);
    expect(rest.items).toMatchObject([
      { node: "a", who: "WINDROSE_ADMIN_TOKEN", what: "PUT /v1/pools/web", generation: 2 },
    ]);
  });

  test("keeps what happened while Redis was away, and says that it cannot be read meanwhile", async () => {
    await server.kill();
    await a.ask("PUT", "/v1/pools/web", pool(1));
    expect((await a.ask("GET", "/v1/audit")).json.code).toBe("store-unavailable");
    await server.start();
    await expect
      .poll(async () => (await b.ask("GET", "/v1/audit")).json.items, { timeout: 5000 })
      .toMatchObject([{ node: "a", status: 503, code: "store-unavailable" }]);
  });
});

describe("orders and loads on one of three nodes", () => {
  const ORDER = "/v1/pools/web/members/one/order";

  beforeEach(async () => {
    const members = [
      { name: "one", address: "192.0.2.1", capacity: 10 },
      { name: "two", address: "192.0.2.2" },
    ];
    await a.ask("PUT", "/v1/pools/web?wait=all", { policy: ["load", "weighted"], members });
  });

  async function memberOn(node: FleetNode) {
    return (await node.ask("GET", "/v1/pools/web/health")).json.members[0];
  }

  test("are in force on all, and any of them takes them back", async () => {
    const put = await a.ask("PUT", ORDER, { kind: "down", for: "1h", reason: "smoke" });
    expect([put.status, put.json]).toMatchObject([201, { kind: "down", applied: true }]);
    for (const node of all)
      await expect.poll(async () => (await memberOn(node)).notes).toEqual(["forced down"]);
    const { applied, ...order } = put.json;
    expect((await c.ask("GET", "/v1/orders")).json.items).toEqual([order]);
    expect((await b.ask("DELETE", ORDER)).status).toBe(204);
    for (const node of all) await expect.poll(async () => (await memberOn(node)).up).toBe(true);
    await b.ask("PUT", "/v1/pools/web/members/one/load", { load: 7 });
    for (const node of all) await expect.poll(async () => (await memberOn(node)).load).toBe(7);
  });

  test("stay through an edit, and are known to a node that starts later", async () => {
    await a.ask("PUT", ORDER, { kind: "drain" });
    await b.ask("PATCH", "/v1/pools/web?wait=all", { answers: 2 });
    for (const node of all) await expect.poll(async () => (await memberOn(node)).notes).toEqual(["drained"]);
    const late = await startFleetNode(server.url, "late", dir);
    all.push(late);
    await expect.poll(async () => (await memberOn(late)).notes).toEqual(["drained"]);
  });

  test("have a problem of their own where Redis does not answer", async () => {
    server.pause();
    const reply = await a.ask("PUT", ORDER, { kind: "down" });
    server.resume();
    expect([reply.status, reply.json.code]).toEqual([503, "store-unavailable"]);
  });

  test("a prober is listed on all, with what it sees", async () => {
    const epoch = a.exchange.nowMs();
    await a.ask("PATCH", "/v1/documents?wait=all", {
      monitors: { alive: { type: "tcp", port: 443 } },
      pools: { web: { monitor: "alive" } },
    });
    const voice = b.exchange.speakAs({ name: "p", region: "us", epoch, version: "1.2.3" });
    voice.urgent({
      endpoint: "alive 192.0.2.1",
      prober: "p",
      region: "us",
      epoch,
      sequence: 1,
      state: "down",
      sinceMs: epoch,
      checkedMs: epoch,
      firstFailureMs: epoch,
      failures: 3,
      reason: "HTTP 503",
      responseMs: null,
      agent: null,
      daysToExpiry: null,
    });
    for (const node of all) {
      const ask = async (url: string) => (await node.ask("GET", url)).json;
      await expect
        .poll(async () => (await ask("/v1/health?state=down")).items)
        .toMatchObject([
          {
            endpoint: "alive 192.0.2.1",
            reason: "HTTP 503 from us",
            members: [{ pool: "web", member: "one" }],
          },
        ]);
      await expect
        .poll(async () => (await ask("/v1/probers")).probers)
        .toMatchObject([{ name: "p", region: "us", version: "1.2.3", seen: 1, down: 1 }]);
    }
    const ids = await Promise.all(
      all.map(async (node) => (await node.ask("GET", "/v1/incidents")).json.items[0].id),
    );
    expect(new Set(ids).size).toBe(1);
    await expect
      .poll(async () =>
        (await a.ask("GET", `/v1/incidents/${ids[0]}`)).json.applied
          .map(({ node }: { node: string }) => node)
          .sort(),
      )
      .toEqual(["a", "b", "c"]);
    await voice.close();
  });
});
