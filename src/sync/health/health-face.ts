/**
 * What a node knows of the health of endpoints, members and pools, for who shows it: the API, metrics, explanations. Read at
 * each request, never kept. HealthFollower is one.
 *
 * All times are ms since 1970 of the clock that all share.
 *
 * @module
 */
import type { MemberEffect } from "../../health/effective.ts";
import type { ProberSight } from "../../health/health-fold.ts";
import type { Incident, IncidentChange } from "../../health/incident.ts";
import type { OpinionState } from "../../health/opinion.ts";
import type { Verdict } from "../../health/verdict.ts";
import type { GivenOrder, MemberKey } from "../../store/live/live-exchange.ts";

export interface HealthFace {
  /** Of the documents in use, in no order. Cheap, for who shows a page of them, or takes many in slices. */
  endpoints(filter?: EndpointFilter): string[];
  /** With its members, which takes a look at all of its pools. Undefined where it is in no document (any more). */
  endpoint(key: string): EndpointHealth | undefined;
  /** In words: some 5 µs. "unknown" where it is in no document (any more). */
  verdict(key: string): Verdict;
  /** How many there are of each verdict, without putting any into words. */
  counts(): Readonly<Record<OpinionState, number>>;
  /** Undefined where there is no pool with that id. */
  pool(id: string): PoolHealthView | undefined;
  /** Those that are heard of, by name. */
  probers(): ProberSight[];
  /** The latest first; `before` is the id of the last one that was seen. */
  incidents(limit: number, before?: string): Incident[];
  incident(id: string): Incident | undefined;
  /** What somebody should look at, in words: pools at max-out, regions in which no prober stands, suspects. */
  alarms(): string[];
  /** Since the newest check of which this node heard; null = it has not heard of any. */
  readonly ageMs: number | null;
  /** Since when the others cannot be reached; null = they can, or there are none. */
  readonly awaySinceMs: number | null;
  /** Called once for each batch of changes, on the main thread. Ends with the function that it returns. */
  onChange(listener: (changes: readonly HealthChange[]) => void): () => void;
}

export interface EndpointFilter {
  readonly pool?: string;
  readonly monitor?: string;
  readonly state?: OpinionState;
}

export interface EndpointHealth {
  /** As endpointKey() makes it. */
  readonly endpoint: string;
  readonly monitor: string;
  readonly address: string;
  readonly verdict: Verdict;
  /** Who has this address under this monitor. */
  readonly members: readonly MemberKey[];
}

export interface PoolHealthView {
  readonly pool: string;
  /** Null where nothing is checked. */
  readonly monitor: string | null;
  /** As answers take it, with pools that are members. */
  readonly isUp: boolean;
  readonly membersUp: number;
  readonly minUp: number;
  readonly alarms: readonly string[];
  /** In the order of the document, without those that are pools. */
  readonly members: readonly MemberHealth[];
}

/** What the member gets, and why. */
export interface MemberHealth extends MemberEffect {
  /** Its endpoints that are checked. */
  readonly endpoints: readonly EndpointHealth[];
  readonly order: GivenOrder | null;
  /** As reported; null = nothing was. */
  readonly load: number | null;
  /** Response time of its checks, smoothed, in ms; null = not measured. */
  readonly responseMs: number | null;
}

export type HealthChange =
  | {
      readonly kind: "verdict";
      readonly endpoint: string;
      readonly before: OpinionState;
      readonly verdict: Verdict;
      readonly atMs: number;
    }
  | { readonly kind: "incident"; readonly change: IncidentChange["kind"]; readonly incident: Incident }
  /** Members of a pool went in or out, by family. */
  | { readonly kind: "member"; readonly pool: string; readonly member: MemberEffect; readonly atMs: number }
  | { readonly kind: "alarms"; readonly alarms: readonly string[] };
