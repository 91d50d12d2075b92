/**
 * The changes that were accepted, one line of JSON each, in a file that only grows until it is cut to half.
 *
 *   {"generation":41,"at":"2026-01-02T03:04:05.678Z","author":"ops","reason":"…","parts":[…],"state":"…"}
 *
 * A line is there before its change is acknowledged. One that a crash cut short is the last and counts as never written.
 *
 * @module
 */
import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeDurably } from "../../lib/durable-file.ts";
import type { Change } from "../change.ts";

/** Changes that are kept at least; cut to so many when there are twice as many. */
const CHANGES_KEPT = 5000;

/** A change, and what the documents looked like after it, in a few characters. */
export interface LoggedChange extends Change {
  readonly state: string;
}

export class ChangeLog {
  readonly #path: string;
  #changes: LoggedChange[];
  #file: FileHandle;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, changes: LoggedChange[], file: FileHandle) {
    this.#path = path;
    this.#changes = changes;
    this.#file = file;
  }

  /** Opens the log, or makes it. Rejects with the system's error. */
  static async open(path: string): Promise<ChangeLog> {
    await mkdir(dirname(path), { recursive: true });
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const changes = readLines(text);
    // What a crash cut short would run into the next line.
    const whole = changes.map(formatLine).join("");
    if (whole !== text) await writeDurably(path, whole);
    return new ChangeLog(path, changes, await open(path, "a"));
  }

  get last(): LoggedChange | undefined {
    return this.#changes.at(-1);
  }

  /** Writes a change down, behind those before it; when this resolves it is on disk. */
  append(change: LoggedChange): Promise<void> {
    const written = this.#writing.then(() => this.#append(change));
    this.#writing = written.catch(() => {}); // who appends is told
    return written;
  }

  async #append(change: LoggedChange): Promise<void> {
    await this.#file.appendFile(formatLine(change));
    await this.#file.datasync();
    this.#changes.push(change);
    if (this.#changes.length >= 2 * CHANGES_KEPT) await this.#cut();
  }

  /** Newest first, from the generation `before` (not counted) down. */
  changes(limit: number, before = Number.POSITIVE_INFINITY): Change[] {
    const older = this.#changes.filter(({ generation }) => generation < before);
    return older.slice(-limit).reverse().map(withoutState);
  }

  change(generation: number): Change | undefined {
    const found = this.#changes.find((change) => change.generation === generation);
    return found && withoutState(found);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #cut(): Promise<void> {
    const kept = this.#changes.slice(-CHANGES_KEPT);
    await writeDurably(this.#path, kept.map(formatLine).join(""));
    const file = await open(this.#path, "a");
    await this.#file.close();
    this.#file = file;
    this.#changes = kept;
  }
}

function withoutState({ state, ...change }: LoggedChange): Change {
  return change;
}

function formatLine(change: LoggedChange): string {
  return `${JSON.stringify(change)}\n`;
}

/** The lines up to the first that cannot be read. */
function readLines(text: string): LoggedChange[] {
  const changes: LoggedChange[] = [];
  for (const line of text.split("\n")) {
    try {
      changes.push(JSON.parse(line) as LoggedChange);
    } catch {
      break;
    }
  }
  return changes;
}
