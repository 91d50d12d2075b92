/**
 * Place data, compiled from MMDB files into sorted arrays in shared memory.
 *
 * @module
 */
export interface PlaceData {
  readonly sources: readonly PlaceSource[];
}

/** A file that place data was compiled from. */
export interface PlaceSource {
  readonly file: string;
}
