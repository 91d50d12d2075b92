import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FileDocuments, readFileDocuments } from "../../src/documents/file-documents.ts";
import { entriesOf, entryText } from "../../src/documents/file-entries.ts";
import { readQuickYaml } from "../../src/documents/quick-yaml.ts";

const TEXT = `# of ours
zones:
  a.test:
    records: {}

  "b.test":
    records:
      www: { A: 192.0.2.1 }
# the pools
pools: # two
    eu: { members: [192.0.2.1] }
    us:
      members:
      - 192.0.2.2`;

/** Entries as somebody may write them: good, wrong in themselves, and such that are not plain. */
const ENTRIES = [
  "zones/a.test:\n    records:\n      '@': { NS: [ns1.example.net., ns2.example.net.] }\n      www: { A: 192.0.2.1 }\n",
  "zones/a.test:\n    records:\n      '@': { NS: [ns1.example.net., ns2.example.net.] }\n\n# more\n      www: { A: 192.0.2.2 }\n",
  "zones/b.test: { records: { '@': { NS: ns1.example.net. } } }\n",
  "zones/b.test:\n    records: { '@': { NS: ns1.example.net. }, www: { A: nonsense } }\n",
  "zones/b.test:\n    record: {}\n",
  "zones/A.test.:\n    records: { '@': { NS: ns1.example.net. } }\n",
  "zones/bad..name: { records: {} }\n",
  "zones/c.test:\n    records: { '@': { NS: ns1.example.net. }, www: { TXT: é } }\n",
  "zones/c.test: *eu\n",
  "pools/eu: { members: [192.0.2.1] }\n",
  "pools/eu: &eu { members: [192.0.2.1] }\n",
  "pools/eu:\n    members: [{ name: a, address: 192.0.2.1, serves: FR }, { name: b, address: 192.0.2.2, serves: FR }]\n    policy: geo\n",
  "pools/7: { members: [192.0.2.7] }\n",
  "pools/us:\n    members:\n    - 192.0.2.2\n    - { address: 192.0.2.3, weight: much }\n",
  "monitors/web: { type: http, path: / }\n",
  "monitors/web: { type: http, pth: / }\n",
];

const file = fc.array(fc.constantFrom(...ENTRIES), { maxLength: 6 }).map((entries) => {
  const kinds = Map.groupBy(entries, (entry) => entry.slice(0, entry.indexOf("/")));
  return [...kinds]
    .map(([kind, of]) => `${kind}:\n${of.map((each) => `  ${each.slice(kind.length + 1)}`).join("")}`)
    .join("");
});

function read(text: string, before?: { text: string; documents: FileDocuments }): FileDocuments {
  return readFileDocuments({ file: "a.yaml", text, modifiedMs: 5000 }, { before });
}

function shown({ zones, ...rest }: FileDocuments) {
  const documents = zones.map(({ document, ...zone }) => {
    const { image, ...of } = document ?? {};
    return { ...zone, of, octets: image && Buffer.from(image.buffer).toString("hex") };
  });
  return { ...rest, documents };
}

describe("entriesOf()", () => {
  it("gives the lines of each document", () => {
    const entries = entriesOf(TEXT)!;
    expect([...entries.values()].map(({ kind, id, line }) => [kind, id, line])).toEqual([
      ["zones", "a.test", 3],
      ["zones", "b.test", 6],
      ["pools", "eu", 11],
      ["pools", "us", 12],
    ]);
    const parts = [...entries.values()].map((entry) => readQuickYaml(entryText(TEXT, entry))!.value);
    expect(parts[1]).toEqual({ zones: { "b.test": { records: { www: { A: "192.0.2.1" } } } } });
    expect(parts[3]).toEqual({ pools: { us: { members: ["192.0.2.2"] } } });
  });

  it.each([
    ["a second document", "---\nzones:\n  a.test: {}\n"],
    ["another key", "zone:\n  a.test: {}\n"],
    ["a kind twice", "zones:\n  a.test: {}\nzones:\n  b.test: {}\n"],
    ["a kind without documents", "zones:\npools:\n  eu: {}\n"],
    ["a kind as a flow map", "zones: { a.test: {} }\n"],
    ["a name twice", "zones:\n  a.test: {}\n  a.test: {}\n"],
    ["a list", "zones:\n  - a.test\n"],
    ["a line between two columns", "zones:\n    a.test:\n      records: {}\n  b.test: {}\n"],
    ["nothing", "# nothing\n"],
  ])("has none of %s", (_, text) => {
    expect(entriesOf(text)).toBeUndefined();
  });
});

describe("readFileDocuments() with what was read before", () => {
  it("says what it says without", () => {
    fc.assert(
      fc.property(file, file, (old, now) => {
        expect(shown(read(now, { text: old, documents: read(old) }))).toEqual(shown(read(now)));
      }),
      { numRuns: 1000 },
    );
  });

  it("takes over the very documents that stand as they stood", () => {
    const text = `zones:\n  ${ENTRIES[0]!.slice(6)}  ${ENTRIES[2]!.slice(6)}`;
    const before = read(text);
    const after = read(text.replace("192.0.2.1", "192.0.2.9"), { text, documents: before });
    expect(after.zones[1]).toBe(before.zones[1]);
    expect(after.zones[0]!.document!.digest).not.toBe(before.zones[0]!.document!.digest);
  });
});
