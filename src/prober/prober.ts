/**
 * A prober: checks the endpoints of the documents, time and again, and says what it holds of them.
 *
 *   documents ─► endpointsOf() ─► Scheduler ─► Check ─► applyResult() ─► opinion ─► ProberVoice: urgent or routine
 *                                     ▲                     │
 *                                     └── in nextCheckInMs ─┘
 *
 * An endpoint that a change of documents left alone keeps its state and its phase. One whose monitor changed keeps its
 * state and is checked anew soon: what another check finds is no reason to forget what was known.
 *
 * Times in opinions are of the clock that all share; waiting goes by a monotonic one. Where the shared clock is set, as when Redis
 * is reached for the first time, all times that were told are shifted, and told anew.
 *
 * Lives as long as the process. Nothing throws or waits, whatever endpoints or documents do.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { MonitorDocument } from "../documents/configuration.ts";
import type { Opinion } from "../health/opinion.ts";
import {
  applyResult,
  beginEndpoint,
  type CheckRules,
  type EndpointState,
  isUrgent,
  opinionOf,
} from "../health/prober-verdict.ts";
import { hashText } from "../lib/hash.ts";
import type { LiveExchange, ProberPresence, ProberVoice } from "../store/live/live-exchange.ts";
import type { Check, CheckResult } from "./checks/check.ts";
import { makeCheck } from "./checks/check-table.ts";
import { isOwnFault } from "./checks/words.ts";
import { type ProberClock, processClock } from "./clock.ts";
import { openFilesMax } from "./open-files.ts";
import { OpinionLog } from "./opinion-log.ts";
import { ALONE, phaseOf, type Rank, rankAmong, slotAfter } from "./phase.ts";
import { type Job, Scheduler, type SchedulerCounts, type SchedulerLimits } from "./scheduler.ts";
import { type EndpointSpec, endpointsOf, isSameToProbe, type ProbedDocuments } from "./targets.ts";

/**
 * A check costs some 0.3 ms of CPU, so this is more than a core can do. It is there so that a burst does not look like an attack.
 */
const STARTS_A_SECOND = 4000;
/**
 * Endpoints that do not answer hold a check for as long as its timeout: these are 800 a second, at 5 s each. No more than half
 * of the files that may be open, for a server has other uses for them.
 */
const RUNNING_MAX = 4000;
/** Some monitors check one address in several ways. */
const RUNNING_PER_ADDRESS = 8;
/** First checks of endpoints that are new, and of those whose monitor changed. */
const FIRST_CHECKS_A_SECOND = 1000;
/**
 * So much of the interval is at least between two checks, so that a clock that is set by milliseconds does not make two of
 * one. After a recheck the way to the next turn can be shorter than an interval, and by this it can be longer.
 */
const GAP = 0.25;
/** Changes of documents are taken up no more often: each costs a walk over all endpoints. */
const USE_INTERVAL_MS = 250;
/** A clock that is followed may be set by some ms at any time; by more than this it was a wrong one before. */
const CLOCK_STEP_MS = 2000;
/** How often the clocks are compared, and how long it takes at most until lines that were left out are summed up. */
const LOOK_INTERVAL_MS = 1000;

export interface ProberOptions {
  readonly exchange: LiveExchange;
  readonly name: string;
  readonly region: string;
  readonly version: string;
  readonly log: Logger;
  readonly limits?: Partial<SchedulerLimits>;
  /** Monotonic, for waiting. */
  readonly clock?: ProberClock;
  readonly makeCheck?: (monitor: MonitorDocument) => Check;
}

export interface ProberReport extends SchedulerCounts {
  readonly name: string;
  readonly region: string;
  readonly epoch: number;
  readonly endpoints: number;
  readonly rank: Rank;
  /** Checks that ended, by what they found. */
  readonly passed: number;
  readonly failed: number;
  /** Checks that this machine could not run. */
  readonly notRun: number;
}

/** A monitor, ready to be run. */
interface Runnable {
  readonly document: MonitorDocument;
  readonly rules: CheckRules;
  readonly check: Check;
}

