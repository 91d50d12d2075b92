import { expect, test } from "vitest";
import { formatName, parseName } from "../../src/wire/name.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { steeredNames } from "../../src/zone/steered-names.ts";
import { compileZone } from "../../src/zone/zone-compiler.ts";

const apex = parseName("demo.test.");
const soa = { owner: apex, type: RRType.SOA, ttl: 300, rdata: new Uint8Array(22) };

function steeredIn(owners: readonly string[]): string[] {
  const steered = owners.map((owner) => ({ owner: parseName(owner, apex), pool: "web", ttl: 30 }));
  return steeredNames(compileZone({ apex, rrs: [soa], steered }), apex).map(formatName);
}

test("steeredNames() gives the apex first, then the names in the order of the document", () => {
  expect(steeredIn(["www", "@", "*.apps", "a.b.c", "Main"])).toEqual([
    "demo.test.",
    "www.demo.test.",
    "*.apps.demo.test.",
    "a.b.c.demo.test.",
    "main.demo.test.",
  ]);
});

test("steeredNames() is empty for a zone without pools", () => {
  expect(steeredIn([])).toEqual([]);
});
