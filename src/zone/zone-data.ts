/**
 * A zone as data: what a master file or a document says, before it is compiled. A plain bag
 * of records in the order they were written; nothing here has been checked but the syntax.
 *
 *   master file ─┐                    ┌─ checkZone: findings
 *   document ────┴─► ZoneData ────────┼─ compiler: the image that queries read
 *                                     └─ master file, document
 *
 * Lives as long as the configuration it is part of, and is never changed after it is made.
 *
 * @module
 */
import type { Name } from "../wire/name.ts";
import type { RR } from "../wire/rr.ts";

export interface ZoneData {
  readonly apex: Name;
  /** Every static record, SOA included; class is always IN. */
  readonly rrs: readonly RR[];
  /** Names whose A and AAAA (or CNAME) come from a pool. */
  readonly steered: readonly SteeredName[];
}

export interface SteeredName {
  readonly owner: Name;
  readonly pool: string;
  /** Seconds. */
  readonly ttl: number;
}
