/**
 * The great-circle distance worked out another way, and random places that are often special.
 *
 * @module
 */

import type { Coordinates } from "../../src/geo/coordinates.ts";
import { EARTH_RADIUS_KM } from "../../src/geo/distance.ts";
import { type Random, randomBelow } from "../../src/lib/random.ts";

/** By the haversine, in the form that keeps its digits near antipodes too. */
export function haversineKm(a: Coordinates, b: Coordinates): number {
  const radians = Math.PI / 180;
  const byLatitude = Math.sin(((b.latitude - a.latitude) * radians) / 2) ** 2;
  const byLongitude = Math.sin(((b.longitude - a.longitude) * radians) / 2) ** 2;
  const haversine =
    byLatitude + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * byLongitude;
  return 2 * EARTH_RADIUS_KM * Math.atan2(Math.sqrt(haversine), Math.sqrt(Math.max(0, 1 - haversine)));
}

const SPECIAL: readonly Coordinates[] = [
  { latitude: 90, longitude: 0 },
  { latitude: -90, longitude: 45 },
  { latitude: 0, longitude: 180 },
  { latitude: 0, longitude: -180 },
  { latitude: 10, longitude: 179.9999 },
  { latitude: 10, longitude: -179.9999 },
  { latitude: 0, longitude: 0 },
];

/** Anywhere; one in ten at a pole, at the antimeridian, or where both axes cross. */
export function randomPlace(random: Random): Coordinates {
  if (randomBelow(random, 10) === 0) return SPECIAL[randomBelow(random, SPECIAL.length)]!;
  return {
    latitude: (randomBelow(random, 180_001) - 90_000) / 1000,
    longitude: (randomBelow(random, 360_001) - 180_000) / 1000,
  };
}
