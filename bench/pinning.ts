/**
 * One core for the server, another for the generator, so that neither takes time from the other
 * and CPU per query is that of one busy core.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { findExecutable } from "./peers/executables.ts";
import type { Command } from "./peers/peer.ts";

export interface Cores {
  /** Undefined: not pinned. */
  readonly server: number | undefined;
  readonly generator: number | undefined;
  /** Why nothing is pinned. */
  readonly warning?: string;
}

/** The first two cores that we may use. */
export function chooseCores(): Cores {
  const [server, generator] = allowedCores();
  if (findExecutable("taskset") === undefined) {
    return unpinned("taskset is missing (apt-get install util-linux)");
  }
  if (server === undefined || generator === undefined) return unpinned("there are fewer than two cores");
  return { server, generator };
}

function unpinned(reason: string): Cores {
  const warning = `${reason}: server and generator are not pinned and take time from each other`;
  return { server: undefined, generator: undefined, warning };
}

/** The command, run on one core; unchanged for no core. taskset becomes the program, so the pid is its pid. */
export function pinned(command: Command, core: number | undefined): Command {
  if (core === undefined) return command;
  return { file: findExecutable("taskset")!, args: ["-c", String(core), command.file, ...command.args] };
}

/** From /proc/self/status: "0-3,8" is 0, 1, 2, 3, 8. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}
