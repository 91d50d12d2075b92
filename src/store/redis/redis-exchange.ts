/**
 * The exchange among all processes on one Redis.
 *
 *   redis-voice.ts      what probers of this process say      redis-members.ts   orders, loads
 *   redis-opinions.ts   what those of others say              redis-journal.ts   verdicts applied, samples
 *   redis-verdicts.ts   last verdicts                         redis-demand.ts    what asks most
 *
 * What is said in this process is told to those in it at once, with or without Redis. While Redis is away, what is latest is kept and told when
 * it is back. Everything that comes from Redis is checked before it counts. It has two connections of its own, so that
 * reading a megabyte of opinions holds up neither documents nor receipts.
 *
 * The clock is that of Redis (shared-clock.ts).
 *
 * @module
 */
import type { Logger } from "pino";
import { LiveBoard } from "../live/live-board.ts";
import type {
  AppliedVerdict,
  Demand,
  GivenOrder,
  LiveExchange,
  LiveHandlers,
  MemberKey,
  MemberLoad,
  MemberOrder,
  ProberHead,
  ProberVoice,
  RttSample,
  SavedVerdict,
} from "../live/live-exchange.ts";
import {
  parseApplied,
  parseEach,
  parseMemberLoad,
  parseMemberOrder,
  parseSample,
} from "../live/live-records.ts";
import { SharedClock } from "../live/shared-clock.ts";
import { isForbidden, type RedisWhere, redisConnector } from "./connection.ts";
import { redisKeys } from "./keys.ts";
import { RedisDemand } from "./redis-demand.ts";
import { RedisJournal } from "./redis-journal.ts";
import { RedisLine } from "./redis-line.ts";
import { RedisMembers } from "./redis-members.ts";
import { RedisOpinions } from "./redis-opinions.ts";
import { RedisVerdicts } from "./redis-verdicts.ts";
import { RedisVoice } from "./redis-voice.ts";

/** How often it is looked whether messages were lost, and what waits is written. */
const LOOK_INTERVAL_MS = 2000;
/** Samples are worth something together. */
const SAMPLES_INTERVAL_MS = 1000;
/** In one entry; some 50 KB. */
const SAMPLES_MAX = 500;
/** Entries: up to 100,000 samples, 10 MB. Few are full. */
const SAMPLES_KEPT = 200;
/** Those of one incident come from all nodes. */
const APPLIED_KEPT = 2000;
/** The first measurements of the clock; the best of them counts. */
const FIRST_MEASURES = 3;

export interface RedisExchangeOptions {
  readonly redis: RedisWhere;
  readonly log: Logger;
}

export class RedisExchange implements LiveExchange {
  readonly #line: RedisLine;
  readonly #log: Logger;
  readonly #board = new LiveBoard();
  readonly #clock = new SharedClock(Date.now(), performance.now());
  readonly #voices = new Set<RedisVoice>();
  readonly #opinions: RedisOpinions;
  readonly #orders: RedisMembers<MemberOrder>;
  readonly #loads: RedisMembers<MemberLoad>;
  readonly #applied: RedisJournal;
  readonly #samples: RedisJournal;
  readonly #verdicts: RedisVerdicts;
  readonly #demand: RedisDemand;
  readonly #timers: readonly NodeJS.Timeout[];
  #awaySinceMs: number | null = null;
  #isDue = false;
  #looking: Promise<void> | undefined;
  #hasComplained = false;
  #isClosed = false;

