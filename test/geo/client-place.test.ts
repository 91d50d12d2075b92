import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { ClientPlace } from "../../src/geo/client-place.ts";
import { loadPlaceData, type PlaceData } from "../../src/geo/place-data.ts";
import { countOf, type PlaceTable, startOf } from "../../src/geo/place-table.ts";
import { formatAddress } from "../../src/lib/address.ts";
import { type Random, randomBelow, SeededRandom } from "../../src/lib/random.ts";
import { clientAt, PlaceFolder } from "./place-files.ts";

const SEED = 7_871;

const folder = new PlaceFolder();
afterAll(() => folder.remove());

/** What steps see of a client. */
function dataOf(client: ClientPlace): string {
  const located = client.locate() ? `${client.latitude} ${client.longitude} ${client.locatedBy}` : "nowhere";
  return `${client.country()} ${client.subdivision()} ${client.asNumber()} ${located}`;
}

/** Random bits behind the first `length`. */
function within(address: Uint8Array, length: number, random: Random): Uint8Array {
  const other = Uint8Array.from(address);
  for (let at = 0; at < other.length; at++) {
    const kept = Math.max(0, Math.min(8, length - 8 * at));
    const mask = 0xff >> kept;
    other[at] = (other[at]! & ~mask) | (random.u32() & mask);
  }
  return other;
}

/** Addresses near the borders of what the tests' files have, and in the forms that hold IPv4 addresses. */
function startsOf({ ipv4 }: PlaceTable): Uint32Array {
  return Uint32Array.from({ length: countOf(ipv4) }, (_, range) => startOf(ipv4, range));
}

function drawAddress(random: Random, starts: Uint32Array): Uint8Array {
  const form = randomBelow(random, 8);
  const near = starts[randomBelow(random, starts.length)]! + randomBelow(random, 512) - 256;
  const ipv4 = (randomBelow(random, 3) === 0 ? random.u32() : near) >>> 0;
  const octets = Buffer.alloc(form < 4 ? 4 : 16);
  if (form < 4) {
    octets.writeUInt32BE(ipv4);
  } else if (form < 6) {
    for (let at = 0; at < 16; at++) octets[at] = random.u32() & 0xff;
    octets.writeUInt16BE([0x2600, 0x2601, 0x2001, 0x2a00, 0x2003, 0x3fff][randomBelow(random, 6)]!);
    if (randomBelow(random, 2) === 0) octets.writeUInt32BE(random.u32() & 0x0101_8101, 2);
  } else if (form === 6) {
    octets.writeUInt16BE(0x2002);
    octets.writeUInt32BE(ipv4, 2);
  } else {
    octets.writeUInt32BE(0x2001_0000);
    octets.writeUInt32BE(~ipv4 >>> 0, 12);
  }
  return octets;
}

function expectSound(data: PlaceData, starts: Uint32Array, pairs: number): void {
  const random = new SeededRandom(SEED);
  const [one, other] = [new ClientPlace(), new ClientPlace()];
  for (let pair = 0; pair < pairs; pair++) {
    const address = drawAddress(random, starts);
    const family = address.length === 4 ? 4 : 6;
    one.network.set(family, address, 0, 8 * address.length, "ecs");
    one.begin(data);
    const seen = dataOf(one);
    const neighbour = within(address, one.network.scopePrefixLength, random);
    other.network.set(family, neighbour, 0, 8 * neighbour.length, "ecs");
    other.begin(data);
    const found = dataOf(other);
    if (found === seen) continue;
    const where = `${formatAddress(address)} and ${formatAddress(neighbour)} in /${one.network.scopePrefixLength}`;
    expect.fail(`${where}: ${seen} and ${found} (seed ${SEED}, pair ${pair})`);
  }
}

