/**
 * Which thread gives way to which. On Linux a nice value belongs to a thread, and a new thread takes that of the
 * one that starts it.
 *
 * @module
 */
import { getPriority, setPriority } from "node:os";

/** Some 10 % of a core where others want all of it: enough to take up edits and serve TCP under a flood of UDP. */
const GIVE_WAY_BY = 10;

/** The nice value that this process was started with. */
const FULL = getPriority(0);

/**
 * Makes this thread, and threads that it starts, give way to those that run already. A reload takes tens of ms at a
 * stretch, and on a busy core queries would wait for it.
 */
export function giveWay(): void {
  if (process.platform === "linux") trySetPriority(Math.min(19, FULL + GIVE_WAY_BY));
}

/**
 * Starts a thread that gives way to nobody. Taking a priority back needs CAP_SYS_NICE (or RLIMIT_NICE); without
 * it, the thread gets this one's.
 */
export function startAtFullPriority<Thread>(start: () => Thread): Thread {
  if (process.platform !== "linux" || getPriority(0) === FULL) return start();
  trySetPriority(FULL);
  try {
    return start();
  } finally {
    giveWay();
  }
}

function trySetPriority(nice: number): void {
  try {
    setPriority(0, nice);
  } catch {
    // Not permitted: all threads stay equals, and only what is said above is lost.
  }
}
