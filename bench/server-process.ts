/**
 * One server under test, as a child process of ours: configured in a temporary directory,
 * pinned to its core, waited for until it answers, ended by its own pid.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "./ask.ts";
import type { Peer, Place } from "./peers/peer.ts";
import { pinned } from "./pinning.ts";
import { aQuery } from "./workloads.ts";

/** Some millions of samples take their time. */
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 5_000;
/** What a server said is kept, for counting and for the report of its failure: the last so many characters. */
const OUTPUT_LENGTH_MAX = 4_000_000;
const REPORT_LENGTH_MAX = 4_000;

export interface StartOptions {
  readonly core: number | undefined;
  /** See Place. */
  readonly geo?: string | undefined;
  readonly rtt?: string | undefined;
}

export class ServerProcess {
  readonly peer: Peer;
  readonly port: number;
  /** Its own, as its peer's prepare() filled it. */
  readonly directory: string;
  readonly #child: ChildProcess;
  #output = "";

  private constructor(
    peer: Peer,
    { port, directory }: Pick<Place, "port" | "directory">,
    child: ChildProcess,
  ) {
    this.peer = peer;
    this.port = port;
    this.directory = directory;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_LENGTH_MAX);
      });
    }
    child.on("error", (error) => {
      this.#output += String(error);
    });
  }

  /** Throws when the server does not answer in time, with what it printed. */
  static async start(
    peer: Peer,
    temporary: string,
    { core, geo, rtt }: StartOptions,
  ): Promise<ServerProcess> {
    const directory = join(temporary, peer.id);
    mkdirSync(directory);
    const port = await freeUdpPort();
    const { file, args } = pinned(peer.prepare({ directory, port, geo, rtt }), core);
    const server = new ServerProcess(
      peer,
      { port, directory },
      spawn(file, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] }),
    );
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while ((await ask(port, aQuery("www.example.com"))) === undefined) {
      if (!server.isRunning || performance.now() > deadlineMs) {
        await server.stop();
        throw new Error(`${peer.title} does not answer on 127.0.0.1:${port}: ${server.output}`);
      }
      await sleep(50);
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** The end of what it printed. */
  get output(): string {
    return this.#output.slice(-REPORT_LENGTH_MAX).trim();
  }

  /** All that it printed since this was last asked. */
  takeOutput(): string {
    const output = this.#output;
    this.#output = "";
    return output;
  }

  /** SIGTERM, and SIGKILL for one that does not mind. */
  async stop(): Promise<void> {
    const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
    if (this.isRunning) this.#child.kill("SIGTERM");
    while (this.isRunning && performance.now() < deadlineMs) await sleep(20);
    if (this.isRunning) this.#child.kill("SIGKILL");
  }
}

/** A port that is free now. Somebody else may take it before the server does; it will say so. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", resolve);
  });
  const { port } = socket.address();
  socket.close();
  return port;
}
