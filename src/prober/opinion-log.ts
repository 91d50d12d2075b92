/**
 * What a prober logs of its endpoints: each change of an opinion, certificates that are about to expire, checks that it could
 * not run. Not more than some lines a second, for a data centre that goes down takes thousands of endpoints with it.
 *
 * @module
 */
import type { Logger } from "pino";
import type { EndpointState } from "../health/prober-verdict.ts";

/** Lines in a stretch of time; the rest is summed up in one. */
const LINES_MAX = 20;
const STRETCH_MS = 10_000;

export class OpinionLog {
  readonly #log: Logger;
  readonly #nowMs: () => number;
  #beganMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #left = { down: 0, up: 0, others: 0 };

  /** `nowMs` is monotonic. */
  constructor(log: Logger, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  changed(endpoint: string, before: EndpointState, after: EndpointState): void {
    const { state, reason, failures } = after;
    // One prober's word is no alarm: nodes warn of verdicts. That an endpoint is up as it should be is no news.
    const level = state !== "down" && before.state === "unknown" ? "debug" : "info";
    if (!this.#log.isLevelEnabled(level)) return;
    if (!this.#mayLog()) {
      this.#left[state === "down" ? "down" : "up"]++;
      return;
    }
    const fields = { endpoint, was: before.state, ...(state === "down" ? { reason, failures } : {}) };
    this.#log[level](fields, `this prober sees the endpoint ${state}`);
  }

  warned(endpoint: string, warning: string): void {
    if (this.#mayLog())
      this.#log.warn({ endpoint, warning }, "this prober sees the endpoint up, with a warning");
    else this.#left.others++;
  }

  notRun(endpoint: string, reason: string): void {
    if (this.#mayLog()) this.#log.warn({ endpoint, reason }, "a check could not be run, and does not count");
    else this.#left.others++;
  }

  /** Says how many were not logged, when there are some. Called every now and then. */
  sumUp(): void {
    if (this.#nowMs() - this.#beganMs < STRETCH_MS) return;
    const left = this.#left;
    this.#lines = 0;
    if (left.down + left.up + left.others === 0) return;
    this.#left = { down: 0, up: 0, others: 0 };
    this.#log.warn(left, "more endpoints changed than are logged one by one");
  }

  #mayLog(): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - this.#beganMs >= STRETCH_MS) {
      this.sumUp();
      this.#beganMs = nowMs;
      this.#lines = 0;
    }
    return this.#lines++ < LINES_MAX;
  }
}
