/**
 * A configuration: all documents together, checked as a whole and normalised. Every default
 * is filled in, every name and address is in wire form, every reference leads somewhere.
 *
 * Made by parseDocuments(), never changed. A zone that a reload did not change is the very
 * object of the configuration before, so "unchanged" is a comparison of identities.
 *
 * @module
 */
import type { PoolSpec } from "../steering/spec.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import type { MonitorText } from "./schema.ts";

export interface Configuration {
  /** By nameKey() of the apex. */
  readonly zones: ReadonlyMap<string, ZoneDocument>;
  readonly pools: ReadonlyMap<string, PoolDocument>;
  readonly monitors: ReadonlyMap<string, MonitorDocument>;
}

export interface ZoneDocument extends ZoneData {
  /** The apex as the document spells it. */
  readonly id: string;
  /** A made SOA has a serial of ours, which grows with each change; a given one is kept as it is. */
  readonly soa: "made" | "given";
}

export interface PoolDocument extends PoolSpec {
  /** The region whose probers and round-trip times speak for the members. */
  readonly region?: string;
  /** Degrees, or a name that later steps look up. */
  readonly location?: Coordinates | string;
  /** Id of a monitor. */
  readonly monitor?: string;
}

export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

export interface MonitorDocument {
  readonly id: string;
  readonly type: MonitorText["type"];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures until a prober says down. */
  readonly downAfter: number;
  /** Consecutive successes until a prober says up. */
  readonly upAfter: number;
  /** After this long a first failure is tried again. */
  readonly recheckMs: number;
  /** Regions that must agree. */
  readonly quorum: "majority" | "any" | "all" | number;
  /** A success that takes longer counts as a failure. */
  readonly slowMs?: number;
  /** Measured and shown, without consequences. */
  readonly observe: boolean;
  /** What is particular to the type, as the document has it. */
  readonly check: MonitorText;
}
