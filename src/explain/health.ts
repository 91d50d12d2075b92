/**
 * What is held of the members of a pool, and by whom, beside how it was answered. Only a running server knows; it says it as its
 * API does (GET /v1/pools/{pool}/health).
 *
 *   health of pool web, by monitor check
 *   ├─ a: out, down
 *   │  └─ 192.0.2.10 is down since 2026-11-21T10:52:04Z: connect timed out after 2 s from eu, us
 *   │     ├─ ap: up since 2026-11-20T09:00:00Z, 31 ms
 *   │     ├─ eu: down since 2026-11-21T10:52:04Z: connect timed out after 2 s
 *   │     └─ us: down since 2026-11-21T10:52:04Z: connect timed out after 2 s
 *   └─ b: in, with 50 % of its weight, warming up
 *      └─ 192.0.2.11 is up since 2026-11-21T10:50:11Z
 *
 * @module
 */
import { type Branch, branch, formatTree } from "../lib/tree.ts";

/** Times are as in RFC 3339; null = not known. */
export interface PoolHealthReport {
  readonly pool: string;
  /** Null where nothing is checked. */
  readonly monitor: string | null;
  readonly alarms: readonly string[];
  /** Empty where nothing is known, because no server was asked. */
  readonly members: readonly MemberHealthReport[];
}

interface MemberHealthReport {
  readonly name: string;
  readonly up: boolean;
  /** 0 to 1. */
  readonly weightPart: number;
  readonly notes: readonly string[];
  readonly endpoints: readonly EndpointHealthReport[];
}

interface EndpointHealthReport {
  readonly address: string;
  readonly state: string;
  readonly since: string | null;
  readonly reason: string;
  readonly regions: readonly RegionReport[];
}

interface RegionReport {
  readonly region: string;
  readonly state: string;
  readonly since: string | null;
  readonly reason: string;
  readonly responseMs: number | null;
}

/** Undefined where there is nothing to say of the pool. */
export type HealthOf = (pool: string) => PoolHealthReport | undefined;

/** Lines without a final newline; empty where there is nothing to say. */
export function formatHealth(reports: readonly PoolHealthReport[]): string {
  return reports.map((report) => formatTree(poolBranch(report))).join("\n\n");
}

function poolBranch({ pool, monitor, alarms, members }: PoolHealthReport): Branch {
  const by = monitor === null ? "" : `, by monitor ${monitor}`;
  if (members.length === 0)
    return branch(`health of pool ${pool}${by}: not known here; a running server knows (--url)`);
  return branch(`health of pool ${pool}${by}`, [
    ...alarms.map((alarm) => branch(`ALARM: ${alarm}`)),
    ...members.map(memberBranch),
  ]);
}

function memberBranch({ name, up, weightPart, notes, endpoints }: MemberHealthReport): Branch {
  const weight = up && weightPart < 1 ? [`with ${Math.round(100 * weightPart)} % of its weight`] : [];
  const said = [up ? "in" : "out", ...weight, ...notes].join(", ");
  return branch(`${name}: ${said}`, endpoints.map(endpointBranch));
}

function endpointBranch({ address, state, since, reason, regions }: EndpointHealthReport): Branch {
  return branch(`${address} is ${stateText(state, since, reason)}`, regions.map(regionBranch));
}

function regionBranch({ region, state, since, reason, responseMs }: RegionReport): Branch {
  const took = responseMs === null ? "" : `, ${Math.round(responseMs * 10) / 10} ms`;
  return branch(`${region}: ${stateText(state, since, reason)}${took}`);
}

function stateText(state: string, since: string | null, reason: string): string {
  const when = since === null ? "" : ` since ${since.replace(/\.\d+Z$/, "Z")}`;
  return `${state}${when}${reason === "" ? "" : `: ${reason}`}`;
}
