import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadDocuments } from "../../src/documents/load-documents.ts";
import { ZoneTable } from "../../src/documents/zone-table.ts";
import { formatFault } from "../../src/lib/fault.ts";
import { nameKey, parseName } from "../../src/wire/name.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-documents-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  }
}

/** Lines as `check` prints them, with the folder cut off. */
async function lines(): Promise<string[]> {
  const { faults } = await loadDocuments(dir);
  return faults.map((fault) => formatFault(fault).replace(`${dir}/`, ""));
}

const zone = (apex: string) =>
  `zones:\n  ${apex}:\n    records:\n      "@": { NS: [ns1.example.net., ns2.example.net.] }\n`;

test("loadDocuments() reads *.yaml and *.yml, in sub-folders too, and nothing hidden or else", async () => {
  await write({
    "a.yaml": zone("a.test"),
    "b.yml": zone("b.test"),
    "sub/folder/c.yaml": zone("c.test"),
    ".hidden.yaml": "broken: [",
    ".git/d.yaml": "broken: [",
    "schema.json": "broken: [",
    "e.yaml~": "broken: [",
    "README.md": "# e",
  });
  const { configuration, faults } = await loadDocuments(dir);
  expect(faults).toEqual([]);
  expect([...configuration!.zones.values()].map(({ id }) => id)).toEqual(["a.test", "b.test", "c.test"]);
});

test("loadDocuments() takes the serial from the time of the file", async () => {
  await write({ "a.yaml": zone("a.test") });
  await utimes(join(dir, "a.yaml"), 1_700_000_000, 1_700_000_000);
  const { configuration } = await loadDocuments(dir);
  expect(configuration!.zones.get(nameKey(parseName("a.test.")))!.serial).toBe(1_700_000_000);
});

test("loadDocuments() follows links as Kubernetes makes them, once", async () => {
  await write({ "..data/a.yaml": zone("a.test"), "sub/b.yaml": zone("b.test") });
  await symlink("..data/a.yaml", join(dir, "a.yaml"));
  await symlink("..", join(dir, "sub/loop"));
  const { configuration, faults } = await loadDocuments(dir);
  expect(faults).toEqual([]);
  expect(configuration!.zones.size).toBe(2);
});

test("loadDocuments() points at what is no UTF-8", async () => {
  await write({
    "latin.yaml": Buffer.concat([Buffer.from(`${zone("a.test")}# ü then `), Buffer.from([0xfc, 0x0a])]),
    "bom.yaml": `\ufeff${zone("b.test")}`,
  });
  expect(await lines()).toEqual(["latin.yaml:5:10: the octet 0xfc is no UTF-8; save the file as UTF-8"]);
});

test("loadDocuments() names what is not there or cannot be read", async () => {
  const missing = await loadDocuments(join(dir, "missing"));
  expect(missing.configuration).toBeUndefined();
  expect(missing.faults).toEqual([
    {
      severity: "error",
      file: join(dir, "missing"),
      line: 1,
      column: 1,
      message: expect.stringContaining("there is no such file or folder"),
    },
  ]);
  await write({ "a.yaml": `${zone("a.test")}      www: { pool: in-the-other-file }\n` });
  await symlink("nowhere", join(dir, "b.yaml"));
  await symlink("nowhere", join(dir, "c"));
  expect(await lines()).toEqual(["b.yaml:1:1: there is no such file or folder; mend the path, or make it"]);
  expect((await loadDocuments(join(dir, "a.yaml"))).faults[0]?.message).toContain("this is not a folder");
});

test("loadDocuments() finds nothing wrong with an empty folder", async () => {
  expect((await loadDocuments(dir)).configuration).toEqual({
    zones: ZoneTable.EMPTY,
    pools: new Map(),
    monitors: new Map(),
  });
});

test("the demo has no fault and no warning", async () => {
  const { configuration, faults } = await loadDocuments(new URL("../../zones", import.meta.url).pathname);
  expect(faults).toEqual([]);
  expect(configuration!.zones.size).toBe(1);
});
