/**
 * For tests with real processes: free ports, children that are ended whatever happens, a
 * Windrose of our own, and a client that asks one question.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { EdnsOption } from "../../src/wire/edns.ts";
import { decodeMessage, encodeMessage, type Message } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { parseType } from "../../src/wire/rr-type.ts";

/** The program, for `node MAIN COMMAND`. */
export const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** Long: CI machines are slow and shared, and a server that is up is noticed at once. */
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const ASK_TIMEOUT_MS = 10_000;
const OUTPUT_LENGTH_MAX = 10_000;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A child process with what it printed, for the message of a test that fails. */
export class Child {
  readonly process: ChildProcess;
  output = "";

  constructor(file: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
    this.process = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output = (this.output + text).slice(-OUTPUT_LENGTH_MAX);
      });
    }
    this.process.on("error", (error) => {
      this.output += `${error}\n`;
    });
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** SIGTERM, then SIGKILL. Resolves to the exit code; null for one that had to be killed. */
  async stop(): Promise<number | null> {
    if (this.isRunning) {
      const exited = once(this.process, "exit");
      const killer = setTimeout(() => this.process.kill("SIGKILL"), STOP_TIMEOUT_MS);
      this.process.kill("SIGTERM");
      await exited;
      clearTimeout(killer);
    }
    return this.process.exitCode;
  }
}

/** Resolves when the child has printed it; fails with what it printed instead. */
export async function printed(child: Child, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = pattern.exec(child.output);
      if (found !== null) resolve(found);
    };
    child.process.stdout!.on("data", look);
    child.process.stderr!.on("data", look);
    child.process.once("close", () => {
      look();
      reject(new Error(`ended without ${pattern}:\n${child.output}`));
    });
    look();
  });
}

/** Resolves when the child has ended by itself, to its exit code. */
export async function exitCode(child: Child): Promise<number | null> {
  if (child.isRunning) await once(child.process, "close");
  return child.process.exitCode;
}

/** Starts `windrose serve` with these documents and waits until it answers the SOA of `apex`. */
export async function startWindrose(options: {
  readonly endpoint: Endpoint;
  /** Empty, and removed by the caller. */
  readonly directory: string;
  readonly documents: string;
  readonly apex: string;
}): Promise<Child> {
  const { endpoint, directory, documents, apex } = options;
  mkdirSync(join(directory, "zones"), { recursive: true });
  writeFileSync(join(directory, "zones", "test.yaml"), documents);
  const dns = `${endpoint.address}:${endpoint.port}`;
  const args = [MAIN, "serve", "--dns", dns, "--zones", join(directory, "zones"), "--api", "none"];
  const child = new Child(process.execPath, args, { cwd: directory });
  await waitUntilAnswering(child, endpoint, apex);
  return child;
}

/** Throws, with the child's output, when it ends or does not answer in time. */
export async function waitUntilAnswering(child: Child, endpoint: Endpoint, apex: string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (child.isRunning && performance.now() < deadlineMs) {
    try {
      await ask(endpoint, apex, "SOA", 200);
      return;
    } catch {
      await sleep(50); // the port is refused at once, and would be asked in a busy loop
    }
  }
  await child.stop();
  throw new Error(`no answer from ${child.process.spawnargs.join(" ")}:\n${child.output}`);
}

/** One question over UDP, with RD, an EDNS size that holds any reply on loopback, and these options. */
export async function ask(
  { address, port }: Endpoint,
  name: string,
  type: string,
  timeoutMs = ASK_TIMEOUT_MS,
  options: readonly EdnsOption[] = [],
): Promise<Message> {
  const id = Math.floor(Math.random() * 0x10000);
  const query = encodeMessage({
    id,
    rd: true,
    question: [{ name: parseName(name), type: parseType(type)! }],
    edns: { udpSize: 8192, options },
  });
  const socket = createSocket("udp4");
  try {
    const reply = await new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no reply for ${name} ${type}`)), timeoutMs);
      socket.on("error", reject);
      socket.on("message", (octets) => {
        clearTimeout(timer);
        resolve(octets);
      });
      socket.connect(port, address, () => socket.send(query));
    });
    const message = decodeMessage(reply);
    if ("malformed" in message) throw new Error(`malformed reply for ${name} ${type}: ${message.malformed}`);
    if (message.id !== id) throw new Error(`reply with another ID for ${name} ${type}`);
    return message;
  } finally {
    socket.close();
  }
}

/** A port of `address` that is free for UDP and TCP now. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  server.listen(0, address);
  await once(server, "listening");
  const found = server.address();
  server.close();
  if (found === null || typeof found === "string") throw new Error("a TCP server without a port");
  return (await canBindUdp({ address, port: found.port })) === undefined ? found.port : freePort(address);
}

/** Undefined when UDP can be bound there; else the code of the error, such as EACCES. */
export async function canBindUdp({ address, port }: Endpoint): Promise<string | undefined> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? "unknown");
    });
    socket.bind(port, address, () => socket.close(() => resolve(undefined)));
  });
}
