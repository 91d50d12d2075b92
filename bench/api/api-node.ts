/**
 * One `windrose serve` with its API, as a child process of ours, and a client that keeps its connection.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { builtMain } from "../built.ts";
import { pinned } from "../pinning.ts";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5000;
const OUTPUT_LENGTH_MAX = 200_000;
/** Of scope admin, for these processes alone. */
export const ADMIN_TOKEN = "a-token-for-the-bench-alone";

export interface ApiNodeOptions {
  readonly directory: string;
  readonly workers: number;
  readonly core?: number | undefined;
  /** More flags of serve. */
  readonly flags: readonly string[];
}

export interface ApiReply {
  readonly status: number;
  readonly body: string;
  /** From the call to the last octet of the reply. */
  readonly ms: number;
}

export class ApiNode {
  readonly dnsPort: number;
  readonly apiPort: number;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(child: ChildProcess, ports: { readonly dns: number; readonly api: number }) {
    this.#child = child;
    this.dnsPort = ports.dns;
    this.apiPort = ports.api;
  }

  /** Rejects, with what it printed, when it does not answer in a minute. */
  static async start({ directory, workers, core, flags }: ApiNodeOptions): Promise<ApiNode> {
    const args = ["serve", "--dns", "127.0.0.1:0", "--api", "127.0.0.1:0", "--workers", String(workers)];
    const command = pinned({ file: process.execPath, args: [builtMain(), ...args, ...flags] }, core);
    const child = spawn(command.file, command.args, {
      cwd: directory,
      env: { ...process.env, WINDROSE_ADMIN_TOKEN: ADMIN_TOKEN },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let output = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-OUTPUT_LENGTH_MAX);
    });
    const deadlineMs = performance.now() + START_MS_MAX;
    while (!output.includes('"msg":"answering"')) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        child.kill("SIGKILL");
        throw new Error(`windrose serve does not answer: ${output}`);
      }
      await sleep(20);
    }
    const dns = /"udp","address":"127\.0\.0\.1:(\d+)"/.exec(output)?.[1];
    const api = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(output)?.[1];
    return new ApiNode(child, { dns: Number(dns), api: Number(api) });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** With a token of scope admin. Rejects for a status of 400 and more. */
  call(method: string, path: string, body?: unknown): Promise<ApiReply> {
    const startedMs = performance.now();
    const headers = {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: "127.0.0.1", port: this.apiPort, agent: this.#agent, method, path, headers },
        (reply) => {
          let text = "";
          reply.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          reply.on("end", () => {
            const status = reply.statusCode!;
            if (status >= 400) reject(new Error(`${method} ${path}: ${status} ${text}`));
            else resolve({ status, body: text, ms: performance.now() - startedMs });
          });
        },
      );
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** SIGTERM, and SIGKILL for one that does not mind. */
  async stop(): Promise<void> {
    this.#agent.destroy();
    const deadlineMs = performance.now() + STOP_MS_MAX;
    const isRunning = () => this.#child.exitCode === null && this.#child.signalCode === null;
    this.#child.kill("SIGTERM");
    while (isRunning() && performance.now() < deadlineMs) await sleep(20);
    if (isRunning()) this.#child.kill("SIGKILL");
  }
}
