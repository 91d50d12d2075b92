import { describe, expect, test } from "vitest";
import {
  allContinents,
  allCountries,
  continentCode,
  continentOf,
  countryCode,
  countryOfSubdivision,
  formatContinent,
  formatCountry,
  formatSubdivision,
  subdivisionCode,
} from "../../src/geo/place-codes.ts";
import { formatServedPlace, parseServedPlace } from "../../src/geo/served-place.ts";

describe("place codes", () => {
  test("countryCode() and formatCountry() are each other's opposite, for 250 countries", () => {
    const countries = allCountries();
    expect(countries).toHaveLength(250); // ISO 3166-1 has 249, and place data have Kosovo
    expect(new Set(countries.map(countryCode)).size).toBe(250);
    for (const country of countries) {
      expect(formatCountry(countryCode(country))).toBe(country);
      expect(countryCode(country.toLowerCase())).toBe(countryCode(country));
      expect(allContinents()).toContain(formatContinent(continentOf(countryCode(country))));
    }
  });

  test.each(["", "F", "FRA", "XX", "EU", "UK", "1F", "F1", "@@", "  "])(
    "countryCode() is 0 for %j",
    (text) => {
      expect(countryCode(text)).toBe(0);
    },
  );

  test.each(["US-CA", "GB-ENG", "FR-75", "RU-MOW", "AD-02", "AU-ACT", "JP-13", "ZW-HA"])(
    "subdivisionCode() and formatSubdivision() are each other's opposite for %s",
    (text) => {
      expect(formatSubdivision(subdivisionCode(text))).toBe(text);
      expect(formatCountry(countryOfSubdivision(subdivisionCode(text)))).toBe(text.slice(0, 2));
    },
  );

  test("subdivisionCode() tells codes apart that differ by a 0 in front, and knows no others than codes", () => {
    const codes = ["AD-2", "AD-02", "AD-002", "AD-20", "AD-A", "AD-0A"].map(subdivisionCode);
    expect(new Set(codes).size).toBe(codes.length);
    for (const text of ["US", "US-", "US-ABCD", "XX-CA", "US-C A", "California"])
      expect(subdivisionCode(text)).toBe(0);
  });

  test("continentOf() says where a country is", () => {
    for (const [country, continent] of Object.entries({
      FR: "europe",
      US: "north-america",
      BR: "south-america",
      NA: "africa",
      JP: "asia",
      AS: "oceania",
      AQ: "antarctica",
    })) {
      expect(`${country} ${formatContinent(continentOf(countryCode(country)))}`).toBe(
        `${country} ${continent}`,
      );
    }
    expect(continentOf(0)).toBe(0);
    expect(continentCode("continent:NA")).toBe(continentCode("north-america"));
  });
});

describe("parseServedPlace()", () => {
  test.each([
    ["*", "*"],
    ["198.51.100.0/24", "198.51.100.0/24"],
    ["198.51.100.7", "198.51.100.7/32"],
    ["2001:DB8::/32", "2001:db8::/32"],
    ["AS64500", "AS64500"],
    ["as4294967295", "AS4294967295"],
    ["US-CA", "US-CA"],
    ["gb-eng", "GB-ENG"],
    ["fr", "FR"],
    ["NA", "NA"],
    ["AS", "AS"],
    ["europe", "europe"],
    ["continent:NA", "north-america"],
    ["North-America", "north-america"],
  ])("reads %s", (text, formatted) => {
    const place = parseServedPlace(text);
    expect("fault" in place ? place.fault : formatServedPlace(place)).toBe(formatted);
  });

  test("takes two letters for a country, also where a continent has them", () => {
    expect(parseServedPlace("NA")).toEqual({ kind: "country", code: countryCode("NA") });
    expect(parseServedPlace("continent:NA")).toMatchObject({ kind: "continent" });
  });

  test.each([
    ["UK", "did you mean GB?"],
    ["EU", "for the continent write europe"],
    ["FX", '"FX" is no country'],
    ["eurpoe", "did you mean europe?"],
    ["US-XX", '"US-XX" is no'],
    ["AS0", "their numbers are 1 to 4294967295"],
    ["AS4294967296", "their numbers are 1 to 4294967295"],
    ["AS99999999999", "their numbers are 1 to 4294967295"],
    ["Brasil", "did you mean BR?"],
    ["198.51.100.1/24", "it has bits beyond its length; did you mean 198.51.100.0/24?"],
    ["2001:db8::1/32", "did you mean 2001:db8::/32?"],
    ["198.51.100.0/33", "is no network"],
    ["everywhere", "wanted a country (FR)"],
    ["", "wanted a country (FR)"],
  ])("says what is wrong with %j", (text, hint) => {
    const place = parseServedPlace(text);
    expect("fault" in place ? place.fault : formatServedPlace(place)).toContain(hint);
  });
});
