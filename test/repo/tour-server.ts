/**
 * What a page's tour needs to be walked through: a copy of the project, the page's own command that starts a server in it, on
 * free ports, and its end.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Tour } from "./tour.ts";
import { ROOT } from "./tree.ts";

/** As pages have them. */
const DNS_PORT = 5300;
const API_PORT = 8053;
/** Long for a machine that is busy with other tests; a start takes well under a second. */
export const START_MS_MAX = 20_000;
/** The server gives itself 5 s to drain. */
const STOP_MS_MAX = 8000;

/** Debian's package for each tool that tours use and that is not everywhere. */
const PACKAGES: Readonly<Record<string, string>> = { dig: "bind9-dnsutils", curl: "curl" };

export class TourServer {
  /** The copy of the project. */
  readonly folder: string;
  readonly dnsPort: number;
  readonly #apiPort: number;
  readonly #process: ChildProcess;
  /** What it printed. */
  output = "";

  private constructor(folder: string, process: ChildProcess, ports: { dnsPort: number; apiPort: number }) {
    this.folder = folder;
    this.#process = process;
    this.dnsPort = ports.dnsPort;
    this.#apiPort = ports.apiPort;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on("data", (chunk) => {
        this.output += chunk;
      });
    }
  }

  /** Resolves when it has said what to ask, which it does when it answers. `env` goes to the server. */
  static async start({ serverCommand, steps }: Tour, env: NodeJS.ProcessEnv = {}): Promise<TourServer> {
    for (const tool of Object.keys(PACKAGES)) {
      if (steps.some(({ command }) => command.startsWith(`${tool} `))) requireTool(tool);
    }
    const folder = copyProject();
    const ports = { dnsPort: await freePort(), apiPort: await freePort() };
    const own = { WINDROSE_DNS: `127.0.0.1:${ports.dnsPort}`, WINDROSE_API: `127.0.0.1:${ports.apiPort}` };
    // A group of its own, so that npm and the server below it are ended together.
    const child = spawn("sh", ["-c", serverCommand], {
      cwd: folder,
      detached: true,
      env: { ...process.env, ...own, ...env },
    });
    const server = new TourServer(folder, child, ports);
    try {
      await server.#untilAnswering();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** What a page says, with the ports of this server. */
  withPorts(text: string): string {
    return text.replaceAll(`${DNS_PORT}`, `${this.dnsPort}`).replaceAll(`${API_PORT}`, `${this.#apiPort}`);
  }

  /** Ends npm and the server below it, at the latest after some seconds, and removes the folder. */
  async stop(): Promise<void> {
    const { pid, exitCode } = this.#process;
    if (pid !== undefined) {
      const ended =
        exitCode === null ? new Promise((resolve) => this.#process.once("exit", resolve)) : undefined;
      signalGroup(pid, "SIGTERM");
      await Promise.race([ended, wait(STOP_MS_MAX, undefined, { ref: false })]);
      // npm may be gone while the server below it is not.
      signalGroup(pid, "SIGKILL");
    }
    rmSync(this.folder, { recursive: true });
  }

  async #untilAnswering(): Promise<void> {
    const deadline = Date.now() + START_MS_MAX;
    while (!this.output.includes("\nTry:")) {
      if (this.#process.exitCode !== null) throw new Error(`the server ended at its start:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`the server does not answer:\n${this.output}`);
      await wait(50);
    }
  }
}

/** Tours edit files, so they go through a copy; the dependencies are the same ones. */
function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "windrose-tour-"));
  for (const part of ["package.json", "src", "zones"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function requireTool(tool: string): void {
  if (spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0) return;
  throw new Error(
    `the tour needs "${tool}", which is not installed; on Debian: apt-get install ${PACKAGES[tool] ?? tool}`,
  );
}

/** Those of the page may be taken: several tours are walked at once, and somebody may have a server of their own. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
