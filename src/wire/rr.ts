/**
 * A resource record, as zones and messages hold it.
 *
 * @module
 */
import type { Name } from "./name.ts";

/** One record of class IN. */
export interface RR {
  readonly owner: Name;
  /** 1 to 65535; see RRType. */
  readonly type: number;
  /** In seconds, 0 to 2^31 - 1 (RFC 2181 section 8). */
  readonly ttl: number;
  /** Wire form, names in it uncompressed. */
  readonly rdata: Uint8Array;
}
