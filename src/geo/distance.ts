/**
 * Distances on a globe, through unit vectors: no place is special, neither the antimeridian nor the poles.
 *
 *   x towards 0° N 0° E, y towards 0° N 90° E, z towards the North Pole
 *
 * The Earth is a sphere here. It is flatter than that, which makes distances wrong by 0.5 % at most: less than
 * what is known of where clients are.
 *
 * @module
 */
import type { Coordinates } from "./coordinates.ts";

/** Mean radius R1 of the GRS 80 ellipsoid (Moritz, 2000). */
export const EARTH_RADIUS_KM = 6371.0088;

const RADIANS = Math.PI / 180;

export type UnitVector = readonly [x: number, y: number, z: number];

/** From the Earth's centre to a place, with length 1. */
export function unitVector({ latitude, longitude }: Coordinates): UnitVector {
  const parallel = Math.cos(latitude * RADIANS);
  return [
    parallel * Math.cos(longitude * RADIANS),
    parallel * Math.sin(longitude * RADIANS),
    Math.sin(latitude * RADIANS),
  ];
}

/**
 * The great-circle distance in km of two unit vectors, by the square of the chord between them. A chord keeps its
 * digits where places are near; the arc cosine of a dot product is off by 0.1 km there.
 */
export function distanceOfChord(chordSquared: number): number {
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(chordSquared) / 2));
}

/** Great-circle distance in km. */
export function distanceKm(a: Coordinates, b: Coordinates): number {
  const [x, y, z] = unitVector(a);
  const [u, v, w] = unitVector(b);
  return distanceOfChord((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2);
}
