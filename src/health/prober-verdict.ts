/**
 * What one prober makes of its own checks of one endpoint.
 *
 *   unknown ── 1 success ──────────────► up ── down-after failures ──► down
 *      └────── down-after failures ──────────────────────────────────►  │
 *                                        up ◄── up-after successes ─────┘
 *
 * A failure is checked again after `recheck`, and not only after the interval, until it is known whether it was a mishap. So
 * with `interval: 10s, down-after: 3, recheck: 1s` an endpoint is down 2 s after its first failed check.
 *
 * The state lives as long as the prober checks the endpoint. It is plain data and never changed in place.
 *
 * @module
 */
import { type AgentReport, cleanReason, type Opinion, type OpinionState } from "./opinion.ts";

export interface CheckRules {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures until down. */
  readonly downAfter: number;
  /** Consecutive successes until up. */
  readonly upAfter: number;
  readonly recheckMs: number;
  /** A success that takes longer is a failure; null = none is too slow. */
  readonly slowMs: number | null;
}

export interface CheckOutcome {
  readonly ok: boolean;
  /** "" when ok. */
  readonly reason: string;
  /** How long the check took. */
  readonly ms: number;
  readonly agent?: AgentReport | null;
  readonly daysToExpiry?: number | null;
}

/** As the fields of Opinion; `checkedMs` is null before the first check. */
export interface EndpointState {
  readonly state: OpinionState;
  readonly sinceMs: number;
  readonly checkedMs: number | null;
  readonly firstFailureMs: number | null;
  readonly failures: number;
  readonly successes: number;
  readonly reason: string;
  readonly responseMs: number | null;
  readonly agent: AgentReport | null;
  readonly daysToExpiry: number | null;
}

/** Of an endpoint that was never checked. */
export function beginEndpoint(nowMs: number): EndpointState {
  return {
    state: "unknown",
    sinceMs: nowMs,
    checkedMs: null,
    firstFailureMs: null,
    failures: 0,
    successes: 0,
    reason: "",
    responseMs: null,
    agent: null,
    daysToExpiry: null,
  };
}

/** The state after one more check, which ended at `nowMs`, and in how many ms the next one is due. */
export function applyResult(
  before: EndpointState,
  result: CheckOutcome,
  rules: CheckRules,
  nowMs: number,
): EndpointState & { readonly nextCheckInMs: number } {
  const isSlow = result.ok && rules.slowMs !== null && result.ms > rules.slowMs;
  const isGood = result.ok && !isSlow;
  const failures = isGood ? 0 : before.failures + 1;
  const successes = isGood ? before.successes + 1 : 0;
  const state = nextState(before.state, failures, successes, rules);
  const isDoubted = failures > 0 && state !== "down";
  return {
    state,
    sinceMs: state === before.state ? before.sinceMs : nowMs,
    checkedMs: nowMs,
    firstFailureMs: isGood ? null : (before.firstFailureMs ?? nowMs),
    failures,
    successes,
    reason: isGood ? "" : cleanReason(isSlow ? slowReason(result.ms, rules.slowMs!) : result.reason),
    responseMs: isGood ? result.ms : before.responseMs,
    agent: mergeAgent(before.agent, result.agent ?? null),
    daysToExpiry: result.daysToExpiry ?? before.daysToExpiry,
    nextCheckInMs: isDoubted ? rules.recheckMs : rules.intervalMs,
  };
}

function nextState(
  state: OpinionState,
  failures: number,
  successes: number,
  rules: CheckRules,
): OpinionState {
  if (failures >= rules.downAfter) return "down";
  if (successes >= (state === "down" ? rules.upAfter : 1)) return "up";
  return state;
}

/** As HAProxy has it: what a report does not say stays as it was. A check that fails says nothing. */
function mergeAgent(before: AgentReport | null, now: AgentReport | null): AgentReport | null {
  if (now === null || before === null) return now ?? before;
  return { weightPercent: now.weightPercent ?? before.weightPercent, state: now.state ?? before.state };
}

function slowReason(ms: number, slowMs: number): string {
  return `answered after ${Math.round(ms)} ms, slower than ${slowMs} ms`;
}

/** Who says it, and when in the row of what he says. */
export type OpinionHead = Pick<Opinion, "endpoint" | "prober" | "region" | "epoch" | "sequence">;

/** What is published of a state. An endpoint that was never checked gives an opinion that counts for nothing. */
export function opinionOf(state: EndpointState, head: OpinionHead): Opinion {
  const { sinceMs, firstFailureMs, failures, reason, responseMs, agent, daysToExpiry } = state;
  return {
    ...head,
    state: state.state,
    sinceMs,
    checkedMs: state.checkedMs ?? sinceMs,
    firstFailureMs,
    failures,
    reason,
    responseMs,
    agent,
    daysToExpiry,
  };
}

/** Must the change be published at once? Otherwise the next batch of numbers is soon enough. */
export function isUrgent(before: EndpointState, after: EndpointState): boolean {
  return (
    before.state !== after.state ||
    before.failures > 0 !== after.failures > 0 ||
    before.agent?.weightPercent !== after.agent?.weightPercent ||
    before.agent?.state !== after.agent?.state
  );
}