interface Endpoint extends Job {
  readonly key: string;
  spec: EndpointSpec;
  runnable: Runnable;
  verdict: EndpointState;
  startedMs: number;
  /** The warnings of the last check, as one text. */
  warning: string;
  isGone: boolean;
  /** It has an opinion that others know. */
  hasSpoken: boolean;
}

export class Prober {
  readonly #exchange: LiveExchange;
  readonly #self: { readonly name: string; readonly region: string; readonly version: string };
  readonly #log: Logger;
  readonly #opinionLog: OpinionLog;
  readonly #clock: ProberClock;
  readonly #makeCheck: (monitor: MonitorDocument) => Check;
  readonly #scheduler: Scheduler<Endpoint>;
  readonly #abort = new AbortController();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #following: Promise<() => Promise<void>>;
  #runnables: ReadonlyMap<string, Runnable> = new Map();
  #documents: ProbedDocuments = { pools: new Map(), monitors: new Map() };
  #newest: ProbedDocuments | undefined;
  #usedMs = Number.NEGATIVE_INFINITY;
  readonly #voice: ProberVoice;
  readonly #epoch: number;
  #sequence = 0;
  #rank = ALONE;
  /** Shared time less monotonic time. */
  #offsetMs: number;
  #passed = 0;
  #failed = 0;
  #notRun = 0;
  #cancelUse: () => void = () => {};
  #cancelLook: () => void = () => {};
  #isStopped = false;

