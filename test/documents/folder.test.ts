import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isSameListing, listFolder } from "../../src/documents/folder.ts";

let dir: string;
const at = (file: string) => join(dir, file);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "windrose-folder-"));
  writeFileSync(at("a.yaml"), "zones: {}\n");
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("listFolder()", () => {
  test("lists as it did while nothing changes", async () => {
    expect(isSameListing(await listFolder(dir), await listFolder(dir))).toBe(true);
  });

  test.each([
    ["a file that grew", () => writeFileSync(at("a.yaml"), "zones: {}\n\n")],
    ["a file that came", () => writeFileSync(at("b.yaml"), "")],
    ["a file that went", () => rmSync(at("a.yaml"))],
    ["another time", () => utimesSync(at("a.yaml"), 1, 1)],
    [
      "another file of the same name, size and time",
      () => {
        utimesSync(at("a.yaml"), 1, 1);
        writeFileSync(at(".tmp"), "pools: {}\n");
        utimesSync(at(".tmp"), 1, 1);
        renameSync(at(".tmp"), at("a.yaml"));
      },
    ],
  ])("shows %s", async (_, change) => {
    const before = await listFolder(dir);
    change();
    expect(isSameListing(before, await listFolder(dir))).toBe(false);
  });

  test("keeps the objects of files that are as they were", async () => {
    writeFileSync(at("b.yaml"), "");
    const before = await listFolder(dir);
    writeFileSync(at("b.yaml"), "zones: {}\n");
    const { files } = await listFolder(dir, before);
    expect(files.get(at("a.yaml"))).toBe(before.files.get(at("a.yaml")));
    expect(files.get(at("b.yaml"))).not.toBe(before.files.get(at("b.yaml")));
  });

  test("says that a file was moved here, and nothing of one that is written", async () => {
    writeFileSync(at(".tmp"), "zones: {}\n");
    // The data is older than the move, as it is after any tick of the clock.
    utimesSync(at(".tmp"), 1, 1);
    renameSync(at(".tmp"), at("b.yaml"));
    writeFileSync(at("c.yaml"), "");
    const { files } = await listFolder(dir);
    expect(["a", "b", "c"].map((file) => files.get(at(`${file}.yaml`))!.isMovedHere)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("names the folders, as far as documents may be in them", async () => {
    for (const folder of ["sub", "sub/sub", ".git"]) mkdirSync(at(folder));
    expect((await listFolder(dir)).folders).toEqual([dir, at("sub"), at("sub/sub")]);
  });

  test("finds all of a folder of many files", async () => {
    for (let file = 0; file < 300; file++) writeFileSync(at(`f${file}.yaml`), "");
    expect((await listFolder(dir)).files.size).toBe(301);
  });

  test("names what it cannot look at, and never throws", async () => {
    const { files, faults } = await listFolder(at("nowhere"));
    expect(files.size).toBe(0);
    expect(faults).toEqual([expect.objectContaining({ file: at("nowhere") })]);
  });
});
