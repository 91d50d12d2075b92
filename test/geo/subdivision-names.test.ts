import { expect, test } from "vitest";
import { subdivisionFault } from "../../src/geo/places.ts";
import { allNamedSubdivisions, subdivisionNamed } from "../../src/geo/subdivision-names.ts";

test("subdivisionNamed() gives codes that ISO 3166-2 has", () => {
  const codes = [...allNamedSubdivisions()];
  for (const code of codes) expect(subdivisionFault(code), code).toBeUndefined();
  const counts = Object.fromEntries(
    ["AU", "BR", "CA", "DE", "GB", "US"].map((country) => [
      country,
      new Set(codes.filter((code) => code.startsWith(country))).size,
    ]),
  );
  expect(counts).toEqual({ AU: 8, BR: 27, CA: 13, DE: 16, GB: 4, US: 51 });
});

test.each([
  ["US", "California", "US-CA"],
  ["US", "NEW YORK", "US-NY"],
  ["CA", "Québec", "CA-QC"],
  ["DE", "Baden-Württemberg", "DE-BW"],
  ["US", "Ontario", undefined],
  ["FR", "Île-de-France", undefined],
  ["US", "", undefined],
])("subdivisionNamed() knows in %s %s: %s", (country, name, code) => {
  expect(subdivisionNamed(country, name)).toBe(code);
});
