import { describe, expect, test } from "vitest";
import type { ZoneDocument } from "../../src/documents/configuration.ts";
import { Apexes, ZoneTable } from "../../src/documents/zone-table.ts";
import { nameKey, parseName } from "../../src/wire/name.ts";
import { zoneOf } from "../support/answers.ts";

const keyOf = (apex: string) => nameKey(parseName(apex));
const zone = (apex: string): ZoneDocument =>
  zoneOf(`$ORIGIN ${apex}\n@ 60 SOA ns.example.net. host.example.net. 1 2 3 4 5\n@ 60 NS ns.example.net.`);

describe("Apexes", () => {
  test("know which zone is within which, the nearest one", () => {
    const { within } = new Apexes(["b.test.", "a.b.test.", "c.test.", "x.y.a.b.test."].map(keyOf));
    expect(within).toEqual([
      { place: 1, parent: 0 },
      { place: 3, parent: 1 },
    ]);
  });

  test("areThese() compares keys and their order", () => {
    const keys = ["a.test.", "b.test."].map(keyOf);
    const apexes = new Apexes(keys);
    expect(apexes.areThese([...keys])).toBe(true);
    expect(apexes.areThese(keys.toReversed())).toBe(false);
    expect(apexes.areThese(keys.slice(1))).toBe(false);
    expect(apexes.areThese([...keys, keyOf("c.test.")])).toBe(false);
  });
});

describe("ZoneTable", () => {
  const [a, b, c] = ["a.test.", "b.test.", "c.test."].map(zone) as [ZoneDocument, ZoneDocument, ZoneDocument];
  const before = ZoneTable.of([a, b]);

  test("finds zones by key, and gives them in order", () => {
    expect(before.get(keyOf("b.test."))).toBe(b);
    expect(before.get(keyOf("c.test."))).toBeUndefined();
    expect(before.has(keyOf("a.test."))).toBe(true);
    expect(before.size).toBe(2);
    expect([...before]).toEqual([
      [keyOf("a.test."), a],
      [keyOf("b.test."), b],
    ]);
  });

  test("since() tells what changed among the same zones", () => {
    const changed = { ...b };
    const after = new ZoneTable(before.apexes, [a, changed]);
    expect(after.since(before)).toEqual({ changed: [{ zone: changed, before: b }], removed: [] });
    expect(after.since(before).changed[0]!.zone).toBe(changed);
    expect(before.since(before)).toEqual({ changed: [], removed: [] });
  });

  test("since() tells what came and what went", () => {
    expect(ZoneTable.of([c, b]).since(before)).toEqual({
      changed: [{ zone: c, before: undefined }],
      removed: [a],
    });
    expect(ZoneTable.of([b, a]).since(before)).toEqual({ changed: [], removed: [] });
  });
});
