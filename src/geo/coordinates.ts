/**
 * A place on Earth.
 *
 * @module
 */

/** Degrees: latitude −90 to 90, longitude −180 to 180. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}
