/**
 * Tokens in Redis, for all nodes on it. Every node has all of them in memory, and asks Redis only for one that it
 * does not know: so a request costs no way to Redis, and known tokens let in while Redis is away.
 *
 *   put() ─► CHANGE_TOKENS, if nobody was faster ─► channel ─► every node reads them anew
 *                                                      └─ lost? ─► the version is looked at twice a second
 *
 * Tokens are never taken back by an older state of Redis: what a node knows and Redis has lost (FLUSHALL, a failover), the
 * node puts back, and a revocation too. What is gone for 90 days is dropped with the next change.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { WindroseError } from "../lib/errors.ts";
import { redisKeys } from "../store/redis/keys.ts";
import type { RedisLine } from "../store/redis/redis-line.ts";
import { CHANGE_TOKENS, READ_TOKENS } from "../store/redis/scripts.ts";
import { isLongGone, type KeptToken, type TokenStore } from "./tokens.ts";

/** A revocation counts everywhere within a second, even if its message is lost. */
const LOOK_INTERVAL_MS = 500;
/** How often a change is made anew because another node was faster. */
const CHANGE_TRIES = 20;

type Tokens = ReadonlyMap<string, KeptToken>;

export class RedisTokens implements TokenStore {
  readonly #line: RedisLine;
  readonly #log: Logger;
  readonly #keys = redisKeys();
  readonly #timer: NodeJS.Timeout;
  #known: Tokens = new Map();
  /** When tokens were last used, as far as this node knows. */
  readonly #used = new Map<string, string>();
  /** Of what is known; undefined before the first reading. */
  #version: string | undefined;
  #isLooking = false;

  constructor(line: RedisLine, log: Logger) {
    this.#line = line;
    this.#log = log;
    line.listen(this.#keys.tokensVersion, () => void this.#look());
    line.onConnect(() => void this.#look());
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL_MS).unref();
  }

  async list(): Promise<readonly KeptToken[]> {
    await this.#read();
    return [...this.#known.values()].map((token) => this.#withUse(token));
  }

  async find(id: string): Promise<KeptToken | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return this.#withUse(known);
    const text = await this.#line.ask((redis) => redis.hget(this.#keys.tokens, id));
    return text === null ? undefined : (JSON.parse(text) as KeptToken);
  }

  async put(token: KeptToken, isGood?: (now: readonly KeptToken[]) => boolean): Promise<boolean> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      await this.#read();
      if (isGood?.([...this.#known.values()]) === false) return false;
      if (await this.#change([token])) return true;
    }
    throw new WindroseError(
      "edit-unsettled",
      `Another change of tokens was faster ${CHANGE_TRIES} times in a row; nothing was changed, try again`,
    );
  }

  touch(id: string, lastUsedAt: string): void {
    this.#used.set(id, lastUsedAt);
    this.#line.ask((redis) => redis.hset(this.#keys.tokensUsed, id, lastUsedAt)).catch(() => {});
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  #withUse(token: KeptToken): KeptToken {
    const lastUsedAt = this.#used.get(token.id);
    return lastUsedAt === undefined ? token : { ...token, lastUsedAt };
  }

  /** Never rejects: while Redis is away, what is known counts. */
  async #look(): Promise<void> {
    if (this.#isLooking) return; // the next look is soon
    this.#isLooking = true;
    try {
      const version = await this.#line.ask((redis) => redis.get(this.#keys.tokensVersion));
      if ((version ?? "") !== this.#version) await this.#read();
    } catch (error) {
      if (!(error instanceof WindroseError)) this.#log.error({ err: error }, "tokens cannot be read");
    } finally {
      this.#isLooking = false;
    }
  }

  /** All of them, and gives back what Redis lost. */
  async #read(): Promise<void> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const { tokens, tokensVersion, tokensUsed } = this.#keys;
      const [version, texts, used] = (await this.#line.ask((redis) =>
        redis.eval(READ_TOKENS, 3, tokens, tokensVersion, tokensUsed),
      )) as [string, string[], string[]];
      for (const [id, at] of pairs(used)) {
        if (at > (this.#used.get(id) ?? "")) this.#used.set(id, at);
      }
      const stored = new Map(pairs(texts).map(([id, text]) => [id, JSON.parse(text) as KeptToken]));
      const lost = version === this.#version ? [] : lostBetween(this.#known, stored);
      // Before it is put back: it counts here as it did.
      this.#known = new Map([...stored, ...lost.map((token) => [token.id, token] as const)]);
      this.#version = version;
      if (lost.length === 0) return;
      const isBack = await this.#change(lost).catch((error: unknown) => {
        this.#version = undefined; // tried again
        this.#log.warn({ err: error, tokens: lost.length }, "Redis lost tokens that cannot be put back");
        return true;
      });
      if (isBack) {
        this.#log.warn({ tokens: lost.length }, "Redis lost tokens, or their revocation; put back");
        return;
      }
    }
  }

  /** False where another node changed something since they were read. */
  async #change(tokens: readonly KeptToken[]): Promise<boolean> {
    const nowMs = Date.now();
    const gone = [...this.#known.values()].filter((token) => isLongGone(token, nowMs)).map(({ id }) => id);
    const [seen, version] = [this.#version ?? "", randomUUID()];
    const puts = tokens.flatMap((token) => [token.id, JSON.stringify(token)]);
    const keys = [this.#keys.tokens, this.#keys.tokensVersion, this.#keys.tokensUsed];
    const done = await this.#line.ask((redis) =>
      redis.eval(CHANGE_TOKENS, 3, ...keys, seen, version, String(tokens.length), ...puts, ...gone),
    );
    if (done !== 1) return false;
    const known = new Map([...this.#known, ...tokens.map((token) => [token.id, token] as const)]);
    for (const id of gone) known.delete(id);
    this.#known = known;
    this.#version = version;
    return true;
  }
}

/** What was known and is not there (any more), or was revoked and is not. */
function lostBetween(known: Tokens, stored: Tokens): KeptToken[] {
  const nowMs = Date.now();
  return [...known.values()].filter((token) => {
    if (isLongGone(token, nowMs)) return false;
    const now = stored.get(token.id);
    return now === undefined || (token.revokedAt !== undefined && now.revokedAt === undefined);
  });
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}
