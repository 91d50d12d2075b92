import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readFilesHere } from "../../src/documents/document-reader.ts";
import { listFolder } from "../../src/documents/folder.ts";
import { AcceptedTexts } from "../../src/store/files/accepted-texts.ts";
import { FileStore } from "../../src/store/files/file-store.ts";
import { describeStore } from "./contract.ts";

let root = "";
let dir = "";
const opened: FileStore[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "windrose-files-"));
  dir = join(root, "zones");
  await mkdir(dir);
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(root, { recursive: true });
});

async function open(): Promise<FileStore> {
  const store = await FileStore.open({
    dir,
    dataDir: join(root, "data"),
    readFiles: readFilesHere(),
    warn: (message) => expect.fail(message),
  });
  opened.push(store);
  return store;
}

describeStore({
  kind: "files",
  isShared: false,
  open,
  async breakDown() {
    await rename(dir, `${dir}.away`);
    return () => rename(`${dir}.away`, dir);
  },
});

describe("FileStore.recognise()", () => {
  const zone = (address: string) =>
    `zones: { a.test: { records: { "@": { NS: ns }, ns: { A: ${address} } } } }\n`;
  const BY_HAND = { author: "files", reason: "" };

  /** What a follower does: reads what there is, and says that it is good. */
  async function take(store: FileStore): Promise<void> {
    const { listing, generation } = await store.list();
    await store.readFiles([...listing.files.values()], () => {});
    if (generation === undefined) await store.recognise(BY_HAND, listing);
    await store.keep(listing);
  }

  test("compares with what was there before a restart", async () => {
    await writeFile(join(dir, "a.yaml"), zone("192.0.2.1"));
    await writeFile(join(dir, "b.yaml"), zone("192.0.2.1").replace("a.test", "b.test"));
    const first = await open();
    await take(first);
    expect(await first.changes(1)).toMatchObject([{ generation: 1, namesOnly: true }]);
    await opened.pop()!.close();
    const store = await open();
    await take(store);
    await writeFile(join(dir, "a.yaml"), zone("192.0.2.22"));
    await take(store);
    expect(await store.changes(1)).toMatchObject([
      {
        generation: 2,
        parts: [
          {
            key: "zones/a.test",
            path: ["records", "ns"],
            before: { A: "192.0.2.1" },
            after: { A: "192.0.2.22" },
          },
        ],
      },
    ]);
    expect((await store.change(2))?.namesOnly).toBeUndefined();
  });

  test("has the names of the documents in files that are too large to compare", async () => {
    await writeFile(join(dir, "a.yaml"), zone("192.0.2.1"));
    const store = await open();
    await take(store);
    const padding = `# ${"x".repeat(78)}\n`.repeat(420_000);
    await writeFile(join(dir, "a.yaml"), `${zone("192.0.2.22")}${padding}`);
    await take(store);
    expect(await store.changes(1)).toMatchObject([
      { generation: 2, parts: [{ key: "zones/a.test", path: [] }], namesOnly: true },
    ]);
    // What it was compared with is known again when it is small.
    await writeFile(join(dir, "a.yaml"), zone("192.0.2.33"));
    await take(store);
    await writeFile(join(dir, "a.yaml"), zone("192.0.2.4"));
    await take(store);
    expect((await store.change(4))?.parts).toMatchObject([
      { path: ["records", "ns"], before: { A: "192.0.2.33" }, after: { A: "192.0.2.4" } },
    ]);
  });
});

describe("AcceptedTexts", () => {
  test("keeps texts while there is room, and stamps of all", () => {
    const texts = new AcceptedTexts(100, 0);
    expect([texts.isEmpty, texts.text("a"), texts.stamp("a")]).toEqual([true, "", undefined]);
    texts.set("a", "1", "short");
    texts.set("b", "2", randomBytes(200).toString("hex"));
    texts.set("c", "3", null);
    expect([texts.text("a"), texts.text("b"), texts.text("c")]).toEqual(["short", null, null]);
    expect([...texts.paths()].map((path) => texts.stamp(path))).toEqual(["1", "2", "3"]);
    texts.delete("a");
    texts.set("b", "4", "short too");
    expect([texts.text("a"), texts.text("b")]).toEqual(["", "short too"]);
  });

  test("fill() leaves what an edit said, and knows no text of a file that changed meanwhile", async () => {
    for (const name of ["a.yaml", "b.yaml", "c.yaml"]) await writeFile(join(dir, name), `text of ${name}`);
    const { files } = await listFolder(dir);
    const [a, b, c] = [...files.keys()].sort() as [string, string, string];
    const texts = new AcceptedTexts();
    texts.set(a, "edited", "by an edit");
    await texts.fill(files, (path) => (path === b ? "another" : files.get(path)?.stamp));
    expect([texts.text(a), texts.text(b), texts.text(c)]).toEqual(["by an edit", null, "text of c.yaml"]);
    expect(texts.stamp(b)).toBe(files.get(b)!.stamp);
  });
});
