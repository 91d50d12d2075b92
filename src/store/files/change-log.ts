/**
 * The changes that were accepted, one line of JSON each, in a file that only grows until it is cut to half.
 *
 *   {"generation":41,"at":"2026-01-02T03:04:05.678Z","author":"ops","reason":"…","parts":[…],"state":"…","files":[…]}
 *
 * A change is made when its line is on disk: files that it names and that are not in place yet are put there
 * (placement.ts). A line that a crash or a full disk cut short counts as never written, and is cut off before the next one.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../../lib/durable-file.ts";
import type { Change } from "../change.ts";
import type { PlacedFile } from "./placement.ts";

/** Changes that are kept at least; cut to so many when there are twice as many. */
const CHANGES_KEPT = 5000;

/** A change, what the documents looked like after it, in a few characters, and where an edit put them. */
export interface LoggedChange extends Change {
  readonly state: string;
  readonly files?: readonly PlacedFile[];
}

export class ChangeLog {
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #changes: LoggedChange[];
  #file: FileHandle;
  /** Octets of the lines that count. */
  #length: number;
  /** Of the last line. */
  #lastLength = 0;
  /** There may be something behind them. */
  #isTorn = false;
  /** One write at a time. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    { changes, length }: Lines,
    file: FileHandle,
    warn: (message: string) => void,
  ) {
    this.#path = path;
    this.#changes = changes;
    this.#length = length;
    this.#file = file;
    this.#warn = warn;
  }

  /** Opens the log, or makes it. Rejects with the system's error. */
  static async open(path: string, warn: (message: string) => void): Promise<ChangeLog> {
    await mkdir(dirname(path), { recursive: true });
    await removeLeftovers(path);
    const octets = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    const lines = readLines(octets ?? new Uint8Array());
    const file = await open(path, "a");
    try {
      if (octets === undefined) await syncFolder(dirname(path));
      const log = new ChangeLog(path, lines, file, warn);
      if (octets !== undefined && lines.length < octets.length) await log.#cutOff();
      if (lines.skipped > 0) warn(`${lines.skipped} lines in ${path} cannot be read and are passed over`);
      return log;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get last(): LoggedChange | undefined {
    return this.#changes.at(-1);
  }

  /** Writes changes down, behind those before them; when this resolves they are on disk, and when it rejects none is. */
  append(...changes: readonly LoggedChange[]): Promise<void> {
    return this.#inTurn(() => this.#append(changes));
  }

  /** Takes the last change back, which was not made after all. */
  takeBack(): Promise<void> {
    return this.#inTurn(async () => {
      this.#changes.pop();
      this.#length -= this.#lastLength;
      this.#lastLength = 0;
      await this.#cutOff();
    });
  }

  /** Newest first, from the generation `before` (not counted) down. */
  changes(limit: number, before = Number.POSITIVE_INFINITY): Change[] {
    const end = before > (this.last?.generation ?? 0) ? this.#changes.length : this.#indexOf(before);
    return this.#changes
      .slice(Math.max(0, end - limit), end)
      .reverse()
      .map(forReaders);
  }

  change(generation: number): Change | undefined {
    const found = this.#changes[this.#indexOf(generation)];
    return found?.generation === generation ? forReaders(found) : undefined;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {}); // who asked is told
    return written;
  }

  async #append(changes: readonly LoggedChange[]): Promise<void> {
    const lines = changes.map((change) => Buffer.from(formatLine(change)));
    if (this.#isTorn) await this.#cutOff();
    try {
      await this.#file.appendFile(Buffer.concat(lines));
      await this.#file.datasync();
    } catch (error) {
      await this.#cutOff().catch(() => {}); // tried again before the next line
      throw error;
    }
    this.#changes.push(...changes);
    for (const { length } of lines) this.#length += length;
    this.#lastLength = lines.at(-1)?.length ?? 0;
    if (this.#changes.length >= 2 * CHANGES_KEPT)
      await this.#shorten().catch((error: unknown) => this.#warn(`the log of changes: ${String(error)}`));
  }

  /** Removes what stands behind the last line that counts. */
  async #cutOff(): Promise<void> {
    this.#isTorn = true;
    await this.#file.truncate(this.#length);
    await this.#file.datasync();
    this.#isTorn = false;
  }

  /** The changes are written down already: where this fails it is tried again after the next one. */
  async #shorten(): Promise<void> {
    const kept = this.#changes.slice(-CHANGES_KEPT);
    const text = kept.map(formatLine).join("");
    const beside = join(dirname(this.#path), `.${basename(this.#path)}.${randomUUID()}`);
    let file: FileHandle | undefined;
    try {
      file = await open(beside, "ax");
      await file.writeFile(text);
      await file.sync();
      await rename(beside, this.#path);
    } catch (error) {
      this.#warn(`the log of changes cannot be shortened: ${String(error)}`);
      await file?.close();
      await unlink(beside).catch(() => {}); // it may never have been there
      return;
    }
    const old = this.#file;
    this.#file = file;
    this.#length = Buffer.byteLength(text);
    this.#changes = kept;
    await old.close();
    await syncFolder(dirname(this.#path));
  }

  /** Of the first change that is not older. */
  #indexOf(generation: number): number {
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#changes[middle]!.generation < generation) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function forReaders({ state, files, ...change }: LoggedChange): Change {
  return change;
}

function formatLine(change: LoggedChange): string {
  return `${JSON.stringify(change)}\n`;
}

interface Lines {
  readonly changes: LoggedChange[];
  /** Octets up to the end of the last whole line. */
  readonly length: number;
  /** Lines that are no changes, with others behind them: nothing of ours writes such. */
  readonly skipped: number;
}

function readLines(octets: Uint8Array): Lines {
  const length = octets.lastIndexOf(0x0a) + 1;
  const changes: LoggedChange[] = [];
  let skipped = 0;
  for (const line of new TextDecoder().decode(octets.subarray(0, length)).split("\n")) {
    if (line === "") continue;
    try {
      const change = JSON.parse(line) as LoggedChange;
      if (change.generation > (changes.at(-1)?.generation ?? 0)) changes.push(change);
      else skipped++;
    } catch {
      skipped++;
    }
  }
  return { changes, length, skipped };
}

/** A shorter log that was being written when the process was killed. */
async function removeLeftovers(path: string): Promise<void> {
  const [dir, start] = [dirname(path), `.${basename(path)}.`];
  for (const name of await readdir(dir)) if (name.startsWith(start)) await unlink(join(dir, name));
}
