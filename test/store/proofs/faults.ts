/**
 * Makes the N-th call that changes a file fail, or kills the process before it, after it, or when half of a text is written;
 * a write to a socket, which is how Redis is asked, is such a call too. Counted from arm() on.
 *
 * Importing it wraps node:fs, node:fs/promises and sockets for the whole process, also for who imported them before.
 *
 * @module
 */
import fs from "node:fs";
import fsp, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import { devNull } from "node:os";

/** An error's code, or when the process is killed. `torn` writes half of a text first; without a text it is `before`. */
export type FaultKind = "before" | "after" | "torn" | "ENOSPC" | "EROFS" | "EIO";

export interface Fault {
  /** Counts from 1. */
  readonly call: number;
  readonly kind: FaultKind;
  /** All calls from this one on, not this one alone. */
  readonly isLasting?: boolean;
}

let fault: Fault | undefined;
let count = 0;
let names: string[] = [];

/** Begins to count; without a fault only that. */
export function arm(next?: Fault): void {
  fault = next;
  count = 0;
  names = [];
}

/** Ends it; gives back the names of the calls since arm(). */
export function disarm(): readonly string[] {
  fault = undefined;
  return names;
}

const PROMISED = ["open", "rename", "unlink", "writeFile", "appendFile", "truncate", "mkdir"] as const;
const SYNC = ["renameSync", "unlinkSync"] as const;
const HANDLE = ["writeFile", "appendFile", "sync", "datasync", "truncate", "chmod", "close"] as const;

type Call = (...args: unknown[]) => unknown;

function wrap(holder: object, wanted: readonly string[], isAsync: boolean): void {
  for (const name of wanted) {
    const call = Reflect.get(holder, name) as Call;
    const wrapped = isAsync
      ? async function (this: unknown, ...args: unknown[]) {
          return (await faulty(name, (given) => call.apply(this, given), args)) as unknown;
        }
      : function (this: unknown, ...args: unknown[]) {
          return faulty(name, (given) => call.apply(this, given), args);
        };
    Reflect.set(holder, name, wrapped);
  }
}

const handle: FileHandle = await fsp.open(devNull, "r");
const prototype = Object.getPrototypeOf(handle) as object;
await handle.close();
wrap(prototype, HANDLE, true);
wrap(fsp, PROMISED, true);
wrap(fs, SYNC, false);
wrap(Socket.prototype, ["write"], false);
syncBuiltinESMExports();

function faulty(name: string, call: (args: unknown[]) => unknown, args: unknown[]): unknown {
  count++;
  names.push(name);
  const isHit = fault !== undefined && (count === fault.call || (fault.isLasting && count > fault.call));
  if (!isHit || fault === undefined) return call(args);
  const { kind } = fault;
  if (kind === "before") die();
  if (kind === "after") return afterwards(call(args), die);
  const text = args[0];
  const isWrite =
    ["write", "writeFile", "appendFile"].includes(name) &&
    (typeof text === "string" || text instanceof Uint8Array);
  // What only reads goes on. Nor does a rename over what is there need room, and a file system that becomes read-only between the
  // renames of one change would leave some of them done: nobody could take them back.
  if (kind !== "EIO" && isHarmless(name, args)) return call(args);
  if (kind === "ENOSPC" && FREEING.has(name)) return call(args);
  if (name === "close") return call(args);
  const end = kind === "torn" ? die : () => failure(name, kind);
  if (!isWrite || kind === "EROFS") return end();
  return afterwards(call([text.slice(0, text.length >> 1), ...args.slice(1)]), end);
}

/** What a full disk does not hinder. */
const FREEING: ReadonlySet<string> = new Set(["unlink", "unlinkSync", "truncate", "chmod"]);

function isHarmless(name: string, args: readonly unknown[]): boolean {
  return name === "renameSync" || name === "unlinkSync" || (name === "open" && args[1] === "r");
}

function afterwards(result: unknown, then: () => unknown): unknown {
  return result instanceof Promise ? result.then(then) : then();
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal comes at once, but nothing may happen in between.
  for (;;);
}

function failure(name: string, code: string): never {
  throw Object.assign(new Error(`${code}: injected, ${name}`), { code });
}
