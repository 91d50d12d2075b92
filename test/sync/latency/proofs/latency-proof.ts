/**
 * Whether real round trips become the right answers: three nodes with a prober each, in three regions, on one Redis; client
 * networks with known round trips to them, from which a resolver asks. The pool answers with all three regions, nearest first,
 * so the order of an answer is the ranking that its node holds for that network.
 *
 *   ranked()    every node answers every network in the true order
 *   change()    some paths change, and the answers follow
 *   jitter()    all paths are off by up to 10 %, anew each half second, and no order changes
 *
 * @module
 */
import { type ChildProcess, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, randomBelow } from "../../../../src/lib/random.ts";
import { Wan } from "../../../support/wan.ts";

const REGIONS = ["eu", "us", "ap"] as const;
type Region = (typeof REGIONS)[number];
const MEMBERS: Readonly<Record<Region, string>> = { eu: "192.0.2.1", us: "192.0.2.2", ap: "192.0.2.3" };
const NODES: Readonly<Record<Region, string>> = { eu: "10.66.0.1", us: "10.66.1.1", ap: "10.66.2.1" };
const REDIS = "10.66.0.9";
/** Three of these, each off by up to 5 %: what no noise of 10 % can make look alike. */
const TIMES_MS = [12, 30, 60, 105, 170];
const KINDS = ["dns", "closed", "silent"] as const;
const ROOT = join(import.meta.dirname, "../../../..");

export interface LatencyProofOptions {
  /** For its files; the caller's to remove. */
  readonly dir: string;
  readonly networks: number;
  readonly random: Random;
  /** Between two measurements of one network. */
  readonly interval: string;
  /** Exchanges a second, of each prober. */
  readonly rate: number;
  /** Of all networks together. */
  readonly queriesASecond: number;
}

interface Answered {
  readonly order: readonly string[];
  /** On performance.now(). */
  readonly atMs: number;
}

type Truth = Record<string, Record<Region, number>>;

export class LatencyProof {
  readonly #options: LatencyProofOptions;
  readonly #wan: Wan;
  readonly #clients: ChildProcess;
  /** By network and node. */
  readonly #answers = new Map<string, Answered>();
  #truth: Truth;
  /** Orders that changed, since they were last counted. */
  #changes: string[] = [];

