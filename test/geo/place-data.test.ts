import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CountryResponse, Reader } from "mmdb-lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatCountry, formatSubdivision } from "../../src/geo/place-codes.ts";
import { defaultPlaceFile, loadPlaceData, type PlaceData } from "../../src/geo/place-data.ts";
import { placeOfCountry } from "../../src/geo/places.ts";
import { formatAddress } from "../../src/lib/address.ts";
import { WindroseError } from "../../src/lib/errors.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { clientAt, PlaceFolder } from "./place-files.ts";

const SEED = 4_202_611;

const folder = new PlaceFolder();
afterAll(() => folder.remove());

function countryAt(data: PlaceData, address: string): string | null {
  return clientAt(data, address).describe().country;
}

describe("loadPlaceData() without files", () => {
  let data: PlaceData;
  beforeAll(() => {
    data = loadPlaceData([]);
  });

  test("has the countries of DB-IP Lite", () => {
    expect(data.sources).toMatchObject([{ file: defaultPlaceFile(), data: ["country"] }]);
    expect(data.sources[0]!.builtMs).toBeGreaterThan(Date.parse("2026-01-01"));
    expect(data.subdivision).toBeNull();
    expect(data.asNumber).toBeNull();
    expect(countryAt(data, "8.8.8.8")).toBe("US");
    expect(countryAt(data, "2a01:e00::1")).toBe("FR");
  });

  test("finds of random addresses what another reader finds", () => {
    const reader = new Reader<CountryResponse>(readFileSync(defaultPlaceFile()));
    const random = new SeededRandom(SEED);
    let known = 0;
    for (let i = 0; i < 10_000; i++) {
      const octets = Buffer.alloc(i % 2 === 0 ? 4 : 16);
      for (let at = 0; at < octets.length; at++) octets[at] = random.u32() & 0xff;
      if (i % 2 === 1) {
        octets[0] = 0x20 | (octets[0]! & 0x0f); // 2000::/4, where those are that were given out
        if (i % 4 === 1) octets[1] = octets[1]! & 0x1f;
      }
      const address = formatAddress(octets);
      const client = clientAt(data, address);
      if (client.network.specialLength() > 0 || (i % 2 === 1 && client.network.hasIPv4)) continue;
      const theirs = (reader.get(address) as unknown as { country_code?: string } | null)?.country_code ?? "";
      const ours = client.country();
      expect(`${address} ${ours === 0 ? "" : formatCountry(ours)}`, `seed ${SEED}`).toBe(
        `${address} ${theirs}`,
      );
      if (ours !== 0) known++;
    }
    expect(known).toBeGreaterThan(4000);
  });

  test("knows no country of private and other special networks, and of none of the forms of them in IPv6", () => {
    for (const address of [
      "10.1.2.3",
      "192.168.0.1",
      "100.64.0.1",
      "198.51.100.7",
      "127.0.0.1",
      "224.0.0.1",
      "::1",
      "fe80::1",
      "fd00::1",
      "2001:db8::1",
      "::ffff:10.1.2.3",
      "64:ff9b::192.168.0.1",
      "2002:a01:203::1",
    ]) {
      expect(`${address} ${countryAt(data, address)}`).toBe(`${address} null`);
    }
  });

  test("finds IPv4 addresses in IPv6 ones: mapped, NAT64, 6to4 and Teredo", () => {
    for (const address of [
      "::ffff:8.8.8.8",
      "64:ff9b::8.8.8.8",
      "2002:808:808::1",
      "2001:0:1:2:3:4:f7f7:f7f7",
    ]) {
      expect(`${address} ${countryAt(data, address)}`).toBe(`${address} US`);
    }
  });
});