  private constructor({ redis, log }: RedisExchangeOptions) {
    this.#log = log;
    const line = new RedisLine(redisConnector(redis), log);
    this.#line = line;
    const keys = redisKeys();
    const now = () => this.nowMs();
    const board = this.#board;
    this.#opinions = new RedisOpinions({
      ...{ line, keys, board, now },
      isOwn: (run) => [...this.#voices].some((voice) => voice.run === run),
      isOwnHead: ({ name, epoch }) =>
        [...this.#voices].some(({ head }) => head.name === name && head.epoch === epoch),
    });
    this.#orders = new RedisMembers({
      ...{ line, key: keys.orders, parse: parseMemberOrder, known: () => board.orders },
      saidOf: ({ order }) => order,
      isOver: ({ order }) => order !== null && order.untilMs !== null && order.untilMs <= now(),
      take: (orders) => board.takeOrders(orders),
    });
    this.#loads = new RedisMembers({
      ...{ line, key: keys.loads, parse: parseMemberLoad, known: () => board.loads },
      saidOf: ({ load }) => load,
      isOver: () => false,
      take: (loads) => board.takeLoads(loads),
    });
    this.#applied = new RedisJournal({
      ...{ line, key: keys.applied, kept: APPLIED_KEPT, batch: 100 },
      take: (entry) => board.takeApplied(parseEach(entry, parseApplied)),
    });
    this.#samples = new RedisJournal({
      ...{ line, key: keys.samples, kept: SAMPLES_KEPT, batch: SAMPLES_MAX },
      take: (entry) => board.takeSamples(parseEach(entry, parseSample)),
    });
    this.#verdicts = new RedisVerdicts(line, keys);
    this.#demand = new RedisDemand(line, keys.demand, board, now);
    line.onConnect(() => this.#lookSoon());
    line.onListening(() => {
      this.#opinions.hearAgain().catch(() => {}); // the looks find what is missing
      this.#lookSoon();
    });
    this.#timers = [
      setInterval(() => this.#lookSoon(), LOOK_INTERVAL_MS).unref(),
      setInterval(() => void this.#samples.send(), SAMPLES_INTERVAL_MS).unref(),
    ];
  }

  /** Waits a little for Redis, and goes on without. Throws WindroseError "settings-invalid" for a wrong URL. */
  static async open(options: RedisExchangeOptions): Promise<RedisExchange> {
    const exchange = new RedisExchange(options);
    await exchange.#line.connected();
    try {
      for (let n = 0; n < FIRST_MEASURES; n++) await exchange.#measure();
    } catch (error) {
      exchange.#missRedis(error);
    }
    return exchange;
  }

  get awaySinceMs(): number | null {
    return this.#awaySinceMs;
  }

  nowMs(): number {
    return this.#clock.now(performance.now());
  }

  speakAs(prober: ProberHead): ProberVoice {
    const voice = new RedisVoice(prober, {
      ...{ line: this.#line, keys: redisKeys(), board: this.#board, log: this.#log },
      now: () => this.nowMs(),
      isClockShared: () => this.#clock.isShared,
    });
    this.#voices.add(voice);
    this.#board.takeProber(prober, this.nowMs());
    this.#board.tellProbers();
    return voice;
  }

  async follow(handlers: LiveHandlers): Promise<() => Promise<void>> {
    if (handlers.opinions !== undefined || handlers.withdrawn !== undefined) this.#opinions.want();
    if (handlers.orders !== undefined) this.#orders.want();
    if (handlers.loads !== undefined) this.#loads.want();
    if (handlers.applied !== undefined) this.#applied.want();
    if (handlers.samples !== undefined) this.#samples.want();
    if (handlers.demand !== undefined) this.#demand.want();
    return this.#board.follow(handlers);
  }

  order({ pool, member }: MemberKey, order: GivenOrder | null): Promise<void> {
    return this.#orders.change({ pool, member, order });
  }

  reportLoad({ pool, member }: MemberKey, load: number | null): Promise<void> {
    return this.#loads.change({ pool, member, load });
  }

  saveVerdicts(verdicts: ReadonlyMap<string, SavedVerdict>): void {
    this.#verdicts.save(verdicts);
  }

  /** None while Redis is away. */
  async loadVerdicts(): Promise<ReadonlyMap<string, SavedVerdict>> {
    return this.#verdicts.load().catch(() => new Map());
  }

  sayApplied(applied: AppliedVerdict): void {
    this.#board.takeApplied([applied]);
    this.#applied.say([applied]);
    void this.#applied.send();
  }

  shareSamples(samples: readonly RttSample[]): void {
    this.#board.takeSamples(samples);
    this.#samples.say(samples);
  }

  sayDemand(node: string, demand: readonly Demand[]): void {
    this.#board.takeDemand(node, demand);
    this.#demand.say(node, demand);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    await Promise.all([
      ...[...this.#voices].map((voice) => voice.close()),
      ...[this.#samples, this.#applied].map((journal) => journal.send()),
      this.#verdicts.write().catch(() => {}), // another node writes the same
    ]);
    for (const part of [this.#opinions, this.#orders, this.#loads, this.#samples, this.#applied])
      part.close();
    this.#board.close();
    this.#line.close();
  }

  #lookSoon(): void {
    if (this.#isClosed) return;
    this.#isDue = true;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      this.#line.checkListening();
      try {
        await this.#measure();
        this.#haveRedis();
        const looks = [this.#orders, this.#loads].map((part) => part.look());
        const reads = [this.#applied, this.#samples, this.#demand].map((part) => part.read());
        await Promise.all([this.#opinions.lookAgain(), ...looks, ...reads]);
        void this.#applied.send();
      } catch (error) {
        this.#missRedis(error);
        continue;
      }
      this.#demand.expire();
      await this.#writeVerdicts();
    }
  }

  async #writeVerdicts(): Promise<void> {
    try {
      await this.#verdicts.write();
    } catch (error) {
      this.#complain(error, "this node may not write the last verdicts to Redis; others do");
    }
  }

  /** Once. That Redis is away is told elsewhere. */
  #complain(error: unknown, what: string): void {
    if (!isForbidden(error) || this.#hasComplained) return;
    this.#hasComplained = true;
    this.#log.warn({ why: (error as Error).message }, what);
  }

  async #measure(): Promise<void> {
    const sentMs = performance.now();
    const [seconds, microseconds] = await this.#line.ask((redis) => redis.time());
    const receivedMs = performance.now();
    const serverMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
    const changeMs = Math.round(this.#clock.measure({ sentMs, receivedMs, serverMs }));
    if (Math.abs(changeMs) < 1000) return;
    this.#log.warn(
      { changeMs },
      "the clock of this machine, or of Redis, was wrong by seconds; that of Redis counts",
    );
  }

  /** Probers of this process need not wait for their next beat. */
  #haveRedis(): void {
    if (this.#awaySinceMs === null) return;
    this.#awaySinceMs = null;
    for (const voice of this.#voices) void voice.beat();
  }

  /** Those of this process are there, whatever Redis says. */
  #missRedis(error: unknown): void {
    this.#complain(error, "what probers and nodes tell each other cannot be read from Redis");
    this.#awaySinceMs ??= this.nowMs();
    for (const { head } of this.#voices) this.#board.takeProber(head, this.nowMs());
    if (this.#voices.size > 0) this.#board.tellProbers();
  }
}
