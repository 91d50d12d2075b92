/**
 * The audit in Redis: one stream that all nodes on it write to and read. Bounded by entries; the oldest go first.
 *
 * Entries are sent after the answer, some at once. While Redis is away they wait in memory, the newest QUEUE_MAX of
 * them; what is left out, left over at the end, or forbidden by Redis, goes to the log. One whose answer was lost may be written twice.
 *
 * @module
 */
import type { Logger } from "pino";
import { isForbidden } from "../store/redis/connection.ts";
import { redisKeys } from "../store/redis/keys.ts";
import type { RedisLine } from "../store/redis/redis-line.ts";
import { RECORD_AUDIT } from "../store/redis/scripts.ts";
import type { AuditEntry, AuditRecord, AuditStore } from "./audit.ts";

/** In Redis; some 3 MB. */
const KEPT_MAX = 10_000;
const QUEUE_MAX = 1000;
/** Sent at once; some 30 KB. */
const BATCH = 100;
/** A change may touch thousands of documents; the log of changes has them all. */
const DOCUMENTS_MAX = 100;
const RETRY_MS = 1000;

type Stored = Omit<AuditEntry, "id">;

export interface RedisAuditOptions {
  readonly line: RedisLine;
  /** What this node is called now. */
  readonly node: () => string;
  readonly log: Logger;
  readonly now: () => number;
}

export class RedisAudit implements AuditStore {
  readonly #options: RedisAuditOptions;
  readonly #key = redisKeys().audit;
  readonly #timer: NodeJS.Timeout;
  #queue: Stored[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: RedisAuditOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#send(), RETRY_MS).unref();
  }

  record({ documents, ...record }: AuditRecord): void {
    const { node, now } = this.#options;
    const at = new Date(now()).toISOString();
    const some = documents === undefined ? {} : { documents: documents.slice(0, DOCUMENTS_MAX) };
    this.#queue.push({ at, node: node(), ...record, ...some });
    if (this.#queue.length > QUEUE_MAX) this.#giveUp(this.#queue.splice(0, BATCH));
    this.#send();
  }

  async list(limit: number, before?: number): Promise<readonly AuditEntry[]> {
    const from = before === undefined ? "+" : `(${before}-0`;
    const { line } = this.#options;
    const entries = await line.ask((redis) => redis.xrevrange(this.#key, from, "-", "COUNT", limit));
    return entries.map(([id, fields]) => {
      return { id: Number(id.slice(0, id.indexOf("-"))), ...(JSON.parse(fields[1]!) as Stored) };
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#send();
    await this.#sending;
    this.#giveUp(this.#queue);
  }

  #send(): void {
    if (this.#queue.length > 0) this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH);
      const texts = batch.map((entry) => JSON.stringify(entry));
      try {
        const { line } = this.#options;
        await line.ask((redis) => redis.eval(RECORD_AUDIT, 1, this.#key, String(KEPT_MAX), ...texts));
      } catch (error) {
        if (!isForbidden(error)) break; // tried again
        this.#giveUp(batch);
      }
      const sent = new Set(batch);
      this.#queue = this.#queue.filter((entry) => !sent.has(entry));
    }
    this.#sending = undefined;
  }

  #giveUp(entries: readonly Stored[]): void {
    for (const entry of entries)
      this.#options.log.error({ entry }, "Cannot write the audit to Redis; the entry is in this line");
  }
}
