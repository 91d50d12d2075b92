import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeZoneDocument } from "../../src/documents/zone-document.ts";
import type { SnapshotZone } from "../../src/snapshot/snapshot.ts";
import { ZoneDirectory } from "../../src/snapshot/zone-directory.ts";
import { formatName, isAtOrBelow, type Name, nameKey, parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import { RRType } from "../../src/wire/rr-type.ts";

function zoneAt(apex: Name): SnapshotZone {
  const soa = { owner: apex, type: RRType.SOA, ttl: 1, rdata: parseRdata(RRType.SOA, "a. b. 1 2 3 4 5") };
  const { id, image } = makeZoneDocument(formatName(apex), { apex, rrs: [soa], steered: [] }, "given");
  return { id, number: 0, apex, image, pools: [] };
}

function directoryOf(zones: readonly SnapshotZone[]): ZoneDirectory {
  return ZoneDirectory.EMPTY.with(byKey(zones), []);
}

function byKey(zones: readonly SnapshotZone[]): Map<string, SnapshotZone> {
  return new Map(zones.map((zone) => [nameKey(zone.apex), zone]));
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
          expect(directoryOf(zones).find(key, from)?.id).toBe(expected?.id);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("find() finds each of 2,000 zones", () => {
    const apexes = Array.from({ length: 2000 }, (_, i) => parseName(`zone-${i}.example.`));
    const directory = directoryOf(apexes.map(zoneAt));
    for (const apex of apexes) expect(directory.find(keyOf(apex), 0)?.id).toBe(formatName(apex));
    expect(directory.find(keyOf(parseName("example.")), 0)).toBeNull();
  });

  test("find() finds nothing in an empty directory, and the root zone for every name", () => {
    expect(ZoneDirectory.EMPTY.find(keyOf(parseName("a.test.")), 0)).toBeNull();
    const root = directoryOf([zoneAt(parseName("."))]);
    for (const text of [".", "test.", "a.b.c.test."])
      expect(root.find(keyOf(parseName(text)), 0)?.id).toBe(".");
  });

  test("with() replaces, adds and removes, and leaves the directory before as it was", () => {
    const [a, b, c] = ["a.test.", "b.test.", "c.test."].map((text) => zoneAt(parseName(text)));
    const before = directoryOf([a!, b!]);
    const newA = zoneAt(parseName("a.test."));
    const replaced = before.with(byKey([newA]), []);
    const moved = before.with(byKey([c!]), [nameKey(a!.apex)]);
    const found = (directory: ZoneDirectory) =>
      [a!, b!, c!].map(({ apex }) => directory.find(keyOf(apex), 0));
    expect(found(before)).toEqual([a, b, null]);
    expect(found(replaced)).toEqual([newA, b, null]);
    expect(found(replaced)[0]).toBe(newA);
    expect(found(moved)).toEqual([null, b, c]);
    expect([before.size, replaced.size, moved.size]).toEqual([2, 2, 2]);
    expect(moved.get(nameKey(a!.apex))).toBeUndefined();
    expect([...moved.keys()]).toEqual([nameKey(b!.apex), nameKey(c!.apex)]);
  });

  test("with() agrees with a map over any sequence of changes", () => {
    const labels = ["", "a", "b", "a.a", "a.b", "b.a.b"].map((label) =>
      parseName(`${label}${label && "."}test.`),
    );
    const change = fc.record({
      set: fc.subarray(labels),
      removed: fc.subarray(labels),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const model = new Map<string, SnapshotZone>();
        let directory = ZoneDirectory.EMPTY;
        for (const { set, removed } of changes) {
          const zones = byKey(set.map(zoneAt));
          const gone = removed.map(nameKey).filter((key) => model.has(key) && !zones.has(key));
          directory = directory.with(zones, gone);
          for (const key of gone) model.delete(key);
          for (const [key, zone] of zones) model.set(key, zone);
          for (const apex of labels) {
            expect(directory.get(nameKey(apex))).toBe(model.get(nameKey(apex)));
            const above = [...model.values()].filter((zone) => isAtOrBelow(apex, zone.apex));
            const longest = above.toSorted((x, y) => y.apex.length - x.apex.length)[0];
            expect(directory.find(keyOf(apex), 0)).toBe(longest ?? null);
          }
          expect(new Set(directory.zones)).toEqual(new Set(model.values()));
        }
      }),
      { numRuns: 200 },
    );
  });
});
