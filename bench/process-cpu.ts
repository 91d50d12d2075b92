/**
 * CPU time of a process and all that it started, from /proc/PID/stat: user and system time of
 * all threads, those that have ended included. The kernel counts in ticks of 10 ms (USER_HZ is
 * 100 wherever Linux runs), so a run of three busy seconds is known to 0.3 %.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** Seconds of CPU that the process tree under `rootPid` has used; 0 when it is gone. */
export function processTreeCpuSeconds(rootPid: number): number {
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const fields = statFieldsOf(pid);
    if (fields === undefined) continue;
    // proc_pid_stat(5), counted from the state, which is field 3: ppid is field 4, utime to
    // cstime (ended children that were waited for) are 14 to 17.
    parents.set(pid, Number(fields[1]));
    ticks.set(pid, Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]));
  }
  let sum = 0;
  for (const [pid, used] of ticks) {
    if (isInTree(pid)) sum += used;
  }
  return sum / TICKS_PER_SECOND;

  function isInTree(pid: number): boolean {
    for (let at: number | undefined = pid; at !== undefined && at !== 0; at = parents.get(at)) {
      if (at === rootPid) return true;
    }
    return false;
  }
}

/** The fields after the command name, which is in parentheses and may hold anything. */
function statFieldsOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined; // ended between the listing and now
  }
}
