/**
 * Nodes and probers in three regions, on one Redis, with endpoints in two of them: what health is proved on.
 *
 *   eu: Redis, node, prober, half of the endpoints ─┐
 *   us: node, prober, the other half ───────────────┼─ in network namespaces with true round trips, or on loopback without any
 *   ap: node, prober ───────────────────────────────┘
 *
 * Each endpoint is a process of its own, and there is a pool for each two of them, one of each region. Beside each node a client
 * asks it all the time (test/support/node-watcher.ts). All run on one machine, so their clocks are one.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort, RedisServer } from "../../../support/redis-server.ts";
import { Wan } from "../../../support/wan.ts";

export const REGIONS = ["eu", "us", "ap"] as const;
export type Region = (typeof REGIONS)[number];
/** Round trips, in ms. */
const WAYS = { "eu-us": 80, "eu-ap": 160, "us-ap": 200, same: 0.5 };
const NODES: Readonly<Record<Region, string>> = { eu: "10.66.0.1", us: "10.66.1.1", ap: "10.66.2.1" };
const REDIS = "10.66.0.9";
const TOKEN = "a-token-of-the-proofs-alone";
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5000;
const POLL_MS = 5;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const MAIN = fileURLToPath(new URL("../../../../src/main.ts", import.meta.url));
const ENDPOINT = fileURLToPath(new URL("../../../support/endpoint-main.ts", import.meta.url));
const WATCHER = fileURLToPath(new URL("../../../support/node-watcher.ts", import.meta.url));

export interface FleetOptions {
  /** For its files; the caller's to remove. */
  readonly dir: string;
  /** In namespaces, with the ways between regions; else on loopback. */
  readonly isWide: boolean;
  /** An even number. */
  readonly endpoints: number;
  /** Keys of the monitor, beside its type and port. */
  readonly monitor: Readonly<Record<string, string | number>>;
  /** Do the nodes probe by themselves, or is there `windrose probe` beside each? */
  readonly doNodesProbe: boolean;
}

export interface FleetEndpoint {
  readonly address: string;
  readonly region: Region;
  /** The name that is answered with it, and its pool. */
  readonly name: string;
  readonly pool: string;
}

export interface Answer {
  readonly addresses: readonly string[];
  /** When it was first given, in ms since 1970. */
  readonly atMs: number;
}

interface Watcher {
  readonly process: ChildProcess;
  readonly answers: Map<string, Answer>;
  readonly waiting: Map<number, (body: unknown) => void>;
}

export class Fleet {
  readonly endpoints: readonly FleetEndpoint[];
  /** Answers that changed, and silences of nodes, in words, since they were last taken. */
  readonly #events: string[] = [];
  readonly #options: FleetOptions;
  readonly #wan: Wan | undefined;
  readonly #children = new Set<ChildProcess>();
  readonly #endpointProcesses = new Map<FleetEndpoint, ChildProcess>();
  readonly #watchers = new Map<Region, Watcher>();
  readonly #port: number;
  #redis: RedisServer | undefined;
  #requests = 0;
  readonly #onExit = () => {
    for (const child of this.#children) child.kill("SIGKILL");
  };

  /** So that nothing is left behind: a signal alone runs nothing at the end. */
  readonly #onSignal = () => process.exit(1);

