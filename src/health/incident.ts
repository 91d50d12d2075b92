/**
 * Incidents: the stopwatch of each failure.
 *
 *   first failure ─► verdict ─► published ─► applied on each node ─► caches drained        … ─► closed
 *
 * One opens when a verdict turns down, and closes when it turns up again. Its id follows from the endpoint and the moment of the
 * verdict. Nodes that heard the regions in another order may see that moment some ms apart, so ids of one endpoint that are nearly
 * of one moment mean one incident, and what nodes know of it can be put together. The log is bounded: the
 * oldest closed ones go first. It is as the API shows it, in JSON; load() takes that again after a start.
 *
 * @module
 */
import { hashText } from "../lib/hash.ts";
import { type DrainCurve, drainCurve } from "./drain.ts";
import { endpointParts } from "./opinion.ts";
import type { RegionView, Verdict } from "./verdict.ts";

/** All times are ms since 1970 of the clock that all share; null = not yet, or not known. */
export interface Incident {
  readonly id: string;
  readonly endpoint: string;
  readonly monitor: string;
  readonly address: string;
  /** `connect timed out after 2 s from us-east, eu-west; HTTP 503 from ap-south`, as it was when it opened. */
  readonly reason: string;
  /** What each region saw when it opened. */
  readonly evidence: readonly RegionEvidence[];
  readonly firstFailureMs: number | null;
  readonly verdictMs: number;
  /** When the verdict was handed to the nodes. */
  readonly publishedMs: number | null;
  /** When each node answered without it, by the node's name. */
  readonly applied: Readonly<Record<string, number>>;
  /** Counted from the last node that applied it; null while no answers with it are known. */
  readonly drain: DrainCurve | null;
  readonly closedMs: number | null;
}

export interface RegionEvidence {
  readonly region: string;
  readonly state: RegionView["state"];
  readonly sinceMs: number | null;
  readonly firstFailureMs: number | null;
  readonly reason: string;
}

export interface IncidentChange {
  readonly kind: "opened" | "closed";
  readonly incident: Incident;
}

/** A day of an endpoint that fails every few minutes, or a region with all that is in it. A thousand take some 2 MB. */
const INCIDENTS_MAX = 1000;
/** By how much moments of one incident may differ: what ways to Redis differ by. Two incidents of an endpoint have a check in between. */
const ONE_MOMENT_MS = 1000;

export class IncidentLog {
  readonly #max: number;
  /** In the order of their beginning, as they became known. */
  readonly #byId = new Map<string, Incident>();
  readonly #openByEndpoint = new Map<string, string>();
  /** By endpointOfId(). */
  readonly #latest = new Map<string, string>();

  constructor(max = INCIDENTS_MAX) {
    this.#max = max;
  }

  /** A verdict, which may be the one that is known. What it opened or closed. A stale one, or one of a cold start, is no news. */
  see(endpoint: string, verdict: Verdict, nowMs: number): IncidentChange | null {
    const open = this.#openByEndpoint.get(endpoint);
    if (verdict.stale || verdict.state === "unknown") return null;
    if (verdict.state === "down") {
      if (open !== undefined) return null;
      const incident = openIncident(endpoint, verdict, nowMs);
      this.#put(incident);
      return { kind: "opened", incident };
    }
    if (open === undefined) return null;
    const incident = this.#byId.get(open)!;
    return {
      kind: "closed",
      incident: this.#change(open, { closedMs: Math.max(incident.verdictMs, closeOf(verdict, nowMs)) })!,
    };
  }

