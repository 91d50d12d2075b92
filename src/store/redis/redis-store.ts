/**
 * Documents in Redis: which there are, what they say, and changes of them, one generation each.
 *
 *   commit()  stages what comes in a hash of its own, then one script makes it the next generation, or says who was first
 *   wake      pub/sub tells of a new generation; a look every second tells too, so a lost message costs a second
 *
 * Every method rejects with WindroseError "store-unavailable" when Redis cannot be asked; a commit whose answer
 * got lost is looked up in the log of changes by its id, so that it is never said to have failed when it did not.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { WindroseError } from "../../lib/errors.ts";
import type { Authorship, Change, PartChange } from "../change.ts";
import type { DocumentKey } from "../document-key.ts";
import type { RedisConnection } from "./connection.ts";
import { type RedisKeys, redisKeys } from "./keys.ts";
import { COMMIT, LIST, SEED } from "./scripts.ts";

/** Texts of documents that one command carries: small enough that Redis is not held up for long. */
const CHUNK_OCTETS = 256 * 1024;
const KEYS_A_READ = 200;
/** Changes that are kept, about. */
export const CHANGES_KEPT = 10_000;
const STAGED_SECONDS = 60;
/** How long a commit with a lost answer is looked for. */
const LOST_ANSWER_TRIES = 20;
const LOST_ANSWER_WAIT_MS = 100;

/** A change that is to become the next generation. */
export interface Proposal extends Authorship {
  /** The generation that its writer saw. */
  readonly expected: number;
  readonly parts: readonly PartChange[];
  /** New texts; null = the document goes. */
  readonly texts: ReadonlyMap<DocumentKey, string | null>;
}

export interface RedisListing {
  readonly generation: number;
  /** By document, the generation in which it last changed. */
  readonly versions: ReadonlyMap<DocumentKey, number>;
}

/** Accepted as `generation`, or refused because `newest` is not what the writer saw. */
export type Committed = { readonly generation: number; readonly at: string } | { readonly newest: number };

interface StoredChange extends Authorship {
  readonly id: string;
  readonly at: string;
  readonly parts: readonly PartChange[];
}

export class RedisStore {
  readonly #redis: RedisConnection;
  readonly keys: RedisKeys;

  constructor(redis: RedisConnection, space?: string) {
    this.#redis = redis;
    this.keys = redisKeys(space);
  }

