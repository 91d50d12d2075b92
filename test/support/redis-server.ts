/**
 * A real Redis (or Valkey) for one test file: its own process on a free port of loopback, nothing on disk
 * unless asked for, ended with the test.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

const PROGRAMS = ["redis-server", "valkey-server"];
const START_MS_MAX = 10_000;

export class RedisServer {
  readonly port: number;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** `args` are the server's own, such as `--maxmemory 1mb`. */
  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.start();
    return server;
  }

  /** A Sentinel; it writes to its file of settings. */
  static async startSentinel(file: string): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), [file, "--sentinel"]);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** Starts it, again after stop() or kill(): then with nothing in it. */
  async start(): Promise<void> {
    const program = PROGRAMS.find((name) => spawnSync(name, ["--version"]).status === 0);
    if (program === undefined)
      throw new Error("no redis-server and no valkey-server; apt-get install redis-server");
    const listen = ["--port", String(this.port), "--bind", "127.0.0.1"];
    // A name of its own: at its start a server would take up what another one left behind.
    const files = ["--dir", tmpdir(), "--dbfilename", `windrose-test-${this.port}.rdb`];
    const isSentinel = this.#args.at(-1) === "--sentinel";
    const args = isSentinel
      ? [this.#args[0]!, ...listen, "--sentinel"]
      : [...listen, "--save", "", "--appendonly", "no", ...files, ...this.#args];
    const child = spawn(program, args, { stdio: "ignore" });
    this.#process = child;
    process.once("exit", () => child.kill("SIGKILL")); // also when a test failed
    const redis = new Redis({
      port: this.port,
      host: "127.0.0.1",
      lazyConnect: true,
      retryStrategy: () => 20,
    });
    redis.on("error", () => {}); // refused until it listens
    const deadline = Date.now() + START_MS_MAX;
    try {
      while ((await redis.ping().catch(() => "")) !== "PONG") {
        if (Date.now() > deadline) throw new Error("redis-server did not answer");
        await sleep(10);
      }
    } finally {
      redis.disconnect();
    }
  }

  /** A connection of its own, for a look behind the scenes. */
  client(): Redis {
    return new Redis(this.url);
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    this.#process = undefined;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Stops answering, and goes on where it was. */
  pause(): void {
    this.#process!.kill("SIGSTOP");
  }

  resume(): void {
    this.#process!.kill("SIGCONT");
  }
}

/** Of loopback; nobody has it now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