describe("loadPlaceData()", () => {
  test("reads MaxMind's nested records", () => {
    const file = folder.write("nested.mmdb", {
      "9.0.0.0/8": {
        city: { names: { en: "Lyon" } },
        continent: { code: "EU" },
        country: { iso_code: "FR", names: { en: "France" } },
        registered_country: { iso_code: "DE" },
        location: { latitude: 45.75, longitude: 4.85 },
        subdivisions: [{ iso_code: "ARA" }, { iso_code: "69" }],
      },
      "11.0.0.0/8": { registered_country: { iso_code: "DE" } },
      "12.0.0.0/8": { autonomous_system_number: 64_500, autonomous_system_organization: "Example" },
    });
    const data = loadPlaceData([file]);
    expect(data.sources).toEqual([
      {
        file,
        databaseType: "Test",
        builtMs: 1_790_000_000_000,
        data: ["country", "subdivision", "asNumber", "coordinates"],
      },
    ]);
    expect(clientAt(data, "9.1.1.1").describe()).toMatchObject({
      country: "FR",
      subdivision: "FR-ARA",
      asNumber: null,
      latitude: 45.75,
      longitude: 4.85,
      locatedBy: "coordinates",
    });
    expect(clientAt(data, "11.1.1.1").describe()).toMatchObject({ country: "DE", locatedBy: "country" });
    expect(clientAt(data, "12.1.1.1").describe()).toMatchObject({ country: null, asNumber: 64_500 });
  });

  test("reads flat records, with numbers as numbers or as texts", () => {
    const file = folder.write("flat.mmdb", {
      "9.0.0.0/8": { country_code: "US", state1: "California", latitude: 37.4, longitude: -122.1 },
      "2600::/16": { country_code: "CA", latitude: "45.5", longitude: "-73.6" },
      "11.0.0.0/8": { autonomous_system_number: "64501" },
    });
    const data = loadPlaceData([file]);
    expect(clientAt(data, "9.1.1.1").describe()).toMatchObject({
      country: "US",
      latitude: 37.4,
      longitude: -122.1,
    });
    expect(clientAt(data, "2600::1").describe()).toMatchObject({
      country: "CA",
      latitude: 45.5,
      longitude: -73.6,
    });
    expect(clientAt(data, "11.1.1.1").describe()).toMatchObject({ asNumber: 64_501 });
  });

  test("reads flat records with the country as a text, AS in front of numbers, and codes of subdivisions", () => {
    const file = folder.write("texts.mmdb", {
      "9.0.0.0/8": { country: "US", asn: "AS64502", region_code: "CA" },
      "11.0.0.0/8": { country: "United States", country_code: "US", asn: "64503", state1: "NY" },
    });
    const data = loadPlaceData([file]);
    expect(clientAt(data, "9.1.1.1").describe()).toMatchObject({
      country: "US",
      subdivision: "US-CA",
      asNumber: 64_502,
    });
    expect(clientAt(data, "11.1.1.1").describe()).toMatchObject({
      country: "US",
      subdivision: "US-NY",
      asNumber: 64_503,
    });
  });

  test("reads the continent of records that have no country, in all its forms", () => {
    const file = folder.write("continents.mmdb", {
      "9.0.0.0/8": { continent: { code: "EU" } },
      "11.0.0.0/8": { continent_code: "AS", continent: "Asia" },
      "12.0.0.0/8": { continent: "SA" },
      "13.0.0.0/8": { continent: "Atlantis" },
      "14.0.0.0/8": { continent: { code: "EU" }, country: { iso_code: "JP" } },
    });
    const data = loadPlaceData([file]);
    const placesOf = (address: string) => {
      const { continent, country, locatedBy } = clientAt(data, address).describe();
      return [continent, country, locatedBy];
    };
    expect(placesOf("9.1.1.1")).toEqual(["europe", null, null]);
    expect(placesOf("11.1.1.1")).toEqual(["asia", null, null]);
    expect(placesOf("12.1.1.1")).toEqual(["south-america", null, null]);
    expect(placesOf("13.1.1.1")).toEqual([null, null, null]);
    expect(placesOf("14.1.1.1")).toEqual(["asia", "JP", "country"]);
  });

  test("reads the names of subdivisions where there are no codes, in DB-IP's nested form and laid flat", () => {
    const file = folder.write("names.mmdb", {
      "9.0.0.0/8": { country: { iso_code: "US" }, subdivisions: [{ names: { en: "California" } }] },
      "11.0.0.0/8": { country_code: "BR", state1: "S\u00e3o Paulo" },
      "12.0.0.0/8": { country_code: "US", state1: "Georgia" },
      "13.0.0.0/8": { country_code: "GE", state1: "Georgia" },
      "14.0.0.0/8": {
        country: { iso_code: "US" },
        subdivisions: [{ iso_code: "NY", names: { en: "Texas" } }],
      },
    });
    const data = loadPlaceData([file]);
    const subdivisionAt = (address: string) => clientAt(data, address).describe().subdivision;
    expect([9, 11, 12, 13, 14].map((first) => subdivisionAt(`${first}.1.1.1`))).toEqual([
      "US-CA",
      "BR-SP",
      "US-GA",
      null,
      "US-NY",
    ]);
  });

  test("forgets where in its country a network is when a later file says another country", () => {
    const city = { country_code: "US", region_code: "CA", latitude: 37.4, longitude: -122.1, asn: 1 };
    const below = folder.write("cities.mmdb", { "9.0.0.0/8": city, "2600::/16": city });
    const over = folder.write("own.mmdb", {
      "9.1.0.0/16": { country_code: "FR" },
      "9.2.0.0/16": { country_code: "US" },
      "9.3.0.0/16": { country_code: "FR", latitude: 48.9, longitude: 2.4 },
      "9.4.0.0/16": { region_code: "NY", country_code: "US" },
      "2600:1::/32": { country_code: "FR" },
    });
    const data = loadPlaceData([below, over]);
    const placeAt = (address: string) => {
      const { country, subdivision, asNumber, locatedBy, longitude } = clientAt(data, address).describe();
      return [country, subdivision, asNumber, locatedBy, Math.round(longitude!)];
    };
    expect(placeAt("9.0.1.1")).toEqual(["US", "US-CA", 1, "coordinates", -122]);
    expect(placeAt("9.1.1.1")).toEqual(["FR", null, 1, "country", 3]);
    expect(placeAt("9.2.1.1")).toEqual(["US", "US-CA", 1, "coordinates", -122]);
    expect(placeAt("9.3.1.1")).toEqual(["FR", null, 1, "coordinates", 2]);
    expect(placeAt("9.4.1.1")).toEqual(["US", "US-NY", 1, "coordinates", -122]);
    expect(placeAt("2600:1::1")).toEqual(["FR", null, 1, "country", 3]);
    expect(placeAt("2600:2::1")).toEqual(["US", "US-CA", 1, "coordinates", -122]);
  });

  test("takes a country of the file below for more than a continent, and a country for more than one below", () => {
    const below = folder.write("below.mmdb", {
      "9.0.0.0/8": { country_code: "FR" },
      "11.0.0.0/8": { continent_code: "EU" },
      "12.0.0.0/8": { continent_code: "EU" },
    });
    const over = folder.write("over.mmdb", {
      "9.0.0.0/9": { continent_code: "EU" },
      "11.0.0.0/8": { country_code: "DE" },
      "12.0.0.0/8": { continent_code: "AS" },
    });
    const data = loadPlaceData([below, over]);
    expect(countryAt(data, "9.1.1.1")).toBe("FR");
    expect(countryAt(data, "11.1.1.1")).toBe("DE");
    expect(clientAt(data, "12.1.1.1").describe()).toMatchObject({ continent: "asia", country: null });
    // A file without any country does not take the place of those that come along.
    expect(
      countryAt(
        loadPlaceData([folder.write("c.mmdb", { "9.0.0.0/8": { continent_code: "EU" } })]),
        "8.8.8.8",
      ),
    ).toBe("US");
  });

  test("takes what makes no sense for unknown", () => {
    const file = folder.write("odd.mmdb", {
      "9.0.0.0/8": { country_code: "FR", latitude: 91, longitude: 0 },
      "11.0.0.0/8": { country_code: "ZZ", latitude: 0, longitude: 0 },
      "12.0.0.0/8": {
        country: { iso_code: 7 },
        subdivisions: "none",
        location: "here",
        autonomous_system_number: -1,
      },
      "13.0.0.0/8": { country: ["FR"], latitude: "north", longitude: "" },
    });
    const data = loadPlaceData([file]);
    expect(data.coordinates).toBeNull();
    expect(
      ["9.1.1.1", "11.1.1.1", "12.1.1.1", "13.1.1.1"].map((address) => countryAt(data, address)),
    ).toEqual(["FR", null, null, null]);
  });

  test("lays a later file over an earlier one where it knows something", () => {
    const first = folder.write("first.mmdb", {
      "9.0.0.0/8": { country_code: "FR", autonomous_system_number: 64_500 },
      "2600::/16": { country_code: "FR" },
    });
    const second = folder.write("second.mmdb", {
      "9.1.0.0/16": { country_code: "DE" },
      "11.0.0.0/8": { country_code: "IT" },
      "2600:0:0:1::/64": { country_code: "DE" },
    });
    const data = loadPlaceData([first, second]);
    expect(
      ["9.0.1.1", "9.1.0.0", "9.1.255.255", "9.2.0.0", "11.0.0.0", "12.0.0.0"].map((a) => countryAt(data, a)),
    ).toEqual(["FR", "DE", "DE", "FR", "IT", null]);
    expect(["2600::1", "2600:0:0:1::1", "2600:0:0:2::1"].map((a) => countryAt(data, a))).toEqual([
      "FR",
      "DE",
      "FR",
    ]);
    expect(clientAt(data, "9.1.0.1").asNumber()).toBe(64_500);
    expect(countryAt(loadPlaceData([second, first]), "9.1.0.0")).toBe("FR");
  });

  test("keeps the countries that come with it where no file has any", () => {
    const as = folder.write("as.mmdb", { "8.8.8.0/24": { autonomous_system_number: 15_169 } });
    const data = loadPlaceData([as]);
    expect(data.sources.map((source) => source.file)).toEqual([defaultPlaceFile(), as]);
    expect(clientAt(data, "8.8.8.8").describe()).toMatchObject({ country: "US", asNumber: 15_169 });
    const countries = folder.write("countries.mmdb", { "9.0.0.0/8": { country_code: "FR" } });
    expect(loadPlaceData([as, countries]).sources.map((source) => source.file)).toEqual([as, countries]);
  });

  test("places a client without coordinates where its country's people are", () => {
    const data = loadPlaceData([folder.write("fr.mmdb", { "9.0.0.0/8": { country_code: "FR" } })]);
    const client = clientAt(data, "9.1.1.1");
    expect(client.locate()).toBe(true);
    expect(client.locatedBy).toBe("country");
    expect(client).toMatchObject(placeOfCountry("FR")!);
    expect(client.x ** 2 + client.y ** 2 + client.z ** 2).toBeCloseTo(1, 12);
    expect(clientAt(data, "12.1.1.1").locate()).toBe(false);
  });

  test("gives a special-purpose network no place, whatever a file says of it", () => {
    const data = loadPlaceData([
      folder.write("private.mmdb", { "0.0.0.0/0": { country_code: "FR", autonomous_system_number: 1 } }),
    ]);
    expect(clientAt(data, "10.1.2.3").describe()).toMatchObject({
      isSpecial: true,
      country: null,
      asNumber: null,
      locatedBy: null,
    });
    expect(countryAt(data, "9.1.2.3")).toBe("FR");
  });

  test("says which file it cannot use, and why", () => {
    const missing = join(folder.dir, "missing.mmdb");
    const text = join(folder.dir, "text.mmdb");
    writeFileSync(text, "no place data");
    const empty = folder.write("empty.mmdb", { "9.0.0.0/8": { is_anycast: true } });
    for (const [file, why] of [
      [missing, "there is no such file"],
      [text, "there is no MMDB metadata"],
      [empty, "says nothing of places"],
    ] as const) {
      const error = faultOf(() => loadPlaceData([file]));
      expect(error.code).toBe("place-data-invalid");
      expect(error.message).toContain(`"${file}"`);
      expect(error.message).toContain(why);
    }
  });

  test("keeps subdivisions that come with their country", () => {
    const file = folder.write("codes.mmdb", {
      "9.0.0.0/8": { country: { iso_code: "GB" }, subdivisions: [{ iso_code: "GB-ENG" }] },
    });
    expect(formatSubdivision(clientAt(loadPlaceData([file]), "9.1.1.1").subdivision())).toBe("GB-ENG");
  });
});

function faultOf(load: () => unknown): WindroseError {
  try {
    load();
  } catch (error) {
    if (error instanceof WindroseError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
