/**
 * Health as the API shows it: times as RFC 3339, in UTC. Reasons and names of probers come from strangers; they are data here, and
 * whoever puts them on a page escapes them.
 *
 * @module
 */
import type { ProberSight } from "../../health/health-fold.ts";
import type { Incident } from "../../health/incident.ts";
import type { RegionView, Verdict } from "../../health/verdict.ts";
import type { ProberPresence } from "../../store/live/live-exchange.ts";
import type { EndpointHealth, MemberHealth, PoolHealthView } from "../../sync/health/health-face.ts";
import type { LiveCopy, StandingOrder } from "./live-copy.ts";

/** Null stays null. */
export function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export interface ProberShown {
  readonly name: string;
  readonly region: string;
  /** Null where the exchange does not tell of it now. */
  readonly version: string | null;
  readonly startedAt: string | null;
  readonly heardAt: string | null;
  readonly checkedAt: string | null;
  /** Endpoints on which it has an opinion, and how many of them it sees down. */
  readonly seen: number;
  readonly down: number;
  /** Families of which it is not believed: `ipv6`. */
  readonly suspect: readonly string[];
  /** Another process uses its name. */
  readonly double: boolean;
}

export function showProber(
  { name, region, epoch, checkedMs, seen, down, suspect, isDouble }: ProberSight,
  presence: ProberPresence | undefined,
): ProberShown {
  return {
    name,
    region,
    version: presence?.version ?? null,
    startedAt: timeOf(epoch),
    heardAt: timeOf(presence?.heardMs ?? null),
    checkedAt: timeOf(checkedMs === 0 ? null : checkedMs),
    seen,
    down,
    suspect: suspect.map((family) => `ipv${family}`),
    double: isDouble,
  };
}

function showRegion({ sinceMs, firstFailureMs, ...view }: RegionView) {
  return { ...view, since: timeOf(sinceMs), firstFailureAt: timeOf(firstFailureMs) };
}

function showVerdict({ sinceMs, checkedMs, firstFailureMs, needed, heard, regions, ...verdict }: Verdict) {
  return {
    ...verdict,
    since: timeOf(sinceMs),
    checkedAt: timeOf(checkedMs),
    firstFailureAt: timeOf(firstFailureMs),
    regionsNeeded: needed,
    regionsHeard: heard,
    regions: regions.map(showRegion),
  };
}

export type EndpointShown = ReturnType<typeof showEndpoint>;

export function showEndpoint({ verdict, ...endpoint }: EndpointHealth) {
  return { ...endpoint, ...showVerdict(verdict) };
}

export type OrderShown = ReturnType<typeof showOrder>;

export function showOrder({ pool, member, kind, untilMs, by, reason, atMs }: StandingOrder) {
  return { pool, member, kind, until: timeOf(untilMs), reason, by, at: timeOf(atMs) };
}

export function showPool({ members, isUp, ...view }: PoolHealthView, copy: LiveCopy) {
  return { ...view, up: isUp, members: members.map((member) => showMember(view.pool, member, copy)) };
}

function showMember(pool: string, { endpoints, isUp, ...member }: MemberHealth, copy: LiveCopy) {
  const order = copy.orderOf({ pool, member: member.name });
  return {
    ...member,
    up: isUp,
    order: order === undefined ? null : showOrder(order),
    endpoints: endpoints.map(showEndpoint),
  };
}

export type IncidentShown = ReturnType<typeof summarizeIncident>;

/** An incident in the lines that a list has. */
export function summarizeIncident(incident: Incident) {
  const { id, endpoint, monitor, address, reason, firstFailureMs, verdictMs, closedMs } = incident;
  return {
    id,
    endpoint,
    monitor,
    address,
    reason,
    firstFailureAt: timeOf(firstFailureMs),
    verdictAt: timeOf(verdictMs),
    closedAt: timeOf(closedMs),
    phases: phasesOf(incident),
  };
}

export function showIncident(incident: Incident) {
  const { evidence, publishedMs, verdictMs, applied, drain } = incident;
  return {
    ...summarizeIncident(incident),
    publishedAt: timeOf(publishedMs),
    evidence: evidence.map(({ region, state, sinceMs, firstFailureMs, reason }) => {
      return { region, state, since: timeOf(sinceMs), firstFailureAt: timeOf(firstFailureMs), reason };
    }),
    applied: Object.entries(applied)
      .sort(([, a], [, b]) => a - b)
      .map(([node, ms]) => ({ node, at: timeOf(ms), afterMs: between(verdictMs, ms) })),
    drain,
  };
}

/**
 * The stopwatch, in ms, each phase from the end of the one before. Clocks of machines differ by some ms, so none is below 0. Null = not
 * yet, or not known.
 */
function phasesOf({ evidence, firstFailureMs, verdictMs, publishedMs, applied, drain, closedMs }: Incident) {
  const held = evidence.flatMap(({ state, sinceMs }) =>
    state === "down" && sinceMs !== null ? [sinceMs] : [],
  );
  const heldMs = held.length === 0 ? null : Math.min(...held);
  const times = Object.values(applied);
  const appliedMs = times.length === 0 ? null : Math.max(...times);
  return {
    detectMs: between(firstFailureMs, heldMs),
    confirmMs: between(heldMs, verdictMs),
    publishMs: between(verdictMs, publishedMs),
    applyMs: between(publishedMs ?? verdictMs, appliedMs),
    drainMs: drain === null ? null : drain.p99Ms,
    lastedMs: between(firstFailureMs ?? verdictMs, closedMs),
  };
}

function between(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : Math.max(0, Math.round(10 * (toMs - fromMs)) / 10);
}
