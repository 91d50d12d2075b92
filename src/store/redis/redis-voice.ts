/**
 * How one prober of this process is heard through Redis.
 *
 *   urgent() ─┬─► entries: latest opinion by endpoint ─► at once: in full ─────────┬─► channel of opinions ─► nodes
 *   routine() ┘                                     └──► each second: the rest ────┴─► {windrose}:prober:NAME ─► who comes late
 *
 * Each second it says that it is there, and is told whether its hash still is. When that was lost, or Redis was away, it tells
 * all that is due: nothing is queued but the latest opinion on each endpoint. When another process that
 * started later has its name, it is silent until that one has gone.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Opinion } from "../../health/opinion.ts";
import type { LiveBoard } from "../live/live-board.ts";
import type { ProberHead, ProberVoice } from "../live/live-exchange.ts";
import { isForbidden } from "./connection.ts";
import type { RedisKeys } from "./keys.ts";
import { PROBER_BEAT, PROBER_LEAVE, TELL_OPINIONS } from "./live-scripts.ts";
import {
  encodeFull,
  encodeMessage,
  encodeNumbers,
  type Numbered,
  type Numbers,
  needsFull,
  type Speaker,
} from "./opinion-message.ts";
import type { RedisLine } from "./redis-line.ts";

const BEAT_MS = 1000;
/** Three beats may be lost or late. */
export const GONE_MS = 3000;
/** Redis may stand still for a while without all probers having to tell all they know again. */
const HASH_LIFETIME_S = 60;
/** In full, in one message: some 60 KB. */
const FULL_MAX = 500;
/** Of numbers, in one message: some 40 KB. */
const NUMBERS_MAX = 4000;
/** When a whole region fails, hundreds of changes a second are told in some messages, and not in hundreds. */
const FLUSH_INTERVAL_MS = 5;
/** How old the numbers may be that who comes late is told: what is checked more often comes with the next message. */
const NUMBERS_INTERVAL_MS = 10_000;
/** What an operator should change is told so often. */
const COMPLAINT_INTERVAL_MS = 60_000;

const OTHER_NAME = "two probers have one name; give each a --name of its own";

interface Entry {
  readonly number: number;
  opinion: Opinion;
  /** As it was told in full; undefined: not yet, or it may have been lost. */
  told: Opinion | undefined;
}

export interface RedisVoiceOptions {
  readonly line: RedisLine;
  readonly keys: RedisKeys;
  readonly board: LiveBoard;
  readonly log: Logger;
  /** The shared clock, in ms. */
  readonly now: () => number;
  /** Has it been measured? */
  readonly isClockShared: () => boolean;
}

