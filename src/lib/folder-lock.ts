/**
 * A folder that one process at a time writes to: its number is in the file `lock` there.
 *
 * @module
 */
import { mkdir, open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { WindroseError } from "./errors.ts";

/** Somebody may take over a lock that was left behind in the very moment when we do. */
const TRIES = 5;

/**
 * Makes the folder where there is none, and locks it; what is given back lets it go. A lock whose process is gone is taken over.
 * Rejects with WindroseError "store-unavailable".
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  try {
    await mkdir(folder, { recursive: true });
    for (let tries = 0; tries < TRIES; tries++) {
      if (await makeLock(path)) return () => unlink(path).catch(() => {});
      const holder = Number(await readFile(path, "utf8").catch(() => ""));
      // In a container each start may have the number of the one before.
      if (holder > 0 && holder !== process.pid && isRunning(holder)) {
        const message = `The data folder "${folder}" belongs to process ${holder}; stop that one, or give another --data`;
        throw new WindroseError("store-unavailable", message, { folder, holder });
      }
      await unlink(path).catch(() => {}); // somebody else may have
    }
  } catch (cause) {
    if (cause instanceof WindroseError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WindroseError("store-unavailable", `Cannot use the data folder "${folder}": ${why}`, {
      folder,
      cause,
    });
  }
  throw new WindroseError("store-unavailable", `The data folder "${folder}" is locked again and again`, {
    folder,
  });
}

/** False when there is one. */
async function makeLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
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
