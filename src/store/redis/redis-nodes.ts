/**
 * The nodes on one Redis: this one says once a second what it is at, and at once when all its threads answer by a new
 * generation; and whoever made a change can wait until the others say so.
 *
 *   publish() ─► look(): every ms until all threads have it ─► ANNOUNCE ─► {windrose}:node:NAME, for 5 s
 *                                                                  └─► channel receipts ─► waitFor() of every node
 *
 * Times are those of Redis, the clock that all share: of the change in the script that accepts it, of the receipt
 * in the one that tells of it. So the ms between them hold the way to the node, its work, and the way back.
 *
 * A message may be lost; the entries say the same, and who waits reads them again and again. A name belongs to
 * the run that has an entry of it. Another run waits until that ends, as after a crash, or takes a name with a number
 * behind it when it sees that the entry is being renewed.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { NodeReport, Nodes, Receipt, Receipts, WaitOptions } from "../nodes.ts";
import { isForbidden } from "./connection.ts";
import { redisKeys } from "./keys.ts";
import type { RedisLine } from "./redis-line.ts";
import { ANNOUNCE, LEAVE } from "./scripts.ts";

const BEAT_MS = 1000;
/** Four beats may be lost or late; then a node counts as dead, and nobody waits for it. */
const LIFETIME_MS = 5000;
/** Workers take news between two batches, some 0.1 ms apart; timers of Node are no finer than this. */
const LOOK_INTERVAL_MS = 1;
/** A thread that takes longer to take a generation is looked at with each beat only. */
const LOOK_MS_MAX = 5000;
/** How often who waits looks who is there: a message may be lost, a node may die. */
const REFRESH_MS = 500;
/** Of each node: 200 edits a second, for a few seconds. */
const RECEIPTS_KEPT = 1000;

/** What this node says of itself. */
export interface NodeSelf {
  /** What it is to be called. */
  readonly id: string;
  readonly version: string;
  readonly region: string | null;
  readonly addresses: readonly string[];
  /** In ms since 1970. */
  readonly startedMs: number;
  /** What all its threads answer from. */
  readonly generation: number;
  /** What they are to answer from. */
  readonly newest: number;
  /** When its store could last be asked, in ms since 1970. */
  readonly stateMs: number;
}

/** As it is kept in Redis. */
type Entry = Pick<NodeReport, "version" | "region" | "addresses" | "pid" | "generation" | "startedAt"> & {
  readonly stateAgeMs: number;
};

/** When a node took a generation up, in microseconds by the clock of Redis. */
interface Taken {
  readonly generation: number;
  readonly atUs: number;
}

interface Known {
  readonly run: string;
  /** Oldest first. */
  taken: Taken[];
}

export class RedisNodes implements Nodes {
  name: string;
  readonly #line: RedisLine;
  readonly #self: NodeSelf;
  readonly #log: Logger;
  readonly #keys = redisKeys();
  readonly #run = randomUUID();
  readonly #timer: NodeJS.Timeout;
  /** By name. */
  readonly #known = new Map<string, Known>();
  /** As Redis had them last, without this one. */
  #others: readonly NodeReport[] = [];
  #waiting: (() => void)[] = [];
  /** What Redis has of this node. */
  #announced: Taken & { readonly text: string } = { generation: 0, atUs: 0, text: "" };
  #isDue = true;
  #isLooking = false;
  #isStopped = false;
  /** Of the other run that has this name: when it was last seen. */
  #otherSeenUs: string | undefined;
  #count = 1;
  #hasComplained = false;

