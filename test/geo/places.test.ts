import { describe, expect, test } from "vitest";
import { CLOUD_REGIONS } from "../../src/geo/cloud-regions.ts";
import type { Coordinates } from "../../src/geo/coordinates.ts";
import { distanceKm } from "../../src/geo/distance.ts";
import { allCountries } from "../../src/geo/place-codes.ts";
import { findPlace, placeOfCountry, subdivisionFault } from "../../src/geo/places.ts";
import { readText } from "../repo/tree.ts";

function placeOf(text: string): Coordinates {
  const place = findPlace(text);
  if ("fault" in place) throw new Error(place.fault);
  return place;
}

describe("findPlace()", () => {
  // Coordinates as gazetteers have them.
  test.each([
    ["DUB", 53.42, -6.27, 5],
    ["JFK", 40.64, -73.78, 5],
    ["SYD", -33.95, 151.18, 5],
    ["IE", 53.35, -6.26, 30],
    ["JP", 35.18, 136.91, 100],
    ["CL", -33.45, -70.67, 50],
    ["US-CA", 34.05, -118.24, 60],
    ["GB-SCT", 55.9, -3.8, 60],
    ["DE-BY", 48.4, 11.6, 60],
    ["CN-BJ", 39.9, 116.4, 20],
    ["RU-MOW", 55.75, 37.62, 20],
    ["aws:eu-west-1", 53.35, -6.26, 30],
    ["aws:us-west-2", 45.84, -119.7, 10],
    ["gcp:europe-west1", 50.47, 3.86, 10],
    ["azure:westeurope", 52.37, 4.9, 50],
    ["fly:fra", 50.03, 8.56, 10],
    ["hetzner:fsn1", 50.48, 12.36, 10],
    ["oci:ap-tokyo-1", 35.68, 139.69, 30],
  ])("finds %s", (name, latitude, longitude, kmMax) => {
    expect(distanceKm(placeOf(name), { latitude, longitude })).toBeLessThan(kmMax);
  });

  test("does not mind case", () => {
    expect(placeOf("dub")).toEqual(placeOf("DUB"));
    expect(placeOf("us-ca")).toEqual(placeOf("US-CA"));
    expect(placeOf("AWS:EU-West-1")).toEqual(placeOf("aws:eu-west-1"));
  });

  test.each([
    ["DUV", /^"DUV" is no airport that is known; did you mean DUB, /],
    ["DBU", /; did you mean BDU, DUB or DBA\?$/],
    ["uk", /^"UK" is no country that is known; did you mean GB\?$/],
    ["Germany", /^"Germany" is no place that is known; did you mean DE\?$/],
    ["ZZ", /^"ZZ" is no country that is known; did you mean Z[AMW], /],
    ["US-CC", /^"US-CC" is no subdivision that is known; did you mean US-CA, /],
    ["aws:eu-wets-1", /^"aws:eu-wets-1" is no region of aws that is known; did you mean aws:eu-west-1, /],
    ["asw:eu-west-1", /^"asw" is no cloud provider that is known; did you mean aws:\?$/],
    ["nowhere:x", /^"nowhere" is no cloud provider that is known; known are aws, gcp, azure, /],
    ["toString:x", /^"tostring" is no cloud provider that is known/],
    ["aws:", /^"aws:" is no region of aws that is known; /],
    ["eu-west-1", /^"eu-west-1" is no place that is known; did you mean aws:eu-west-1\?$/],
    [
      "Dublin",
      /^"Dublin" is no place that is known; a place is an airport \(DUB\), .* or \[latitude, longitude\]$/,
    ],
    ["", /^"" is no place that is known; a place is /],
    ["IS-AKU", /^nobody told where "IS-AKU" is; give \[latitude, longitude\]$/],
  ])("says what is wrong with %s", (name, fault) => {
    expect(findPlace(name)).toEqual({ fault: expect.stringMatching(fault) });
  });

  test("finds every region of every provider, on Earth and by an airport that is known", () => {
    for (const [provider, text] of Object.entries(CLOUD_REGIONS)) {
      const words = text.split(/\s+/);
      expect(words.length % 2, provider).toBe(0);
      const names = words.filter((_, i) => i % 2 === 0);
      expect(new Set(names).size, provider).toBe(names.length);
      for (const name of names) {
        const { latitude, longitude } = placeOf(`${provider}:${name}`);
        expect(Math.abs(latitude), name).toBeLessThanOrEqual(90);
        expect(Math.abs(longitude), name).toBeLessThanOrEqual(180);
      }
    }
  });
});

test("placeOfCountry() knows where the people of every country are", () => {
  for (const country of allCountries()) expect(placeOfCountry(country), country).toBeDefined();
  expect(placeOfCountry("ZZ")).toBeUndefined();
});

test("subdivisionFault() takes all that ISO 3166-2 has, whether their place is known or not", () => {
  expect(subdivisionFault("US-CA")).toBeUndefined();
  expect(subdivisionFault("is-aku")).toBeUndefined();
  expect(subdivisionFault("US-QQ")).toMatch(/no subdivision that is known; did you mean US-/);
});

test("places.json holds places on Earth, each code once, in at most 400 kB", () => {
  const text = readText("src/geo/data/places.json");
  expect(text.length).toBeLessThan(400_000);
  const file = JSON.parse(text) as Record<string, string[]>;
  for (const kind of ["airports", "countries", "subdivisions"]) {
    const words = file[kind]!.flatMap((line) => line.split(" "));
    expect(words.length % 3).toBe(0);
    const codes = words.filter((_, i) => i % 3 === 0);
    expect(new Set(codes).size, kind).toBe(codes.length);
    for (let i = 0; i < words.length; i += 3) {
      expect(words[i]).toMatch(/^[A-Z]{2,3}$|^[A-Z]{2}-[A-Z0-9]{1,3}$/);
      expect(Math.abs(Number(words[i + 1])), words[i]).toBeLessThanOrEqual(90);
      expect(Math.abs(Number(words[i + 2])), words[i]).toBeLessThanOrEqual(180);
    }
  }
});
