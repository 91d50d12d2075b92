/**
 * On what, of what, and how undisturbed: what a figure is worth without is little.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import type { Cores } from "./pinning.ts";

export function describeMachine(cores: Cores): Record<string, string> {
  const pinning = cores.warning ?? `server on core ${cores.server}, generator on core ${cores.generator}`;
  return {
    date: new Date().toISOString(),
    commit: `commit ${commit()}`,
    machine: `${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores, Linux ${release()}, Node ${process.version}`,
    pinning,
    load: loadAverage(),
  };
}

/** Before the bench it should be near 0; while it runs, near 2: server and generator. */
export function loadAverage(): string {
  return `load average ${loadavg()
    .map((load) => load.toFixed(2))
    .join(", ")}`;
}

/** CPU time that the hypervisor gave to others, and all, in ticks since boot. */
export interface StolenTime {
  readonly stolen: number;
  readonly all: number;
}

export function readStolenTime(): StolenTime {
  const ticks = readFileSync("/proc/stat", "latin1").split("\n", 1)[0]!.split(/\s+/).slice(1, 9).map(Number);
  return { stolen: ticks[7] ?? 0, all: ticks.reduce((sum, value) => sum + value, 0) };
}

/** The share of all cores' time that was stolen since `before`. */
export function stolenShareSince(before: StolenTime): number {
  const now = readStolenTime();
  return (now.stolen - before.stolen) / Math.max(1, now.all - before.all);
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", args, {
        cwd: import.meta.dirname,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    return (
      git("rev-parse", "--short", "HEAD").trim() +
      (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ", changed")
    );
  } catch {
    return "unknown";
  }
}