  constructor(line: RedisLine, self: NodeSelf, log: Logger) {
    this.#line = line;
    this.#self = self;
    this.#log = log;
    this.name = self.id;
    line.listen(this.#keys.receipts, (message) => this.#hear(message));
    line.onConnect(() => this.#beat());
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  /** There is a new generation here: tells the others as soon as all threads answer by it. */
  look(): void {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    void this.#lookUntilDone();
  }

  async list(): Promise<readonly NodeReport[]> {
    await this.#refresh();
    return [this.#report(), ...this.#others].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async waitFor(generation: number, { who, timeoutMs, at }: WaitOptions): Promise<Receipts> {
    const deadlineMs = performance.now() + timeoutMs;
    const asked = new Set<string>();
    let refreshedMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      const beforeMs = performance.now();
      if (beforeMs - refreshedMs >= REFRESH_MS) {
        refreshedMs = beforeMs;
        const late = new AbortController();
        const timeout = sleep(Math.max(0, deadlineMs - beforeMs), undefined, { signal: late.signal });
        await Promise.race([this.#refresh(), timeout]);
        timeout.catch(() => {});
        late.abort();
      }
      const live = [this.name, ...this.#others.map(({ id }) => id)];
      for (const name of live) asked.add(name);
      const taken = new Map([...asked].map((name) => [name, this.#takenBy(name, generation)]));
      const answered = live.filter((name) => taken.get(name) !== undefined).length;
      const complete = who === "all" ? answered === live.length : 2 * answered > live.length;
      const leftMs = deadlineMs - performance.now();
      if (complete || leftMs <= 0) {
        const missing = [...asked].filter((name) => taken.get(name) === undefined).sort();
        return { complete, receipts: receiptsOf(taken, at), missing };
      }
      await this.#news(Math.min(leftMs, refreshedMs + REFRESH_MS - performance.now()));
    }
  }

  /** This node is no longer waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    const { nodes, node } = this.#keys;
    const leaving = this.#line.ask((redis) =>
      redis.eval(LEAVE, 2, node(this.name), nodes, this.name, this.#run),
    );
    await leaving.catch(() => {}); // then its entry runs out
  }

  #beat(): void {
    this.#isDue = true;
    this.look();
  }

  async #lookUntilDone(): Promise<void> {
    const untilMs = performance.now() + LOOK_MS_MAX;
    while (!this.#isStopped) {
      const isNew = this.#self.generation !== this.#announced.generation;
      if ((isNew || this.#isDue) && !(await this.#announce())) break;
      const { generation, newest } = this.#self;
      const isDone = generation === this.#announced.generation && generation >= newest && !this.#isDue;
      if (isDone || performance.now() >= untilMs) break;
      if (generation < newest) await sleep(LOOK_INTERVAL_MS, undefined, { ref: false });
    }
    this.#isLooking = false;
  }

  /** False when it could not be said, or the name is another's (yet). */
  async #announce(): Promise<boolean> {
    this.#isDue = false;
    const { generation } = this.#self;
    const { node, nodes, changes, receipts } = this.#keys;
    const taken = generation === this.#announced.generation ? this.#announced.text : "";
    const entry = JSON.stringify(this.#entry());
    const args = [this.name, this.#run, entry, String(generation), taken, String(LIFETIME_MS), receipts];
    try {
      const answer = (await this.#line.ask((redis) =>
        redis.eval(ANNOUNCE, 3, node(this.name), nodes, changes, ...args),
      )) as [0, string] | [1, string, string];
      if (answer[0] === 0) return this.#yieldTo(answer[1]);
      const text = answer[2];
      this.#announced = { generation, atUs: Number(text), text };
      this.#otherSeenUs = undefined;
      this.#hasComplained = false;
      this.#note(this.name, this.#run, this.#announced);
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  /** True when there is another name to try at once. */
  #yieldTo(seenUs: string): boolean {
    const isAlive = this.#otherSeenUs !== undefined && this.#otherSeenUs !== seenUs;
    this.#otherSeenUs = isAlive ? undefined : seenUs;
    if (!isAlive) return false;
    this.#count++;
    const name = `${this.#self.id}-${this.#count}`;
    this.#log.warn(
      { name: this.name, instead: name },
      "another node has this name; give each an --id of its own",
    );
    this.name = name;
    this.#isDue = true;
    return true;
  }

  /** Once. That Redis is away is told elsewhere. */
  #complain(error: unknown): void {
    if (!isForbidden(error) || this.#hasComplained) return;
    this.#hasComplained = true;
    const why = (error as Error).message;
    this.#log.warn(
      { why },
      "this node may not say in Redis that it is there: it is not listed, and not waited for",
    );
  }

  #entry(): Entry {
    const { version, region, addresses, generation, startedMs, stateMs } = this.#self;
    const startedAt = new Date(startedMs).toISOString();
    const stateAgeMs = Math.max(0, Date.now() - stateMs);
    return { version, region, addresses, pid: process.pid, generation, startedAt, stateAgeMs };
  }

  #report(): NodeReport {
    return reportOf(this.name, this.#entry(), { seenMs: Date.now(), self: true });
  }

  /** Who is there, by Redis; as before, when it cannot be asked. */
  async #refresh(): Promise<void> {
    try {
      const names = await this.#line.ask((redis) => redis.zrange(this.#keys.nodes, "0", "-1"));
      const texts =
        names.length === 0
          ? []
          : await this.#line.ask((redis) => redis.mget(names.map((name) => this.#keys.node(name))));
      const others: NodeReport[] = [];
      for (const [i, name] of names.entries()) {
        const match = /^(\S+) (\d+) (\d+) (.*)$/s.exec(texts[i] ?? "");
        if (match === null) continue; // it is gone
        const [, run, seenUs, takenUs, json] = match;
        if (run === this.#run) continue;
        const entry = JSON.parse(json!) as Entry;
        others.push(reportOf(name, entry, { seenMs: Number(seenUs) / 1000, self: false }));
        this.#note(name, run!, { generation: entry.generation, atUs: Number(takenUs) });
      }
      this.#others = others;
      for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name);
    } catch {
      // Those that were there last.
    }
  }

  #hear(message: string): void {
    const { generation, node, run, at } = JSON.parse(message) as Record<string, string | number>;
    this.#note(String(node), String(run), { generation: Number(generation), atUs: Number(at) });
  }

  #note(name: string, run: string, taken: Taken): void {
    let known = this.#known.get(name);
    if (known?.run !== run) {
      known = { run, taken: [] };
      this.#known.set(name, known);
    }
    const last = known.taken.at(-1);
    if (last !== undefined && last.generation >= taken.generation) return;
    known.taken.push(taken);
    if (known.taken.length >= 2 * RECEIPTS_KEPT) known.taken = known.taken.slice(-RECEIPTS_KEPT);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The first generation from this one on that a node answers by; of this one also where Redis could not be told. */
  #takenBy(name: string, generation: number): Taken | undefined {
    const taken = this.#known
      .get(name)
      ?.taken.findLast(
        (each, i, all) => each.generation >= generation && !((all[i - 1]?.generation ?? 0) >= generation),
      );
    if (taken !== undefined || name !== this.name || this.#line.isUp) return taken;
    return this.#self.generation >= generation
      ? { generation: this.#self.generation, atUs: Number.NaN }
      : undefined;
  }

  /** Resolves at the next receipt, or after this time. */
  #news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(
        () => {
          this.#waiting = this.#waiting.filter((each) => each !== wake);
          resolve();
        },
        Math.max(0, withinMs),
      );
      this.#waiting.push(wake);
    });
  }
}

function reportOf(
  id: string,
  { stateAgeMs, ...entry }: Entry,
  { seenMs, self }: { seenMs: number; self: boolean },
): NodeReport {
  const stateAgeSeconds = Math.round(stateAgeMs / 1000);
  return { id, ...entry, stateAgeSeconds, seenAt: new Date(seenMs).toISOString(), self };
}

function receiptsOf(taken: ReadonlyMap<string, Taken | undefined>, at: string | null): Receipt[] {
  const acceptedMs = at === null ? Number.NaN : Date.parse(at);
  const known = [...taken].flatMap(([node, each]) => (each === undefined ? [] : [{ node, ...each }]));
  known.sort((a, b) => a.atUs - b.atUs);
  return known.map(({ node, generation, atUs }) => {
    // To a tenth; never less than nothing, as after a failover to a Redis with a clock of its own.
    const ms = Math.max(0, Math.round(atUs / 100 - 10 * acceptedMs) / 10);
    return { node, generation, ms: Number.isNaN(ms) ? null : ms };
  });
}
