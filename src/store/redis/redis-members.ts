/**
 * What is said of members of pools and holds until somebody says otherwise: orders, loads. A hash in Redis, and a channel of
 * the same name.
 *
 *   change() ─► version + 1 ─► message ─┬─ the next version ─► board
 *                                       └─ not the next one, or no message at all ─► all of the hash is read again
 *
 * A version that is less than the one that we know was lost by Redis (FLUSHALL, a replica that took over): what we know and
 * the hash has not is put back, by whoever of us is first.
 *
 * @module
 */
import type { MemberKey } from "../live/live-exchange.ts";
import { memberText, parseJson, parseMember } from "../live/live-records.ts";
import { isForbidden } from "./connection.ts";
import { CHANGE_MEMBER, RESTORE_MEMBERS } from "./live-scripts.ts";
import type { RedisLine } from "./redis-line.ts";

export interface RedisMembersOptions<Item extends MemberKey> {
  readonly line: RedisLine;
  readonly key: string;
  /** `value` is null where it was taken back. */
  readonly parse: (member: string, value: unknown) => Item | undefined;
  /** What is there to be said. */
  readonly saidOf: (item: Item) => unknown;
  readonly isOver: (item: Item) => boolean;
  readonly take: (items: readonly Item[]) => void;
  /** What is known, by memberText(). */
  readonly known: () => ReadonlyMap<string, Item>;
}

export class RedisMembers<Item extends MemberKey> {
  readonly #options: RedisMembersOptions<Item>;
  #version = 0;
  /** Members of which what is said is over, and still stands in the hash. */
  #over: string[] = [];
  #isWanted = false;
  #isClosed = false;
  #reading: Promise<void> | undefined;
  #isReadDue = false;

  constructor(options: RedisMembersOptions<Item>) {
    this.#options = options;
  }

  /** From now on it is listened to, and what there is is read. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const { line, key } = this.#options;
    line.listen(key, (message) => this.#hear(message));
    this.look().catch(() => {}); // the next look comes by itself
  }

  /** Rejects with WindroseError "store-unavailable". */
  async change(item: Item): Promise<void> {
    const { line, key, saidOf, isOver, known, take } = this.#options;
    const value = saidOf(item);
    const text = value === null ? "" : JSON.stringify(value);
    const self = memberText(item);
    for (const [member, each] of known()) if (isOver(each)) this.#over.push(member);
    const over = this.#over.filter((member) => member !== self);
    this.#over = [];
    await line.ask((redis) => redis.eval(CHANGE_MEMBER, 1, key, self, text, ...over));
    take([item]);
  }

  /** Did we miss something? Rejects when Redis cannot be asked. */
  async look(): Promise<void> {
    if (!this.#isWanted) return;
    const { line, key } = this.#options;
    const version = Number((await line.ask((redis) => redis.hget(key, "version"))) ?? 0);
    if (version < this.#version) await this.#restore();
    if (version !== this.#version) await this.#read();
  }

  /** All of it. */
  #read(): Promise<void> {
    this.#isReadDue = true;
    this.#reading ??= this.#readUntilDone().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  close(): void {
    this.#isClosed = true;
  }

  #hear(message: string): void {
    const match = /^(\d+) ([^\n]*)\n(.*)$/s.exec(message);
    const version = Number(match?.[1]);
    const isNext = version === this.#version + 1 && this.#reading === undefined;
    const text = match?.[3];
    const item = isNext ? this.#options.parse(match![2]!, text === "" ? null : parseJson(text!)) : undefined;
    if (this.#isClosed) return;
    if (item === undefined) {
      this.#read().catch(() => {}); // the next look finds that the version is another
      return;
    }
    this.#version = version;
    this.#options.take([item]);
  }

  async #readUntilDone(): Promise<void> {
    const { line, key, parse, take, known, isOver } = this.#options;
    while (this.#isReadDue && !this.#isClosed) {
      this.#isReadDue = false;
      const { version, ...texts } = await line.ask((redis) => redis.hgetall(key));
      if (Number(version ?? 0) < this.#version) return; // the next look puts back what was lost
      const items: Item[] = [];
      this.#over = [];
      for (const [member, text] of Object.entries(texts)) {
        const item = parse(member, parseJson(text));
        if (item === undefined || isOver(item)) this.#over.push(member);
        else items.push(item);
      }
      for (const member of known().keys()) {
        const parts = texts[member] === undefined ? parseMember(member) : undefined;
        const gone = parts === undefined ? undefined : parse(member, null);
        if (gone !== undefined) items.push(gone);
      }
      this.#version = Number(version ?? 0);
      take(items);
    }
  }

  async #restore(): Promise<void> {
    const { line, key, known, saidOf, isOver } = this.#options;
    const items = [...known()].filter(([, item]) => !isOver(item));
    const texts = items.flatMap(([member, item]) => [member, JSON.stringify(saidOf(item))]);
    try {
      await line.ask((redis) => redis.eval(RESTORE_MEMBERS, 1, key, String(this.#version), ...texts));
    } catch (error) {
      if (!isForbidden(error)) throw error; // who may not do it leaves it to others
    }
  }
}
