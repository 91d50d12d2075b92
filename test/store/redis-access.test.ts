import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RedisAudit } from "../../src/api/audit-redis.ts";
import { RedisTokens } from "../../src/api/token-redis.ts";
import { Tokens } from "../../src/api/tokens.ts";
import { redisConnector } from "../../src/store/redis/connection.ts";
import {
  openRedisStore,
  type RedisDocuments,
  type RedisStoreOptions,
} from "../../src/store/redis/redis-documents.ts";
import { RedisExchange } from "../../src/store/redis/redis-exchange.ts";
import { RedisLine } from "../../src/store/redis/redis-line.ts";
import { RedisNodes } from "../../src/store/redis/redis-nodes.ts";
import { freePort, RedisServer } from "../support/redis-server.ts";
import { headOf, Listener, opinionOf, WEB } from "./live-contract.ts";

const opened: RedisDocuments[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function opening(options: Omit<RedisStoreOptions, "log">): Promise<RedisDocuments> {
  const store = await openRedisStore({ log: pino({ level: "silent" }), ...options });
  opened.push(store);
  return store;
}

const BY = { author: "ops", reason: "a test", parts: [] };

async function put(store: RedisDocuments) {
  const { listing, generation } = await store.list();
  const draft = await store.draft([{ key: "pools/eu", body: { members: ["192.0.2.1"] } }], listing);
  return store.commit(draft, { ...BY, expected: generation! });
}

describe("the rules of access in docs/redis.md", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
    const page = readFileSync(new URL("../../docs/redis.md", import.meta.url), "utf8");
    const rules = [...page.matchAll(/^ACL SETUSER (.*)$/gm)].map(([, rule]) => rule!);
    expect(rules).toHaveLength(4);
    const redis = server.client();
    for (const rule of rules) await redis.call("ACL", "SETUSER", ...rule.split(" "));
    redis.disconnect();
  });
  afterAll(() => server.kill());
  const url = (user: string) => `redis://${user}@127.0.0.1:${server.port}`;

  it("let one edit, one read, and each wake", async () => {
    const editor = await opening({ url: url("windrose-edit:change-me") });
    const reader = await opening({ url: url("windrose-read"), password: "change-me" });
    let seen = (await reader.list()).generation;
    reader.watch((await reader.list()).listing, async () => {
      seen = (await reader.list()).generation;
    });
    expect(await put(editor)).toMatchObject({ generation: 1 });
    await expect.poll(() => seen).toBe(1);
    expect(await reader.body("pools/eu")).toEqual({ members: ["192.0.2.1"] });
    expect(await reader.changes(10)).toHaveLength(1);
    expect(await reader.change(1)).toBeDefined();
    await expect(put(reader)).rejects.toMatchObject({
      code: "store-unavailable",
      message: expect.stringContaining("permission") as string,
    });
    expect(await put(editor)).toMatchObject({ generation: 2 });
  });

  it("let a node that only follows say what it is at, and change nothing else", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    const share = async (user: string) => {
      const line = new RedisLine(redisConnector({ url: url(user) }), log);
      await line.connected();
      const self = {
        ...{ id: user.split(":")[0]!, version: "1", region: null, addresses: [], startedMs: 0 },
        ...{ generation: 1, newest: 1, stateMs: 0 },
      };
      const nodes = new RedisNodes(line, self, log);
      const tokens = new RedisTokens(line, log);
      const audit = new RedisAudit({ line, node: () => self.id, log, now: () => 0 });
      const close = async () => {
        await nodes.stop();
        await Promise.all([tokens.close(), audit.close()]);
        line.close();
      };
      return { nodes, tokens: new Tokens(tokens, { now: Date.now }), audit, close };
    };
    const all = await Promise.all(
      ["windrose-edit:change-me", "windrose-node:change-me", "windrose-read:change-me"].map(share),
    );
    const [edit, node, read] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const names = async ({ nodes }: typeof edit) => (await nodes.list()).map(({ id }) => id);
    await expect.poll(() => names(edit)).toEqual(["windrose-edit", "windrose-node"]);
    expect(await names(read)).toEqual(["windrose-edit", "windrose-node", "windrose-read"]);
    expect(lines.join("")).toContain("may not say in Redis that it is there");

    const { text, token } = await edit.tokens.create({ name: "ci", scope: "edit" }, "test");
    for (const { tokens } of all) expect(await tokens.authenticate(text)).toMatchObject({ name: "ci" });
    for (const { tokens } of [node, read])
      await expect(tokens.create({ name: "no", scope: "read" }, "test")).rejects.toMatchObject({
        code: "store-unavailable",
        message: expect.stringContaining("permission") as string,
      });
    const record = { who: "a", token: "1", from: "192.0.2.1", status: 200, code: null };
    for (const [i, { audit }] of all.entries()) audit.record({ ...record, what: `GET /${i}` });
    await expect
      .poll(async () => (await read.audit.list(9)).map(({ what }) => what).sort())
      .toEqual(["GET /0", "GET /1"]);
    expect(lines.join("")).toContain("GET /2");
    expect(await edit.tokens.revoke(token.id)).toBe("revoked");
    await expect.poll(() => read.tokens.authenticate(text)).toBe("token-revoked");

    const store = await opening({ url: url("windrose-node:change-me") });
    await expect(put(store)).rejects.toMatchObject({ code: "store-unavailable" });
    for (const { close } of all) await close();
  });

  it("let probers and nodes exchange what each may say, and no more", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    const join = async (user: string) => {
      const exchange = await RedisExchange.open({ redis: { url: url(`${user}:change-me`) }, log });
      return { exchange, listener: await Listener.of(exchange) };
    };
    const names = ["windrose-edit", "windrose-node", "windrose-probe", "windrose-read"];
    const all = await Promise.all(names.map(join));
    const [edit, node, probe, read] = all as [
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
    ];
    for (const [i, { exchange }] of all.entries()) {
      const head = headOf(exchange, names[i]!);
      exchange.speakAs(head).urgent(opinionOf(head, exchange.nowMs()));
    }
    const member = { pool: "web", member: "a" };
    const order = { kind: "drain", untilMs: null, by: "ops", reason: "", atMs: 5 } as const;
    await edit.exchange.order(member, order);
    await edit.exchange.reportLoad(member, 7);
    for (const { exchange } of [node, probe, read]) {
      await expect(exchange.order(member, null)).rejects.toMatchObject({ code: "store-unavailable" });
      await expect(exchange.reportLoad(member, 8)).rejects.toMatchObject({ code: "store-unavailable" });
    }
    const verdicts = new Map([[WEB, { state: "down", sinceMs: 5, savedMs: 7 }]] as const);
    node.exchange.saveVerdicts(verdicts);
    node.exchange.sayDemand("node", [{ network: "192.0.2.0/24", rate: 5, resolver: "192.0.2.53" }]);
    node.exchange.sayApplied({ incident: "i", node: "node", atMs: 5 });
    probe.exchange.shareSamples([{ network: "192.0.2.0/24", region: "us", rttMs: 5, count: 1, atMs: 5 }]);
    const SOON = { timeout: 8000, interval: 20 };
    for (const { listener } of all) {
      const said = () => names.filter((name) => listener.opinions.has(`${name} ${WEB}`));
      await expect.poll(said, SOON).toEqual(listener === read.listener ? names : names.slice(0, 3));
      await expect.poll(() => [listener.orders.size, listener.loads.size], SOON).toEqual([1, 1]);
      await expect.poll(() => [listener.demand.size, listener.applied.length], SOON).toEqual([1, 1]);
      await expect.poll(() => listener.samples, SOON).toHaveLength(1);
    }
    await expect.poll(() => read.exchange.loadVerdicts(), SOON).toEqual(verdicts);
    // What Redis loses is put back by those who may.
    const redis = server.client();
    await redis.del("{windrose}:orders", "{windrose}:prober:windrose-probe", "{windrose}:probers");
    await expect.poll(() => redis.hlen("{windrose}:orders"), SOON).toBe(2);
    await expect.poll(() => redis.hlen("{windrose}:prober:windrose-probe"), SOON).toBeGreaterThan(2);
    redis.disconnect();
    for (const { exchange } of all) expect(exchange.awaySinceMs).toBeNull();
    expect(lines.join("")).toContain("the prober cannot be heard");
    for (const { exchange } of all) await exchange.close();
  }, 60_000);

  it("keep everybody else out, and the message has no password in it", async () => {
    const store = await opening({ url: url("windrose-edit:secret") });
    const failure: unknown = await store.list().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "store-unavailable",
      message: expect.stringContaining("WRONGPASS") as string,
    });
    expect(JSON.stringify([store.name, (failure as Error).message])).not.toContain("secret");
  });
});

