/**
 * A small internet on this machine, by `../shared/wan/wan.py` or where WINDROSE_WAN says: one network namespace for each host, and
 * true round-trip times between them. Needs root, and a kernel that lets it.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAM = process.env.WINDROSE_WAN ?? join(import.meta.dirname, "../../../shared/wan/wan.py");
const UP_MS_MAX = 30_000;

export interface Topology {
  readonly hosts: Readonly<Record<string, { readonly region: string; readonly addr: readonly string[] }>>;
  readonly rtt_ms: Readonly<Record<string, number>>;
}

/** Why there can be none here; null = there can. */
export function whyNoWan(): string | null {
  if (process.getuid?.() !== 0) return "it needs root";
  if (!existsSync(PROGRAM)) return "wan.py is not there";
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun";
  const name = `windrose-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0) return "no network namespace can be made";
  spawnSync("ip", ["netns", "del", name]);
  return spawnSync("python3", ["--version"]).status === 0 ? null : "there is no python3";
}

export class Wan {
  readonly prefix = `wr${process.pid}`;
  readonly control: string;
  readonly #children: ChildProcess[] = [];

  private constructor(dir: string) {
    this.control = join(dir, "wan.sock");
  }

  /** `dir` is a folder for its files, which is the caller's to remove. */
  static async up(dir: string, topology: Topology): Promise<Wan> {
    const wan = new Wan(dir);
    const file = join(dir, "topology.json");
    const regions = Object.fromEntries(Object.values(topology.hosts).map(({ region }) => [region, {}]));
    writeFileSync(file, JSON.stringify({ prefix: wan.prefix, regions, ...topology }));
    const child = wan.#keep(
      spawn("python3", [PROGRAM, "up", file], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, WAN_CONTROL: wan.control },
      }),
      "SIGTERM", // it takes the namespaces away
    );
    await Promise.race([
      new Promise<void>((resolve) => child.stdout!.once("data", () => resolve())),
      sleep(UP_MS_MAX, undefined, { ref: false }).then(() => {
        throw new Error("wan.py did not come up");
      }),
    ]);
    return wan;
  }

  /** Runs a program on a host, until down(). */
  start(host: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    return this.#keep(
      spawn("ip", ["netns", "exec", `${this.prefix}-${host}`, ...command], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env },
      }),
    );
  }

  /** Runs a program outside of all hosts, until down(). */
  startOutside(command: readonly [string, ...string[]]): ChildProcess {
    return this.#keep(spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] }));
  }

  /** A command of wan.py: `set eu us 80 0.05`, `cut ap eu`, `heal ap eu`. */
  command(...words: readonly string[]): void {
    const env = { ...process.env, WAN_CONTROL: this.control };
    const { status, stderr } = spawnSync("python3", [PROGRAM, ...words], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`wan.py ${words.join(" ")}: ${stderr}`);
  }

  /** Ends what was started, the last one first; then the hosts. */
  async down(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    }
  }

  #keep(child: ChildProcess, atExit: NodeJS.Signals = "SIGKILL"): ChildProcess {
    this.#children.push(child);
    process.once("exit", () => child.kill(atExit)); // also when a test failed
    return child;
  }
}