  /** Nobody checks the endpoint any more: documents changed. */
  close(endpoint: string, nowMs: number): IncidentChange | null {
    const open = this.#openByEndpoint.get(endpoint);
    return open === undefined ? null : { kind: "closed", incident: this.#change(open, { closedMs: nowMs })! };
  }

  /** False for an incident that is not known, or not any more; so with all below. */
  published(id: string, atMs: number): boolean {
    const known = this.#byId.get(id);
    return known !== undefined && this.#change(id, { publishedMs: known.publishedMs ?? atMs }) !== undefined;
  }

  /** `id` may be the one that another node gives it. */
  applied(id: string, node: string, atMs: number): boolean {
    const known = this.#byId.get(id) ?? this.#sameAs(id);
    if (known === undefined) return false;
    // A node that starts again applies it again; the first time is what counts.
    const before = Object.hasOwn(known.applied, node) ? known.applied[node]! : atMs;
    this.#change(known.id, { applied: { ...known.applied, [node]: Math.min(before, atMs) } });
    return true;
  }

  /** Answers with the endpoint, by their TTL in seconds, over the time before it went out: see drainCurve(). */
  served(id: string, answersByTtl: ReadonlyMap<number, number>): boolean {
    return this.#change(id, { drain: drainCurve(answersByTtl) }) !== undefined;
  }

  get(id: string): Incident | undefined {
    return this.#byId.get(id);
  }

  /** The latest first. */
  list(): Incident[] {
    return [...this.#byId.values()].sort((a, b) => b.verdictMs - a.verdictMs || (a.id < b.id ? -1 : 1));
  }

  /** Takes over what list() gave before a start. What is known already stays as it is. */
  load(incidents: readonly Incident[]): void {
    const sorted = [...incidents].sort((a, b) => a.verdictMs - b.verdictMs);
    for (const incident of sorted) if (!this.#byId.has(incident.id)) this.#put(incident);
  }

  #put(incident: Incident): void {
    this.#byId.delete(incident.id);
    this.#byId.set(incident.id, incident);
    this.#latest.set(endpointOfId(incident.id), incident.id);
    if (incident.closedMs === null) this.#openByEndpoint.set(incident.endpoint, incident.id);
    if (this.#byId.size <= this.#max) return;
    const all = [...this.#byId.values()];
    const oldest = all.find(({ closedMs }) => closedMs !== null) ?? all[0]!;
    this.#byId.delete(oldest.id);
    const key = endpointOfId(oldest.id);
    if (this.#latest.get(key) === oldest.id) this.#latest.delete(key);
    if (this.#openByEndpoint.get(oldest.endpoint) === oldest.id) this.#openByEndpoint.delete(oldest.endpoint);
  }

  /** What another node calls by this id, where that is the latest of its endpoint. */
  #sameAs(id: string): Incident | undefined {
    const known = this.#byId.get(this.#latest.get(endpointOfId(id)) ?? "");
    const ms = momentOfId(id);
    return known !== undefined && Math.abs(known.verdictMs - ms) <= ONE_MOMENT_MS ? known : undefined;
  }

  #change(id: string, change: Partial<Incident>): Incident | undefined {
    const before = this.#byId.get(id);
    if (before === undefined) return undefined;
    const incident = { ...before, ...change };
    this.#byId.set(id, incident);
    if (incident.closedMs !== null && this.#openByEndpoint.get(incident.endpoint) === id) {
      this.#openByEndpoint.delete(incident.endpoint);
    }
    return incident;
  }
}

function openIncident(endpoint: string, verdict: Verdict, nowMs: number): Incident {
  const verdictMs = Math.min(nowMs, verdict.sinceMs ?? nowMs);
  return {
    id: incidentId(endpoint, verdictMs),
    endpoint,
    ...endpointParts(endpoint),
    reason: verdict.reason,
    evidence: verdict.regions.map(({ region, state, sinceMs, firstFailureMs, reason }) => ({
      region,
      state,
      sinceMs,
      firstFailureMs,
      reason,
    })),
    firstFailureMs: verdict.firstFailureMs,
    verdictMs,
    publishedMs: null,
    applied: {},
    drain: null,
    closedMs: null,
  };
}

/** The moment, readable and in the order of time, and 32 bits that tell endpoints apart: `20251121T105204123Z-1c9s3kd`. */
export function incidentId(endpoint: string, verdictMs: number): string {
  const moment = new Date(verdictMs).toISOString().replace(/[-:.]/g, "");
  return `${moment}-${hashText(endpoint).toString(36)}`;
}

/** The same for all incidents of an endpoint. */
export function endpointOfId(id: string): string {
  return id.slice(id.indexOf("-") + 1);
}

/** NaN for what is no id. */
function momentOfId(id: string): number {
  const pattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-.*$/s;
  return Date.parse(id.replace(pattern, "$1-$2-$3T$4:$5:$6.$7Z"));
}

function closeOf(verdict: Verdict, nowMs: number): number {
  return Math.min(nowMs, verdict.sinceMs ?? nowMs);
}
