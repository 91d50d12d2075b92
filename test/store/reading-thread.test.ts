import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DocumentReader, readFilesHere } from "../../src/documents/document-reader.ts";
import { type FolderListing, listFolder } from "../../src/documents/folder.ts";
import { readFilesAside } from "../../src/store/files/reading-thread.ts";
import { parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { LookupResult, lookup } from "../../src/zone/lookup.ts";
import { ZoneImage } from "../../src/zone/zone-image.ts";

const IN_THREAD = { octetsMax: 0, firstHere: false };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "windrose-thread-"));
  const ns = '"@": { NS: [ns1.example.net., ns2.example.net.] }';
  writeFileSync(
    join(dir, "a.yaml"),
    `zones: { a.test: { records: { ${ns}, www: { A: 192.0.2.1 }, x: { pool: web } } } }\n`,
  );
  writeFileSync(
    join(dir, "b.yaml"),
    'pools: { web: { members: [{ name: a, address: [192.0.2.1, "2001:db8::1"] }] } }\n',
  );
  writeFileSync(
    join(dir, "c.yaml"),
    `zones: { c.test: { records: { ${ns.replace(", ns2.example.net.", "")} } } }\n`,
  );
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What two ways of reading are compared by; images by their octets. */
async function loadWith(reader: DocumentReader, listing: FolderListing) {
  const { configuration, faults } = await reader.load(listing);
  const zones = [...(configuration?.zones ?? [])].map(([key, { image, ...zone }]) => {
    expect(image).toBeInstanceOf(ZoneImage);
    return { key, ...zone, octets: Buffer.from(image.buffer).toString("hex"), pools: image.poolIds };
  });
  return { zones, pools: configuration?.pools, monitors: configuration?.monitors, faults };
}

describe("readFilesAside()", () => {
  test("reads the same in a thread as here, faults too", async () => {
    const listing = await listFolder(dir);
    const here = await loadWith(new DocumentReader(readFilesHere()), listing);
    expect(here.zones).toHaveLength(2);
    expect(here.faults).toHaveLength(1);
    expect(await loadWith(new DocumentReader(readFilesAside(IN_THREAD)), listing)).toEqual(here);
  });

  test("reads the same in a thread and here at once", async () => {
    const ns = '"@": { NS: [ns1.example.net., ns2.example.net.] }';
    for (let i = 0; i < 100; i++) {
      writeFileSync(join(dir, `z${i}.yaml`), `zones: { z${i}.test: { records: { ${ns} } } }\n`);
    }
    const listing = await listFolder(dir);
    const here = await loadWith(new DocumentReader(readFilesHere()), listing);
    const both = await loadWith(new DocumentReader(readFilesAside({ octetsMax: 0 })), listing);
    expect(both).toEqual(here);
  });

  test("gives images that can be looked up in", async () => {
    const { configuration } = await new DocumentReader(readFilesAside(IN_THREAD)).load(await listFolder(dir));
    const { image } = [...configuration!.zones.values()][0]!;
    const name = parseName("www.a.test.");
    const key = new NameKey();
    key.read(name, 0, name.length);
    const result = new LookupResult();
    lookup(image, key, RRType.A, result);
    expect(result.rrset).toBeGreaterThan(0);
  });

  test("tells of a file that cannot be read", async () => {
    const listing = await listFolder(dir);
    rmSync(join(dir, "b.yaml"));
    const { faults } = await new DocumentReader(readFilesAside(IN_THREAD)).load(listing);
    expect(faults).toContainEqual(
      expect.objectContaining({
        file: join(dir, "b.yaml"),
        message: expect.stringContaining("no such file"),
      }),
    );
  });
});
