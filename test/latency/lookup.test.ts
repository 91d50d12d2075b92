/**
 * That scopes hold: two clients inside one scope have the same rows, whatever was measured.
 *
 * @module
 */
import { expect, test } from "vitest";
import type { ClientPlace } from "../../src/geo/client-place.ts";
import { LatencyLookup } from "../../src/latency/lookup.ts";
import { formatAddress } from "../../src/lib/address.ts";
import { type Random, randomBelow, SeededRandom } from "../../src/lib/random.ts";
import { Owner, placeOf, sampleOf } from "./places.ts";

const PAIRS = 100_000;
const SEED = 20_260_101;

/** Places that have many measured networks, few, and none; so that misses of every kind come up. */
function measured(random: Random, count: number): Owner {
  const owner = new Owner(["eu"]);
  for (let i = 0; i < count; i++) {
    const network = addressNear(random);
    const length = network.length === 4 ? 8 + randomBelow(random, 25) : 24 + randomBelow(random, 41);
    const prefix = `${formatAddress(network)}/${i % 3 === 0 ? length : network.length === 4 ? 24 : 48}`;
    owner.add(sampleOf(prefix, "eu", 1 + randomBelow(random, 200)));
  }
  return owner;
}

/** An address of a form and a neighbourhood by chance. */
function addressNear(random: Random): Uint8Array {
  const ipv4 = Uint8Array.of(
    [8, 9, 45, 198, 200][randomBelow(random, 5)]!,
    randomBelow(random, 3) === 0 ? randomBelow(random, 256) : 51,
    randomBelow(random, 256),
    randomBelow(random, 256),
  );
  const form = randomBelow(random, 8);
  if (form < 4) return ipv4;
  const ipv6 = new Uint8Array(16);
  for (let i = 0; i < 16; i++) ipv6[i] = randomBelow(random, 256);
  if (form === 4) ipv6.set([0x20, 0x02, ...ipv4]);
  else if (form === 5) ipv6.set([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ...ipv4]);
  else if (form === 6) {
    ipv6.set([0x20, 0x01, 0, 0]);
    ipv6.set(
      ipv4.map((octet) => ~octet),
      12,
    );
  } else ipv6.set([0x26, 0x00, 0x11, randomBelow(random, 3), randomBelow(random, 40)]);
  return ipv6;
}

function rowsOf(owner: Owner, octets: Uint8Array, place: ClientPlace, lookup: LatencyLookup): string {
  place.network.set(octets.length === 4 ? 4 : 6, octets, 0, octets.length * 8, "ecs");
  lookup.begin(owner.table, place);
  return `${lookup.rowAt(0)} ${lookup.rowAt(1)} ${lookup.rowAt(2)}`;
}

test.each([0, 1, 30, 3000])(
  `two clients inside one scope find the same rows: of %d networks, seed ${SEED}`,
  (networks) => {
    const random = new SeededRandom(SEED + networks);
    const owner = measured(random, networks);
    const lookup = new LatencyLookup();
    const place = placeOf("0.0.0.0");
    const scopes = new Set<number>();
    for (let pair = 0; pair < PAIRS / 4; pair++) {
      const one = addressNear(random);
      const rows = rowsOf(owner, one, place, lookup);
      const scope = place.network.scopePrefixLength;
      scopes.add(scope);
      // The same bits up to the scope, others behind it.
      const other = one.map((octet, i) => {
        const mask = 0xff >> Math.min(8, Math.max(0, scope - 8 * i));
        return (octet & ~mask) | (randomBelow(random, 256) & mask);
      });
      const otherRows = rowsOf(owner, other, place, lookup);
      if (otherRows !== rows)
        expect.fail(`${formatAddress(one)}/${scope} has ${rows}, ${formatAddress(other)} has ${otherRows}`);
    }
    expect(scopes.size).toBeGreaterThan(networks < 2 ? 0 : 10);
  },
);

test("a scope is no longer than it must be", () => {
  const owner = new Owner(["eu"]);
  expect(owner.ask(placeOf("198.51.100.1"))).toBe("- /0");
  expect(owner.ask(placeOf("2600::1"))).toBe("- /0");
  owner.add(sampleOf("45.51.100.0/24", "eu", 20));
  expect(owner.ask(placeOf("45.51.100.1"))).toBe("20@0 /24");
  expect(owner.ask(placeOf("45.51.101.1"))).toBe("20@1 /24");
  expect(owner.ask(placeOf("45.51.104.1"))).toBe("20@1 /21");
  expect(owner.ask(placeOf("45.51.112.1"))).toBe("20@2 /20");
  expect(owner.ask(placeOf("45.51.128.1"))).toBe("20@2 /17");
  owner.add(sampleOf("45.53.0.0/16", "eu", 20));
  expect(owner.ask(placeOf("45.53.0.1"))).toBe("20@2 /16");
  expect(owner.ask(placeOf("45.52.0.1"))).toBe("- /16");
  expect(owner.ask(placeOf("45.54.0.1"))).toBe("- /15");
  expect(owner.ask(placeOf("46.0.0.1"))).toBe("- /7");
  expect(owner.ask(placeOf("128.0.0.1"))).toBe("- /3"); // 169.254.0.0/16 is a special one
  // Beside the forms that hold IPv4 addresses: not into 2001::/32 and 2002::/16.
  expect(owner.ask(placeOf("2600::1"))).toBe("- /6");
});

test("a scope is no shorter than it may be, beside networks of IPv6 that were measured", () => {
  const owner = new Owner(["eu"]);
  owner.add(sampleOf("2600:1100:4200::/48", "eu", 20));
  expect(owner.ask(placeOf("2600:1100:4200::1"))).toBe("20@0 /48");
  expect(owner.ask(placeOf("2600:1100:4201::1"))).toBe("20@1 /48");
  expect(owner.ask(placeOf("2600:1100:4220::1"))).toBe("20@1 /43");
  expect(owner.ask(placeOf("2600:1100:4280::1"))).toBe("20@1 /41");
  expect(owner.ask(placeOf("2600:1100:4300::1"))).toBe("20@2 /40");
  expect(owner.ask(placeOf("2600:1100:6200::1"))).toBe("20@2 /35");
  expect(owner.ask(placeOf("2600:1100:c200::1"))).toBe("20@2 /33");
  expect(owner.ask(placeOf("2600:1101::1"))).toBe("- /32");
});
