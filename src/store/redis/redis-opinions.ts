/**
 * What the probers of other processes say: who is there, and their opinions.
 *
 *   each 2 s, and when one comes or goes: {windrose}:probers ─► who is there ─┐
 *   channel of opinions ─► in the order of its numbers ───────────────────────┼─► board
 *                              └─ one is missing ─► {windrose}:prober:NAME ───┘
 *
 * A prober that is not heard of any more has gone, but only while Redis can be asked, and not when Redis itself stood still or lost
 * everything a moment ago. Opinions are only kept, and listened to, once somebody here wants them.
 *
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Opinion } from "../../health/opinion.ts";
import type { LiveBoard } from "../live/live-board.ts";
import type { ProberHead } from "../live/live-exchange.ts";
import { parseHead, parseJson } from "../live/live-records.ts";
import type { RedisKeys } from "./keys.ts";
import {
  decodeFull,
  decodeMessage,
  decodeNumbers,
  type Numbered,
  type Numbers,
  type OpinionMessage,
  type Speaker,
} from "./opinion-message.ts";
import type { RedisLine } from "./redis-line.ts";
import { GONE_MS } from "./redis-voice.ts";

/** A prober counts as gone when it was silent for GONE_MS at two looks, so far apart: Redis may have stood still itself. */
const SILENT_MS = 1500;
/** Or when Redis does not know it at two looks, so far apart: Redis may have lost everything, and the prober is about to be back. */
const UNKNOWN_MS = 5000;
/** Who only wants to know who is there looks so often, and when one comes or goes: with many probers, their looks would cost more than opinions. */
const PROBERS_INTERVAL_MS = 10_000;
/** Folded in a millisecond or two; other work of the main thread comes in between. */
const BATCH = 500;

/** A prober of another process. */
interface Remote extends Speaker {
  /** Its last message that is known, with all before it. */
  n: number;
  /** As Redis had it at the last look. */
  lookedN: number;
  /** What `n` was at the last look, where that was beyond what Redis had; else 0. */
  aheadN: number;
  /** By number of the endpoint: the last opinion that was told in full, its sequence, and what followed from it. */
  readonly entries: Map<number, { readonly baseSequence: number; opinion: Opinion }>;
  /** While its hash is read: what came in the meantime. */
  waiting: OpinionMessage[] | undefined;
}

interface Registered extends Speaker {
  readonly head: ProberHead;
  readonly heardMs: number;
  readonly n: number;
}

export interface RedisOpinionsOptions {
  readonly line: RedisLine;
  readonly keys: RedisKeys;
  readonly board: LiveBoard;
  /** The shared clock, in ms. */
  readonly now: () => number;
  /** Of this process's own probers. */
  readonly isOwn: (run: string) => boolean;
  readonly isOwnHead: (head: ProberHead) => boolean;
}

export class RedisOpinions {
  readonly #options: RedisOpinionsOptions;
  readonly #remotes = new Map<string, Remote>();
  /** Since when, on the monotonic clock, a prober that was there is silent. */
  readonly #silentSinceMs = new Map<string, number>();
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isWanted = false;
  #isClosed = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: RedisOpinionsOptions) {
    this.#options = options;
    options.line.listen(options.keys.probers, (message) => this.#hearProber(message));
  }

