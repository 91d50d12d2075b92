import { afterAll, describe, expect, test } from "vitest";
import { ClientPlace } from "../../src/geo/client-place.ts";
import { continentOf } from "../../src/geo/place-codes.ts";
import { loadPlaceData } from "../../src/geo/place-data.ts";
import { type SampledNetwork, type SampledPlace, sampleNetworks } from "../../src/geo/sample-places.ts";
import { parseServedPlace } from "../../src/geo/served-place.ts";
import { formatAddress } from "../../src/lib/address.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { PlaceFolder } from "./place-files.ts";

const data = loadPlaceData([]);
const folder = new PlaceFolder();
afterAll(() => folder.remove());

function placeOf(text: string): SampledPlace {
  const place = parseServedPlace(text);
  if ("fault" in place || place.kind === "network") throw new Error(text);
  return place;
}

function sample(text: string, count: number, seed = 1): SampledNetwork[] {
  return sampleNetworks(data, placeOf(text), { count, random: new SeededRandom(seed) });
}

function countryOf({ address, length }: SampledNetwork): number {
  const client = new ClientPlace();
  client.network.set(address.length === 4 ? 4 : 6, address, 0, length, "ecs");
  client.begin(data);
  return client.country();
}

describe("sampleNetworks()", () => {
  test.each(["FR", "US", "VA", "NR"])("gives networks of %s, IPv4 and IPv6, and no others", (text) => {
    const place = placeOf(text);
    const networks = sample(text, 200);
    expect(networks.length).toBeGreaterThan(0);
    for (const network of networks) expect(countryOf(network)).toBe("code" in place ? place.code : -1);
    expect(new Set(networks.map(({ address }) => address.length))).toEqual(new Set([4, 16]));
  });

  test("gives /24s and /48s, with no bit set beyond them, and /32s and /64s where a place has nothing as wide", () => {
    for (const { address, length } of sample("*", 1000)) {
      expect(address.length === 4 ? [24, 32] : [48, 64]).toContain(length);
      expect(address.subarray(length / 8).every((octet) => octet === 0)).toBe(true);
    }
  });

  test("gives networks of a continent", () => {
    const place = placeOf("europe");
    for (const network of sample("europe", 100))
      expect(continentOf(countryOf(network))).toBe("code" in place ? place.code : -1);
  });

  test("gives networks of which only the continent is known, and addresses out of ranges that hold no /24 and no /48", () => {
    const file = folder.write("few.mmdb", {
      "9.0.0.0/16": { continent_code: "EU" },
      "9.2.3.128/25": { country_code: "VA" },
      "2600:1:2:300::/56": { country_code: "VA" },
    });
    const few = loadPlaceData([file]);
    const sampled = (text: string) =>
      sampleNetworks(few, placeOf(text), { count: 8, random: new SeededRandom(1) }).map(
        ({ address, length }) => `${formatAddress(address)}/${length}`,
      );
    expect(sampled("VA")).toEqual(["9.2.3.128/32", "2600:1:2:300::/64"]);
    expect(sampled("europe").filter((network) => /^9\.0\..*\.0\/24$/.test(network)).length).toBeGreaterThan(
      3,
    );
  });

  test("spreads them over all that a place has: each equal part gives one", () => {
    const firstOctets = new Set(sample("US", 400).map(({ address }) => address[0]));
    expect(firstOctets.size).toBeGreaterThan(80);
  });

  test("gives the same for the same seed, and others for another", () => {
    expect(sample("FR", 20, 7)).toEqual(sample("FR", 20, 7));
    expect(sample("FR", 20, 7)).not.toEqual(sample("FR", 20, 8));
  });

  test("gives none of a kind that the data do not have", () => {
    expect(sample("AS64500", 10)).toEqual([]);
    expect(sample("US-CA", 10)).toEqual([]);
  });
});
