import fc from "fast-check";
import { type CityResponse, Reader } from "mmdb-lib";
import { describe, expect, test } from "vitest";
import { Mmdb, NO_RECORD } from "../../src/geo/mmdb.ts";
import { formatAddress } from "../../src/lib/address.ts";
import { WindroseError } from "../../src/lib/errors.ts";
import { type MmdbContents, writeMmdb } from "../support/mmdb-writer.ts";

const SEED = 20_261_121;

function contents(
  networks: Readonly<Record<string, object>>,
  more: Partial<MmdbContents> = {},
): MmdbContents {
  return {
    databaseType: "Test",
    buildEpoch: 1_790_000_000,
    ipVersion: 6,
    recordSize: 28,
    networks: Object.entries(networks).map(([network, data]) => ({ network, data })),
    ...more,
  };
}

function open(octets: Uint8Array): Mmdb {
  return new Mmdb("test.mmdb", Buffer.from(octets));
}

/** Each network as `start record`, those without one left out. */
function listed(mmdb: Mmdb, family: 4 | 6): [string, unknown][] {
  const { length, starts, lowStarts, records } = family === 4 ? mmdb.ipv4Networks() : mmdb.ipv6Networks();
  const found: [string, unknown][] = [];
  for (let at = 0; at < length; at++) {
    if (records[at] === NO_RECORD) continue;
    const octets = Buffer.alloc(family === 4 ? 4 : 16);
    octets.writeUInt32BE(starts[at]!);
    if (family === 6) octets.writeUInt32BE(lowStarts[at]!, 4);
    found.push([formatAddress(octets), mmdb.decode(records[at]!)]);
  }
  return found;
}

