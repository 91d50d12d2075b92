/**
 * `windrose serve --redis` as its users have it: three nodes on one Redis, each asked for names all the time, while Redis stops,
 * dies, loses everything, or is replaced by a replica that never saw the last changes.
 *
 *   nodes ─► front ─► main ◄─ replication ─ replica
 *              └────────────────────────────►┘ after a failover
 */
import { createSocket, type Socket } from "node:dgram";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { formatAddress } from "../../src/lib/address.ts";
import { encodeQuery } from "../server/udp-client.ts";
import { RedisServer } from "../support/redis-server.ts";
import { TcpFront } from "../support/tcp-front.ts";
import { ask, Child, MAIN, printed } from "./support.ts";

const NODES = 3;
const TOKEN = "a-token-for-these-tests-alone";
const QUESTION = "host.demo.test. A";
const HOST = "192.0.2.10";
/** All is well again so soon after Redis is back. */
const HEAL_MS_MAX = 5000;
/** An edit is told so soon that it cannot be made. */
const REFUSED_MS_MAX = 5000;

const DOCUMENTS = `pools:
  web: { members: [{ address: 198.51.100.7 }] }
zones:
  demo.test:
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.1 }
      ns2: { A: 192.0.2.2 }
      host: { A: ${HOST} }
      www: { pool: web, ttl: 30 }
`;

let folder = "";
let main: RedisServer;
let replica: RedisServer;
let front: TcpFront;
/** Between the replica and the main one. */
let replication: TcpFront;
let nodes: Node[] = [];

beforeAll(async () => {
  vi.stubEnv("WINDROSE_ADMIN_TOKEN", TOKEN);
  folder = mkdtempSync(join(tmpdir(), "windrose-redis-nodes-"));
  mkdirSync(join(folder, "zones"));
  writeFileSync(join(folder, "zones", "demo.yaml"), DOCUMENTS);
  main = await RedisServer.start(...(await kept("main")));
  replication = await TcpFront.open(main.port);
  const of = ["--replicaof", "127.0.0.1", String(replication.port)];
  const quick = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"];
  replica = await RedisServer.start(...(await kept("replica")), ...of, ...quick);
  front = await TcpFront.open(main.port);
  nodes = await Promise.all(Array.from({ length: NODES }, (_, i) => Node.start(`node-${i}`)));
}, 60_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await Promise.all([front.close(), replication.close(), main.kill(), replica.kill()]);
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});
/** What Redis had is there again after it was killed. */
async function kept(name: string): Promise<string[]> {
  mkdirSync(join(folder, name));
  return ["--dir", join(folder, name), "--appendonly", "yes", "--appendfsync", "always"];
}

class Node {
  readonly name: string;
  child: Child;
  readonly #dns: { address: string; port: number };
  readonly #api: string;

  private constructor(name: string, child: Child, port: number, api: string) {
    this.name = name;
    this.child = child;
    this.#dns = { address: "127.0.0.1", port };
    this.#api = api;
  }

