import { expect, test } from "vitest";
import { countryCalled, nameOfCountry } from "../../src/geo/country-names.ts";
import { allCountries } from "../../src/geo/place-codes.ts";

test("nameOfCountry() has a name for every country, and countryCalled() finds it by that", () => {
  for (const code of allCountries()) {
    const name = nameOfCountry(code);
    expect(name, code).not.toBe(code);
    expect(countryCalled(name), name).toBe(code);
    expect(countryCalled(name.toLowerCase()), name).toBe(code);
  }
});

test.each([
  ["Brasil", "BR"],
  ["uk", "GB"],
  ["Germani", "DE"],
  ["DE", undefined],
  ["USA", undefined],
  ["everywhere", undefined],
  ["", undefined],
])("countryCalled() knows who %s is: %s", (text, code) => {
  expect(countryCalled(text)).toBe(code);
});