describe("ClientPlace", () => {
  test("gives the same data to any two clients in one scope: countries of the world, 100,000 pairs", () => {
    const data = loadPlaceData([]);
    expectSound(data, startsOf(data.country!), 100_000);
  });

  test("gives the same data to any two clients in one scope: all data of made up networks, 100,000 pairs", () => {
    const random = new SeededRandom(SEED);
    const networks: Record<string, object> = {};
    for (let block = 0; block < 64; block++) {
      for (let part = 0; part < 16; part++) {
        if (randomBelow(random, 4) === 0) continue;
        const record = {
          country_code: ["FR", "DE", "US"][randomBelow(random, 3)],
          autonomous_system_number: randomBelow(random, 3),
          latitude: randomBelow(random, 3),
          longitude: 1,
          ...(randomBelow(random, 2) === 0 ? { region_code: "CA" } : {}),
        };
        networks[`${block * 4}.${part * 16}.0.0/${12 + randomBelow(random, 5)}`] = record;
        networks[
          `${(0x2600 + (block & 1)).toString(16)}:${(block * 16 + part).toString(16)}::/${32 + randomBelow(random, 33)}`
        ] = record;
      }
    }
    const data = loadPlaceData([folder.write("made-up.mmdb", networks)]);
    expectSound(data, startsOf(data.coordinates!), 100_000);
  });

  test("gives the same data in one scope where a family has none, or one value for all", () => {
    for (const networks of [
      { "0.0.0.0/0": { country_code: "FR" } },
      { "9.0.0.0/8": { country_code: "FR" } },
      { "2000::/3": { country_code: "FR" } },
      { "0.0.0.0/0": { country_code: "FR" }, "2000::/3": { country_code: "FR" } },
    ]) {
      const data = loadPlaceData([folder.write("one.mmdb", networks)]);
      expectSound(data, Uint32Array.of(0x0900_0000, 0x0a00_0000), 3000);
    }
  });

  test("says the widest scope over which a datum is the same", () => {
    const data = loadPlaceData([
      folder.write("scopes.mmdb", {
        "9.0.0.0/9": { country_code: "FR", autonomous_system_number: 1 },
        "9.128.0.0/10": { country_code: "FR", autonomous_system_number: 2 },
        "9.192.0.0/10": { country_code: "FR", autonomous_system_number: 1 },
        "2600:1::/32": { country_code: "FR" },
        "2600:0::/32": { country_code: "FR" },
      }),
    ]);
    const scope = (address: string, datum: "country" | "asNumber"): number => {
      const client = clientAt(data, address);
      client[datum]();
      return client.network.scopePrefixLength;
    };
    expect(scope("9.1.1.1", "country")).toBe(8);
    expect(scope("9.1.1.1", "asNumber")).toBe(9);
    expect(scope("9.200.1.1", "asNumber")).toBe(10);
    expect(scope("8.8.8.8", "country")).toBe(8);
    expect(scope("32.0.0.1", "country")).toBe(3);
    expect(scope("2600:1::1", "country")).toBe(31);
    expect(scope("2600:2::1", "country")).toBe(31);
    expect(scope("::ffff:9.1.1.1", "country")).toBe(104);
    expect(scope("2002:901:101::", "country")).toBe(24);
  });

  test("looks a datum up once, and looks at nothing before it is asked", () => {
    const data = loadPlaceData([folder.write("once.mmdb", { "9.0.0.0/8": { country_code: "FR" } })]);
    const client = clientAt(data, "9.1.1.1");
    expect(client.network.scopePrefixLength).toBe(0);
    expect(client.asNumber()).toBe(0);
    expect(client.network.scopePrefixLength).toBe(0);
    const first = client.country();
    expect(client.network.scopePrefixLength).toBe(8);
    expect(client.country()).toBe(first);
  });

  test("forgets the client before", () => {
    const networks = {
      "9.0.0.0/8": { country_code: "US", region_code: "CA", asn: 1, latitude: 37, longitude: -122 },
      "11.0.0.0/8": { country_code: "DE", region_code: "BY", asn: 2, latitude: 48, longitude: 11 },
    };
    const data = loadPlaceData([folder.write("two.mmdb", networks)]);
    const client = clientAt(data, "9.1.1.1");
    for (const first of [9, 11, 12]) {
      client.network.set(4, Uint8Array.of(first, 1, 1, 1), 0, 32, "resolver");
      client.begin(data);
      expect(dataOf(client)).toBe(dataOf(clientAt(data, `${first}.1.1.1`)));
      client.begin(data); // each datum by itself
      expect(client.subdivision()).toBe(clientAt(data, `${first}.1.1.1`).subdivision());
    }
  });

  test("knows nothing without data, and looks at nothing", () => {
    const client = clientAt(null, "8.8.8.8");
    expect(client.describe()).toMatchObject({ country: null, asNumber: null, locatedBy: null, sources: [] });
    expect(client.network.scopePrefixLength).toBe(0);
  });

  test("finds what a search through all networks finds, and in no wider scope than is right", () => {
    const network = fc.record({
      start: fc.integer({ min: 0x0900, max: 0x09ff }),
      length: fc.integer({ min: 6, max: 16 }),
      as: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 24 }),
        fc.integer({ min: 0x0900, max: 0x09ff }),
        (drawn, asked) => {
          const values = new Uint8Array(0x1_0000); // of each /16
          const networks: Record<string, object> = {};
          for (const { start, length, as } of drawn) {
            const size = 2 ** (16 - length);
            const first = Math.floor(start / size) * size;
            if (values.subarray(first, first + size).some((value) => value !== 0)) continue;
            values.fill(as, first, first + size);
            networks[`${first >> 8}.${first & 255}.0.0/${length}`] = { autonomous_system_number: as };
          }
          if (Object.keys(networks).length === 0) return;
          const data = loadPlaceData([
            folder.write("random.mmdb", { ...networks, "2a00::/16": { country_code: "FR" } }),
          ]);
          const client = clientAt(data, `${asked >> 8}.${asked & 255}.7.7`);
          expect(client.asNumber()).toBe(values[asked]);
          let scope = 16;
          for (; scope > 1; scope--) {
            const size = 2 ** (16 - scope + 1);
            const first = Math.floor(asked / size) * size;
            // 10.0.0.0/8 and all else that is special is never in it.
            if (first + size > 0x0a00) break;
            if (values.subarray(first, first + size).some((value) => value !== values[asked])) break;
          }
          expect(client.network.scopePrefixLength).toBe(scope);
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });
});