  static async start(name: string): Promise<Node> {
    const args = ["--dns", "127.0.0.1:0", "--workers", "1", "--api", "127.0.0.1:0", "--id", name];
    const store = ["--redis", `redis://127.0.0.1:${front.port}`, "--data", join(folder, `data-${name}`)];
    const child = new Child(process.execPath, [MAIN, "serve", ...args, ...store], { cwd: folder });
    const [, port] = await printed(child, /"udp","address":"127\.0\.0\.1:(\d+)"/);
    const [, api] = await printed(child, /"url":"(http:[^"]+)"/);
    await printed(child, /"msg":"answering"/);
    return new Node(name, child, Number(port), api!);
  }

  get dnsPort(): number {
    return this.#dns.port;
  }

  async call(method: string, path: string, body?: unknown) {
    const startedMs = performance.now();
    const response = await fetch(`${this.#api}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, json, ms: performance.now() - startedMs };
  }

  put(owner: string, address: string) {
    return this.call("PUT", `/v1/zones/demo.test/rrsets/${owner}/A`, { data: [address] });
  }

  /** The addresses of a name below demo.test. */
  async addresses(owner: string): Promise<string[]> {
    const { answer } = await ask(this.#dns, `${owner}.demo.test.`, "A");
    return answer.map(({ rdata }) => formatAddress(rdata));
  }

  async generation(): Promise<number> {
    return (await this.call("GET", "/readyz")).json.generation as number;
  }

  async stop(): Promise<void> {
    await this.child.stop();
  }
}

/** Asks one node a name again and again, and looks at each reply. */
class Asking {
  readonly wrong: string[] = [];
  sent = 0;
  answered = 0;
  slowestMs = 0;
  readonly #socket: Socket;
  readonly #sentMs = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor({ dnsPort }: Node) {
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (reply) => this.#onReply(reply));
    this.#socket.on("error", (error) => this.wrong.push(String(error)));
    this.#socket.connect(dnsPort, "127.0.0.1");
    this.#timer = setInterval(() => this.#ask(), ASKED_EVERY_MS);
  }

  /** Resolves when all that was asked is answered, or never will be. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await vi.waitUntil(() => this.#sentMs.size === 0, { timeout: 5000 }).catch(() => {});
    this.#socket.close();
  }

  #ask(): void {
    const id = ++this.sent & 0xffff;
    this.#sentMs.set(id, performance.now());
    this.#socket.send(encodeQuery(QUESTION, id), () => {});
  }

  #onReply(reply: Uint8Array): void {
    const id = (reply[0]! << 8) | reply[1]!;
    const sentMs = this.#sentMs.get(id);
    // No EDNS was asked for, so the address ends the reply.
    const right = reply[3] === 0 && formatAddress(reply.subarray(-4)) === HOST;
    if (sentMs === undefined || !right) this.wrong.push(Buffer.from(reply).toString("hex"));
    else this.slowestMs = Math.max(this.slowestMs, performance.now() - sentMs);
    this.#sentMs.delete(id);
    this.answered++;
  }
}

const ASKED_EVERY_MS = 4;
/** Queries wait for no command to Redis (2 s), and the machines of tests are busy. */
const SLOW_MS = 1000;

describe("nodes on one Redis", () => {
  let asking: Asking[] = [];
  let seen: number[] = [];
  let address = 0;
  const next = () => `198.51.100.${++address}`;

  beforeEach(async () => {
    seen = await Promise.all(nodes.map((node) => node.generation()));
    asking = nodes.map((node) => new Asking(node));
  });
  /** After each: no query was lost, and no generation went back. */
  afterEach(async () => {
    await Promise.all(asking.map((each) => each.stop()));
    for (const { sent, answered, wrong, slowestMs } of asking) {
      expect({ answered, wrong }).toEqual({ answered: sent, wrong: [] });
      expect(sent).toBeGreaterThan(0);
      expect(slowestMs).toBeLessThan(SLOW_MS);
    }
    const now = await Promise.all(nodes.map((node) => node.generation()));
    for (const [i, generation] of now.entries()) expect(generation).toBeGreaterThanOrEqual(seen[i]!);
  });

  async function everywhere(owner: string, wanted: readonly string[], timeout = HEAL_MS_MAX): Promise<void> {
    for (const node of nodes)
      await expect.poll(() => node.addresses(owner), { timeout, interval: 20 }).toEqual(wanted);
  }

  /** Within the time of healing, an edit on each node is accepted and answered everywhere. */
  async function isHealed(): Promise<void> {
    const startedMs = performance.now();
    for (const [i, node] of nodes.entries()) {
      const wanted = next();
      await expect
        .poll(async () => (await node.put(`healed-${i}`, wanted)).status, { timeout: HEAL_MS_MAX })
        .toBeLessThan(300);
      await everywhere(`healed-${i}`, [wanted]);
    }
    expect(performance.now() - startedMs).toBeLessThan(HEAL_MS_MAX);
  }

  /** Many at once: nobody waits for the others. */
  async function areRefused(): Promise<void> {
    const refused = await Promise.all(
      nodes.flatMap((node) => Array.from({ length: 4 }, (_, i) => node.put(`refused-${i}`, next()))),
    );
    for (const { status, json, ms } of refused) {
      expect({ status, code: json.code }).toEqual({ status: 503, code: "store-unavailable" });
      expect(ms).toBeLessThan(REFUSED_MS_MAX);
    }
    for (const node of nodes) {
      const { status, json } = await node.call("GET", "/readyz");
      expect(status).toBe(200);
      expect(json.store).toMatchObject({ kind: "redis", up: false });
      expect((json.warnings as string[])[0]).toMatch(/^the store cannot be asked: answers are as of/);
    }
    for (let i = 0; i < 4; i++) await everywhere(`refused-${i}`, []);
  }

  test("that start at once on an empty one fill it once", async () => {
    const { json } = await nodes[0]!.call("GET", "/v1/changes");
    expect(json.items).toHaveLength(1);
    expect(seen).toEqual(nodes.map(() => 1));
    const filled = nodes.filter(({ child }) => child.output.includes('"msg":"Redis was empty; filled"'));
    expect(filled).toHaveLength(1);
    await everywhere("www", ["198.51.100.7"]);
  });

  test("answer as before while Redis does not, refuse edits, and heal", async () => {
    main.pause();
    await areRefused();
    main.resume();
    await isHealed();
    for (let i = 0; i < 4; i++) await everywhere(`refused-${i}`, []);
  });

  test("answer as before while Redis is dead, refuse edits, and heal", async () => {
    await main.kill();
    await areRefused();
    await main.start();
    await isHealed();
  });

  test("give up a connection that is dead, and find Redis by another one", async () => {
    await isHealed();
    front.freeze();
    await areRefused();
    await isHealed();
  });

  test("give everything back after a FLUSHALL", async () => {
    const wanted = next();
    await nodes[0]!.put("kept", wanted);
    await everywhere("kept", [wanted]);
    const before = await nodes[0]!.generation();
    const redis = main.client();
    await redis.flushall();
    await expect.poll(() => redis.hlen("{windrose}:documents"), { timeout: HEAL_MS_MAX }).toBe(2);
    redis.disconnect();
    await isHealed();
    await everywhere("kept", [wanted]);
    for (const node of nodes) expect(await node.generation()).toBeGreaterThan(before);
  });

  test("give back what a replica never saw that took over", async () => {
    const [early, late] = [next(), next()];
    await nodes[0]!.put("early", early);
    const [ours, theirs] = [main.client(), replica.client()];
    await expect
      .poll(() => theirs.get("{windrose}:generation"), { timeout: 10_000 })
      .toBe(await ours.get("{windrose}:generation"));
    replication.cut();
    await nodes[1]!.put("late", late);
    await everywhere("late", [late]);
    const before = await nodes[1]!.generation();
    ours.disconnect();
    await main.kill();
    await theirs.replicaof("NO", "ONE");
    expect(await theirs.hget("{windrose}:documents", "zones/demo.test")).not.toContain(late);
    front.passTo(replica.port);
    await expect
      .poll(() => theirs.hget("{windrose}:documents", "zones/demo.test"), { timeout: HEAL_MS_MAX })
      .toContain(late);
    theirs.disconnect();
    await isHealed();
    await everywhere("early", [early]);
    await everywhere("late", [late]);
    for (const node of nodes) expect(await node.generation()).toBeGreaterThan(before);
  });

  test("start without Redis from their snapshot, say so, and follow it when it is back", async () => {
    const wanted = next();
    await nodes[0]!.put("last", wanted);
    await everywhere("last", [wanted]);
    const generation = await nodes[0]!.generation();
    await asking.pop()!.stop();
    // At its end it has written down what it knew.
    await nodes[2]!.stop();
    front.cut();
    const again = await Node.start("node-2");
    nodes[2] = again;
    expect(again.child.output).toContain('"msg":"Redis cannot be asked; starting from the snapshot on disk"');
    expect(await again.addresses("last")).toEqual([wanted]);
    const { status, json } = await again.call("GET", "/readyz");
    expect({ status, generation: json.generation }).toEqual({ status: 200, generation });
    expect(json.store).toMatchObject({ up: false });
    expect((json.warnings as string[])[0]).toMatch(/^the store cannot be asked/);
    expect((await again.put("refused", next())).json.code).toBe("store-unavailable");
    front.passTo(replica.port);
    await isHealed();
    expect((await again.call("GET", "/readyz")).json.warnings).toEqual([]);
  });
});
