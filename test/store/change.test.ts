import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DocumentBody, partsBetween, withoutParts } from "../../src/store/change.ts";

const value = fc.oneof(fc.string(), fc.integer(), fc.array(fc.string(), { maxLength: 2 }));
const body = fc.record(
  {
    ttl: value,
    records: fc.dictionary(fc.constantFrom("@", "www", "a", "b"), value, { noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<DocumentBody>;

describe("partsBetween()", () => {
  it("names the owners of a zone whose records changed, and the keys beside them", () => {
    const before = { ttl: 300, records: { www: { A: "192.0.2.1" }, old: { A: "192.0.2.2" } } };
    const after = { ttl: 60, records: { www: { A: "192.0.2.9" }, new: { A: "192.0.2.3" } } };
    expect(partsBetween("zones/demo.test", before, after)).toEqual([
      { key: "zones/demo.test", path: ["ttl"], before: 300, after: 60 },
      {
        key: "zones/demo.test",
        path: ["records", "www"],
        before: { A: "192.0.2.1" },
        after: { A: "192.0.2.9" },
      },
      { key: "zones/demo.test", path: ["records", "old"], before: { A: "192.0.2.2" } },
      { key: "zones/demo.test", path: ["records", "new"], after: { A: "192.0.2.3" } },
    ]);
  });

  it("names a pool's keys as wholes", () => {
    const parts = partsBetween("pools/eu", { members: ["192.0.2.1"] }, { members: ["192.0.2.2"] });
    expect(parts.map((part) => part.path)).toEqual([["members"]]);
  });
});

describe("withoutParts()", () => {
  it("takes any change back", () => {
    fc.assert(
      fc.property(fc.option(body), fc.option(body), (before, after) => {
        const parts = partsBetween("zones/demo.test", before, after);
        expect(withoutParts(after, parts)).toEqual({ body: before, conflicts: [] });
      }),
    );
  });

  it("names the parts that were changed again, and touches nothing else's", () => {
    const parts = partsBetween(
      "zones/demo.test",
      { ttl: 1, records: { a: "x" } },
      { ttl: 2, records: { a: "y" } },
    );
    expect(withoutParts({ ttl: 3, records: { a: "y", b: "z" } }, parts)).toEqual({
      body: { ttl: 3, records: { a: "x", b: "z" } },
      conflicts: [["ttl"]],
    });
  });
});

it("partsBetween() and withoutParts() know an owner that every object has by inheritance", () => {
  const before = { records: { valueOf: { A: "192.0.2.1" } } };
  const after = { records: {} };
  const parts = partsBetween("zones/example.com", before, after);
  expect(parts).toEqual([
    { key: "zones/example.com", path: ["records", "valueOf"], before: { A: "192.0.2.1" } },
  ]);
  expect(withoutParts(after, parts)).toEqual({ body: before, conflicts: [] });
});
