/**
 * One run of a check: its clock, its time limit, what must be given up when it is over, and the one result.
 *
 *   runAttempt() ─► begin(attempt) ─► phase, timings … ─► succeed() or fail()
 *                                        │ limit, signal ─► fail()
 *                                        ▼
 *                                 what onEnd() was told, then the promise
 *
 * The first end counts and all later ones do nothing, so events that come after it need no care.
 *
 * @module
 */
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { AgentReport, CheckOptions, CheckResult } from "./check.ts";
import { sayMs, sayReason } from "./words.ts";

type Limits = Pick<MonitorDocument, "timeoutMs" | "slowMs">;

export class Attempt {
  /** What is being waited for: begins the sentence when time runs out. */
  phase = "connect";
  connectMs: number | null = null;
  tlsMs: number | null = null;
  firstByteMs: number | null = null;
  agent: AgentReport | null = null;
  daysToExpiry: number | null = null;
  /** Added to what a time-out says. */
  progress: (() => string) | undefined;
  readonly warnings: string[] = [];
  /** Null unless it is wanted. */
  readonly detail: Record<string, unknown> | null;
  readonly #limits: Limits;
  readonly #signal: AbortSignal;
  readonly #settle: (result: CheckResult) => void;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #cleanups: (() => void)[] = [];
  #phaseStartedMs = this.#startedMs;
  #isOver = false;

  constructor(limits: Limits, options: CheckOptions, settle: (result: CheckResult) => void) {
    this.#limits = limits;
    this.#signal = options.signal;
    this.#settle = settle;
    this.detail = options.detailed ? {} : null;
    this.#timer = setTimeout(() => this.#timeOut(), limits.timeoutMs);
    watch(this.#signal, this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Called when the attempt is over; at once when it is. */
  onEnd(cleanup: () => void): void {
    if (this.#isOver) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** Ends a phase and begins the next; answers how long the ended one took. */
  next(phase: string): number {
    const now = performance.now();
    const ms = round(now - this.#phaseStartedMs);
    this.#phaseStartedMs = now;
    this.phase = phase;
    return ms;
  }

  /** The first octet of the reply came, which counts once. */
  replied(phase: string): void {
    if (this.firstByteMs === null) this.firstByteMs = this.next(phase);
  }

  succeed(): void {
    const { slowMs } = this.#limits;
    const totalMs = this.#elapsedMs();
    const isSlow = slowMs !== undefined && totalMs > slowMs;
    // Rounded up, so that it never reads as if it had not been too slow.
    this.#end(isSlow ? `answered in ${Math.ceil(totalMs)} ms, slow is ${sayMs(slowMs)}` : "");
  }

  /** `reason` is in words, not empty; it is cut to what a reason may have. */
  fail(reason: string): void {
    this.#end(sayReason(reason));
  }

  cancel(): void {
    this.fail("the check was cancelled");
  }

  /** What a step throws (a header that no request may have) is a failure like any other. */
  guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fail(`the check could not run: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #timeOut(): void {
    // After the poll for input: what came while this process was busy with something else still counts.
    setImmediate(() => {
      const progress = this.progress?.() ?? "";
      this.fail(
        `${this.phase} timed out after ${sayMs(this.#limits.timeoutMs)}${progress === "" ? "" : `; ${progress}`}`,
      );
    });
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    unwatch(this.#signal, this);
    this.#settle({
      ok: reason === "",
      reason,
      timings: {
        resolveMs: null,
        connectMs: this.connectMs,
        tlsMs: this.tlsMs,
        firstByteMs: this.firstByteMs,
        totalMs: this.#elapsedMs(),
      },
      agent: this.agent,
      daysToExpiry: this.daysToExpiry,
      warnings: this.warnings.map(sayReason),
      detail: this.detail,
    });
    for (const cleanup of this.#cleanups) cleanup();
  }

  #elapsedMs(): number {
    return round(performance.now() - this.#startedMs);
  }
}

/** Runs `begin` with a new attempt; what it throws is a failure like any other. */
export function runAttempt(
  limits: Limits,
  options: CheckOptions,
  begin: (attempt: Attempt) => void,
): Promise<CheckResult> {
  return new Promise((resolve) => {
    const attempt = new Attempt(limits, options, resolve);
    if (options.signal.aborted) {
      attempt.cancel();
      return;
    }
    attempt.guard(() => begin(attempt));
  });
}

/** Microseconds are as fine as these clocks are. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** One listener for each signal: a prober gives all of its checks the same, and taking one of thousands off is slow. */
const watched = new WeakMap<AbortSignal, Set<Attempt>>();

function watch(signal: AbortSignal, attempt: Attempt): void {
  let attempts = watched.get(signal);
  if (attempts === undefined) {
    const all = new Set<Attempt>();
    watched.set(signal, all);
    signal.addEventListener("abort", () => {
      for (const one of all) one.cancel();
    });
    attempts = all;
  }
  attempts.add(attempt);
}

function unwatch(signal: AbortSignal, attempt: Attempt): void {
  watched.get(signal)?.delete(attempt);
}