  /** 0 = nothing was ever stored. */
  async generation(): Promise<number> {
    return Number((await this.#ask(() => this.#redis.get(this.keys.generation))) ?? 0);
  }

  async list(): Promise<RedisListing> {
    const { generation, versions } = this.keys;
    const [newest, flat] = (await this.#ask(() => this.#redis.eval(LIST, 2, generation, versions))) as [
      number,
      string[],
    ];
    const pairs = new Map<DocumentKey, number>();
    for (let i = 0; i < flat.length; i += 2) pairs.set(flat[i] as DocumentKey, Number(flat[i + 1]));
    return { generation: newest, versions: pairs };
  }

  /** The texts of these documents, a part at a time; those that are gone meanwhile are left out. */
  async *read(keys: readonly DocumentKey[]): AsyncGenerator<[DocumentKey, string]> {
    for (let from = 0; from < keys.length; from += KEYS_A_READ) {
      const some = keys.slice(from, from + KEYS_A_READ);
      const texts = await this.#ask(() => this.#redis.hmget(this.keys.documents, ...some));
      for (const [i, text] of texts.entries()) if (text !== null) yield [some[i]!, text];
    }
  }

  /** Makes a change the next generation, unless another one was faster. */
  async commit({ expected, texts, ...change }: Proposal): Promise<Committed> {
    const gone = [...texts].filter(([, text]) => text === null).map(([key]) => key);
    return this.#write(COMMIT, String(expected), texts, change, gone);
  }

  /** Makes these documents the first generation of a store that has none, or that lost all; `number` is its number. */
  async seed(
    number: number,
    { texts, ...change }: Authorship & { texts: ReadonlyMap<DocumentKey, string> },
  ): Promise<Committed> {
    return this.#write(SEED, String(number), texts, { ...change, parts: [] }, []);
  }

  /** Accepted changes, newest first, from the generation `before` (not counted) down. */
  async changes(limit: number, before?: number): Promise<Change[]> {
    const from = before === undefined ? "+" : `(${before}-0`;
    const entries = await this.#ask(() =>
      this.#redis.xrevrange(this.keys.changes, from, "-", "COUNT", limit),
    );
    return entries.map(readChange);
  }

  /** The change that made a generation; undefined when it is not known (any more). */
  async change(generation: number): Promise<Change | undefined> {
    const id = `${generation}-0`;
    const entries = await this.#ask(() => this.#redis.xrange(this.keys.changes, id, id));
    return entries[0] && readChange(entries[0]);
  }

  /** Ends the connection; what is under way fails. */
  close(): void {
    this.#redis.disconnect();
  }

  async #write(
    script: string,
    number: string,
    texts: ReadonlyMap<DocumentKey, string | null>,
    change: Authorship & { parts: readonly PartChange[] },
    gone: readonly DocumentKey[],
  ): Promise<Committed> {
    const stored: StoredChange = { id: randomUUID(), at: new Date().toISOString(), ...change };
    const staged = this.keys.staged(stored.id);
    await this.#stage(staged, texts);
    const { generation, documents, versions, changes, wake } = this.keys;
    const keys = [generation, documents, versions, changes, staged];
    const args = [number, JSON.stringify(stored), String(CHANGES_KEPT), wake, ...gone];
    try {
      const answer = await this.#redis.eval(script, keys.length, ...keys, ...args);
      const [accepted, newest] = answer as [number, number];
      return accepted === 1 ? { generation: newest, at: stored.at } : { newest };
    } catch (error) {
      if (isRefusal(error)) throw unavailable(error);
      return this.#lookFor(stored, error);
    }
  }

  async #stage(staged: string, texts: ReadonlyMap<DocumentKey, string | null>): Promise<void> {
    let chunk: string[] = [];
    let octets = 0;
    const send = async () => {
      if (chunk.length === 0) return;
      const fields = chunk;
      chunk = [];
      octets = 0;
      await this.#ask(() => this.#redis.hset(staged, ...fields));
      await this.#ask(() => this.#redis.expire(staged, STAGED_SECONDS));
    };
    for (const [key, text] of texts) {
      if (text === null) continue;
      chunk.push(key, text);
      octets += text.length;
      if (octets >= CHUNK_OCTETS) await send();
    }
    await send();
  }

  /** The command may have been carried out though its answer did not come. */
  async #lookFor({ id, at }: StoredChange, cause: unknown): Promise<Committed> {
    for (let tries = 0; tries < LOST_ANSWER_TRIES; tries++) {
      await sleep(LOST_ANSWER_WAIT_MS);
      try {
        const entries = await this.#redis.xrevrange(this.keys.changes, "+", "-", "COUNT", 100);
        const found = entries.find((entry) => (JSON.parse(entry[1][1]!) as StoredChange).id === id);
        if (found === undefined) break;
        return { generation: readChange(found).generation, at };
      } catch {
        // Still not to be asked; try again.
      }
    }
    throw unavailable(cause);
  }

  async #ask<Answer>(command: () => Promise<Answer>): Promise<Answer> {
    try {
      return await command();
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function readChange([id, fields]: [string, string[]]): Change {
  const { author, reason, at, parts } = JSON.parse(fields[1]!) as StoredChange;
  return { generation: Number(id.slice(0, id.indexOf("-"))), at, author, reason, parts };
}

/** Redis answered, and said no: out of memory, read-only, no permission. Nothing was written. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

function unavailable(cause: unknown): WindroseError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WindroseError("store-unavailable", `Redis cannot be asked: ${why}`, { cause });
}