describe("a Cluster", () => {
  it("is one store: all keys have one hash tag", async () => {
    const dir = mkdtempSync(join(tmpdir(), "windrose-cluster-"));
    // By default its own port and 10,000, which there may not be.
    const bus = ["--cluster-port", String(await freePort()), "--cluster-announce-ip", "127.0.0.1"];
    const server = await RedisServer.start("--cluster-enabled", "yes", "--dir", dir, ...bus);
    const redis = server.client();
    await redis.call("CLUSTER", "ADDSLOTS", ...Array.from({ length: 16_384 }, (_, slot) => String(slot)));
    await expect.poll(() => redis.call("CLUSTER", "INFO"), { timeout: 10_000 }).toContain("cluster_state:ok");
    const url = `redis+cluster://127.0.0.1:${server.port}`;
    const [store, other] = [await opening({ url }), await opening({ url })];
    let seen = 0;
    other.watch((await other.list()).listing, async () => {
      seen = (await other.list()).generation!;
    });
    expect(await put(store)).toMatchObject({ generation: 1 });
    await expect.poll(() => seen).toBe(1);
    expect(await other.body("pools/eu")).toEqual({ members: ["192.0.2.1"] });
    const log = pino({ level: "silent" });
    const exchanges = [
      await RedisExchange.open({ redis: { url }, log }),
      await RedisExchange.open({ redis: { url }, log }),
    ];
    const [probing, node] = exchanges as [RedisExchange, RedisExchange];
    const listener = await Listener.of(node);
    const head = headOf(probing, "us-1");
    const voice = probing.speakAs(head);
    voice.urgent(opinionOf(head, probing.nowMs()));
    await probing.reportLoad({ pool: "web", member: "a" }, 7);
    await expect.poll(() => listener.views(WEB), { timeout: 8000 }).toEqual(["us-1 up 1"]);
    voice.routine(opinionOf(head, probing.nowMs(), { sequence: 2, responseMs: 7 }));
    await expect.poll(() => listener.views(WEB), { timeout: 8000 }).toEqual(["us-1 up 2"]);
    exchanges.push(await RedisExchange.open({ redis: { url }, log }));
    const late = await Listener.of(exchanges.at(-1)!);
    await expect.poll(() => [late.views(WEB).length, late.loads.size], { timeout: 8000 }).toEqual([1, 1]);
    for (const exchange of exchanges) await exchange.close();
    redis.disconnect();
    await server.kill();
    rmSync(dir, { recursive: true });
  }, 40_000);
});