export class RedisVoice implements ProberVoice {
  readonly name: string;
  readonly run = randomUUID();
  readonly #options: RedisVoiceOptions;
  readonly #hashKey: string;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #entries = new Map<string, Entry>();
  /** Endpoints whose opinion is to be told in full; whose numbers are; that are checked no more. */
  readonly #full = new Set<string>();
  readonly #numbers = new Set<string>();
  readonly #gone = new Set<string>();
  #head: ProberHead;
  /** The clock that its epoch is of was the shared one. */
  #isEpochShared: boolean;
  #nextNumber = 1;
  #messages = 0;
  #numbersStoredMs = Number.NEGATIVE_INFINITY;
  /** Redis has a hash of ours, and nobody else has our name. */
  #mayTell = false;
  #isFlushDue = false;
  #flushedMs = Number.NEGATIVE_INFINITY;
  #beating: Promise<void> | undefined;
  #complainedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(head: ProberHead, options: RedisVoiceOptions) {
    this.#options = options;
    this.#head = head;
    this.#isEpochShared = options.isClockShared();
    this.name = head.name;
    this.#hashKey = options.keys.prober(head.name);
    this.#timer = setInterval(() => void this.beat(), BEAT_MS).unref();
    void this.beat();
  }

  get head(): ProberHead {
    return this.#head;
  }

  urgent(opinion: Opinion): void {
    this.#take(opinion);
    this.#flushSoon();
  }

  routine(opinion: Opinion): void {
    this.#take(opinion);
  }

  withdraw(endpoint: string): void {
    this.#options.board.withdraw(this.name, [endpoint], this.#head.epoch);
    if (!this.#entries.delete(endpoint)) return;
    this.#full.delete(endpoint);
    this.#numbers.delete(endpoint);
    this.#gone.add(endpoint);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    const { line, keys, board } = this.#options;
    board.withdraw(this.name, null, this.#head.epoch);
    if (board.dropProber(this.#head)) board.tellProbers();
    const leaving = line.ask((redis) =>
      redis.eval(PROBER_LEAVE, 2, keys.probers, this.#hashKey, this.name, this.run, keys.probers),
    );
    await leaving.catch(() => {}); // then its beats are missed
  }

  /** Says that it is here, and tells what is due. */
  beat(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  #take(given: Opinion): void {
    if (this.#isClosed) return;
    const opinion = this.#inSharedTerms(given);
    const { endpoint } = opinion;
    this.#options.board.takeOpinions([opinion]);
    let entry = this.#entries.get(endpoint);
    if (entry === undefined) {
      entry = { number: this.#nextNumber++, opinion, told: undefined };
      this.#entries.set(endpoint, entry);
      this.#gone.delete(endpoint);
    }
    entry.opinion = opinion;
    if (entry.told === undefined || needsFull(entry.told, opinion)) this.#full.add(endpoint);
    else this.#numbers.add(endpoint);
  }

  /** In whole ms, as it is told; with our epoch; and not in the future, as when our clock was ahead before we could ask. */
  #inSharedTerms(opinion: Opinion): Opinion {
    const nowMs = Math.ceil(this.#options.now());
    const { sinceMs, checkedMs, firstFailureMs, responseMs } = opinion;
    return {
      ...opinion,
      epoch: this.#head.epoch,
      sinceMs: Math.min(nowMs, Math.round(sinceMs)),
      checkedMs: Math.min(nowMs, Math.round(checkedMs)),
      firstFailureMs: firstFailureMs === null ? null : Math.min(nowMs, Math.round(firstFailureMs)),
      responseMs: responseMs === null ? null : Math.round(10 * responseMs) / 10,
    };
  }

  /** In this turn of the event loop, or a little later when something was told just now. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    const flush = () => {
      this.#isFlushDue = false;
      if (!this.#mayTell || this.#isClosed) return; // the next beat does it
      this.#flushedMs = performance.now();
      this.#tellFull();
    };
    const inMs = this.#flushedMs + FLUSH_INTERVAL_MS - performance.now();
    if (inMs <= 0) queueMicrotask(flush);
    else setTimeout(flush, inMs).unref();
  }

  async #beat(): Promise<void> {
    const { line, keys, isClockShared, now } = this.#options;
    if (!isClockShared()) return; // a start in the future would count for longer than we live
    if (!this.#isEpochShared) {
      this.#isEpochShared = true;
      this.#begin(now() - (performance.now() - this.#startedMs));
    }
    const { name, region, epoch, version } = this.#head;
    const self = JSON.stringify({ region, version });
    const times = [String(GONE_MS), String(HASH_LIFETIME_S)];
    const args = [name, this.run, String(epoch), String(this.#messages), self, ...times, keys.probers];
    try {
      const [mayTell, detail, isDouble] = (await line.ask((redis) =>
        redis.eval(PROBER_BEAT, 2, keys.probers, this.#hashKey, ...args),
      )) as [number, number, number?];
      if (this.#isClosed) return;
      this.#mayTell = mayTell === 1;
      if (!this.#mayTell) return this.#yieldTo(detail);
      if (detail === 1) this.#forgetTold();
      if (isDouble === 1) this.#complain("has a double, which does not count", OTHER_NAME);
      this.#tellFull();
      this.#tellNumbers();
    } catch (error) {
      // That Redis is away is told elsewhere. What is due stays due.
      if (isForbidden(error)) this.#complain("cannot be heard", (error as Error).message);
    }
  }

  /** As a prober that started at this time. */
  #begin(epochMs: number): void {
    const { board, now } = this.#options;
    board.dropProber(this.#head);
    this.#head = { ...this.#head, epoch: Math.floor(epochMs) };
    board.takeProber(this.#head, now());
    board.tellProbers();
    for (const entry of this.#entries.values()) entry.opinion = this.#inSharedTerms(entry.opinion);
    board.takeOpinions([...this.#entries.values()].map(({ opinion }) => opinion));
    this.#forgetTold();
  }

  /** To another one of this name, which started later. When it has gone, this one is the one that starts. */
  #yieldTo(silentMs: number): void {
    if (silentMs > GONE_MS) this.#begin(this.#options.now());
    else this.#complain("is silent, for a double started later", OTHER_NAME);
  }

  #complain(what: string, why: string): void {
    if (performance.now() - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = performance.now();
    this.#options.log.warn({ prober: this.name, why }, `the prober ${what}`);
  }

  /** All is to be told again. */
  #forgetTold(): void {
    for (const [endpoint, entry] of this.#entries) {
      entry.told = undefined;
      this.#full.add(endpoint);
    }
    this.#numbers.clear();
    this.#numbersStoredMs = performance.now();
  }

  #tellFull(): void {
    while (this.#full.size > 0 || this.#gone.size > 0) {
      const endpoints = takeSome(this.#full, FULL_MAX);
      const gone = takeSome(this.#gone, FULL_MAX);
      const full: Numbered[] = [];
      for (const endpoint of endpoints) {
        const entry = this.#entries.get(endpoint)!;
        entry.told = entry.opinion;
        this.#numbers.delete(endpoint);
        full.push({ number: entry.number, opinion: entry.opinion });
      }
      const fields = full.flatMap((each) => [each.opinion.endpoint, encodeFull(each)]);
      void this.#tell({ full, gone, numbers: [] }, fields);
    }
  }

  #tellNumbers(): void {
    while (this.#numbers.size > 0) {
      const numbers = takeSome(this.#numbers, NUMBERS_MAX).map((endpoint) =>
        numbersOf(this.#entries.get(endpoint)!),
      );
      void this.#tell({ full: [], gone: [], numbers }, []);
    }
    if (performance.now() - this.#numbersStoredMs < NUMBERS_INTERVAL_MS) return;
    this.#numbersStoredMs = performance.now();
    const told = [...this.#entries.values()].filter((entry) => entry.told !== undefined);
    if (told.length === 0) return;
    void this.#tell({ full: [], gone: [], numbers: [] }, ["numbers", encodeNumbers(told.map(numbersOf))]);
  }

  async #tell(
    said: { full: readonly Numbered[]; gone: readonly string[]; numbers: readonly Numbers[] },
    fields: readonly (string | Buffer)[],
  ): Promise<void> {
    const { line, keys } = this.#options;
    const { name: prober, region, epoch } = this.#head;
    const speaker: Speaker = { prober, region, epoch, run: this.run };
    const n = ++this.#messages;
    const message = encodeMessage({ ...speaker, n, ...said });
    const args = [
      this.run,
      String(n),
      keys.opinions,
      message,
      String(fields.length / 2),
      ...fields,
      ...said.gone,
    ];
    let answer: unknown;
    try {
      answer = await line.ask((redis) => redis.eval(TELL_OPINIONS, 1, this.#hashKey, ...args));
    } catch {
      // It may or may not have been told. Numbers come again by themselves.
      for (const { opinion } of said.full) this.#tellAgain(opinion.endpoint);
      for (const endpoint of said.gone) if (!this.#entries.has(endpoint)) this.#gone.add(endpoint);
      return;
    }
    if (answer !== 1) void this.beat(); // the hash is lost, or is another's: that tells which
  }

  #tellAgain(endpoint: string): void {
    const entry = this.#entries.get(endpoint);
    if (entry === undefined) return;
    entry.told = undefined;
    this.#numbers.delete(endpoint);
    this.#full.add(endpoint);
  }
}

function numbersOf({ number, opinion, told }: Entry): Numbers {
  const { sequence, checkedMs, responseMs, failures } = opinion;
  return { number, baseSequence: told!.sequence, sequence, checkedMs, responseMs, failures };
}

function takeSome(from: Set<string>, most: number): string[] {
  const some: string[] = [];
  for (const each of from) {
    if (some.length === most) break;
    some.push(each);
    from.delete(each);
  }
  return some;
}
