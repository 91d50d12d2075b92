/**
 * The last verdicts in Redis, for nodes that start when nobody checks. All nodes come to the same verdicts, so one of them writes: the one that
 * has the lease. It begins with all of them, and goes on with what changed.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { SavedVerdict } from "../live/live-exchange.ts";
import { parseJson, parseVerdict } from "../live/live-records.ts";
import type { RedisKeys } from "./keys.ts";
import { TAKE_LEASE } from "./live-scripts.ts";
import type { RedisLine } from "./redis-line.ts";

const LEASE_MS = 10_000;
/** Only that a verdict still stands is written so often. */
const RENEW_MS = 60_000;
/** In one command. */
const BATCH = 1000;
const STAGED_S = 60;

export class RedisVerdicts {
  readonly #line: RedisLine;
  readonly #keys: RedisKeys;
  readonly #run = randomUUID();
  #verdicts: ReadonlyMap<string, SavedVerdict> | undefined;
  /** As Redis has them. Empty where somebody else wrote last. */
  #written = new Map<string, SavedVerdict>();
  #isNew = false;

  constructor(line: RedisLine, keys: RedisKeys) {
    this.#line = line;
    this.#keys = keys;
  }

  save(verdicts: ReadonlyMap<string, SavedVerdict>): void {
    this.#verdicts = verdicts;
    this.#isNew = true;
  }

  /** Rejects when Redis cannot be asked. */
  async load(): Promise<ReadonlyMap<string, SavedVerdict>> {
    const texts = await this.#line.ask((redis) => redis.hgetall(this.#keys.verdicts));
    const saved = new Map<string, SavedVerdict>();
    for (const [endpoint, text] of Object.entries(texts)) {
      const verdict = parseVerdict(parseJson(text));
      if (verdict !== undefined) saved.set(endpoint, verdict);
    }
    return saved;
  }

  /** Writes, if it is on us. Rejects when Redis cannot be asked. */
  async write(): Promise<void> {
    const verdicts = this.#verdicts;
    if (verdicts === undefined) return;
    const { verdictsWriter, verdicts: key } = this.#keys;
    const lease = await this.#line.ask((redis) =>
      redis.eval(TAKE_LEASE, 1, verdictsWriter, this.#run, String(LEASE_MS)),
    );
    if (lease === 0) return;
    if (lease === 2) await this.#writeAll(verdicts);
    else if (this.#isNew) await this.#writeChanges(verdicts, key);
  }

  async #writeAll(verdicts: ReadonlyMap<string, SavedVerdict>): Promise<void> {
    const { verdicts: key, verdictsNext } = this.#keys;
    this.#isNew = false;
    try {
      await this.#line.ask((redis) => redis.del(verdictsNext));
      await this.#put(verdictsNext, [...verdicts]);
      if (verdicts.size === 0) return;
      await this.#line.ask((redis) => redis.rename(verdictsNext, key));
      await this.#line.ask((redis) => redis.persist(key));
      this.#written = new Map(verdicts);
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async #writeChanges(verdicts: ReadonlyMap<string, SavedVerdict>, key: string): Promise<void> {
    this.#isNew = false;
    const changed = [...verdicts].filter(([endpoint, verdict]) =>
      isChange(this.#written.get(endpoint), verdict),
    );
    const gone = [...this.#written.keys()].filter((endpoint) => !verdicts.has(endpoint));
    try {
      await this.#put(key, changed);
      if (gone.length > 0) await this.#line.ask((redis) => redis.hdel(key, ...gone));
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
    for (const [endpoint, verdict] of changed) this.#written.set(endpoint, verdict);
    for (const endpoint of gone) this.#written.delete(endpoint);
  }

  async #put(key: string, verdicts: readonly [string, SavedVerdict][]): Promise<void> {
    for (let from = 0; from < verdicts.length; from += BATCH) {
      const fields = verdicts
        .slice(from, from + BATCH)
        .flatMap(([endpoint, verdict]) => [endpoint, JSON.stringify(verdict)]);
      await this.#line.ask((redis) => redis.hset(key, ...fields));
      if (key === this.#keys.verdictsNext) await this.#line.ask((redis) => redis.expire(key, STAGED_S));
    }
  }

  /** Nobody knows what was written. Whoever has the lease next begins anew. */
  async #giveUp(): Promise<void> {
    this.#isNew = true;
    this.#written.clear();
    await this.#line.ask((redis) => redis.del(this.#keys.verdictsWriter)).catch(() => {});
  }
}

function isChange(before: SavedVerdict | undefined, now: SavedVerdict): boolean {
  if (before === undefined || before.state !== now.state || before.sinceMs !== now.sinceMs) return true;
  return now.savedMs - before.savedMs >= RENEW_MS;
}
