import pino from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { GivenOrder, ProberHead } from "../../src/store/live/live-exchange.ts";
import { RedisExchange } from "../../src/store/redis/redis-exchange.ts";
import { freePort, RedisServer } from "../support/redis-server.ts";
import { TcpFront } from "../support/tcp-front.ts";
import { API, describeExchange, headOf, Listener, opinionOf, WEB } from "./live-contract.ts";

const silent = pino({ level: "silent" });
const SOON = { timeout: 15_000, interval: 20 };
const DOWN = { state: "down", failures: 3, reason: "refused" } as const;
const ORDER: GivenOrder = { kind: "drain", untilMs: null, by: "ops", reason: "new disks", atMs: 5 };

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());
beforeEach(() => flushAll());

async function flushAll(): Promise<void> {
  const redis = server.client();
  await redis.flushall();
  redis.disconnect();
}

const open = () => RedisExchange.open({ redis: { url: server.url }, log: silent });

describeExchange({ kind: "on one Redis", open });

describe("RedisExchange", () => {
  const opened: RedisExchange[] = [];
  const fronts: TcpFront[] = [];
  afterEach(async () => {
    vi.useRealTimers();
    for (const exchange of opened.splice(0)) await exchange.close();
    for (const front of fronts.splice(0)) await front.close();
  });

  const opening = async (port = server.port, log = silent) => {
    const exchange = await RedisExchange.open({ redis: { url: `redis://127.0.0.1:${port}` }, log });
    opened.push(exchange);
    return exchange;
  };
  /** Its line can be cut: then it is as good as dead to the others. */
  const openingBehindFront = async () => {
    const front = await TcpFront.open(server.port);
    fronts.push(front);
    return { front, exchange: await opening(front.port) };
  };
  const speaking = (exchange: RedisExchange, name: string, changes: Partial<ProberHead> = {}) => {
    const head = headOf(exchange, name, changes);
    const voice = exchange.speakAs(head);
    let sequence = 0;
    const say = (fields: Parameters<typeof opinionOf>[2] = {}) =>
      voice.urgent(opinionOf(head, exchange.nowMs(), { sequence: ++sequence, ...fields }));
    return { head, voice, say };
  };

  it("keeps the latest while Redis is away, and tells all when it is back with nothing in it", async () => {
    const [probing, node] = [await opening(), await opening()];
    const listener = await Listener.of(node);
    const { say } = speaking(probing, "us-1");
    say();
    say({ endpoint: API });
    await node.order({ pool: "web", member: "a" }, ORDER);
    await node.reportLoad({ pool: "web", member: "a" }, 7);
    const verdicts = new Map([[WEB, { state: "up", sinceMs: 5, savedMs: 7 }]] as const);
    node.saveVerdicts(verdicts);
    await expect.poll(() => listener.opinions.size, SOON).toBe(2);
    await server.kill();
    await expect.poll(() => node.awaySinceMs, SOON).not.toBeNull();
    expect(node.awaySinceMs).toBeLessThanOrEqual(node.nowMs());
    say({ ...DOWN });
    say({ ...DOWN, reason: "timed out" });
    await expect(node.order({ pool: "web", member: "a" }, null)).rejects.toMatchObject({
      code: "store-unavailable",
    });
    expect(listener.views(WEB)).toEqual(["us-1 up 1"]);
    await server.start();
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 down 4"]);
    expect(listener.gone).toEqual([]);
    const late = await Listener.of(await opening());
    await expect
      .poll(() => [late.views(WEB), late.views(API)], SOON)
      .toEqual([["us-1 down 4"], ["us-1 up 2"]]);
    await expect.poll(() => late.orders.get('["web","a"]'), SOON).toEqual(ORDER);
    await expect.poll(() => late.loads.get('["web","a"]'), SOON).toBe(7);
    await expect.poll(() => opened.at(-1)!.loadVerdicts(), SOON).toEqual(verdicts);
    expect(listener.gone).toEqual([]);
    expect(node.awaySinceMs).toBeNull();
  }, 60_000);

  it("heals within 5 s when all of Redis is deleted, and nobody takes a prober for gone", async () => {
    const [probing, node] = [await opening(), await opening()];
    const listener = await Listener.of(node);
    const { head, voice, say } = speaking(probing, "us-1");
    for (let n = 0; n < 700; n++) {
      voice.routine(opinionOf(head, probing.nowMs(), { endpoint: `web 10.0.${n >> 8}.${n & 255}` }));
    }
    say({ ...DOWN });
    await node.order({ pool: "web", member: "a" }, ORDER);
    await expect.poll(() => listener.opinions.size, SOON).toBe(701);
    await flushAll();
    const deadlineMs = performance.now() + 5000;
    const redis = server.client();
    await expect.poll(() => redis.hlen("{windrose}:prober:us-1"), SOON).toBeGreaterThanOrEqual(701);
    await expect.poll(() => redis.hlen("{windrose}:orders"), SOON).toBe(2);
    redis.disconnect();
    expect(performance.now()).toBeLessThan(deadlineMs);
    const late = await Listener.of(await opening());
    await expect.poll(() => late.opinions.size, SOON).toBe(701);
    expect(late.views(WEB)).toEqual(["us-1 down 1"]);
    await expect.poll(() => late.orders.size, SOON).toBe(1);
    expect(listener.gone).toEqual([]);
    expect(listener.opinions.size).toBe(701);
  }, 60_000);

  it("makes good what was said while nobody listened", async () => {
    const [probing, node] = [await opening(), await opening()];
    const listener = await Listener.of(node);
    const { voice, say } = speaking(probing, "us-1");
    say();
    say({ endpoint: API });
    await expect.poll(() => listener.opinions.size, SOON).toBe(2);
    const redis = server.client();
    for (let round = 0; round < 3; round++) {
      await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
      say({ ...(round % 2 === 0 ? DOWN : {}) });
      const wanted = [`us-1 ${round % 2 === 0 ? "down" : "up"} ${round + 3}`];
      await expect.poll(() => listener.views(WEB), SOON).toEqual(wanted);
    }
    await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    voice.withdraw(API);
    say();
    await probing.order({ pool: "web", member: "a" }, ORDER);
    probing.sayApplied({ incident: "i", node: "n", atMs: 5 });
    await expect.poll(() => listener.views(API), SOON).toEqual([]);
    await expect.poll(() => listener.orders.size, SOON).toBe(1);
    await expect.poll(() => listener.applied, SOON).toHaveLength(1);
    redis.disconnect();
  }, 60_000);

  it("takes a prober for gone that is silent, and has all of it again when it is back", async () => {
    const { front, exchange } = await openingBehindFront();
    const listener = await Listener.of(await opening());
    const { say } = speaking(exchange, "us-1");
    const other = speaking(await opening(), "eu-1");
    say();
    say({ endpoint: API });
    other.say();
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["eu-1 up 1", "us-1 up 1"]);
    front.cut();
    await expect.poll(() => listener.gone, SOON).toEqual(["us-1"]);
    expect(listener.names()).toEqual(["eu-1"]);
    expect(listener.views(WEB)).toEqual(["eu-1 up 1"]);
    say({ ...DOWN });
    front.passTo(server.port);
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["eu-1 up 1", "us-1 down 3"]);
    await expect.poll(() => listener.views(API), SOON).toEqual(["us-1 up 2"]);
    await expect.poll(() => listener.names(), SOON).toEqual(["eu-1", "us-1"]);
    expect(listener.gone).toEqual(["us-1"]);
  }, 60_000);

  it("keeps what it has while it is cut off itself, and then catches up", async () => {
    const { front, exchange: node } = await openingBehindFront();
    const listener = await Listener.of(node);
    const { say } = speaking(await opening(), "us-1");
    say();
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 1"]);
    front.freeze();
    await expect.poll(() => node.awaySinceMs, SOON).not.toBeNull();
    say({ ...DOWN });
    say({ endpoint: API });
    expect(listener.views(WEB)).toEqual(["us-1 up 1"]);
    front.passTo(server.port);
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 down 2"]);
    await expect.poll(() => listener.views(API), SOON).toEqual(["us-1 up 3"]);
    expect(listener.gone).toEqual([]);
  }, 60_000);

  it("has two probers of one name say so both, and hears the older one when the younger has gone", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    const [one, another, node] = [
      await opening(server.port, log),
      await openingBehindFront(),
      await opening(),
    ];
    const listener = await Listener.of(node);
    const old = speaking(one, "us-1");
    old.say();
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 1"]);
    const young = speaking(another.exchange, "us-1", { epoch: old.head.epoch + 500 });
    young.say({ ...DOWN });
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 down 1"]);
    await expect.poll(() => lines.join(""), SOON).toContain("is silent, for a double started later");
    old.say({ sequence: 99 });
    another.front.cut();
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 99"]);
    expect(listener.probers.map(({ name, epoch }) => [name, epoch > young.head.epoch])).toEqual([
      ["us-1", true],
    ]);
  }, 60_000);

  it("tells the younger of two probers with one name too", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    const old = speaking(await opening(), "us-1");
    old.say();
    speaking(await opening(server.port, log), "us-1", { epoch: old.head.epoch + 500 });
    await expect.poll(() => lines.join(""), SOON).toContain("has a double, which does not count");
  }, 60_000);

  it("goes by the clock of Redis where the machine's is wrong, also when Redis is reached later", async () => {
    const port = await freePort();
    const node = await opening();
    const listener = await Listener.of(node);
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 3_600_000);
    const ahead = await opening();
    expect(Math.abs(ahead.nowMs() - node.nowMs())).toBeLessThan(100);
    const front = await TcpFront.open(port);
    fronts.push(front);
    const apart = await opening(front.port); // nothing listens there
    expect(apart.nowMs() - node.nowMs()).toBeGreaterThan(3_500_000);
    expect(apart.awaySinceMs).not.toBeNull();
    const { say } = speaking(apart, "us-1");
    say({ ...DOWN });
    front.passTo(server.port);
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 down 1"]);
    expect(Math.abs(apart.nowMs() - node.nowMs())).toBeLessThan(100);
    const { epoch, checkedMs } = listener.opinions.get(`us-1 ${WEB}`)!;
    expect(epoch).toBeLessThanOrEqual(node.nowMs());
    expect(checkedMs).toBeLessThanOrEqual(node.nowMs() + 5);
  }, 60_000);

  it("survives garbage in every key and on every channel", async () => {
    const node = await opening();
    const listener = await Listener.of(node);
    const { say } = speaking(await opening(), "us-1");
    say();
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 1"]);
    const redis = server.client();
    const key = (name: string) => `{windrose}:${name}`;
    const run = (await redis.hget(key("prober:us-1"), "run"))!;
    const head = { p: "us-1", g: "us", e: listener.opinions.get(`us-1 ${WEB}`)!.epoch, r: run, n: 9 };
    const garbage = [
      ...["", "\n", "{}\n", "null\n", "[]\n\0", '{"p":1}\nx', "- ", "+ ", "9 x\ny", "1-1 {", "7 [\n{"],
      `${JSON.stringify({ ...head, full: [["a"], 7, ["web 192.0.2.99", 1], null], gone: [7, null] })}\n`,
      `${JSON.stringify(head)}\n${"\xff".repeat(100)}`,
      `${JSON.stringify({ ...head, full: 7 })}\n`,
    ];
    for (const channel of ["opinions", "probers", "orders", "loads", "applied", "samples", "demand"]) {
      for (const message of garbage) await redis.publish(key(channel), message);
    }
    for (const hash of ["probers", "orders", "loads", "demand", "verdicts"]) {
      for (const text of ["", "7", "{", "null", "5 5 5 r {}", '{"atMs":1e13}', '{"kind":"up"}'])
        await redis.hset(key(hash), `["web","${text.length}"]`, text, `bad${text.length}`, text);
    }
    await redis.hset(key("prober:us-1"), "web 192.0.2.98", "[1,2", "web 192.0.2.97", "{}", "numbers", "\x01");
    await redis.xadd(key("applied"), "*", "entry", "{");
    await redis.xadd(key("samples"), "*", "other", '[{"network":7}]');
    redis.disconnect();
    say({ ...DOWN });
    await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 down 2"]);
    const late = await Listener.of(await opening());
    await expect.poll(() => late.views(WEB), SOON).toEqual(["us-1 down 2"]);
    expect(late.opinions.size).toBe(1);
    await node.order({ pool: "web", member: "a" }, ORDER);
    await expect.poll(() => [...late.orders.keys()], SOON).toEqual(['["web","a"]']);
    expect([...listener.samples, ...listener.applied]).toEqual([]);
    expect((await node.loadVerdicts()).size).toBe(0);
  }, 60_000);
});
