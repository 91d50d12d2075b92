import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FolderListing } from "../../src/documents/folder.ts";
import { type ReadTexts, SnapshotFile } from "../../src/store/snapshot-file.ts";
import { listingOf, type StoredText, sourceFile, stamped } from "../../src/store/stamp.ts";

let dir: string;
let logged: { level: number; msg: string }[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-snapshot-"));
  logged = [];
});
afterEach(() => rm(dir, { recursive: true }));

const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(JSON.parse(line) as never) });
const open = () => SnapshotFile.open(join(dir, "data"), log);
const path = (name: string) => join(dir, "data", `snapshot.${name}`);

type Documents = ReadonlyMap<string, StoredText>;
function documents(texts: Readonly<Record<string, string>>): Documents {
  return new Map(Object.entries(texts).map(([key, text]) => [key, stamped(text, 1_700_000_000_000)]));
}

function listing(from: Documents): FolderListing {
  return listingOf(new Map([...from].map(([key, text]) => [key, sourceFile(key, text)])));
}

function reading(from: Documents): ReadTexts {
  return async function* (files) {
    for (const file of files) {
      const text = await Promise.resolve(from.get(file.path));
      if (text?.stamp === file.stamp) yield [file, text.text];
    }
  };
}

/** Written when it resolves. */
async function write(generation: number, from: Documents): Promise<void> {
  const snapshot = await open();
  snapshot.write({ generation, id: `id-${generation}` }, listing(from), reading(from));
  await snapshot.close();
}

async function contents(snapshot: SnapshotFile): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const [file, text] of snapshot.texts([...snapshot.listing.files.values()]))
    found[file.path] = text;
  return found;
}

const FIRST = {
  "zones/a.test": '{"a":"ü \\n"}',
  "zones/0/25.2.0.192.in-addr.arpa": "{}",
  "pools/eu": '{"n":1}',
};

describe("SnapshotFile", () => {
  it("has nothing at first", async () => {
    const snapshot = await open();
    expect(snapshot.head).toBeUndefined();
    expect(snapshot.listing.files.size).toBe(0);
    await snapshot.close();
  });

  it("gives back what was written, with its generation and stamps", async () => {
    const from = documents(FIRST);
    await write(7, from);
    const snapshot = await open();
    expect(snapshot.head).toEqual({ generation: 7, id: "id-7" });
    expect(await contents(snapshot)).toEqual(FIRST);
    expect([...snapshot.listing.files.values()]).toEqual([...listing(from).files.values()]);
    await snapshot.close();
  });

  it("writes an edit as a line, and reads documents with their edits", async () => {
    await write(1, documents(FIRST));
    const before = await readFile(path("documents"));
    const { "zones/a.test": _, ...rest } = FIRST;
    const second = { ...rest, "pools/eu": '{"n":2}', "pools/us": "{}" };
    await write(2, documents(second));
    await write(3, documents({ ...second, "pools/us": '{"n":3}' }));
    expect(await readFile(path("documents"))).toEqual(before);
    expect((await readFile(path("changes"), "utf8")).split("\n")).toHaveLength(3);
    const snapshot = await open();
    expect(snapshot.head).toEqual({ generation: 3, id: "id-3" });
    expect(await contents(snapshot)).toEqual({ ...second, "pools/us": '{"n":3}' });
    await snapshot.close();
  });

  it("is written anew when the changes have grown large", async () => {
    await write(1, documents(FIRST));
    await write(2, documents({ ...FIRST, "zones/b.test": JSON.stringify("x".repeat(17 * 1024 * 1024)) }));
    expect(await readFile(path("changes"), "utf8")).toBe("");
    const snapshot = await open();
    expect(snapshot.head?.generation).toBe(2);
    expect(Object.keys(await contents(snapshot))).toHaveLength(4);
    await snapshot.close();
  });

  it("counts a line that a crash cut short as never written, and goes on", async () => {
    await write(1, documents(FIRST));
    await write(2, documents({ ...FIRST, "pools/eu": '{"n":2}' }));
    const { length } = await readFile(path("changes"));
    await truncate(path("changes"), length - 5);
    const snapshot = await open();
    expect(snapshot.head?.generation).toBe(1);
    expect(await contents(snapshot)).toEqual(FIRST);
    await snapshot.close();
    expect(logged).toEqual([]);
    await write(3, documents({ ...FIRST, "pools/eu": '{"n":3}' }));
    const again = await open();
    expect(again.head?.generation).toBe(3);
    expect(await contents(again)).toMatchObject({ "pools/eu": '{"n":3}' });
    await again.close();
  });

  it("says what is damaged, and does not use it", async () => {
    await write(1, documents(FIRST));
    const octets = await readFile(path("documents"));
    octets[40]! ^= 1;
    await writeFile(path("documents"), octets);
    const snapshot = await open();
    expect(snapshot.head).toBeUndefined();
    expect(logged.map(({ msg }) => msg)).toEqual([expect.stringContaining("damaged")]);
    // And the next one is good again.
    const from = documents(FIRST);
    snapshot.write({ generation: 4, id: "id-4" }, listing(from), reading(from));
    await snapshot.close();
    expect((await open()).head?.generation).toBe(4);
  });

  it("uses changes as far as they are whole", async () => {
    await write(1, documents(FIRST));
    await write(2, documents({ ...FIRST, "pools/eu": '{"n":2}' }));
    await appendFile(path("changes"), "0000000000000000 {}\n");
    const snapshot = await open();
    expect(snapshot.head?.generation).toBe(2);
    expect(logged.map(({ msg }) => msg)).toEqual([expect.stringContaining("as far as it is whole")]);
    await snapshot.close();
  });

  it("is not taken for a configuration when a text changed while it was written, until that one is there", async () => {
    const from = documents(FIRST);
    const moved = documents({ ...FIRST, "pools/eu": '{"n":2}' });
    const snapshot = await open();
    snapshot.write({ generation: 1, id: "id-1" }, listing(from), reading(moved));
    await snapshot.close();
    expect((await open()).head).toBeUndefined();
    await write(2, moved);
    expect((await open()).head?.generation).toBe(2);
  });

  it("leaves no other files behind, and a write that fails leaves the snapshot as it was", async () => {
    await write(1, documents(FIRST));
    const snapshot = await open();
    const from = documents({ "pools/eu": '{"n":2}' });
    snapshot.write({ generation: 2, id: "id-2" }, listing(from), async function* () {
      yield await Promise.reject(new Error("no texts"));
    });
    await snapshot.close();
    expect(logged).toHaveLength(1);
    expect((await readdir(join(dir, "data"))).sort()).toEqual(["snapshot.changes", "snapshot.documents"]);
    expect(await contents(await open())).toEqual(FIRST);
  });
});