describe("Sentinel", () => {
  it("says which server is the master, and which one is when that is gone", async () => {
    const dir = mkdtempSync(join(tmpdir(), "windrose-sentinel-"));
    const main = await RedisServer.start("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0");
    const diskless = ["--repl-diskless-load", "on-empty-db"];
    const replica = await RedisServer.start("--replicaof", "127.0.0.1", String(main.port), ...diskless);
    writeFileSync(
      join(dir, "sentinel.conf"),
      `sentinel monitor ours 127.0.0.1 ${main.port} 1\nsentinel down-after-milliseconds ours 300\nsentinel failover-timeout ours 1000\n`,
    );
    const sentinel = await RedisServer.startSentinel(join(dir, "sentinel.conf"));
    const store = await opening({ url: `redis+sentinel://127.0.0.1:${sentinel.port}/ours` });
    expect(await put(store)).toMatchObject({ generation: 1 });
    const redis = replica.client();
    await expect.poll(() => redis.exists("{windrose}:generation"), { timeout: 10_000 }).toBe(1);
    const control = sentinel.client();
    await expect
      .poll(() => control.call("SENTINEL", "replicas", "ours"), { timeout: 15_000 })
      .toHaveLength(1);
    await main.kill();
    await expect
      .poll(() => put(store).catch(() => undefined), { timeout: 15_000 })
      .toMatchObject({ generation: 2 });
    for (const each of [redis, control]) each.disconnect();
    for (const each of [sentinel, replica]) await each.kill();
    rmSync(dir, { recursive: true });
  }, 60_000);
});

describe("TLS", () => {
  let dir: string;
  let server: RedisServer;
  const at = (name: string) => join(dir, name);
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "windrose-tls-"));
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync(
      "openssl",
      ["req", "-x509", ...made, ...name, "-keyout", at("key.pem"), "-out", at("cert.pem")],
      {
        stdio: "ignore",
      },
    );
    const files = [
      "--tls-cert-file",
      at("cert.pem"),
      "--tls-key-file",
      at("key.pem"),
      "--tls-ca-cert-file",
      at("cert.pem"),
    ];
    server = await RedisServer.start();
    const redis = server.client();
    tlsPort = server.port + 1;
    for (let i = 0; i < files.length; i += 2) await redis.config("SET", files[i]!.slice(2), files[i + 1]!);
    await redis.config("SET", "tls-auth-clients", "no");
    await redis.config("SET", "tls-port", tlsPort);
    redis.disconnect();
  });
  let tlsPort = 0;
  afterAll(async () => {
    await server.kill();
    rmSync(dir, { recursive: true });
  });

  it("reads and writes where the authority is trusted, and says why it does not where it is not", async () => {
    const url = `rediss://127.0.0.1:${tlsPort}`;
    const store = await opening({ url, ca: readFileSync(at("cert.pem"), "utf8") });
    expect(await put(store)).toMatchObject({ generation: 1 });
    const distrustful = await opening({ url });
    await expect(distrustful.list()).rejects.toMatchObject({
      code: "store-unavailable",
      message: expect.stringContaining("self-signed") as string,
    });
  });
});
