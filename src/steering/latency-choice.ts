/**
 * What the step `latency` goes by in one choice; its trace is written from this.
 *
 * @module
 */
import type { RegionEstimates } from "../latency/estimates.ts";

/** Where an estimate is from, beside the levels of latency/lookup.ts. */
export const DISTANCE = 5;
export const NOTHING = 6;

export interface LatencyChoice {
  readonly estimates: RegionEstimates;
  /** By member: index of its region in `estimates`. */
  readonly regionOf: Int16Array;
  /** By member: ms, a level or DISTANCE or NOTHING, and km where it is a distance. */
  readonly times: Float64Array;
  readonly sources: Int8Array;
  readonly distances: Float64Array;
  readonly lowestMs: number;
  /** The time of who is first. */
  readonly chosenMs: number;
  /** The region that the nearest row has settled on, -1 = none; and its time. */
  readonly holder: number;
  readonly holderMs: number;
  /** Up to this time members stay; infinite where all do. */
  readonly limitMs: number;
}
