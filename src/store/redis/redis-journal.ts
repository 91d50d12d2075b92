/**
 * What is told once and stays of interest for a while: verdicts that nodes answer by, samples of round-trip times. A stream in Redis with as many
 * entries as are of use, and a channel of the same name. Who comes late, or has missed something, reads the stream from there.
 *
 * @module
 */
import { parseJson } from "../live/live-records.ts";
import { ADD_TO_JOURNAL } from "./live-scripts.ts";
import type { RedisLine } from "./redis-line.ts";

export interface RedisJournalOptions {
  readonly line: RedisLine;
  readonly key: string;
  /** Entries, about. */
  readonly kept: number;
  /** Items in one entry, at most. */
  readonly batch: number;
  /** An entry, as the JSON that it was. */
  readonly take: (entry: unknown) => void;
}

/** Items that wait while Redis is away; the oldest go first. */
const QUEUE_MAX = 20_000;

export class RedisJournal {
  readonly #options: RedisJournalOptions;
  #queue: unknown[] = [];
  /** Of the last entry that is known, or was ours. */
  #lastId = "";
  /** Ours, which come back as messages. */
  readonly #own = new Set<string>();
  /** While the stream is read: what comes in the meantime. */
  #waiting: string[] | undefined;
  #sending: Promise<void> | undefined;
  #isWanted = false;
  #isClosed = false;

  constructor(options: RedisJournalOptions) {
    this.#options = options;
  }

  /** From now on it is listened to, and what there is is read. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const { line, key } = this.#options;
    line.listen(key, (message) => this.#hear(message));
    this.read().catch(() => {}); // the next read comes by itself
  }

  /** Tells the others, soon. */
  say(items: readonly unknown[]): void {
    for (const item of items) this.#queue.push(item);
    if (this.#queue.length > QUEUE_MAX) this.#queue.splice(0, this.#queue.length - QUEUE_MAX);
  }

  /** Sends what waits. Never rejects. */
  send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Reads what was missed. Rejects when Redis cannot be asked. */
  async read(): Promise<void> {
    if (this.#waiting !== undefined || !this.#isWanted) return;
    const { line, key, kept } = this.#options;
    this.#waiting = [];
    try {
      const from = this.#lastId === "" ? "-" : `(${this.#lastId}`;
      const newest = await line.ask((redis) => redis.xrevrange(key, "+", from, "COUNT", kept));
      for (const [id, [, entry]] of newest.reverse()) this.#take(id, entry ?? "");
    } finally {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      for (const message of waiting) this.#hear(message);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  async #sendAll(): Promise<void> {
    const { line, key, kept, batch } = this.#options;
    while (this.#queue.length > 0 && !this.#isClosed) {
      const items = this.#queue.splice(0, batch);
      const entry = JSON.stringify(items);
      if (this.#isWanted) this.#own.add(entry);
      try {
        await line.ask((redis) => redis.eval(ADD_TO_JOURNAL, 1, key, String(kept), entry));
      } catch {
        this.#own.delete(entry);
        this.#queue = [...items, ...this.#queue];
        return;
      }
    }
  }

  #hear(message: string): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push(message);
      return;
    }
    const space = message.indexOf(" ");
    const id = message.slice(0, space);
    if (isLaterId(id, this.#lastId)) this.#take(id, message.slice(space + 1));
  }

  #take(id: string, entry: string): void {
    this.#lastId = id;
    if (this.#isClosed || this.#own.delete(entry)) return;
    this.#options.take(parseJson(entry));
  }
}

/** Of a stream: ms since 1970, a dash, a count. */
function isLaterId(a: string, b: string): boolean {
  if (!/^\d+-\d+$/.test(a)) return false;
  const [ms, count] = a.split("-").map(Number) as [number, number];
  const [thanMs = -1, than = -1] = b === "" ? [] : b.split("-").map(Number);
  return ms > thanMs || (ms === thanMs && count > than);
}
