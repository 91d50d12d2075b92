/**
 * Locks between processes: a file that is there while one holds it, with its process number in it. A lock whose process is
 * gone is taken over.
 *
 *   a data folder       for as long as a server runs: `lock` in it
 *   a file in it        for one change of it
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { WindroseError } from "./errors.ts";

/** Somebody may take over a lock that was left behind in the very moment when we do. */
const TRIES = 5;

/** A change of a file takes some milliseconds; who holds it longer than this is stopped, or its disk is. */
const WAIT_MS_MAX = 5000;
const LOOK_MS = 10;

/** Those of this process, or that it tries to have, by path: in a container each start may have the number of the one before. */
const held = new Set<string>();

type Release = () => Promise<void>;

/**
 * Makes the folder where there is none, and locks it; what is given back lets it go. Rejects with WindroseError
 * "store-unavailable".
 */
export async function lockFolder(folder: string): Promise<Release> {
  let lock: Release | number;
  try {
    await mkdir(folder, { recursive: true });
    lock = await tryLock(join(folder, "lock"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WindroseError("store-unavailable", `Cannot use the data folder "${folder}": ${why}`, {
      folder,
      cause,
    });
  }
  if (typeof lock === "function") return lock;
  const message = `The data folder "${folder}" belongs to process ${lock}; stop that one, or give another --data`;
  throw new WindroseError("store-unavailable", message, { folder, holder: lock });
}

/** Does `work` while no other process, and nobody else in this one, does work on this file. Rejects as that, or with an Error. */
export async function withFileLocked<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const lock = await tryLock(`${path}.lock`);
    if (typeof lock === "function") return await work().finally(lock);
    if (performance.now() > deadlineMs) throw new Error(`process ${lock} does not let go of it`);
    await wait(LOOK_MS);
  }
}

/** What lets it go, or the number of the process that holds it. */
async function tryLock(path: string): Promise<Release | number> {
  if (held.has(path)) return process.pid;
  held.add(path);
  let holder = 0;
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await makeLock(path)) {
        return async () => {
          await unlink(path).catch(() => {});
          held.delete(path);
        };
      }
      const text = await readFile(path, "utf8").catch(() => null);
      if (text === null) continue; // it was let go
      holder = Number(text);
      if (holder > 0 && holder !== process.pid && isRunning(holder)) break;
      holder = 0;
      await unlink(path).catch(() => {}); // somebody else may have
    }
  } catch (error) {
    held.delete(path);
    throw error;
  }
  held.delete(path);
  if (holder === 0) throw new Error("it is locked again and again");
  return holder;
}

/** False when there is one. Never there without its number. */
async function makeLock(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(own);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's
  }
}
