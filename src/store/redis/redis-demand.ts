/**
 * What asks the nodes most: one field of a hash for each node, and a channel of the same name. What a node has not said again for
 * a while is over.
 *
 * @module
 */
import type { LiveBoard } from "../live/live-board.ts";
import type { Demand } from "../live/live-exchange.ts";
import { parseDemand, parseEach, parseJson } from "../live/live-records.ts";
import type { RedisLine } from "./redis-line.ts";

/** Nodes say it each ten seconds. */
const LIFETIME_MS = 60_000;

export class RedisDemand {
  readonly #line: RedisLine;
  readonly #key: string;
  readonly #board: LiveBoard;
  readonly #now: () => number;
  #isWanted = false;
  readonly #saidMs = new Map<string, number>();

  constructor(line: RedisLine, key: string, board: LiveBoard, now: () => number) {
    this.#line = line;
    this.#key = key;
    this.#board = board;
    this.#now = now;
  }

  /** From now on it is listened to, and what there is is read. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#line.listen(this.#key, (message) => {
      const end = message.indexOf("\n");
      this.#take(message.slice(0, end), message.slice(end + 1));
    });
    this.read().catch(() => {}); // the next read comes by itself
  }

  say(node: string, demand: readonly Demand[]): void {
    const atMs = Math.round(this.#now());
    const text = JSON.stringify({
      atMs,
      demand: demand.map(({ network, rate, resolver }) => ({ network, rate, resolver })),
    });
    this.#saidMs.set(node, atMs);
    const telling = this.#line.ask((redis) =>
      Promise.all([redis.hset(this.#key, node, text), redis.publish(this.#key, `${node}\n${text}`)]),
    );
    telling.catch(() => {}); // it is said again soon
  }

  /** Rejects when Redis cannot be asked. */
  async read(): Promise<void> {
    if (!this.#isWanted) return;
    const texts = await this.#line.ask((redis) => redis.hgetall(this.#key));
    for (const [node, text] of Object.entries(texts)) this.#take(node, text);
  }

  /** Forgets nodes that have gone. */
  expire(): void {
    for (const [node, saidMs] of this.#saidMs) {
      if (this.#now() - saidMs <= LIFETIME_MS) continue;
      this.#saidMs.delete(node);
      this.#board.takeDemand(node, []);
      this.#line.ask((redis) => redis.hdel(this.#key, node)).catch(() => {}); // somebody else may do it
    }
  }

  #take(node: string, text: string): void {
    const { atMs, demand } = (parseJson(text) ?? {}) as { atMs?: unknown; demand?: unknown };
    if (typeof atMs !== "number" || !(atMs >= (this.#saidMs.get(node) ?? 0))) return;
    const isOwnEcho = atMs === this.#saidMs.get(node);
    // What is over is kept long enough to be taken out of Redis by expire().
    this.#saidMs.set(node, atMs);
    if (!isOwnEcho && this.#now() - atMs <= LIFETIME_MS) {
      this.#board.takeDemand(node, parseEach(demand, parseDemand));
    }
  }
}
