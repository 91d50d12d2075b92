/**
 * What documents say about pools, normalised: every default filled in, addresses and names
 * parsed, ids checked. Documents make these; compilePools() turns them into what queries read.
 *
 * @module
 */
import type { Coordinates } from "../geo/coordinates.ts";
import type { ServedPlace } from "../geo/served-place.ts";
import type { Name } from "../wire/name.ts";

export interface PoolSpec {
  readonly id: string;
  /** In the order written, which `failover` follows and which settles ties. */
  readonly members: readonly MemberSpec[];
  /** The chain, in order. An empty one keeps the members as they are written. */
  readonly policy: readonly StepSpec[];
  /** Members kept for one answer, 1 to 8. */
  readonly answers: number;
  /** Members that must be up for the pool to be up. 0 counts as 1. */
  readonly minUp: number;
  readonly whenDown: "open" | "closed" | { readonly pool: string };
}

export interface StepSpec {
  readonly type: string;
  /** Valid against the optionsSchema of the step's type. */
  readonly options: Readonly<Record<string, unknown>>;
}

export type MemberSpec = EndpointSpec | TargetSpec | PoolMemberSpec;

interface MemberCommon {
  /** Unique in its pool. */
  readonly name: string;
  /** 0 or more; up to 2^24 keeps every draw exact. */
  readonly weight: number;
  readonly enabled: boolean;
  /** Whose clients it serves, for `geo`; empty = not said. */
  readonly serves: readonly ServedPlace[];
  /** Where it stands, for `proximity`; of a member that is a pool, where that pool says. Null = not said. */
  readonly location: Coordinates | null;
  /** −99 to 99, as Route 53 has it, for `proximity`. */
  readonly bias: number;
  /** Whose round-trip times speak for it, for `latency`. Null = not said. */
  readonly region: string | null;
  /** For `load`; null = not said. */
  readonly capacity: Capacity | null;
}

/** How much a member can carry, in any unit, and from when on it sheds. */
export interface Capacity {
  /** What it carries while nothing else was reported. */
  readonly load: number;
  /** Above 0. */
  readonly capacity: number;
  /** Parts of the capacity, 0 to 1 and above: where traffic starts to leave, and where all of it has left. `low` < `high`. */
  readonly low: number;
  readonly high: number;
}

/** Answered as addresses; at least one of the two is there. */
export interface EndpointSpec extends MemberCommon {
  readonly kind: "endpoint";
  readonly ipv4: Uint8Array | null;
  readonly ipv6: Uint8Array | null;
}

/** Answered as CNAME. */
export interface TargetSpec extends MemberCommon {
  readonly kind: "target";
  readonly target: Name;
}

export interface PoolMemberSpec extends MemberCommon {
  readonly kind: "pool";
  readonly pool: string;
}
