/**
 * Starts jobs when they are due, within limits, by one timer for all of them.
 *
 *   add(job, at) ─► heap ── due ─► limits ─► start(job) ─► … ─► done(job, next) ─► heap
 *                                    └─ its address has enough checks under way: waits for one of these to end
 *
 * A job is in one place at a time, so it never runs twice at once, and under overload it waits in the order in which it was due. What it
 * missed meanwhile is counted and not made up: all are checked less often, none is left out, and nothing piles up.
 *
 * @module
 */
import type { ProberClock } from "./clock.ts";
import { type Due, DueHeap } from "./due-heap.ts";

export interface Job extends Due {
  /** What the limit on one address goes by. */
  readonly address: string;
  readonly intervalMs: number;
  state: "idle" | "scheduled" | "waiting" | "running";
}

export interface SchedulerLimits {
  /** Jobs that run at once. */
  readonly running: number;
  /** Starts a second. */
  readonly starts: number;
  /** Jobs that run at once against one address. */
  readonly runningPerAddress: number;
}

export interface SchedulerCounts {
  readonly scheduled: number;
  readonly running: number;
  readonly started: number;
  /** Times at which a job was due and did not run, because it was still waiting. */
  readonly missed: number;
  /** How late the latest of all starts since the last reading was, in ms. */
  readonly lateMsMax: number;
}

/** Then whatever else there is to do gets its turn. */
const STARTS_AT_ONCE = 16;
/** What sums of fractions may lack to a whole start. */
const WHOLE = 1 - 1e-6;
/** Starts may come in bursts of what is allowed in so many ms. */
const BURST_MS = 50;

interface Host<One> {
  running: number;
  readonly waiting: Set<One>;
}

export class Scheduler<One extends Job> {
  readonly #clock: ProberClock;
  readonly #limits: SchedulerLimits;
  readonly #start: (job: One) => void;
  readonly #heap = new DueHeap<One>();
  readonly #hosts = new Map<string, Host<One>>();
  #running = 0;
  #started = 0;
  #missed = 0;
  #lateMsMax = 0;
  /** How many more may be started; grows with time. */
  #allowed: number;
  #allowedAtMs: number;
  /** When the timer is for; infinite when there is none. */
  #wakeMs = Number.POSITIVE_INFINITY;
  #cancelWake: () => void = () => {};
  #isStopped = false;

  /** `start` may not throw, and is followed by done() or drop(), later. */
  constructor(clock: ProberClock, limits: SchedulerLimits, start: (job: One) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#start = start;
    this.#allowed = this.#burst;
    this.#allowedAtMs = clock.nowMs();
  }

  /** A job that is idle. */
  add(job: One, dueMs: number): void {
    job.dueMs = dueMs;
    job.state = "scheduled";
    this.#heap.add(job);
    this.#arm();
  }

  /** A job that ran goes on at `dueMs`. */
  done(job: One, dueMs: number): void {
    this.drop(job);
    this.add(job, dueMs);
  }

  /** The job is idle from now on. */
  drop(job: One): void {
    const { state } = job;
    job.state = "idle";
    if (state === "scheduled") this.#heap.remove(job);
    else if (state === "waiting") this.#hosts.get(job.address)?.waiting.delete(job);
    else if (state === "running") this.#release(job);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelWake();
  }

  /** Begins to look for the latest start anew. */
  readCounts(): SchedulerCounts {
    const [running, started, missed, lateMsMax] = [
      this.#running,
      this.#started,
      this.#missed,
      this.#lateMsMax,
    ];
    this.#lateMsMax = 0;
    return { scheduled: this.#heap.size, running, started, missed, lateMsMax };
  }

  get #burst(): number {
    return Math.max(1, (this.#limits.starts * BURST_MS) / 1000);
  }

  #release(job: One): void {
    this.#running--;
    const host = this.#hosts.get(job.address)!;
    host.running--;
    for (const next of host.waiting) {
      host.waiting.delete(next);
      next.state = "scheduled";
      this.#heap.add(next); // as it was due: before others that came after it
      break;
    }
    if (host.running === 0 && host.waiting.size === 0) this.#hosts.delete(job.address);
    this.#arm();
  }

  /** Sees to it that the timer goes off when the next job may start. */
  #arm(): void {
    const { next } = this.#heap;
    if (next === undefined || this.#isStopped || this.#running >= this.#limits.running) return;
    const wakeMs = Math.max(next.dueMs, this.#allowedMs());
    if (wakeMs >= this.#wakeMs) return;
    this.#cancelWake();
    this.#wakeMs = wakeMs;
    this.#cancelWake = this.#clock.wakeAt(wakeMs, () => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#startDue();
    });
  }

  #startDue(): void {
    const nowMs = this.#clock.nowMs();
    this.#allowed = Math.min(
      this.#burst,
      this.#allowed + ((nowMs - this.#allowedAtMs) * this.#limits.starts) / 1000,
    );
    this.#allowedAtMs = nowMs;
    for (let i = 0; i < STARTS_AT_ONCE && this.#allowed >= WHOLE; ) {
      const job = this.#heap.next;
      if (job === undefined || job.dueMs > nowMs || this.#running >= this.#limits.running) break;
      this.#heap.remove(job);
      if (!this.#isTaken(job)) continue;
      i++;
      this.#allowed--;
      this.#begin(job, nowMs);
    }
    this.#arm();
  }

  /** When one more may be started. */
  #allowedMs(): number {
    return this.#allowed >= WHOLE
      ? Number.NEGATIVE_INFINITY
      : this.#allowedAtMs + ((1 - this.#allowed) * 1000) / this.#limits.starts;
  }

  /** False when the job has to wait for others at its address. */
  #isTaken(job: One): boolean {
    let host = this.#hosts.get(job.address);
    if (host === undefined) {
      host = { running: 0, waiting: new Set() };
      this.#hosts.set(job.address, host);
    }
    if (host.running < this.#limits.runningPerAddress) {
      host.running++;
      return true;
    }
    job.state = "waiting";
    host.waiting.add(job);
    return false;
  }

  #begin(job: One, nowMs: number): void {
    const lateMs = nowMs - job.dueMs;
    this.#lateMsMax = Math.max(this.#lateMsMax, lateMs);
    this.#missed += Math.floor(lateMs / job.intervalMs);
    this.#running++;
    this.#started++;
    job.state = "running";
    this.#start(job);
  }
}
