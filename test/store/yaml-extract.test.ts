import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DocumentBody } from "../../src/store/change.ts";
import { editYaml, readBody } from "../../src/store/files/yaml-edit.ts";
import { extractAt } from "../../src/store/files/yaml-extract.ts";

const TEXT = `# Who asks for what.
pools:
  eu: { members: [192.0.2.1] } # small
  us:
    # two of them
    members:
    - 198.51.100.1
    - 198.51.100.2 # the new one
    # there will be more

    policy: weighted
zones:
  a.test:
    records:
      "@": { NS: [ns1.example.net., ns2.example.net.] }
  b.test:
    ttl: 300
    records:
      "@":
        NS: [ns1.example.net., ns2.example.net.]
      # the site
      www: { A: 192.0.2.7 }
      # the end
`;

const own = (...path: string[]) => {
  const extract = extractAt(TEXT, path, 2);
  return extract?.text.slice(extract.headLength);
};

describe("extractAt()", () => {
  it("gives the keys above and the lines of the entry", () => {
    expect(extractAt(TEXT, ["zones", "b.test", "records", "www"], 2)).toMatchObject({
      text: 'zones:\n  "b.test":\n    "records":\n      www: { A: 192.0.2.7 }\n'.replace("zones", '"zones"'),
      path: ["zones", "b.test", "records", "www"],
    });
  });

  it("takes a list that stands as far out as its key, and leaves the comment behind it", () => {
    expect(own("pools", "us", "members")).toBe(
      "    members:\n    - 198.51.100.1\n    - 198.51.100.2 # the new one\n",
    );
  });

  it("ends an entry with the last line that is its own", () => {
    expect(own("zones", "a.test")).toBe(
      '  a.test:\n    records:\n      "@": { NS: [ns1.example.net., ns2.example.net.] }\n',
    );
    expect(own("zones", "b.test")).toMatch(/www: \{ A: 192\.0\.2\.7 \}\n$/);
  });

  it("takes the entry around what is in a flow map or not there", () => {
    expect(own("pools", "eu", "members")).toBe("  eu: { members: [192.0.2.1] } # small\n");
    expect(own("zones", "a.test", "records", "new")).toBe(own("zones", "a.test", "records"));
  });

  it("gives nothing where even the document is not there, or the text is not plain", () => {
    expect(extractAt(TEXT, ["zones", "c.test"], 2)).toBeUndefined();
    expect(extractAt("zones:\n  a.test: &x { records: {} }\n", ["zones", "a.test"], 2)).toBeUndefined();
  });
});

describe("editYaml() of an extract", () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  it(`leaves every other line and comment (seed ${seed})`, () => {
    const owner = fc.constantFrom("@", "www", "new");
    const change = fc.record({ owner, last: fc.integer({ min: 0, max: 255 }), isGone: fc.boolean() });
    fc.assert(
      fc.property(change, ({ owner, last, isGone }) => {
        const body = structuredClone(readBody(TEXT, "zones/b.test")) as { records: Record<string, unknown> };
        if (isGone) delete body.records[owner];
        else body.records[owner] = { A: `10.0.0.${last}` };
        const text = editYaml(TEXT, [{ key: "zones/b.test", body: body as unknown as DocumentBody }]);
        expect(readBody(text, "zones/b.test")).toEqual(body);
        const [before, after] = [TEXT, text].map((each) => each.slice(0, each.indexOf("  b.test:")));
        expect(after).toBe(before);
        for (const comment of ["# the end", ...(isGone && owner === "www" ? [] : ["# the site"])])
          expect(text).toContain(comment);
      }),
      { seed, numRuns: 60 },
    );
  });
});
