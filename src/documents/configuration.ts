/**
 * A configuration: all documents together, checked as a whole and normalised. Every default
 * is filled in, every name and address is in wire form, every reference leads somewhere.
 *
 * A zone is here as the image that queries read, and not as records: a million of those as objects
 * take a gigabyte, as images some 120 MB. Who wants records reads them from the files
 * again (`keepData` of parseDocuments()).
 *
 * Made by joinDocuments(), never changed. A zone that a reload did not change is the very
 * object of the configuration before, so "unchanged" is a comparison of identities; so is a
 * monitor whose file did not change, and a pool without pools among its members.
 *
 * @module
 */
import type { Coordinates } from "../geo/coordinates.ts";
import type { MaxOut } from "../health/max-out.ts";
import type { PoolSpec } from "../steering/spec.ts";
import type { Name } from "../wire/name.ts";
import type { ZoneImage } from "../zone/zone-image.ts";
import type { MonitorText } from "./schema.ts";
import type { ZoneTable } from "./zone-table.ts";

export interface Configuration {
  readonly zones: ZoneTable;
  readonly pools: ReadonlyMap<string, PoolDocument>;
  readonly monitors: ReadonlyMap<string, MonitorDocument>;
}

export interface ZoneDocument {
  /** The apex as the document spells it. */
  readonly id: string;
  readonly apex: Name;
  /** What queries read, in shared memory. */
  readonly image: ZoneImage;
  /** A made SOA has a serial of ours, which grows with each change; a given one is kept as it is. */
  readonly soa: "made" | "given";
  /** Of the SOA in the image. */
  readonly serial: number;
  /** Equal exactly when the data is, octet by octet and in its order; a made serial does not count. */
  readonly digest: string;
}

export interface PoolDocument extends PoolSpec {
  /** The region whose probers and round-trip times speak for the members. */
  readonly region?: string;
  /** Where the members stand. */
  readonly location?: Coordinates;
  /** Id of a monitor. */
  readonly monitor?: string;
  /** How long a member that comes back takes to get all of its weight; absent = no time. */
  readonly warmUpMs?: number;
  /** How many members checks may take out at once; absent = all. */
  readonly maxOut?: MaxOut;
  /** Whether a node believes its own region before the quorum; absent = the quorum. */
  readonly healthView?: "quorum" | "region";
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
