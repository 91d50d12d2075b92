import { expect, test } from "vitest";
import type { Configuration } from "../../src/documents/configuration.ts";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { changeBetween, changeFields, isEmpty } from "../../src/sync/configuration-change.ts";

const ZONE = (apex: string, address: string, pool = "") =>
  `${apex}: { records: { "@": { NS: [ns1, ns2] }, ns1: { A: ${address} }, ns2: { A: 192.0.2.2 }${pool} } }`;

function configuration(
  texts: { zones: string[]; pools?: string[] },
  previous?: Configuration,
): Configuration {
  const pools = texts.pools === undefined ? "" : `pools:\n  ${texts.pools.join("\n  ")}\n`;
  const text = `${pools}zones:\n  ${texts.zones.join("\n  ")}\n`;
  const loaded = parseDocuments([{ file: "all.yaml", text, modifiedMs: 0 }], { previous });
  if (loaded.configuration === undefined) throw new Error(JSON.stringify(loaded.faults));
  return loaded.configuration;
}

test("changeBetween() is empty where a reload read the same", () => {
  const before = configuration({ zones: [ZONE("a.test", "192.0.2.1")] });
  const after = configuration({ zones: [ZONE("a.test", "192.0.2.1")] }, before);
  expect(isEmpty(changeBetween(before, after))).toBe(true);
  expect(changeFields(changeBetween(before, after))).toEqual({});
});

test("changeBetween() names zones that came, changed and went", () => {
  const before = configuration({
    zones: ["a.test", "b.test", "c.test"].map((apex) => ZONE(apex, "192.0.2.1")),
  });
  const zones = [ZONE("a.test", "192.0.2.1"), ZONE("b.test", "192.0.2.9"), ZONE("d.test", "192.0.2.1")];
  const change = changeBetween(before, configuration({ zones }, before));
  expect(changeFields(change)).toEqual({
    zonesAdded: ["d.test"],
    zonesChanged: ["b.test"],
    zonesRemoved: ["c.test"],
  });
  expect(isEmpty(change)).toBe(false);
});

test("changeBetween() sees a pool whose weight changed, with its zone as it was", () => {
  const zones = [ZONE("a.test", "192.0.2.1", ", www: { pool: web }")];
  const pool = (weight: number) => `web: { members: [{ address: 192.0.2.7, weight: ${weight} }] }`;
  const before = configuration({ zones, pools: [pool(1)] });
  const after = configuration({ zones, pools: [pool(2)] }, before);
  expect(changeFields(changeBetween(before, after))).toEqual({ poolsChanged: ["web"] });
});

test("changeFields() names ten and counts the others", () => {
  const before = configuration({ zones: [ZONE("a.test", "192.0.2.1")] });
  const many = Array.from({ length: 14 }, (_, i) => ZONE(`z${i}.test`, "192.0.2.1"));
  const fields = changeFields(
    changeBetween(before, configuration({ zones: [ZONE("a.test", "192.0.2.1"), ...many] }, before)),
  );
  expect(fields.zonesAdded?.length).toBe(11);
  expect(fields.zonesAdded?.at(-1)).toBe("and 4 more");
});
