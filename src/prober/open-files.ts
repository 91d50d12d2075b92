/**
 * How many files and sockets this process may have open.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** Where the system does not say. */
const UNKNOWN = 4096;

/** Node.js raises its limit to the hard one at its start, and Linux says in /proc what it came to. */
export function openFilesMax(limits: string = readLimits()): number {
  const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return UNKNOWN;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}