  private constructor(options: FleetOptions, wan: Wan | undefined, port: number) {
    this.#options = options;
    this.#wan = wan;
    this.#port = port;
    this.endpoints = endpointsOf(options);
    process.once("exit", this.#onExit);
    for (const signal of SIGNALS) process.once(signal, this.#onSignal);
  }

  /** Resolves when all endpoints are up for all nodes, by the word of all regions. */
  static async begin(options: FleetOptions): Promise<Fleet> {
    const { dir, isWide } = options;
    const fleet = new Fleet(
      options,
      isWide ? await Wan.up(dir, topology(endpointsOf(options))) : undefined,
      await freePort(),
    );
    try {
      await fleet.#start();
    } catch (error) {
      await fleet.end();
      throw error;
    }
    return fleet;
  }

  /** As a crash ends it: who connects is refused from then on. Answers when, in ms since 1970. */
  kill(endpoint: FleetEndpoint): number {
    this.#endpointProcesses.get(endpoint)!.kill("SIGKILL");
    return Date.now();
  }

  /** Resolves when it answers again, to when. */
  async revive(endpoint: FleetEndpoint): Promise<number> {
    const place = endpoint.region === "eu" ? "ends-eu" : "ends-us";
    const child = this.#run(place, [process.execPath, ENDPOINT, endpoint.address, String(this.#port)]);
    this.#endpointProcesses.set(endpoint, child);
    await said(child, /listening/);
    return Date.now();
  }

  /** Takes its address away, so that nobody answers there, not even with a refusal. Only in namespaces. */
  silence({ address, region }: FleetEndpoint): number {
    this.#address("del", region, address);
    return Date.now();
  }

  unsilence({ address, region }: FleetEndpoint): number {
    this.#address("add", region, address);
    return Date.now();
  }

  /** No packet between this region and the others, or packets again. */
  cut(region: Region): void {
    for (const other of REGIONS) if (other !== region) this.#wan!.command("cut", region, other);
  }

  heal(region: Region): void {
    for (const other of REGIONS) if (other !== region) this.#wan!.command("heal", region, other);
  }

  /** So many of the packets between all regions are lost, 0 to 1. */
  lose(part: number): void {
    for (const [way, ms] of Object.entries(WAYS)) {
      const [one, other] = way.split("-");
      if (other !== undefined) this.#wan!.command("set", one!, other, String(ms), String(part));
    }
  }

  /** What is asked of every node, every 10 ms. */
  ask(names: readonly string[]): void {
    for (const { process, answers } of this.#watchers.values()) {
      for (const name of answers.keys()) if (!names.includes(name)) answers.delete(name);
      process.stdin!.write(`${JSON.stringify({ ask: names })}\n`);
    }
  }

  answer(region: Region, name: string): Answer | undefined {
    return this.#watchers.get(region)!.answers.get(name);
  }

  /** Resolves to when the last node began to answer as wanted; rejects when one does not for so long. */
  async answered(name: string, isWanted: (answer: Answer) => boolean, withinMs: number): Promise<number> {
    const wanted = () =>
      REGIONS.every((region) => {
        const answer = this.answer(region, name);
        return answer !== undefined && isWanted(answer);
      });
    await until(wanted, withinMs, () => {
      const all = REGIONS.map((region) => `${region}: ${this.answer(region, name)?.addresses.join(" ")}`);
      return `${name} is still answered with ${all.join("; ")}`;
    });
    return Math.max(...REGIONS.map((region) => this.answer(region, name)!.atMs));
  }

  /** Of the node's API: the body of a reply. */
  get(region: Region, path: string): Promise<unknown> {
    const { process, waiting } = this.#watchers.get(region)!;
    const id = ++this.#requests;
    process.stdin!.write(`${JSON.stringify({ get: path, id })}\n`);
    return new Promise((resolve) => {
      waiting.set(id, resolve);
    });
  }

  takeEvents(): string[] {
    return this.#events.splice(0);
  }

  async end(): Promise<void> {
    const ending = [...this.#children].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await ended;
      clearTimeout(late);
    });
    await Promise.all(ending);
    await this.#redis?.kill();
    await this.#wan?.down();
    process.off("exit", this.#onExit);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  async #start(): Promise<void> {
    const { dir, doNodesProbe } = this.#options;
    const zones = join(dir, "zones");
    mkdirSync(zones);
    writeFileSync(join(zones, "zones.yaml"), this.#documents());
    const [, redis] = await Promise.all([
      Promise.all(this.endpoints.map((endpoint) => this.revive(endpoint))),
      this.#startRedis(),
    ]);
    const where = ["--redis", redis];
    await Promise.all(
      REGIONS.map(async (region) => {
        const address = this.#wan === undefined ? "127.0.0.1" : NODES[region];
        const dns = this.#wan === undefined ? "127.0.0.1:0" : `${address}:53`;
        const self = ["--region", region, "--id", `node-${region}`, "--data", join(dir, region)];
        const listen = ["--dns", dns, "--api", "127.0.0.1:0", "--workers", "1"];
        const probing = ["--probe", doNodesProbe ? "on" : "off"];
        const zone = ["--zones", zones];
        const args = [MAIN, "serve", ...where, ...self, ...listen, ...probing, ...zone];
        const node = this.#run(region, [process.execPath, ...args]);
        const [udp, api] = await said(
          node,
          /"udp","address":"[\d.]+:(\d+)"/,
          /"url":"(http:[^"]+)"/,
          /"msg":"answering"/,
        );
        this.#watch(region, [address, udp![1]!, api![1]!]);
      }),
    );
    if (!doNodesProbe) {
      for (const region of REGIONS) {
        const args = [MAIN, "probe", ...where, "--region", region, "--name", `prober-${region}`];
        this.#run(region, [process.execPath, ...args]);
      }
    }
    await this.allUp(START_MS_MAX);
  }

  /** Resolves when all nodes hold all endpoints up, by the word of all regions; to how many ms that took. */
  async allUp(withinMs: number): Promise<number> {
    const startedMs = performance.now();
    let wrong = "";
    for (;;) {
      const all = await Promise.all(REGIONS.map((region) => this.#notUp(region)));
      wrong = all.join("");
      const tookMs = performance.now() - startedMs;
      if (wrong === "") return Math.round(tookMs);
      if (tookMs > withinMs) throw new Error(`after ${withinMs} ms: ${wrong}`);
      await sleep(50);
    }
  }

  /** Empty when there is nothing to say of it. */
  async #notUp(region: Region): Promise<string> {
    const { items } = (await this.get(region, "/v1/health?limit=1000")) as {
      readonly items: readonly { endpoint: string; state: string; regionsHeard: number }[];
    };
    const bad = items.filter(({ state, regionsHeard }) => state !== "up" || regionsHeard < REGIONS.length);
    if (bad.length === 0 && items.length === this.endpoints.length) return "";
    const some = bad
      .slice(0, 3)
      .map(({ endpoint, state, regionsHeard }) => `${endpoint} ${state} by ${regionsHeard} regions`);
    return `node-${region} has ${items.length} endpoints, of which ${bad.length} are not up: ${some.join(", ")}. `;
  }

  async #startRedis(): Promise<string> {
    if (this.#wan === undefined) {
      this.#redis = await RedisServer.start();
      return this.#redis.url;
    }
    const program = ["redis-server", "valkey-server"].find(
      (name) => spawnSync(name, ["--version"]).status === 0,
    );
    if (program === undefined) throw new Error("no redis-server and no valkey-server");
    const files = ["--save", "", "--appendonly", "no", "--dir", this.#options.dir];
    const redis = this.#run("redis", [program, "--bind", REDIS, "--protected-mode", "no", ...files]);
    await said(redis, /Ready to accept connections/);
    return `redis://${REDIS}:6379`;
  }

  #watch(region: Region, where: readonly [address: string, port: string, api: string]): void {
    const child = this.#run(region, [process.execPath, WATCHER, ...where, TOKEN]);
    const watcher: Watcher = { process: child, answers: new Map(), waiting: new Map() };
    this.#watchers.set(region, watcher);
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const said = JSON.parse(line) as {
        name?: string;
        addresses?: readonly string[];
        atMs: number;
        silentMs?: number;
        id?: number;
        body?: unknown;
      };
      if (said.id !== undefined) {
        watcher.waiting.get(said.id)?.(said.body);
        watcher.waiting.delete(said.id);
      } else if (said.name !== undefined) {
        const answer = { addresses: said.addresses!, atMs: said.atMs };
        if (watcher.answers.has(said.name))
          this.#events.push(`node-${region} answers ${said.name} with ${answer.addresses.join(" ")}`);
        watcher.answers.set(said.name, answer);
      } else this.#events.push(`node-${region} did not answer for ${said.silentMs} ms`);
    });
  }

  #run(place: string, command: readonly string[]): ChildProcess {
    const all =
      this.#wan === undefined ? command : ["ip", "netns", "exec", `${this.#wan.prefix}-${place}`, ...command];
    const child = spawn(all[0]!, all.slice(1), {
      stdio: "pipe",
      env: { ...process.env, WINDROSE_ADMIN_TOKEN: TOKEN, WINDROSE_LOG_LEVEL: "info" },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.resume();
      if (process.env.PROOF_LOG !== undefined) stream.on("data", (octets) => process.stderr.write(octets));
    }
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  #address(verb: "add" | "del", region: Region, address: string): void {
    const host = `${this.#wan!.prefix}-ends-${region}`;
    const { status } = spawnSync("ip", ["-n", host, "addr", verb, `${address}/32`, "dev", "wan0"]);
    if (status !== 0) throw new Error(`ip addr ${verb} ${address} failed`);
  }

  #documents(): string {
    const monitor = { type: "http", port: this.#port, ...this.#options.monitor };
    const keys = Object.entries(monitor).map(([key, value]) => `${key}: ${value}`);
    const names = [...new Set(this.endpoints.map(({ pool }) => pool))];
    const pools = names.map((id) => {
      const members = this.endpoints.filter(({ pool }) => pool === id);
      const list = members.map(({ address, region }) => `{ address: ${address}, region: ${region} }`);
      return `  ${id}: { policy: round-robin, answers: 2, monitor: web, members: [${list.join(", ")}] }\n`;
    });
    return `monitors:
  web: { ${keys.join(", ")} }
pools:
${pools.join("")}zones:
  example.test:
    records:
      "@": { NS: [ns1.example.test.] }
      ns1: { A: 192.0.2.53 }
${names.map((id) => `      ${id}: { pool: ${id}, ttl: 5 }\n`).join("")}`;
  }
}