  constructor(options: ProberOptions) {
    const { exchange, name, region, version, log, limits, clock = processClock } = options;
    this.#exchange = exchange;
    this.#self = { name, region, version };
    this.#log = log;
    this.#clock = clock;
    this.#opinionLog = new OpinionLog(log, () => clock.nowMs());
    this.#makeCheck = options.makeCheck ?? makeCheck;
    const all = {
      running: Math.min(RUNNING_MAX, Math.floor(openFilesMax() / 2)),
      starts: STARTS_A_SECOND,
      runningPerAddress: RUNNING_PER_ADDRESS,
      ...limits,
    };
    this.#scheduler = new Scheduler(clock, all, (endpoint) => void this.#check(endpoint));
    this.#offsetMs = exchange.nowMs() - clock.nowMs();
    this.#epoch = this.#sharedMs();
    this.#voice = exchange.speakAs({ ...this.#self, epoch: this.#epoch });
    this.#following = exchange.follow({ probers: (probers) => this.#meet(probers) });
    this.#following.catch((error: unknown) => {
      log.warn({ err: error }, "other probers of the region are not known; all check at the same times");
    });
    this.#lookLater();
  }

  /** Checks the endpoints of these documents from now on; changes that come fast are taken up together. */
  use(documents: ProbedDocuments): void {
    if (this.#isStopped) return;
    const isWaiting = this.#newest !== undefined;
    this.#newest = documents;
    if (isWaiting) return;
    const atMs = this.#usedMs + USE_INTERVAL_MS;
    if (atMs <= this.#clock.nowMs()) this.#useNewest();
    else this.#cancelUse = this.#clock.wakeAt(atMs, () => this.#useNewest());
  }

  /** Ends all checks, and says goodbye. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#scheduler.stop();
    this.#cancelUse();
    this.#cancelLook();
    this.#abort.abort();
    // Both may fail only when the others are away, and then they find out by themselves.
    await Promise.allSettled([this.#following.then((unfollow) => unfollow()), this.#voice.close()]);
  }

  /** Begins to look for the latest start anew. */
  readReport(): ProberReport {
    const { name, region } = this.#self;
    return {
      name,
      region,
      epoch: this.#epoch,
      endpoints: this.#endpoints.size,
      rank: this.#rank,
      passed: this.#passed,
      failed: this.#failed,
      notRun: this.#notRun,
      ...this.#scheduler.readCounts(),
    };
  }

  #useNewest(): void {
    const documents = this.#newest!;
    this.#newest = undefined;
    this.#usedMs = this.#clock.nowMs();
    if (isSameToProbe(this.#documents, documents)) return;
    this.#documents = documents;
    this.#runnables = this.#runnablesOf(documents);
    const specs = endpointsOf(documents);
    for (const [key, endpoint] of this.#endpoints) if (!specs.has(key)) this.#withdraw(endpoint);
    const anew: Endpoint[] = [];
    for (const spec of specs.values()) {
      const runnable = this.#runnables.get(spec.monitor.id);
      const endpoint = this.#endpoints.get(spec.key);
      if (runnable === undefined) {
        if (endpoint !== undefined) this.#withdraw(endpoint);
      } else if (endpoint === undefined) {
        anew.push(this.#begin(spec, runnable));
      } else if (endpoint.runnable !== runnable) {
        endpoint.spec = spec;
        endpoint.runnable = runnable;
        anew.push(endpoint);
      }
    }
    this.#checkSoon(anew);
    const [endpoints, monitors] = [this.#endpoints.size, this.#runnables.size];
    this.#log.info({ endpoints, monitors, new: anew.length }, "checking endpoints");
  }

  /** Those of monitors that are as they were are the same objects. */
  #runnablesOf({ monitors }: ProbedDocuments): Map<string, Runnable> {
    const runnables = new Map<string, Runnable>();
    for (const [id, document] of monitors) {
      const before = this.#runnables.get(id);
      if (before !== undefined && isDeepStrictEqual(before.document, document)) {
        runnables.set(id, before);
        continue;
      }
      try {
        const { slowMs = null } = document;
        runnables.set(id, { document, rules: { ...document, slowMs }, check: this.#makeCheck(document) });
      } catch (error) {
        // Documents are checked for what checks can be made of. Who answers queries must not end because that has a hole.
        this.#log.error({ err: error, monitor: id }, "a monitor cannot be run by a fault of ours");
      }
    }
    return runnables;
  }

  #begin(spec: EndpointSpec, runnable: Runnable): Endpoint {
    const endpoint: Endpoint = {
      key: spec.key,
      spec,
      runnable,
      address: spec.target.address,
      get intervalMs() {
        return this.runnable.rules.intervalMs;
      },
      state: "idle",
      dueMs: 0,
      heapIndex: -1,
      verdict: beginEndpoint(this.#sharedMs()),
      startedMs: 0,
      warning: "",
      isGone: false,
      hasSpoken: false,
    };
    this.#endpoints.set(spec.key, endpoint);
    return endpoint;
  }

  /**
   * Spread by their hashes over as long as so many take; where that is an interval, at their turns. One whose check runs comes
   * after that.
   */
  #checkSoon(endpoints: readonly Endpoint[]): void {
    const spreadMs = (endpoints.length * 1000) / FIRST_CHECKS_A_SECOND;
    const nowMs = this.#clock.nowMs();
    for (const endpoint of endpoints) {
      if (endpoint.state === "running") continue;
      this.#scheduler.drop(endpoint);
      const soonMs = nowMs + (spreadMs * hashText(endpoint.key)) / 0x1_0000_0000;
      const isLong = spreadMs >= endpoint.intervalMs;
      this.#scheduler.add(endpoint, isLong ? this.#slotAfter(endpoint, nowMs) : soonMs);
    }
  }

  #withdraw(endpoint: Endpoint): void {
    endpoint.isGone = true;
    this.#endpoints.delete(endpoint.key);
    if (endpoint.state !== "running") this.#scheduler.drop(endpoint);
    if (endpoint.hasSpoken) this.#voice.withdraw(endpoint.key);
  }

  async #check(endpoint: Endpoint): Promise<void> {
    const { runnable, spec } = endpoint;
    endpoint.startedMs = this.#clock.nowMs();
    let result: CheckResult | undefined;
    try {
      result = await runnable.check.run(spec.target, { signal: this.#abort.signal, detailed: false });
    } catch (error) {
      this.#log.error({ err: error, endpoint: endpoint.key }, "a check failed by a fault of ours");
    }
    if (this.#isStopped) return;
    if (endpoint.isGone) this.#scheduler.drop(endpoint);
    // Of a monitor that is none any more.
    else if (endpoint.runnable !== runnable) this.#scheduler.done(endpoint, this.#clock.nowMs());
    else this.#scheduler.done(endpoint, this.#judge(endpoint, result));
  }

  /** What the result changes; answers when the next check is due. */
  #judge(endpoint: Endpoint, result: CheckResult | undefined): number {
    const { key, verdict: before, runnable } = endpoint;
    if (result === undefined || isOwnFault(result.reason)) {
      this.#notRun++;
      const reason = result?.reason ?? "a fault of the prober";
      this.#opinionLog.notRun(key, reason);
      // Nobody else's opinion is touched by this one, and people see why there is none.
      if (before.state === "unknown") this.#say(endpoint, { ...before, reason }, false);
      return this.#nextTurn(endpoint);
    }
    const { ok, reason, timings, agent, daysToExpiry } = result;
    const outcome = { ok, reason, ms: timings.totalMs, agent, daysToExpiry };
    const after = applyResult(before, outcome, runnable.rules, this.#sharedMs());
    endpoint.verdict = after;
    if (after.failures === 0) this.#passed++;
    else this.#failed++;
    this.#say(endpoint, after, isUrgent(before, after));
    if (before.state !== after.state) this.#opinionLog.changed(key, before, after);
    this.#noteWarnings(endpoint, result.warnings);
    return after.nextCheckInMs < runnable.rules.intervalMs
      ? this.#clock.nowMs() + after.nextCheckInMs
      : this.#nextTurn(endpoint);
  }

  #say(endpoint: Endpoint, state: EndpointState, isNews: boolean): void {
    endpoint.hasSpoken = true;
    const opinion = this.#opinion(endpoint.key, state);
    if (isNews) this.#voice.urgent(opinion);
    else this.#voice.routine(opinion);
  }

  #opinion(endpoint: string, state: EndpointState): Opinion {
    const { name, region } = this.#self;
    return opinionOf(state, {
      endpoint,
      prober: name,
      region,
      epoch: this.#epoch,
      sequence: ++this.#sequence,
    });
  }

  #noteWarnings(endpoint: Endpoint, warnings: readonly string[]): void {
    const warning = warnings.join("; ");
    if (warning !== "" && warning !== endpoint.warning) this.#opinionLog.warned(endpoint.key, warning);
    endpoint.warning = warning;
  }

  /** For opinions: whole ms are as fine as clocks of several machines are. */
  #sharedMs(): number {
    return Math.round(this.#exchange.nowMs());
  }

  #nextTurn(endpoint: Endpoint): number {
    const { startedMs, intervalMs } = endpoint;
    return Math.max(this.#slotAfter(endpoint, startedMs + GAP * intervalMs), this.#clock.nowMs());
  }

  /** Both by the monotonic clock. */
  #slotAfter({ key, intervalMs }: Endpoint, afterMs: number): number {
    const offsetMs = this.#exchange.nowMs() - this.#clock.nowMs();
    return slotAfter(afterMs + offsetMs, intervalMs, phaseOf(key, this.#rank)) - offsetMs;
  }

  #meet(probers: readonly ProberPresence[]): void {
    const rank = rankAmong(this.#self, probers);
    if (rank.index === this.#rank.index && rank.count === this.#rank.count) return;
    this.#rank = rank;
    this.#log.debug({ region: this.#self.region, ...rank }, "place among the probers of the region");
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.wakeAt(this.#clock.nowMs() + LOOK_INTERVAL_MS, () => {
      this.#opinionLog.sumUp();
      this.#followClock();
      this.#lookLater();
    });
  }

  #followClock(): void {
    const offsetMs = this.#exchange.nowMs() - this.#clock.nowMs();
    const byMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (Math.abs(byMs) < CLOCK_STEP_MS) return;
    this.#log.info({ byMs: Math.round(byMs) }, "the clock of all was set; opinions are told anew by it");
    for (const endpoint of this.#endpoints.values()) {
      endpoint.verdict = shifted(endpoint.verdict, byMs);
      if (endpoint.hasSpoken) this.#say(endpoint, endpoint.verdict, true);
    }
  }
}

function shifted(state: EndpointState, byMs: number): EndpointState {
  const { sinceMs, checkedMs, firstFailureMs } = state;
  return {
    ...state,
    sinceMs: Math.max(0, sinceMs + byMs),
    checkedMs: checkedMs === null ? null : Math.max(0, checkedMs + byMs),
    firstFailureMs: firstFailureMs === null ? null : Math.max(0, firstFailureMs + byMs),
  };
}
