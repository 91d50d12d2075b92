import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeSoa } from "../../src/documents/soa.ts";
import { makeZoneDocument, withSerial } from "../../src/documents/zone-document.ts";
import { parseName } from "../../src/wire/name.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import type { RR } from "../../src/wire/rr.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import type { ZoneData } from "../../src/zone/zone-data.ts";

const apex = parseName("example.test.");

function soa(serial: number): RR {
  return makeSoa(apex, { mname: parseName("ns1.example.test."), rname: apex, serial, ttl: 300 });
}

function rr(owner: string, address: string, ttl = 300): RR {
  return { owner: parseName(owner, apex), type: RRType.A, ttl, rdata: parseRdata(RRType.A, address, apex) };
}

function data(serial: number, rrs: readonly RR[], pools: readonly string[] = []): ZoneData {
  const steered = pools.map((pool, index) => ({ owner: parseName(`s${index}`, apex), pool, ttl: 30 }));
  return { apex, rrs: [soa(serial), ...rrs], steered };
}

const records = [rr("www", "192.0.2.1"), rr("www", "192.0.2.2"), rr("mail", "192.0.2.3")];
const digest = (zone: ZoneData, kind: "made" | "given" = "made") => makeZoneDocument("x", zone, kind).digest;

describe("ZoneDocument.digest", () => {
  test("does not count a made serial, and counts a given one", () => {
    expect(digest(data(1, records))).toBe(digest(data(2, records)));
    expect(digest(data(1, records), "given")).not.toBe(digest(data(2, records), "given"));
  });

  const other = digest(data(1, records, ["web"]));
  test.each<[string, ZoneData]>([
    ["an owner", data(1, [rr("web", "192.0.2.1"), ...records.slice(1)], ["web"])],
    ["the case of an owner", data(1, [rr("WWW", "192.0.2.1"), ...records.slice(1)], ["web"])],
    ["a TTL", data(1, [rr("www", "192.0.2.1", 301), ...records.slice(1)], ["web"])],
    ["rdata", data(1, [rr("www", "192.0.2.9"), ...records.slice(1)], ["web"])],
    ["one RR less", data(1, records.slice(1), ["web"])],
    ["the order", data(1, [...records].reverse(), ["web"])],
    ["a pool", data(1, records, ["wbe"])],
    ["one steered name less", data(1, records)],
  ])("counts %s", (_, changed) => {
    expect(digest(changed)).not.toBe(other);
  });

  test("is equal for the same data alone", () => {
    const rrs = fc.array(
      fc
        .tuple(fc.constantFrom("a", "b", "a.b"), fc.nat(2), fc.nat(1))
        .map(([owner, n, ttl]) => rr(owner, `192.0.2.${n}`, ttl)),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(rrs, rrs, (a, b) => {
        expect(digest(data(1, a)) === digest(data(2, b))).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 300 },
    );
  });
});

describe("withSerial()", () => {
  test.each([0, 1, 0x7fff_ffff, 0xffff_ffff])("gives the image that compiling with %i gives", (serial) => {
    const zone = makeZoneDocument("x", data(12_345, records, ["web"]), "made");
    const octets = Buffer.from(zone.image.buffer).toString("hex");
    const next = withSerial(zone, serial);
    const compiled = makeZoneDocument("x", data(serial, records, ["web"]), "made");
    expect(next.serial).toBe(serial);
    expect(next.digest).toBe(zone.digest);
    expect(Buffer.from(next.image.buffer).equals(Buffer.from(compiled.image.buffer))).toBe(true);
    expect(Buffer.from(zone.image.buffer).toString("hex")).toBe(octets);
  });
});
