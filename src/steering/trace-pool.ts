/**
 * Writes the trace of a choice, from the state that the choice reads. Called only when a trace
 * was asked for; choose.ts decides, this file puts it into words.
 *
 * @module
 */
import { formatAddress } from "../lib/address.ts";
import { formatName } from "../wire/name.ts";
import type { Picks } from "./choose.ts";
import type { Member, Pool } from "./pool.ts";
import { familyState, isMemberUp, isMemberUpFor } from "./standing.ts";
import { Standing } from "./standing-status.ts";
import type { Candidates, SteerRequest, Step } from "./step.ts";
import type { ChoiceTrace, MemberTrace, PoolTrace, StepTrace } from "./trace.ts";

export function traceChoice(pool: PoolTrace, request: SteerRequest, picks: Picks): ChoiceTrace {
  const answers = [];
  for (let i = 0; i < picks.count; i++) {
    const member = picks.members[i]!;
    answers.push({ member: member.name, answer: answerOf(member, request.family) });
  }
  return {
    asked: request.family === 4 ? "A" : "AAAA",
    pool,
    outcome: picks.outcome,
    degraded: picks.degraded,
    scopePrefixLength: picks.scopePrefixLength,
    lookedAt: picks.scopePrefixLength === 0 ? null : request.client.network.format(picks.scopePrefixLength),
    answers,
  };
}

export function tracePool(pool: Pool, request: SteerRequest): PoolTrace {
  const { state } = pool;
  return {
    pool: pool.id,
    isUp: state.isUp,
    membersUp: state.membersUp,
    minUp: pool.minUp,
    answersMax: pool.answers,
    policy: pool.steps.map((step) => step.type),
    verdict: verdictOf(pool, request.family),
    mode: modeOf(pool, request.family),
    members: pool.members.map((member, index) => traceMember(pool, member, index, request)),
    steps: [],
    kept: [],
    lastResort: null,
  };
}

export function traceStepBegin(step: Step, candidates: Candidates): StepTrace {
  const considered = namesOf(candidates);
  return {
    step: step.type,
    options: step.options,
    considered,
    kept: considered,
    dropped: [],
    numbers: [],
    draws: [],
    scopePrefixLength: 0,
    why: [],
  };
}

/** `scopeBefore`: how much of the client's prefix was looked at when the step began. */
export function traceStepEnd(
  trace: StepTrace,
  candidates: Candidates,
  pool: PoolTrace,
  request: SteerRequest,
  scopeBefore: number,
): void {
  trace.kept = namesOf(candidates);
  const { scopePrefixLength } = request.client.network;
  if (scopePrefixLength > scopeBefore) trace.scopePrefixLength = scopePrefixLength;
  pool.steps.push(trace);
}

export function tracePassedOver(trace: PoolTrace, member: Member, why: string): void {
  trace.kept.push({ member: member.name, added: [], passedOver: why, pool: null });
}

/** `before`: how many picks there were when the member's turn came. */
export function traceKept(
  trace: PoolTrace,
  member: Member,
  request: SteerRequest,
  picks: Picks,
  before: number,
  pool: PoolTrace | null,
): void {
  const added: string[] = [];
  for (let i = before; i < picks.count; i++) added.push(answerOf(picks.members[i]!, request.family));
  const passedOver = added.length > 0 ? "" : "nothing that it chose can stand beside the rest of the answer";
  trace.kept.push({ member: member.name, added, passedOver, pool });
}

function modeOf(pool: Pool, family: 4 | 6): PoolTrace["mode"] {
  if (!familyState(pool, family).isDown) return "normal";
  if (pool.whenDown === "open") return "fail-open";
  return pool.whenDown === "closed" ? "closed" : "last-resort";
}

function verdictOf(pool: Pool, family: 4 | 6): string {
  const { state } = pool;
  const health = `${state.membersUp} of ${pool.members.length} members are up, min-up is ${pool.minUp}`;
  const asked = family === 4 ? "IPv4" : "IPv6";
  const { count, isDown } = familyState(pool, family);
  const empty = count === 0;
  if (!isDown) return empty ? `up: ${health}; none that stands gives ${asked}, so NODATA` : `up: ${health}`;
  const down = state.isUp ? `down for ${asked}: ${health}, none of them for ${asked}` : `down: ${health}`;
  if (pool.whenDown === "closed") return `${down}; when-down is closed, so NODATA`;
  if (pool.whenDown !== "open") return `${down}; last resort is pool ${pool.whenDown.id}`;
  const open = `${down}; FAIL-OPEN, as if all enabled members were up`;
  return empty ? `${open}, and none of them gives ${asked}, so NODATA` : open;
}

function traceMember(pool: Pool, member: Member, index: number, request: SteerRequest): MemberTrace {
  const status = familyState(pool, request.family).status[index]!;
  const isUp = isMemberUp(member, request.live);
  return {
    member: member.name,
    kind: member.pool !== null ? "pool" : member.target !== null ? "target" : "endpoint",
    answers: answersOf(member),
    enabled: member.enabled,
    health: isUp ? "up" : "down",
    weight: member.weight,
    stands: status === Standing.Stands,
    why: whyOf(member, status, request),
  };
}

function whyOf(member: Member, status: number, { live, family }: SteerRequest): string {
  const asked = family === 4 ? "IPv4" : "IPv6";
  const down = isMemberUp(member, live) ? `down for ${asked}` : "down";
  switch (status) {
    case Standing.Disabled:
      return "disabled";
    case Standing.Down:
      return down;
    case Standing.NoAddress:
      return `has no ${asked} address`;
    case Standing.GivesNothing:
      return `pool ${member.pool!.id} gives nothing for ${asked}`;
    default:
      return isMemberUpFor(member, live, family) ? "stands" : `stands though ${down}: fail-open`;
  }
}

function answersOf(member: Member): string[] {
  if (member.pool !== null) return [member.pool.id];
  if (member.target !== null) return [formatName(member.target)];
  return [member.ipv4, member.ipv6].filter((address) => address !== null).map(formatAddress);
}

function answerOf(member: Member, family: 4 | 6): string {
  if (member.target !== null) return formatName(member.target);
  return formatAddress((family === 4 ? member.ipv4 : member.ipv6)!);
}

function namesOf(candidates: Candidates): string[] {
  return Array.from({ length: candidates.count }, (_, place) => candidates.nameAt(place));
}
