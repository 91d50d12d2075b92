import fc from "fast-check";
import { expect, test } from "vitest";
import type { LoadedDocuments } from "../../src/documents/document-join.ts";
import { DocumentReader, type ReadFiles } from "../../src/documents/document-reader.ts";
import { readFileDocuments } from "../../src/documents/file-documents.ts";
import type { FolderListing, ListedFile } from "../../src/documents/folder.ts";

/** What a file may say: good, warned of, or wrong, by itself and together with others. */
const ZONES = [
  "records: { '@': { NS: ns1.example.net. }, www: { A: 192.0.2.1 } }",
  "records: { '@': { NS: ns1.example.net. }, www: { A: 192.0.2.2 } }",
  "records: { '@': { NS: ns1.example.net. }, www: { pool: web } }",
  "records: { '@': { NS: ns1.example.net., pool: cdn } }",
  "records: { '@': { NS: ns1.example.net. }, www: { pool: gone } }",
  "records: { '@': { NS: ns1.example.net. }, sub: { NS: ns1.example.net. } }",
  "records: { '@': { NS: ns1.example.net., SOA: ns1.example.net. ops.example.net. 7 3600 600 86400 300 }, www: { A: 192.0.2.3 } }",
  "records: { '@': { NS: ns1.example.net., SOA: ns1.example.net. ops.example.net. 7 3600 600 86400 300 }, www: { A: 192.0.2.4 } }",
  "records: { '@': { NS: ns1.example.net. }, www: { CNAME: a., A: 192.0.2.1 } }",
  "records: { '@': { NS: ns1.example.net. }, www: { A: nonsense } }",
  "{ records: { '@': { NS: ns1.example.net. }, www: { pool: web } }, expect: [{ name: www, from: FR, then: 192.0.2.1 }] }",
];
const POOLS = [
  "members: [192.0.2.1]",
  "members: [192.0.2.1, '2001:db8::1']",
  "{ members: [192.0.2.1], monitor: ping }",
  "members: [{ pool: cdn }]",
  "members: [{ pool: web }]",
  "members: [{ target: cdn.example.net. }]",
  "members: [{ address: 192.0.2.1, weight: much }]",
];
const MONITORS = ["{ type: tcp, port: 80 }", "{ type: tcp, port: nothing }"];

/** What stands at first: without an error. */
const FIRST: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a.yaml": { "zones/a.test": ZONES[0]!, "zones/sub.a.test": ZONES[2]! },
  "b.yaml": { "zones/b.test": ZONES[10]!, "pools/cdn": POOLS[1]! },
  "c.yaml": { "pools/web": POOLS[0]!, "monitors/ping": MONITORS[0]! },
  "d.yaml": { "zones/d.test": ZONES[6]! },
};

const bodies = { zones: ZONES, pools: POOLS, monitors: MONITORS };

/** Most are good, so that the next step begins from a configuration. */
const step = fc
  .constantFrom(
    ...Object.entries(FIRST).flatMap(([file, documents]) =>
      Object.keys(documents).map((key) => [file, key] as const),
    ),
    ["d.yaml", "pools/web"] as const,
    ["d.yaml", "zones/A.test."] as const,
  )
  .chain(([file, key]) =>
    fc.record({
      file: fc.constant(file),
      key: fc.constant(key),
      /** Null: it goes. */
      body: fc.option(fc.constantFrom(...bodies[key.split("/")[0] as keyof typeof bodies]), {
        freq: 15,
        nil: null,
      }),
      /** Published, refused by somebody else, or refused and the file put back. */
      fate: fc.constantFrom("publish", "publish", "publish", "refuse", "put back"),
    }),
  );

function textOf(documents: Readonly<Record<string, string>>): string {
  const kinds = Map.groupBy(Object.entries(documents), ([key]) => key.split("/")[0]!);
  return [...kinds]
    .map(
      ([kind, of]) =>
        `${kind}:\n${of.map(([key, body]) => `  ${key.split("/")[1]}: ${braced(body)}\n`).join("")}`,
    )
    .join("");
}

function braced(body: string): string {
  return body.startsWith("{") ? body : `{ ${body} }`;
}

function listingOf(texts: ReadonlyMap<string, { text: string; version: number }>): FolderListing {
  const files = [...texts].map(([path, { version }]): [string, ListedFile] => [
    path,
    { path, stamp: String(version), inode: path, size: 1, modifiedMs: version, isMovedHere: true },
  ]);
  return { files: new Map(files), folders: [], faults: [] };
}

function reads(texts: ReadonlyMap<string, { text: string; version: number }>): ReadFiles {
  return async (files, onRead) => {
    for (const { path, modifiedMs } of files) {
      const { text } = texts.get(path)!;
      onRead(readFileDocuments({ file: path, text, modifiedMs }), () => text);
    }
  };
}

function shown({ configuration, faults, expectations }: LoadedDocuments) {
  return {
    faults,
    expectations: expectations.map(({ zone, place }) => [[...zone], place.shown]),
    zones: configuration?.zones.values().map(({ id, serial, digest, soa }) => [id, serial, digest, soa]),
    keys: configuration?.zones.keys(),
    pools: configuration && [...configuration.pools],
    monitors: configuration && [...configuration.monitors],
  };
}

test("load() says of files that changed one after the other what it says of all of them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 30 }), async (steps) => {
      const documents = new Map(Object.entries(FIRST));
      const texts = new Map<string, { text: string; version: number }>();
      for (const [file, of] of documents) texts.set(file, { text: textOf(of), version: 0 });
      const reader = new DocumentReader();
      let { configuration: previous } = await reader.load(listingOf(texts), undefined, reads(texts));
      for (const [i, { file, key, body, fate }] of steps.entries()) {
        const [before, of] = [texts.get(file), documents.get(file) ?? {}];
        const { [key]: _, ...rest } = of;
        const after = body === null ? rest : { ...of, [key]: body };
        documents.set(file, after);
        if (Object.keys(after).length === 0) texts.delete(file);
        else texts.set(file, { text: textOf(after), version: i + 1 });
        const loaded = await reader.load(listingOf(texts), previous, reads(texts));
        const anew = await new DocumentReader().load(listingOf(texts), previous, reads(texts));
        expect(shown(loaded)).toEqual(shown(anew));
        const { configuration } = loaded;
        if (configuration !== undefined && fate === "publish") {
          for (const [key, zone] of configuration.zones) {
            const old = previous?.zones.get(key);
            if (old?.digest === zone.digest && old.id === zone.id) expect(zone).toBe(old);
          }
          previous = configuration;
        } else if (configuration === undefined || fate === "put back") {
          documents.set(file, of);
          if (before === undefined) texts.delete(file);
          else texts.set(file, before);
        }
      }
    }),
    { numRuns: 150 },
  );
});
