/**
 * Who did what over the API: every change, and every attempt that was refused. One JSON object in a line of
 * `audit.jsonl` in the data folder, appended as it happens and never rewritten. A full file becomes `audit.1.jsonl`
 * in place of the one before, so that the two hold at most twice FILE_OCTETS_MAX.
 *
 * Lines are not synced one by one: what changed documents is in the store's own log of changes. The newest entries are
 * kept in memory too, and that is what is read.
 *
 * @module
 */
import { appendFile, chmod, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { DocumentKey } from "../store/document-key.ts";

export interface AuditEntry {
  /** Counts up, over restarts too. */
  readonly id: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Where it was asked for, of nodes that share their audit. */
  readonly node?: string;
  /** The name of the token; null where none was good. */
  readonly who: string | null;
  /** The token's id. */
  readonly token: string | null;
  /** The client's address. */
  readonly from: string;
  /** The method and the path that were asked for, without the query. */
  readonly what: string;
  readonly status: number;
  /** Of the problem; null where it was done. */
  readonly code: string | null;
  readonly reason?: string;
  /** What was done, where the path does not say it: `drain until 2026-11-21T18:00:00.000Z`. */
  readonly note?: string;
  /** Of a change. */
  readonly generation?: number;
  readonly documents?: readonly DocumentKey[];
}

export type AuditRecord = Omit<AuditEntry, "id" | "at" | "node">;

/** Where entries are. */
export interface AuditStore {
  /** Never throws; what cannot be kept goes to the log. */
  record(record: AuditRecord): void;
  /** Newest first, from `before` (not counted) down. May reject with WindroseError "store-unavailable". */
  list(limit: number, before?: number): Promise<readonly AuditEntry[]>;
  /** Resolves when all is written. */
  close(): Promise<void>;
}

const FILE = "audit.jsonl";
const OLD_FILE = "audit.1.jsonl";

/** Some 60,000 entries. */
const FILE_OCTETS_MAX = 16 * 1024 * 1024;

/** In memory; some 3 MB. */
const KEPT_MAX = 10_000;

export class Audit implements AuditStore {
  readonly #log: Logger;
  readonly #now: () => number;
  /** Oldest first. */
  #entries: AuditEntry[];
  #nextId: number;
  readonly #file: AuditFile | undefined;

  constructor(entries: AuditEntry[], file: AuditFile | undefined, options: AuditOptions) {
    this.#log = options.log;
    this.#now = options.now;
    this.#entries = entries;
    this.#nextId = (entries.at(-1)?.id ?? 0) + 1;
    this.#file = file;
  }

  /** Goes on from what is in the folder, which is there. Without a folder, entries are in memory alone. */
  static async open(dataFolder: string | undefined, options: AuditOptions): Promise<Audit> {
    if (dataFolder === undefined) return new Audit([], undefined, options);
    const [old, current] = await Promise.all([
      readEntries(join(dataFolder, OLD_FILE)),
      readEntries(join(dataFolder, FILE)),
    ]);
    const file = await AuditFile.open(dataFolder, options.octetsMax ?? FILE_OCTETS_MAX);
    return new Audit([...old, ...current].slice(-KEPT_MAX), file, options);
  }

  record(record: AuditRecord): void {
    const entry: AuditEntry = { id: this.#nextId++, at: new Date(this.#now()).toISOString(), ...record };
    this.#entries.push(entry);
    // By halves, so that it does not cost a copy each time.
    if (this.#entries.length > 1.5 * KEPT_MAX) this.#entries = this.#entries.slice(-KEPT_MAX);
    this.#file?.append(entry).catch((error: unknown) => {
      this.#log.error({ err: error, entry }, "Cannot write the audit file; the entry is in this line");
    });
  }

  async list(limit: number, before = Number.POSITIVE_INFINITY): Promise<AuditEntry[]> {
    const entries: AuditEntry[] = [];
    for (let index = this.#entries.length - 1; index >= 0 && entries.length < limit; index--) {
      const entry = this.#entries[index]!;
      if (entry.id < before) entries.push(entry);
    }
    return entries;
  }

  async close(): Promise<void> {
    await this.#file?.settled();
  }
}

export interface AuditOptions {
  readonly log: Logger;
  readonly now: () => number;
  readonly octetsMax?: number;
}

class AuditFile {
  readonly #folder: string;
  readonly #octetsMax: number;
  #octets: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, octets: number, octetsMax: number) {
    this.#folder = folder;
    this.#octets = octets;
    this.#octetsMax = octetsMax;
  }

  static async open(folder: string, octetsMax: number): Promise<AuditFile> {
    const path = join(folder, FILE);
    await appendFile(path, "", { mode: 0o600 });
    await chmod(path, 0o600);
    const { size } = await stat(path);
    // A torn last line, of a process that was killed, must not swallow the next one.
    const isWhole = size === 0 || (await readFile(path)).at(-1) === 0x0a;
    if (!isWhole) await appendFile(path, "\n");
    return new AuditFile(folder, size, octetsMax);
  }

  append(entry: AuditEntry): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    const written = this.#writing.then(async () => {
      const path = join(this.#folder, FILE);
      const octets = Buffer.byteLength(line);
      if (this.#octets > 0 && this.#octets + octets > this.#octetsMax) {
        await rename(path, join(this.#folder, OLD_FILE));
        this.#octets = 0;
      }
      await appendFile(path, line, { mode: 0o600 });
      this.#octets += octets;
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  settled(): Promise<void> {
    return this.#writing;
  }
}

async function readEntries(path: string): Promise<AuditEntry[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as AuditEntry];
    } catch (error) {
      if (error instanceof SyntaxError) return []; // torn
      throw error;
    }
  });
}