  /** From now on opinions are listened to. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const { line, keys } = this.#options;
    line.listenOctets(keys.opinions, (octets) => this.#hear(octets));
    this.#look().catch(() => {}); // the next look comes by itself
  }

  /** Looks, if it is time. Rejects when Redis cannot be asked. */
  async lookAgain(): Promise<void> {
    if (this.#isWanted || performance.now() - this.#lookedMs >= PROBERS_INTERVAL_MS) await this.#look();
  }

  /** Who is there, and did we miss something they said? */
  async #look(): Promise<void> {
    this.#lookedMs = performance.now();
    const { line, keys, board } = this.#options;
    const texts = await line.ask((redis) => redis.hgetall(keys.probers));
    if (this.#isClosed) return;
    const nowMs = this.#options.now();
    const there = new Set<string>();
    for (const [name, text] of Object.entries(texts)) {
      const found = parseRegistered(name, text);
      if (found === undefined || nowMs - found.heardMs > GONE_MS) continue;
      there.add(name);
      this.#silentSinceMs.delete(name);
      board.takeProber(found.head, found.heardMs);
      if (this.#isWanted && !this.#options.isOwn(found.run)) this.#checkMissed(found);
    }
    for (const head of board.probers) {
      if (!there.has(head.name) && !this.#options.isOwnHead(head)) {
        this.#miss(head, texts[head.name] === undefined ? UNKNOWN_MS : SILENT_MS);
      }
    }
    if (board.probers.length > 0) board.tellProbers();
  }

  /** We hear again, after a while in which we may not have. */
  async hearAgain(): Promise<void> {
    const { line, keys } = this.#options;
    for (const remote of [...this.#remotes.values()]) {
      const n = Number(await line.ask((redis) => redis.hget(keys.prober(remote.prober), "n")));
      if (n > remote.n && remote.waiting === undefined) this.#read(remote);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  #hearProber(message: string): void {
    const goodbye = /^- (\S+) (.*)$/s.exec(message);
    if (goodbye !== null) this.#drop(goodbye[2]!, Number(goodbye[1]));
    this.#look().catch(() => {}); // the next look comes by itself
  }

  /** It does not say that it is there. */
  #miss({ name, epoch }: ProberHead, patienceMs: number): void {
    const nowMs = performance.now();
    const sinceMs = this.#silentSinceMs.get(name);
    if (sinceMs === undefined) this.#silentSinceMs.set(name, nowMs);
    else if (nowMs - sinceMs >= patienceMs) this.#drop(name, epoch);
  }

  #drop(name: string, epoch: number): void {
    const { board } = this.#options;
    if ((this.#remotes.get(name)?.epoch ?? epoch) <= epoch) this.#remotes.delete(name);
    this.#silentSinceMs.delete(name);
    board.withdraw(name, null, epoch);
    if (board.dropProber({ name, epoch })) board.tellProbers();
  }

  #hear(octets: Buffer): void {
    const message = decodeMessage(octets, this.#options.now());
    if (message === undefined || this.#isClosed || this.#options.isOwn(message.run)) return;
    const remote = this.#remoteOf(message);
    if (remote === undefined) return;
    if (remote.waiting !== undefined) remote.waiting.push(message);
    else if (message.n <= remote.n + 1) this.#apply(remote, message);
    else this.#read(remote, message);
  }

  /** Undefined where one that started later is known by this name. */
  #remoteOf({ prober, region, epoch, run }: Speaker): Remote | undefined {
    const known = this.#remotes.get(prober);
    if (known?.run === run && known.epoch === epoch) return known;
    if (known !== undefined && known.epoch > epoch) return undefined;
    const remote: Remote = {
      ...{ prober, region, epoch, run, n: 0, lookedN: 0, aheadN: 0 },
      entries: new Map(),
      waiting: undefined,
    };
    this.#remotes.set(prober, remote);
    return remote;
  }

  #checkMissed(found: Registered): void {
    const remote = this.#remoteOf(found);
    if (remote === undefined) return;
    // A message that is on its way is no missing one: it is there at the next look.
    const isBehind = remote.n < remote.lookedN || (remote.n === 0 && found.n > 0);
    // A number that the prober has not come to in all that time was not its own.
    const isAstray = remote.n > found.n && remote.n === remote.aheadN;
    remote.lookedN = found.n;
    remote.aheadN = remote.n > found.n ? remote.n : 0;
    if ((isBehind || isAstray) && remote.waiting === undefined) this.#read(remote);
  }

  #apply(remote: Remote, { n, full, gone, numbers }: OpinionMessage): void {
    const { board } = this.#options;
    if (n > remote.n) {
      remote.n = n;
      for (const each of full) keepFull(remote, each);
      board.takeOpinions(full.map(({ opinion }) => opinion));
      if (gone.length > 0) {
        const left = new Set(gone);
        for (const [number, { opinion }] of remote.entries)
          if (left.has(opinion.endpoint)) remote.entries.delete(number);
        board.withdraw(remote.prober, gone, remote.epoch);
      }
    }
    board.takeOpinions(numbers.flatMap((each) => applyNumbers(remote, each) ?? []));
  }

  /** One prober after the other, for each may be a megabyte. */
  #read(remote: Remote, message?: OpinionMessage): void {
    remote.waiting = message === undefined ? [] : [message];
    this.#reading = this.#reading.then(async () => {
      const isCurrent = () => !this.#isClosed && this.#remotes.get(remote.prober) === remote;
      if (isCurrent()) await this.#readHash(remote, isCurrent).catch(() => {}); // the next look finds that it is missing
      const waiting = remote.waiting ?? [];
      remote.waiting = undefined;
      if (!isCurrent()) return;
      for (const each of waiting) this.#apply(remote, each);
    });
  }

  async #readHash(remote: Remote, isCurrent: () => boolean): Promise<void> {
    const { line, keys, board, now } = this.#options;
    const fields = await line.ask((redis) => redis.hgetallBuffer(keys.prober(remote.prober)));
    const n = Number(fields.n?.toString());
    // Empty, or of another run: then it is being told anew, to all.
    if (fields.run?.toString() !== remote.run || !Number.isSafeInteger(n) || !isCurrent()) return;
    remote.entries.clear();
    const nowMs = now();
    for (const [endpoint, octets] of Object.entries(fields)) {
      if (!endpoint.includes(" ")) continue;
      const each = decodeFull(remote, endpoint, octets.toString(), nowMs);
      if (each !== undefined) keepFull(remote, each);
    }
    for (const each of decodeNumbers(fields.numbers ?? Buffer.alloc(0), nowMs)) applyNumbers(remote, each);
    remote.n = n;
    const opinions = [...remote.entries.values()].map(({ opinion }) => opinion);
    const told = new Set(opinions.map(({ endpoint }) => endpoint));
    const gone = [...board.opinionsOf(remote.prober).keys()].filter((endpoint) => !told.has(endpoint));
    if (gone.length > 0) board.withdraw(remote.prober, gone, remote.epoch);
    for (let from = 0; from < opinions.length; from += BATCH) {
      board.takeOpinions(opinions.slice(from, from + BATCH));
      await nextTurn();
      if (!isCurrent()) return;
    }
  }
}

function keepFull(remote: Remote, { number, opinion }: Numbered): void {
  remote.entries.set(number, { baseSequence: opinion.sequence, opinion });
}

/** The opinion that follows; undefined where the one that it stands on is not known. */
function applyNumbers(remote: Remote, numbers: Numbers): Opinion | undefined {
  const { number, baseSequence, sequence, checkedMs, responseMs, failures } = numbers;
  const entry = remote.entries.get(number);
  if (entry === undefined || entry.baseSequence !== baseSequence) return undefined;
  if (sequence <= entry.opinion.sequence) return undefined;
  entry.opinion = { ...entry.opinion, sequence, checkedMs, responseMs, failures };
  return entry.opinion;
}

function parseRegistered(name: string, text: string): Registered | undefined {
  const match = /^(\d+) (\d+) (\S+) (\S+) (.*)$/s.exec(text);
  if (match === null) return undefined;
  const [heardMs, n, epoch] = match.slice(1, 4).map(Number) as [number, number, number];
  const head = parseHead({ ...(parseJson(match[5]!) as object), name, epoch });
  if (head === undefined) return undefined;
  return { head, heardMs, n, prober: name, region: head.region, epoch, run: match[4]! };
}
