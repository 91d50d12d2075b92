import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeZoneDocument } from "../../src/documents/zone-document.ts";
import type { SnapshotZone } from "../../src/snapshot/snapshot.ts";
import { ZoneDirectory } from "../../src/snapshot/zone-directory.ts";
import { formatName, isAtOrBelow, type Name, parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import { RRType } from "../../src/wire/rr-type.ts";

function zoneAt(apex: Name): SnapshotZone {
  const soa = { owner: apex, type: RRType.SOA, ttl: 1, rdata: parseRdata(RRType.SOA, "a. b. 1 2 3 4 5") };
  const source = makeZoneDocument(formatName(apex), { apex, rrs: [soa], steered: [] }, "given");
  return { id: source.id, apex, image: source.image, pools: [], source };
}

function keyOf(name: Name): NameKey {
  const key = new NameKey();
  key.read(name, 0, name.length);
  return key;
}

const name = fc
  .array(fc.constantFrom("a", "b", "c", "test"), { maxLength: 5 })
  .map((labels) => parseName(`${labels.join(".")}.`));

describe("ZoneDirectory", () => {
  test("find() gives the zone of the longest apex at or above the name", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 12, selector: formatName }),
        name,
        fc.nat(2),
        (apexes, qname, skip) => {
          const zones = apexes.map(zoneAt);
          const key = keyOf(qname);
          const from = Math.min(skip, key.labelCount);
          const suffix = qname.subarray(key.labelStart[from]!) as Name;
          const expected = zones
            .filter(({ apex }) => isAtOrBelow(suffix, apex))
            .sort((a, b) => b.apex.length - a.apex.length)[0];
          expect(new ZoneDirectory(zones).find(key, from)?.id).toBe(expected?.id);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("find() finds each of 2,000 zones", () => {
    const apexes = Array.from({ length: 2000 }, (_, i) => parseName(`zone-${i}.example.`));
    const directory = new ZoneDirectory(apexes.map(zoneAt));
    for (const apex of apexes) expect(directory.find(keyOf(apex), 0)?.id).toBe(formatName(apex));
    expect(directory.find(keyOf(parseName("example.")), 0)).toBeNull();
  });
});