/** Resolves when it holds; rejects with `what` when it does not for so long. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  what: () => string,
): Promise<void> {
  const startedMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedMs > withinMs) throw new Error(`after ${withinMs} ms: ${what()}`);
    await sleep(POLL_MS);
  }
}

function endpointsOf({ isWide, endpoints }: FleetOptions): FleetEndpoint[] {
  return Array.from({ length: endpoints }, (_, i) => {
    const pair = i >> 1;
    const region = i % 2 === 0 ? "eu" : "us";
    const network = isWide ? `10.66.${10 + (i % 2)}` : `127.0.${66 + (i % 2)}`;
    return { address: `${network}.${1 + pair}`, region, pool: `w${pair}`, name: `w${pair}.example.test.` };
  });
}

function topology(endpoints: readonly FleetEndpoint[]) {
  const addresses = (of: Region) =>
    endpoints.filter(({ region }) => region === of).map(({ address }) => `${address}/32`);
  return {
    rtt_ms: WAYS,
    hosts: {
      redis: { region: "eu", addr: [`${REDIS}/32`] },
      "ends-eu": { region: "eu", addr: addresses("eu") },
      "ends-us": { region: "us", addr: addresses("us") },
      ...Object.fromEntries(REGIONS.map((region) => [region, { region, addr: [`${NODES[region]}/32`] }])),
    },
  };
}

/** Resolves when the process has printed all of them; rejects with what it printed instead when it ends. */
function said(child: ChildProcess, ...patterns: RegExp[]): Promise<RegExpExecArray[]> {
  const streams = [child.stdout!, child.stderr!];
  return new Promise((resolve, reject) => {
    let text = "";
    const hear = (octets: Buffer) => {
      text += String(octets);
      const found = patterns.map((pattern) => pattern.exec(text)).filter((match) => match !== null);
      if (found.length < patterns.length) return;
      for (const stream of streams) stream.off("data", hear);
      resolve(found);
    };
    for (const stream of streams) stream.on("data", hear);
    child.once("close", () => reject(new Error(`ended without ${patterns.join(", ")}: ${text}`)));
  });
}
