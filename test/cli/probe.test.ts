/**
 * `windrose probe` as its users have it: processes on one Redis, and what they say as others there hear it.
 *
 * @module
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { command } from "../../src/cli/probe.ts";
import type { Opinion } from "../../src/health/opinion.ts";
import type { DocumentBody } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import type { ProberPresence } from "../../src/store/live/live-exchange.ts";
import { openRedisStore, type RedisDocuments } from "../../src/store/redis/redis-documents.ts";
import { RedisExchange } from "../../src/store/redis/redis-exchange.ts";
import { Child, MAIN, printed } from "../integration/support.ts";
import { Endpoints, reply } from "../support/bad-endpoints.ts";
import { RedisServer } from "../support/redis-server.ts";
import { TcpFront } from "../support/tcp-front.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const log = pino({ level: "silent" });
const SLOW = 15_000;

let redis: RedisServer;
let folder: string;
beforeAll(async () => {
  redis = await RedisServer.start();
  folder = mkdtempSync(join(tmpdir(), "windrose-probe-"));
});
afterAll(async () => {
  await redis.kill();
  rmSync(folder, { recursive: true });
});

describe("windrose probe refuses", () => {
  async function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, env };
    return command.run(args, io).then(
      (code) => `exit ${code}`,
      (error: Error) => error.message,
    );
  }

  test("to start without Redis, and says what does it in one process", async () => {
    expect(await run(["--region", "us-east"])).toBe(
      "windrose probe needs --redis; in one process, serve probes by itself (--probe)",
    );
  });

  test("names that no document could name, and words that are no flags", async () => {
    const where = ["--redis", "redis://127.0.0.1:1"];
    expect(await run([...where, "--region", "us east"])).toContain('"us east" is no region');
    expect(await run([...where, "--name", ""])).toContain('"" is no name');
    expect(await run(where, { WINDROSE_NAME: "-a" })).toContain('"-a" is no name');
    expect(await run([...where, "now"])).toContain('no "now"');
    expect(await run(["--redis", "http://127.0.0.1"])).toContain("where Redis is");
  });
});

describe("windrose probe", () => {
  let front: TcpFront;
  let exchange: RedisExchange;
  let store: RedisDocuments;
  let endpoints: Endpoints;
  let children: Child[];
  /** The latest by prober and endpoint. */
  let opinions: Map<string, Opinion>;
  let probers: readonly ProberPresence[];

  beforeEach(async () => {
    const client = redis.client();
    await client.flushall();
    client.disconnect();
    front = await TcpFront.open(redis.port);
    endpoints = new Endpoints();
    children = [];
    opinions = new Map();
    probers = [];
    store = await openRedisStore({ url: redis.url, log });
    exchange = await RedisExchange.open({ redis: { url: redis.url }, log });
    await exchange.follow({
      opinions: (said) => {
        for (const opinion of said) opinions.set(`${opinion.prober} ${opinion.endpoint}`, opinion);
      },
      withdrawn: (prober, gone) => {
        for (const [key, opinion] of opinions)
          if (opinion.prober === prober && gone?.includes(opinion.endpoint) !== false) opinions.delete(key);
      },
      probers: (all) => {
        probers = all;
      },
    });
  });
  afterEach(async () => {
    await Promise.all(children.map((child) => child.stop()));
    await exchange.close();
    await store.close();
    await endpoints.close();
    await front.close();
  });

  function start(name: string, region: string, { user = "", nodeArgs = [] as string[] } = {}): Child {
    const args = ["--redis", `redis://${user}127.0.0.1:${front.port}`, "--region", region, "--name", name];
    const child = new Child(process.execPath, [...nodeArgs, MAIN, "probe", ...args], { cwd: folder });
    children.push(child);
    return child;
  }

  /** The pool `web` with these members, checked at a port of each. */
  async function put(port: number, ...members: string[]): Promise<void> {
    const { listing, generation = 0 } = await store.list();
    const monitor = {
      type: "http",
      port,
      interval: "1s",
      recheck: "50ms",
      "down-after": 2,
      timeout: "500ms",
    };
    const edits: [DocumentKey, DocumentBody][] = [
      ["monitors/web", monitor],
      ["pools/web", { monitor: "web", members }],
    ];
    const draft = await store.draft(
      edits.map(([key, body]) => ({ key, body })),
      listing,
    );
    await store.commit(draft, { expected: generation, author: "test", reason: "test", parts: [] });
  }

  function states(): Record<string, string> {
    return Object.fromEntries([...opinions].map(([key, { state }]) => [key, state]).sort());
  }

  const soon = (check: () => void) => vi.waitFor(check, { timeout: SLOW, interval: 20 });

  test("tells what it holds, follows the documents, and says goodbye", { timeout: 60_000 }, async () => {
    let answer = OK;
    const port = await endpoints.tcp((socket) => {
      socket.once("data", () => socket.write(answer));
    });
    await put(port, "127.0.0.1");
    const child = start("p1", "us-east");
    start("p2", "eu-west");
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "up", "p2 web 127.0.0.1": "up" }));
    expect(probers.map(({ name, region }) => `${name} ${region}`).sort()).toEqual([
      "p1 us-east",
      "p2 eu-west",
    ]);

    answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "down", "p2 web 127.0.0.1": "down" }));
    expect(opinions.get("p1 web 127.0.0.1")).toMatchObject({ reason: "HTTP 503", region: "us-east" });
    await printed(child, /sees the endpoint down/);

    await put(port, "127.0.0.2");
    await soon(() => expect(Object.keys(states())).toEqual(["p1 web 127.0.0.2", "p2 web 127.0.0.2"]));
    expect(await child.stop()).toBe(0);
    await soon(() => expect(Object.keys(states())).toEqual(["p2 web 127.0.0.2"]));
  });

  test("goes on while Redis is away, and tells what it holds when it is back", {
    timeout: 60_000,
  }, async () => {
    let answer = OK;
    const port = await endpoints.tcp((socket) => {
      socket.once("data", () => socket.write(answer));
    });
    await put(port, "127.0.0.1");
    const child = start("p1", "us-east");
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "up" }));
    front.cut();
    answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    await printed(child, /sees the endpoint down/);
    front.passTo(redis.port);
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "down" }));
  });

  test("waits for Redis, and for documents", { timeout: 60_000 }, async () => {
    front.cut();
    const child = start("p1", "us-east");
    await printed(child, /there are no documents yet/);
    front.passTo(redis.port);
    await soon(() => expect(probers.map(({ name }) => name)).toEqual(["p1"]));
    const { accepted } = endpoints;
    await put(await endpoints.tcp(reply(OK)), "127.0.0.1");
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "up" }));
    expect(endpoints.accepted).toBeGreaterThan(accepted);
  });

  test("tells the time of Redis, whatever its own clock says", { timeout: 60_000 }, async () => {
    await put(await endpoints.tcp(reply(OK)), "127.0.0.1");
    front.cut();
    const wrong = "data:text/javascript,const now=Date.now;Date.now=()=>now()+7200000";
    const child = start("p1", "us-east", { nodeArgs: ["--import", wrong] });
    await printed(child, /there are no documents yet/);
    front.passTo(redis.port);
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "up" }));
    const { epoch, sinceMs, checkedMs } = opinions.get("p1 web 127.0.0.1")!;
    for (const ms of [epoch, sinceMs, checkedMs]) {
      expect(Math.abs(ms - exchange.nowMs())).toBeLessThan(60_000);
    }
  });

  test("needs no more than what docs/redis.md permits it", { timeout: 60_000 }, async () => {
    const page = readFileSync(new URL("../../docs/redis.md", import.meta.url), "utf8");
    const [, rule] = /^ACL SETUSER (windrose-probe .*)$/m.exec(page)!;
    const client = redis.client();
    await client.call("ACL", "SETUSER", ...rule!.split(" "));
    client.disconnect();
    const port = await endpoints.tcp(reply(OK));
    await put(port, "127.0.0.1");
    const child = start("p1", "us-east", { user: "windrose-probe:change-me@" });
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "up" }));
    await put(port, "127.0.0.2");
    await soon(() => expect(Object.keys(states())).toEqual(["p1 web 127.0.0.2"]));
    expect(await child.stop()).toBe(0);
    await soon(() => expect(states()).toEqual({}));
    expect(child.output).not.toMatch(/"level":[4-6]0(?!.*sees the endpoint)/);
  });

  test("that has the name of another one says so", { timeout: 60_000 }, async () => {
    await put(await endpoints.tcp(reply(OK)), "127.0.0.1");
    const first = start("p1", "us-east");
    await soon(() => expect(states()).toEqual({ "p1 web 127.0.0.1": "up" }));
    start("p1", "us-east");
    await printed(first, /two probers have one name/);
    first.process.kill("SIGINT");
    const [code] = (await once(first.process, "exit")) as [number];
    expect(code).toBe(0);
  });
});
