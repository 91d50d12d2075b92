/**
 * Chooses what a steered name answers: from a pool down through its steps to endpoints.
 *
 *   pool up?  ── yes ─────────────► members that stand ─► steps ─► the first `answers`
 *             └─ no, when-down open ► all enabled members ─┘           │ address: an answer
 *                closed ► nothing                                      │ pool: its own choice
 *                POOL   ► that pool's choice                           │ target: a CNAME, alone
 *
 * Runs for every steered query: allocates nothing unless a trace is asked for, and reads no
 * clock. Pools have their own scratch space, so a choice may nest but not run twice at a time
 * in one thread.
 *
 * @module
 */
import type { Name } from "../wire/name.ts";
import { lock, recall, unlock } from "./memory.ts";
import type { Member, Pool } from "./pool.ts";
import { familyState, refresh } from "./standing.ts";
import type { SteerRequest } from "./step.ts";
import type { PoolTrace, Trace } from "./trace.ts";
import {
  traceChoice,
  traceKept,
  tracePassedOver,
  tracePool,
  traceStepBegin,
  traceStepEnd,
} from "./trace-pool.ts";

export type { SteerRequest } from "./step.ts";

/** Addresses in one answer: more than eight help no client and cost every packet. */
const PICKS_MAX = 8;

/** The memory of steps that remember nothing. */
const NOTHING = new Float64Array(0);

/** What was chosen. Made once for each thread and overwritten by each choice. */
export class Picks {
  count = 0;
  /** The first `count` are endpoints with an address of the asked family, or one target; then null. */
  readonly members: (Member | null)[] = new Array<Member | null>(PICKS_MAX).fill(null);
  /** Answered as CNAME; then it is the only pick. */
  target: Name | null = null;
  outcome: "answer" | "nodata" = "nodata";
  /** A pool on the way was down: it failed open, or its last resort was asked. */
  degraded = false;
  /** The longest prefix of the client that the choice looked at. 0 = none. */
  scopePrefixLength = 0;
}

/** Overwrites `picks` with what `pool` gives for this request now. */
export function choose(pool: Pool, request: SteerRequest, picks: Picks, trace: Trace | null): void {
  const countBefore = picks.count;
  picks.count = 0;
  picks.target = null;
  picks.degraded = false;
  request.draws.begin(pool.state.candidates);
  // A plain read, which is cheaper; what has changed is worked out after an atomic one, so
  // that it sees all that was written before the version grew.
  let version = request.live.version[0]!;
  if (pool.state.version !== version) version = Atomics.load(request.live.version, 0);
  const top = trace === null ? null : expand(pool, request, version, picks, true);
  if (trace === null) expand(pool, request, version, picks, false);
  picks.outcome = picks.count > 0 ? "answer" : "nodata";
  picks.scopePrefixLength = request.client.network.scopePrefixLength;
  // A member left behind would keep a replaced snapshot in memory.
  for (let i = picks.count; i < countBefore; i++) picks.members[i] = null;
  if (trace !== null) trace.choices.push(traceChoice(top!, request, picks));
}

/** Adds what this pool gives to the picks. The trace of it, when asked for. */
function expand(
  pool: Pool,
  request: SteerRequest,
  version: number,
  picks: Picks,
  traced: boolean,
): PoolTrace | null {
  const { state } = pool;
  if (state.version !== version || state.live !== request.live) refresh(pool, request.live, version);
  const trace = traced ? tracePool(pool, request) : null;
  if (familyState(pool, request.family).isDown) {
    if (pool.whenDown === "closed") return trace;
    picks.degraded = true;
    if (pool.whenDown !== "open") {
      const lastResort = expand(pool.whenDown, request, version, picks, traced);
      if (trace !== null) trace.lastResort = lastResort;
      return trace;
    }
  }
  if (runSteps(pool, request, trace)) keep(pool, request, version, picks, trace);
  return trace;
}

/** Puts the members that stand through the steps. False when none stands. */
function runSteps(pool: Pool, request: SteerRequest, trace: PoolTrace | null): boolean {
  const { candidates } = pool.state;
  const state = familyState(pool, request.family);
  const { standing, count } = state;
  if (count === 0) return false;
  for (let place = 0; place < count; place++) candidates.indexes[place] = standing[place]!;
  candidates.count = count;
  candidates.weights = candidates.fullWeights;
  const { steps } = pool;
  const last = steps.length - 1;
  for (let i = 0; i <= last; i++) {
    const step = steps[i]!;
    // Steps after this one may drop whom it puts first, so only the last one may order less than all.
    candidates.isLast = i === last;
    candidates.wanted = i === last ? pool.answers : candidates.count;
    candidates.step = i;
    const stepTrace = trace === null ? null : traceStepBegin(step, candidates);
    const scopeBefore = request.client.network.scopePrefixLength;
    const region = state.memory[i]!;
    if (region === null) step.run(candidates, request, NOTHING, stepTrace);
    else {
      lock(request.live, pool.number);
      try {
        step.run(candidates, request, recall(region, state.mark), stepTrace);
      } finally {
        unlock(request.live, pool.number);
      }
    }
    if (trace !== null) traceStepEnd(stepTrace!, candidates, trace, request, scopeBefore);
  }
  return true;
}

/** Takes the first `answers` candidates into the picks; what cannot stand beside them is passed over. */
function keep(
  pool: Pool,
  request: SteerRequest,
  version: number,
  picks: Picks,
  trace: PoolTrace | null,
): void {
  const { candidates } = pool.state;
  const kept = Math.min(pool.answers, candidates.count);
  for (let place = 0; place < kept; place++) {
    const member = pool.members[candidates.indexes[place]!]!;
    const before = picks.count;
    if (before === PICKS_MAX) {
      if (trace !== null)
        tracePassedOver(trace, member, `the answer has ${PICKS_MAX} addresses, the most there are`);
    } else if (picks.target !== null) {
      if (trace !== null) tracePassedOver(trace, member, "the answer is a CNAME, which stands alone");
    } else if (member.pool !== null) {
      const inner = expand(member.pool, request, version, picks, trace !== null);
      if (trace !== null) traceKept(trace, member, request, picks, before, inner);
    } else if (member.target !== null && before > 0) {
      if (trace !== null)
        tracePassedOver(trace, member, "a CNAME cannot stand beside the addresses already chosen");
    } else if (isPicked(member, request.family, picks)) {
      if (trace !== null) tracePassedOver(trace, member, "its address is in the answer already");
    } else {
      picks.members[picks.count++] = member;
      picks.target = member.target;
      if (trace !== null) traceKept(trace, member, request, picks, before, null);
    }
  }
}

/** Is the member's address picked already? An RRset holds no RR twice (RFC 2181 section 5). */
function isPicked(member: Member, family: 4 | 6, picks: Picks): boolean {
  for (let i = 0; i < picks.count; i++) {
    const other = picks.members[i]!;
    if (other === member) return true;
    const mine = (family === 4 ? member.ipv4 : member.ipv6)!;
    const theirs = (family === 4 ? other.ipv4 : other.ipv6)!;
    let same = 0;
    while (same < mine.length && mine[same] === theirs[same]) same++;
    if (same === mine.length) return true;
  }
  return false;
}
