import { expect, test } from "vitest";
import { distanceKm, distanceOfChord, EARTH_RADIUS_KM, unitVector } from "../../src/geo/distance.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { haversineKm, randomPlace } from "./oracle.ts";

const QUARTER = (EARTH_RADIUS_KM * Math.PI) / 2;

test.each([
  ["a pole to the equator", 90, 0, 0, 77, QUARTER],
  ["pole to pole", 90, 0, -90, 0, 2 * QUARTER],
  ["the pole, by two longitudes", 90, 10, 90, -170, 0],
  ["across the pole", 89, 0, 89, 180, QUARTER / 45],
  ["across the antimeridian", 0, 179.5, 0, -179.5, QUARTER / 90],
  ["the antimeridian, by its two names", 12, 180, 12, -180, 0],
  ["antipodes", 37, 15, -37, -165, 2 * QUARTER],
  ["a place to itself", 51.5, -0.1, 51.5, -0.1, 0],
])("distanceKm() is right for %s", (_, latitude, longitude, toLatitude, toLongitude, km) => {
  const distance = distanceKm({ latitude, longitude }, { latitude: toLatitude, longitude: toLongitude });
  expect(Math.abs(distance - km)).toBeLessThan(0.001);
});

test("distanceKm() and distanceOfChord() agree with the haversine on 10,000 random pairs", () => {
  const seed = 20261121;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 10_000; i++) {
    const [a, b] = [randomPlace(random), randomPlace(random)];
    const expected = haversineKm(a, b);
    expect(Math.abs(distanceKm(a, b) - expected), `seed ${seed}, pair ${i}`).toBeLessThan(0.001);
    const [x, y, z] = unitVector(a);
    const [u, v, w] = unitVector(b);
    const chord = 2 - 2 * (x * u + y * v + z * w);
    expect(Math.abs(distanceOfChord(Math.max(0, chord)) - expected), `seed ${seed}`).toBeLessThan(0.2);
  }
});
