/**
 * The latency table: round-trip times between client networks and regions, in shared memory.
 *
 * @module
 */
export interface LatencyTable {
  /** By column. */
  readonly regions: readonly string[];
}
