import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../src/lib/address.ts";
import { ClientNetwork } from "../../src/lib/client-network.ts";

/** `198.51.100.7`, or with a length behind a slash; bits beyond it may be set. */
function networkOf(text: string, source: "ecs" | "resolver" = "ecs"): ClientNetwork {
  const [address, length] = text.split("/") as [string, string?];
  const octets = parseAddress(address)!;
  const network = new ClientNetwork();
  network.set(octets.length === 4 ? 4 : 6, octets, 0, Number(length ?? 8 * octets.length), source);
  return network;
}

function hex(words: Uint32Array): string {
  return [...words].map((word) => word.toString(16)).join(" ");
}

const octets = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const anyNetwork = fc.oneof(
  fc.record({ family: fc.constant(4 as const), octets: octets(4), length: fc.integer({ min: 0, max: 32 }) }),
  fc.record({
    family: fc.constant(6 as const),
    octets: octets(16),
    length: fc.integer({ min: 0, max: 128 }),
  }),
);

describe("ClientNetwork.set()", () => {
  test.each([
    ["198.51.100.7", "c6336407 0 0 0"],
    ["198.51.100.7/24", "c6336400 0 0 0"],
    ["198.51.103.255/22", "c6336400 0 0 0"],
    ["255.255.255.255/0", "0 0 0 0"],
    ["255.255.255.255/1", "80000000 0 0 0"],
    ["2001:db8:1:2:3:4:5:6", "20010db8 10002 30004 50006"],
    ["2001:db8:1:2ff:3:4:5:6/56", "20010db8 10200 0 0"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/97", "ffffffff ffffffff ffffffff 80000000"],
  ])("takes %s as %s", (text, words) => {
    expect(hex(networkOf(text).words)).toBe(words);
  });

  test("reads from an offset, and no octet that the prefix does not reach", () => {
    const network = new ClientNetwork();
    // As in an ECS option: three octets for a /24, and then another option.
    network.set(4, Uint8Array.of(9, 9, 198, 51, 100), 2, 24, "ecs");
    expect(hex(network.words)).toBe("c6336400 0 0 0");
  });

  test("sets what bits of the prefix say, whatever stood there before and whatever is beyond it", () => {
    const network = new ClientNetwork();
    fc.assert(
      fc.property(anyNetwork, anyNetwork, (before, { family, octets, length }) => {
        network.set(before.family, before.octets, 0, before.length, "ecs");
        network.lookAt(17);
        network.set(family, octets, 0, length, "resolver");
        for (let bit = 0; bit < 128; bit++) {
          const got = (network.words[bit >> 5]! >>> (31 - (bit & 31))) & 1;
          const given = bit < length ? (octets[bit >> 3]! >>> (7 - (bit & 7))) & 1 : 0;
          expect([bit, got]).toEqual([bit, given]);
        }
        expect([network.family, network.prefixLength, network.source]).toEqual([family, length, "resolver"]);
        expect(network.scopePrefixLength).toBe(0);
      }),
    );
  });
});

describe("ClientNetwork, IPv4 in IPv6", () => {
  test.each([
    ["198.51.100.7", 0],
    ["::ffff:198.51.100.7", 96],
    ["64:ff9b::198.51.100.7", 96],
    ["2002:c633:6407::1", 16],
    // RFC 4380 section 4: server, flags and port stand in front, and the client is inverted.
    ["2001:0:5ef5:79fd:0:1234:39cc:9bf8", 96],
  ])("finds 198.51.100.7 in %s, %i bits in", (text, offset) => {
    const network = networkOf(text);
    expect([network.hasIPv4, network.ipv4.toString(16), network.ipv4Offset]).toEqual([
      true,
      "c6336407",
      offset,
    ]);
    network.lookAtIPv4(24);
    expect(network.scopePrefixLength).toBe(offset + 24);
    expect(network.specialLength()).toBe(offset + 24);
  });

  test.each([
    ["2002:c633:6407::/32", "c6330000"],
    ["2001:0:5ef5:79fd:0:1234:39cc:9bf8/112", "c6330000"],
    ["2001:0:5ef5:79fd::/64", "0"],
    ["64:ff9b::/96", "0"],
  ])("takes as 0 what %s does not tell of it", (text, ipv4) => {
    expect(networkOf(text).ipv4.toString(16)).toBe(ipv4);
  });

  test.each([
    "2001:db8::1",
    "2003:c633:6407::1",
    "::1",
    "64:ff9b:1::198.51.100.7",
    "::fffe:198.51.100.7",
    "2001:1::1",
  ])("finds none in %s", (text) => {
    const network = networkOf(text);
    expect([network.hasIPv4, network.ipv4, network.ipv4Offset]).toEqual([false, 0, 0]);
  });
});

describe("ClientNetwork.specialLength()", () => {
  test.each([
    ["10.1.2.0/24", 8],
    ["8.8.8.0/24", 0],
    ["::ffff:10.1.2.3", 104],
    ["2002:0a01:0203::/48", 24],
    ["64:ff9b::8.8.8.8", 0],
    ["fd00::/56", 1],
    ["2a00:1450::/56", 0],
    // Nothing is known of the IPv4 address; 0.0.0.0 is nobody's.
    ["2001:0:5ef5:79fd::/64", 104],
  ])("of %s is %i", (text, length) => {
    expect(networkOf(text).specialLength()).toBe(length);
  });
});

describe("ClientNetwork.lookAt()", () => {
  test("keeps the longest prefix that was looked at", () => {
    const network = networkOf("8.8.8.0/24");
    network.lookAt(16);
    network.lookAt(22);
    network.lookAt(9);
    network.lookAt(0);
    expect(network.scopePrefixLength).toBe(22);
  });

  test("of 0 bits is not looking", () => {
    const network = networkOf("8.8.8.0/24");
    network.lookAt(0);
    expect(network.scopePrefixLength).toBe(0);
  });

  // Clients in those are served by the resolver's place, so an answer may not hold for both.
  test.each([
    ["8.8.8.0/24", 2, 7],
    ["192.0.3.0/24", 16, 24],
    ["2a00::/56", 3, 5],
    ["2002:c000:0300::/48", 20, 40],
    ["::ffff:8.8.8.8", 12, 103],
  ])("of %s at %i bits is told apart from special networks by %i", (text, bits, scope) => {
    const network = networkOf(text);
    network.lookAt(bits);
    expect(network.scopePrefixLength).toBe(scope);
  });

  test("of a special network is what was said", () => {
    const network = networkOf("10.0.0.1", "resolver");
    network.lookAt(8);
    expect(network.scopePrefixLength).toBe(8);
  });
});

describe("ClientNetwork.format()", () => {
  test.each([
    ["198.51.103.7/24", undefined, "198.51.103.0/24"],
    ["198.51.103.7/24", 22, "198.51.100.0/22"],
    ["198.51.103.7/24", 32, "198.51.103.0/32"],
    ["198.51.103.7", 0, "0.0.0.0/0"],
    ["2a00:1450:4000:8ff::1/56", undefined, "2a00:1450:4000:800::/56"],
    ["2a00:1450:4000:8ff::1/56", 33, "2a00:1450::/33"],
  ])("of %s at %s is %s", (text, length, formatted) => {
    expect(networkOf(text).format(length)).toBe(formatted);
  });
});

describe("ClientNetwork.hash()", () => {
  const length4 = fc.integer({ min: 1, max: 32 });
  const length6 = fc.integer({ min: 1, max: 128 });

  test("stays the same for all that has the same first bits, and changes with each of them", () => {
    fc.assert(
      fc.property(anyNetwork, length4, length6, fc.nat(127), (given, for4, for6, nth) => {
        const bits = 8 * given.octets.length;
        const bit = nth % bits;
        const other = given.octets.slice();
        other[bit >> 3]! ^= 0x80 >> (bit & 7);
        const [one, two] = [given.octets, other].map((octets) => {
          const network = new ClientNetwork();
          network.set(given.family, octets, 0, bits, "ecs");
          return network;
        });
        const length = one!.hasIPv4 ? one!.ipv4Offset + for4 : for6;
        if (one!.hasIPv4 !== two!.hasIPv4) return;
        const isSame = one!.hash(for4, for6) === two!.hash(for4, for6);
        if (bit >= length) expect(isSame).toBe(true);
        else if (!one!.hasIPv4 || bit >= one!.ipv4Offset) expect(isSame).toBe(false);
        expect(one!.scopePrefixLength).toBeGreaterThanOrEqual(length);
      }),
    );
  });

  test("is that of the IPv4 address, in whatever form it comes", () => {
    const forms = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"];
    const hashes = forms.map((form) => networkOf(form).hash(24, 56));
    expect(new Set(hashes).size).toBe(1);
    const network = networkOf("2002:808:808::1");
    network.hash(24, 56);
    expect(network.scopePrefixLength).toBe(40);
  });

  // Clients would move when an upgrade changed these.
  test.each([
    ["8.8.8.0/24", -1039981623],
    ["2a00:1450:4000::/56", -1276925626],
  ])("of %s is the same for ever", (text, hash) => {
    expect(networkOf(text).hash(24, 56)).toBe(hash);
  });
});
