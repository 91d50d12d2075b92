import { describe, expect, test } from "vitest";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { findPlace } from "../../src/geo/places.ts";
import { formatServedPlace } from "../../src/geo/served-place.ts";
import { formatFault } from "../../src/lib/fault.ts";
import type { MemberSpec } from "../../src/steering/spec.ts";

const ZONE = `zones:
  example.test: { records: { "@": { NS: [ns1.example.net., ns2.example.net.] }, www: { pool: web } } }
`;

/** The members of pool web by name, where the documents have no error. */
function membersOf(pools: string, ...more: string[]): Record<string, MemberSpec> {
  const texts = [`${ZONE}pools:\n${pools}`, ...more.map((text) => `pools:\n${text}`)];
  const files = texts.map((text, index) => ({ file: `${index}.yaml`, text, modifiedMs: 0 }));
  const { configuration, faults } = parseDocuments(files);
  expect(faults.filter(({ severity }) => severity === "error").map(formatFault)).toEqual([]);
  return Object.fromEntries(configuration!.pools.get("web")!.members.map((member) => [member.name, member]));
}

describe("serves", () => {
  test("is a place or a list of places, as geo has them", () => {
    const { a, b, c } = membersOf(`  web:
    policy: geo
    members:
      - { name: a, address: 192.0.2.1, serves: fr }
      - { name: b, address: 192.0.2.2, serves: [US-CA, AS64500, europe, 198.51.100.0/24, "2001:db8::/32", "*"] }
      - { name: c, address: 192.0.2.3 }
`);
    expect(a!.serves.map(formatServedPlace)).toEqual(["FR"]);
    expect(b!.serves.map(({ kind }) => kind)).toEqual([
      "subdivision",
      "as",
      "continent",
      "network",
      "network",
      "all",
    ]);
    expect(c!.serves).toEqual([]);
  });
});

describe("location and region", () => {
  test("of an endpoint are its own, else its pool's", () => {
    const { a, b, c } = membersOf(`  web:
    location: DUB
    region: eu-west
    members:
      - { name: a, address: 192.0.2.1 }
      - { name: b, address: 192.0.2.2, location: [1.5, -2], region: us-east }
      - { name: c, target: www.example.net, location: "aws:us-east-1" }
`);
    expect(a).toMatchObject({ location: findPlace("DUB"), region: "eu-west" });
    expect(b).toMatchObject({ location: { latitude: 1.5, longitude: -2 }, region: "us-east" });
    expect(c).toMatchObject({ location: findPlace("aws:us-east-1"), region: "eu-west" });
  });

  test("of a member that is a pool are its own, else that pool's, else its own pool's", () => {
    const web = `  web:
    location: DUB
    region: eu-west
    members:
      - { pool: placed, name: own, location: FRA, region: eu-central }
      - { pool: placed }
      - { pool: silent }
      - { pool: half }
`;
    const others = `  placed: { location: BOM, region: ap-south, members: [192.0.2.1] }
  silent: { members: [192.0.2.2] }
  half: { location: SIN, members: [192.0.2.3] }
`;
    // Whether they stand in one file or in two.
    for (const members of [membersOf(web + others), membersOf(web, others)]) {
      const { own, placed, silent, half } = members;
      expect(own).toMatchObject({ location: findPlace("FRA"), region: "eu-central" });
      expect(placed).toMatchObject({ location: findPlace("BOM"), region: "ap-south" });
      expect(silent).toMatchObject({ location: findPlace("DUB"), region: "eu-west" });
      expect(half).toMatchObject({ location: findPlace("SIN"), region: "eu-west" });
    }
  });

  test("are null where nobody says them", () => {
    const { a } = membersOf("  web: { members: [{ name: a, address: 192.0.2.1 }] }\n");
    expect(a).toMatchObject({ location: null, region: null });
  });
});

describe("capacity", () => {
  test("comes with what is not said: no load, 80 % and 100 %", () => {
    const { a, b, c } = membersOf(`  web:
    members:
      - { name: a, address: 192.0.2.1, capacity: 500 }
      - { name: b, address: 192.0.2.2, capacity: 0.5, load: 0.25, low: 70.5%, high: 1.2 }
      - { name: c, address: 192.0.2.3, bias: -99 }
`);
    expect(a!.capacity).toEqual({ load: 0, capacity: 500, low: 0.8, high: 1 });
    expect(b!.capacity).toEqual({ load: 0.25, capacity: 0.5, low: 0.705, high: 1.2 });
    expect(c).toMatchObject({ capacity: null, bias: -99 });
  });
});

test("an edit of a pool elsewhere moves the members that it is", () => {
  const web = "  web: { policy: proximity, members: [{ pool: eu }] }\n";
  expect(membersOf(web, "  eu: { location: DUB, members: [192.0.2.1] }\n").eu).toMatchObject({
    location: findPlace("DUB"),
  });
  expect(membersOf(web, "  eu: { location: FRA, members: [192.0.2.1] }\n").eu).toMatchObject({
    location: findPlace("FRA"),
  });
});

test("a place that is not known is one fault, not two", () => {
  const text = `${ZONE}pools:
  web: { policy: proximity, members: [{ pool: eu }, { address: [192.0.2.1, "2001:db8::1"], location: IE }] }
  eu: { location: DBLN, members: [{ address: [192.0.2.2, "2001:db8::2"] }] }
`;
  const { faults } = parseDocuments([{ file: "a.yaml", text, modifiedMs: 0 }]);
  expect(faults.map(formatFault)).toEqual([expect.stringMatching(/^a\.yaml:5:19: "DBLN" is no place/)]);
});