describe("Mmdb", () => {
  test.each([24, 28, 32] as const)(
    "reads the networks of a tree with records of %i bits, in order",
    (recordSize) => {
      const networks = {
        "2a00::/16": { a: 4 },
        "198.51.100.0/24": { a: 3 },
        "1.0.0.0/8": { a: 1 },
        "3.3.3.3/32": { a: 2 },
        "2600:1:2:3::/64": { a: 5 },
        "2600:1:2:4::/64": { a: 6 },
      };
      const mmdb = open(writeMmdb(contents(networks, { recordSize })));
      expect(listed(mmdb, 4)).toEqual([
        ["1.0.0.0", { a: 1 }],
        ["3.3.3.3", { a: 2 }],
        ["198.51.100.0", { a: 3 }],
      ]);
      expect(listed(mmdb, 6).slice(-3)).toEqual([
        ["2600:1:2:3::", { a: 5 }],
        ["2600:1:2:4::", { a: 6 }],
        ["2a00::", { a: 4 }],
      ]);
    },
  );

  test("reads a tree of IPv4 alone", () => {
    const mmdb = open(writeMmdb(contents({ "0.0.0.0/1": { a: 1 } }, { ipVersion: 4, recordSize: 24 })));
    expect(listed(mmdb, 4)).toEqual([["0.0.0.0", { a: 1 }]]);
    expect(listed(mmdb, 6)).toEqual([]);
  });

  test("leaves out the tree of IPv4 where it stands in that of IPv6 again", () => {
    const aliases = ["::ffff:0:0/96", "2001::/32", "2002::/16"];
    const networks = { "1.0.0.0/8": { a: 1 }, "2a00::/16": { a: 2 } };
    const mmdb = open(writeMmdb(contents(networks, { aliases })));
    expect(listed(mmdb, 4)).toEqual([["1.0.0.0", { a: 1 }]]);
    expect(listed(mmdb, 6)).toEqual([["2a00::", { a: 2 }]]);
  });

  test("takes the first record below a /64 for all of it", () => {
    const mmdb = open(writeMmdb(contents({ "2600::8000:0:0:0/65": { a: 2 }, "2601::1/128": { a: 3 } })));
    expect(listed(mmdb, 6)).toEqual([
      ["2600::", { a: 2 }],
      ["2601::", { a: 3 }],
    ]);
  });

  test("decode() gives every kind of value", () => {
    const data = {
      text: "Zürich",
      long: "x".repeat(40),
      longer: "y".repeat(400),
      double: -47.3769,
      number: 4_294_967_295,
      yes: true,
      no: false,
      list: [1, "two", { three: 3 }],
      many: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key ${i}`, i])),
    };
    expect(listed(open(writeMmdb(contents({ "1.0.0.0/8": data }))), 4)).toEqual([["1.0.0.0", data]]);
  });

  test("reads what another reader reads, for random trees and addresses", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const network = fc
      .tuple(fc.array(octet, { minLength: 4, maxLength: 4 }), fc.integer({ min: 4, max: 32 }))
      .map(([octets, length]) => cut(octets, length));
    fc.assert(
      fc.property(
        fc.uniqueArray(network, { maxLength: 30 }),
        fc.array(fc.array(octet, { minLength: 4, maxLength: 4 }), { minLength: 20, maxLength: 20 }),
        fc.constantFrom(24 as const, 28 as const, 32 as const),
        fc.constantFrom(4 as const, 6 as const),
        (candidates, addresses, recordSize, ipVersion) => {
          const apart = candidates.filter(
            (one, i) => !candidates.slice(0, i).some((other) => overlap(one, other)),
          );
          const networks = Object.fromEntries(apart.map((text, i) => [text, { value: i }]));
          const octets = writeMmdb(contents(networks, { recordSize, ipVersion }));
          const reader = new Reader<CityResponse>(Buffer.from(octets));
          const mmdb = open(octets);
          for (const address of [...addresses.map((one) => one.join(".")), ...apart.map(startOf)]) {
            expect(dataAt(mmdb, address)).toEqual(reader.get(address));
          }
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });
});

describe("Mmdb, on a damaged file,", () => {
  const good = writeMmdb(
    contents({ "1.0.0.0/8": { country_code: "AU" }, "2a00::/16": { country_code: "FR" } }),
  );

  function faultOf(octets: Uint8Array): WindroseError | undefined {
    try {
      const mmdb = open(octets);
      listed(mmdb, 4);
      listed(mmdb, 6);
    } catch (error) {
      if (error instanceof WindroseError) return error;
      throw error;
    }
    return undefined;
  }

  test.each<[string, Uint8Array, string]>([
    ["an empty one", Buffer.alloc(0), "there is no MMDB metadata"],
    ["a text", Buffer.from("not an MMDB file"), "there is no MMDB metadata"],
    ["one cut short", good.subarray(0, good.length - 60), "octet"],
    ["one without its head", good.subarray(200), "octet"],
  ])("refuses %s, and names file and octet", (_, octets, message) => {
    const fault = faultOf(octets);
    expect(fault?.code).toBe("place-data-invalid");
    expect(fault?.message).toContain('"test.mmdb"');
    expect(fault?.message).toContain(message);
    expect(fault?.fields).toMatchObject({ file: "test.mmdb", offset: expect.any(Number) });
  });

  test("refuses a tree that goes round", () => {
    const octets = Buffer.from(
      writeMmdb(contents({ "1.0.0.0/8": { a: 1 } }, { ipVersion: 4, recordSize: 32 })),
    );
    octets.writeUInt32BE(0, 0); // the root's left side is the root
    octets.writeUInt32BE(0, 4);
    expect(faultOf(octets)?.message).toContain("some nodes twice");
  });

  test("refuses a tree that goes round below a /64", () => {
    const octets = Buffer.from(writeMmdb(contents({ "2600::1/128": { a: 1 } }, { recordSize: 32 })));
    octets.writeUInt32BE(100, 8 * 100);
    octets.writeUInt32BE(100, 8 * 100 + 4);
    expect(faultOf(octets)?.message).toContain("below one /64");
  });

  test("refuses pointers that go round", () => {
    const octets = Buffer.from(
      writeMmdb(contents({ "1.0.0.0/8": { a: 1 } }, { ipVersion: 4, recordSize: 32 })),
    );
    const data = octets.indexOf(Buffer.alloc(16)) + 16;
    octets.set([0x20, 0x00], data); // a pointer to the start of the data, where it stands itself
    expect(faultOf(octets)?.message).toContain("nested too deep");
  });

  test("never fails otherwise than by saying so, whatever octets are changed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.integer({ min: 0, max: good.length }),
        (changes, length) => {
          const octets = Buffer.from(good);
          for (const [at, value] of changes) octets[at] = value;
          faultOf(octets);
          faultOf(octets.subarray(0, length));
        },
      ),
      { seed: SEED, numRuns: 3000 },
    );
  });
});

function cut(octets: readonly number[], length: number): string {
  const address = (((octets[0]! << 24) | (octets[1]! << 16) | (octets[2]! << 8) | octets[3]!) >>>
    0) as number;
  const size = 2 ** (32 - length);
  const start = Math.floor(address / size) * size;
  return `${[start >>> 24, (start >>> 16) & 255, (start >>> 8) & 255, start & 255].join(".")}/${length}`;
}

function startOf(network: string): string {
  return network.slice(0, network.indexOf("/"));
}

function rangeOf(network: string): [number, number] {
  const [address, length] = network.split("/") as [string, string];
  const start = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [start, start + 2 ** (32 - Number(length))];
}

function overlap(one: string, other: string): boolean {
  const [a, b] = rangeOf(one);
  const [c, d] = rangeOf(other);
  return a < d && c < b;
}

/** By the last network that begins at the address or before it. */
function dataAt(mmdb: Mmdb, address: string): unknown {
  const { length, starts, records } = mmdb.ipv4Networks();
  const [wanted] = rangeOf(`${address}/32`);
  let at = 0;
  while (at + 1 < length && starts[at + 1]! <= wanted) at++;
  return records[at] === NO_RECORD ? null : mmdb.decode(records[at]!);
}
