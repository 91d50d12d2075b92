/**
 * Which thread gives way to which. On Linux a nice value belongs to a thread, and a new thread takes that of the
 * one that starts it.
 *
 * @module
 */
import { readdirSync } from "node:fs";
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
 * The same for the other threads that this process has by now: those in which V8 collects garbage and libuv reads files were there
 * before anyone could give way. Four of them at once on one core would keep a query waiting for four slices of time.
 */
export function letOthersGiveWay(): void {
  if (process.platform !== "linux") return;
  for (const thread of threadsOfProcess())
    if (thread !== process.pid) trySetPriority(Math.min(19, FULL + GIVE_WAY_BY), thread);
}

function threadsOfProcess(): number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return []; // no /proc: they stay equals
  }
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

/** `thread` 0 is this one. */
function trySetPriority(nice: number, thread = 0): void {
  try {
    setPriority(thread, nice);
  } catch {
    // Not permitted: all threads stay equals, and only what is said above is lost.
  }
}
