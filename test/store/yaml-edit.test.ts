import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { DocumentBody, Edit } from "../../src/store/change.ts";
import { editYaml, readBody } from "../../src/store/files/yaml-edit.ts";

const TEXT = `# All of Europe.
pools:
    eu:   # looked after by the network team
        members:
            - { name: eu-1,  address: 192.0.2.10, weight: 3 }   # the big one
            - { name: eu-2, address: 192.0.2.11 }
        policy: weighted

    us: { members: [198.51.100.10] }
zones:
    demo.test:
        ttl:   300
        records:
            "@": { NS: [ns1] }   # the apex
            # where we stand
            ns1: { A: 192.0.2.53 }
            www: { pool: eu,   ttl: 30 }
`;

function edited(key: Edit["key"], change: (body: Record<string, unknown>) => unknown): string {
  const body = structuredClone(readBody(TEXT, key)) as Record<string, unknown>;
  return editYaml(TEXT, [{ key, body: (change(body) ?? body) as DocumentBody }]);
}

/** Lines of the old text that the new one does not have. */
function linesLost(text: string): string[] {
  const lines = new Set(text.split("\n"));
  return TEXT.split("\n").filter((line) => !lines.has(line));
}

describe("editYaml()", () => {
  it("changes the one record that changed and leaves every other line as it was", () => {
    const text = edited("zones/demo.test", (body) => {
      (body.records as Record<string, unknown>).www = { pool: "us", ttl: 30 };
    });
    expect(linesLost(text)).toEqual(["            www: { pool: eu,   ttl: 30 }"]);
    expect(text).toContain("            www: { pool: us,   ttl: 30 }\n");
  });

  it("keeps comments inside a list whose items change", () => {
    const text = edited("pools/eu", (body) => {
      (body.members as Record<string, unknown>[])[1]!.weight = 0;
    });
    expect(text).toContain("# the big one");
    expect(text).toContain("- { name: eu-2, address: 192.0.2.11, weight: 0 }");
    expect(text).toContain("eu:   # looked after by the network team");
  });

  it("adds and removes records, and keeps the comments of those beside them", () => {
    const text = edited("zones/demo.test", (body) => {
      const { ns1, ...records } = body.records as Record<string, unknown>;
      body.records = { ...records, new: { A: "192.0.2.99" } };
    });
    expect(text).toContain("# the apex");
    expect(readBody(text, "zones/demo.test")).toEqual({
      ttl: 300,
      records: { "@": { NS: ["ns1"] }, www: { pool: "eu", ttl: 30 }, new: { A: "192.0.2.99" } },
    });
    expect(linesLost(text).some((line) => line.includes("policy: weighted"))).toBe(false);
  });

  it("adds a document of a kind that the file did not have, and takes one away", () => {
    const text = editYaml(TEXT, [
      { key: "monitors/web", body: { type: "http" } },
      { key: "pools/us", body: null },
    ]);
    expect(parse(text)).toMatchObject({ monitors: { web: { type: "http" } } });
    expect(readBody(text, "pools/us")).toBeNull();
    expect(text).toContain("# the big one");
  });

  it("fills an empty file", () => {
    expect(parse(editYaml("", [{ key: "pools/a", body: { members: ["192.0.2.1"] } }]))).toEqual({
      pools: { a: { members: ["192.0.2.1"] } },
    });
  });

  it("gives the text back octet by octet when nothing changes", () => {
    expect(editYaml(TEXT, [{ key: "pools/eu", body: readBody(TEXT, "pools/eu") }])).toBe(TEXT);
  });

  it("says afterwards exactly what was meant, whatever stood there", () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }),
    );
    const id = fc.constantFrom("a", "b.test", "0/25.test", "yes", "1", "x y", "#", "é");
    const body = fc.dictionary(
      fc.constantFrom("members", "ttl", "policy", "null", "a b"),
      value,
    ) as fc.Arbitrary<DocumentBody>;
    const bodyOfZone = fc.record({
      records: fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 5 }),
    });
    const edit = fc.oneof(
      fc.record({ key: id.map((each) => `pools/${each}` as const), body: fc.option(body) }),
      fc.record({ key: id.map((each) => `zones/${each}` as const), body: fc.option(bodyOfZone) }),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), (edits) => {
        let text = TEXT;
        for (const each of edits) {
          text = editYaml(text, [each]);
          expect(readBody(text, each.key)).toEqual(each.body);
        }
        const touched = new Set<string>(edits.map((each) => each.key));
        for (const key of ["pools/eu", "pools/us", "zones/demo.test"] as const) {
          if (!touched.has(key)) expect(readBody(text, key)).toEqual(readBody(TEXT, key));
        }
      }),
      { numRuns: 200 },
    );
  });
});