  private constructor(options: LatencyProofOptions, wan: Wan, truth: Truth, clients: ChildProcess) {
    this.#options = options;
    this.#wan = wan;
    this.#truth = truth;
    this.#clients = clients;
    createInterface({ input: clients.stdout! }).on("line", (line) => this.#hear(line));
  }

  /** Resolves when traffic begins, and the nodes answer. */
  static async begin(options: LatencyProofOptions): Promise<LatencyProof> {
    const { dir, networks, random, queriesASecond } = options;
    const hosts = Array.from({ length: networks }, (_, i) => `c${i}`);
    const truth = Object.fromEntries(hosts.map((host) => [host, randomTimes(random)]));
    const wan = await Wan.up(dir, {
      rtt_ms: { "eu-us": 80, "us-ap": 140, "eu-ap": 180, default: 60, same: 0.2 },
      hosts: {
        redis: { region: "eu", addr: [`${REDIS}/32`] },
        ...Object.fromEntries(REGIONS.map((region) => [region, { region, addr: [`${NODES[region]}/32`] }])),
        ...Object.fromEntries(hosts.map((host, i) => [host, { region: host, addr: [`10.77.${i}.53/24`] }])),
      },
    });
    try {
      await startNodes(wan, options);
      const config = {
        prefix: wan.prefix,
        control: wan.control,
        rate: queriesASecond,
        name: "www.example.test",
        nodes: REGIONS.map((region) => [region, NODES[region]]),
        clients: hosts.map((host, i) => ({
          host,
          address: `10.77.${i}.53`,
          kind: KINDS[i % KINDS.length],
        })),
      };
      const file = join(dir, "clients.json");
      writeFileSync(file, JSON.stringify(config));
      const program = join(ROOT, "test/support/wan-clients.py");
      const clients = wan.startOutside(["python3", program, file]);
      clients.stdin!.write(`${JSON.stringify({ rtt: truth })}\n`);
      return new LatencyProof(options, wan, truth, clients);
    } catch (error) {
      await wan.down();
      throw error;
    }
  }

  /** Resolves when all answers are in the true order, to how many ms that took; rejects with those that are not when it takes longer. */
  async ranked(withinMs: number): Promise<number> {
    const startedMs = performance.now();
    while (this.#wrong().length > 0) {
      if (performance.now() - startedMs > withinMs)
        throw new Error(`after ${withinMs} ms not in the true order: ${this.#wrong().join("; ")}`);
      await sleep(100);
    }
    return Math.round(performance.now() - startedMs);
  }

  /** Makes the nearest region the farthest, and the other way round, for so many networks. */
  change(networks: number): void {
    const hosts = Object.keys(this.#truth);
    const changed: Truth = { ...this.#truth };
    for (let i = 0; i < networks; i++) {
      const host = hosts[i]!;
      const times = this.#truth[host]!;
      const [first, second, third] = ranking(times);
      changed[host] = { [first]: times[third], [second]: times[second], [third]: times[first] } as Record<
        Region,
        number
      >;
    }
    this.#tell(changed, 0);
  }

  /**
   * Resolves to the orders that changed in this time, in which the second region of so many networks is as near as the first,
   * but for 3 %: those are the ones that could.
   */
  async jitter(part: number, forMs: number, near: number): Promise<string[]> {
    const hosts = Object.keys(this.#truth);
    const truth: Truth = { ...this.#truth };
    for (const host of hosts.slice(0, near)) {
      const times = truth[host]!;
      const [first, second] = ranking(times);
      truth[host] = { ...times, [second]: 1.03 * times[first] };
    }
    this.#changes = [];
    this.#tell(truth, part);
    await sleep(forMs);
    return this.#changes;
  }

  async end(): Promise<void> {
    await this.#wan.down();
  }

  get networks(): number {
    return this.#options.networks;
  }

  #tell(truth: Truth, jitter: number): void {
    this.#truth = truth;
    this.#clients.stdin!.write(`${JSON.stringify({ rtt: truth, jitter })}\n`);
  }

  #hear(line: string): void {
    const { client, node, order } = JSON.parse(line) as {
      client: string;
      node: string;
      order: readonly string[];
    };
    if (order.length !== REGIONS.length) return;
    const before = this.#answers.get(`${client} ${node}`)?.order.join(" ") ?? "none";
    this.#changes.push(`${client} from ${node}: ${before}, then ${order.join(" ")}`);
    this.#answers.set(`${client} ${node}`, { order, atMs: performance.now() });
  }

  #wrong(): string[] {
    return Object.entries(this.#truth).flatMap(([host, times]) => {
      const wanted = ranking(times).map((region) => MEMBERS[region]);
      return REGIONS.flatMap((node) => {
        const order = this.#answers.get(`${host} ${node}`)?.order;
        if (order?.join() === wanted.join()) return [];
        return [`${host} from ${node}: ${order?.join(" ") ?? "no answer"}, true ${wanted.join(" ")}`];
      });
    });
  }
}

function ranking(times: Readonly<Record<Region, number>>): [Region, Region, Region] {
  return [...REGIONS].sort((a, b) => times[a] - times[b]) as [Region, Region, Region];
}

function randomTimes(random: Random): Record<Region, number> {
  const left = [...TIMES_MS];
  const draw = () => {
    const [ms] = left.splice(randomBelow(random, left.length), 1);
    return Math.round(ms! * (0.95 + randomBelow(random, 100) / 1000));
  };
  return { eu: draw(), us: draw(), ap: draw() };
}

async function startNodes(wan: Wan, { dir, interval, rate }: LatencyProofOptions): Promise<void> {
  const redis = ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0);
  if (redis === undefined) throw new Error("no redis-server and no valkey-server");
  wan.start("redis", [
    redis,
    ...["--bind", REDIS, "--port", "6379", "--protected-mode", "no", "--save", "", "--dir", dir],
  ]);
  const zones = join(dir, "zones");
  mkdirSync(zones);
  writeFileSync(join(zones, "zones.yaml"), documents());
  const nodes = REGIONS.map((region) => {
    const flags = {
      redis: `redis://${REDIS}:6379`,
      zones,
      data: "none",
      api: "none",
      dns: `${NODES[region]}:53`,
      workers: "1",
      region,
      id: `node-${region}`,
      "rtt-probe": "on",
      "rtt-interval": interval,
      "rtt-rate": String(rate),
      "rtt-allow": "10.77.0.0/16",
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    return wan.start(region, [process.execPath, join(ROOT, "src/main.ts"), "serve", ...args], {
      WINDROSE_LOG_LEVEL: process.env.PROOF_LOG ?? "warn",
    });
  });
  await Promise.all(nodes.map(answering));
}

/** The examples are printed when it answers. */
function answering(node: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    node.stderr!.on("data", (octets) => {
      said = `${said}${String(octets)}`.slice(-2000);
      if (process.env.PROOF_LOG !== undefined) process.stderr.write(octets);
    });
    node.stdout!.once("data", () => resolve());
    node.once("exit", (code) => reject(new Error(`a node ended with ${code}: ${said}`)));
  });
}

function documents(): string {
  const members = REGIONS.map((region) => `      - { address: ${MEMBERS[region]}, region: ${region} }`);
  return `pools:
  web:
    policy: latency
    answers: 3
    members:
${members.join("\n")}
zones:
  example.test:
    records:
      "@": { NS: [ns1.example.test.] }
      ns1: { A: 192.0.2.53 }
      www: { pool: web }
`;
}
