import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { includesBeside } from "../../src/zone/include.ts";
import { parseMasterFile } from "../../src/zone/master-file.ts";
import { linesOf } from "./zones.ts";

const SOA = "$ORIGIN example.test.\n@ 60 SOA ns h 1 2 3 4 5\n";

let folder = "";
let zoneFile = "";

beforeAll(() => {
  const outer = mkdtempSync(join(tmpdir(), "windrose-include-"));
  folder = join(outer, "zones");
  zoneFile = join(folder, "a.zone");
  mkdirSync(join(folder, "parts"), { recursive: true });
  writeFileSync(join(outer, "secret.part"), "secret 60 TXT x\n");
  writeFileSync(join(folder, "b.part"), "www 60 A 192.0.2.1\n$ORIGIN deep\n$TTL 5\nx A 192.0.2.2\n");
  writeFileSync(join(folder, "parts", "c.part"), "$INCLUDE d.part\n$INCLUDE ../b.part sub\n");
  writeFileSync(join(folder, "parts", "d.part"), "d 60 A 192.0.2.3\n");
  writeFileSync(join(folder, "latin1.part"), Buffer.from("x 60 TXT caf\xe9\n", "latin1"));
  for (let level = 0; level < 12; level++)
    writeFileSync(join(folder, `level${level}.part`), `$INCLUDE level${level + 1}.part\n`);
  symlinkSync(join(outer, "secret.part"), join(folder, "link.part"));
  symlinkSync(outer, join(folder, "up"));
  symlinkSync("b.part", join(folder, "inner.part"));
  symlinkSync(folder, join(outer, "linked"));
  execFileSync("mkfifo", [join(folder, "pipe.part")]);
});

afterAll(() => rmSync(join(folder, ".."), { recursive: true }));

function read(text: string, file = zoneFile): { lines: string[]; messages: string[] } {
  const { data, faults } = parseMasterFile(SOA + text, { file, readInclude: includesBeside(file) });
  return {
    lines: data === undefined ? [] : linesOf(data.rrs).slice(1),
    messages: faults.map(({ message }) => message),
  };
}

test("$INCLUDE reads a file in its place; origin and owner are as before behind it, $TTL is not", () => {
  const { lines, messages } = read(
    "here 60 A 192.0.2.9\n$INCLUDE b.part\n A 192.0.2.10\nafter A 192.0.2.11\n",
  );
  expect(messages).toEqual([
    "A at here.example.test. has TTL 60 here and 5 elsewhere; one RRset has one TTL (RFC 2181 section 5.2), and 5 is taken",
  ]);
  expect(lines).toEqual([
    "here.example.test. 5 A 192.0.2.9",
    "www.example.test. 60 A 192.0.2.1",
    "x.deep.example.test. 5 A 192.0.2.2",
    "here.example.test. 5 A 192.0.2.10",
    "after.example.test. 5 A 192.0.2.11",
  ]);
});

test("$INCLUDE finds files beside the file it stands in, and gives them an origin", () => {
  expect(read("$INCLUDE parts/c.part\n")).toEqual({
    lines: [
      "d.example.test. 60 A 192.0.2.3",
      "www.sub.example.test. 60 A 192.0.2.1",
      "x.deep.sub.example.test. 5 A 192.0.2.2",
    ],
    messages: [],
  });
});

test("$INCLUDE follows links within the folder, also where the folder is a link", () => {
  expect(read("$INCLUDE inner.part\n").lines).toHaveLength(2);
  expect(read("$INCLUDE inner.part\n", join(folder, "..", "linked", "a.zone")).lines).toHaveLength(2);
});

test.each([
  ["../secret.part", "is outside the folder of the zone file; move it there"],
  ["link.part", "is outside the folder of the zone file; move it there"],
  ["up/secret.part", "is outside the folder of the zone file; move it there"],
  ["../no-such.part", "is outside the folder of the zone file; move it there"],
  ["parts", "is no regular file; include a file of records"],
  ["pipe.part", "is no regular file; include a file of records"],
  ["no-such.part", "cannot be read (ENOENT); check path and permissions"],
  ["b.part/x", "cannot be read (ENOTDIR); check path and permissions"],
  ["latin1.part", "is no UTF-8; convert it, and write octets beyond ASCII as \\DDD"],
])("$INCLUDE refuses %s, which %s", (path, reason) => {
  expect(read(`$INCLUDE ${path}\n`).messages).toEqual([`$INCLUDE "${path}" ${reason}`]);
});

test("$INCLUDE stops at ten levels", () => {
  expect(read("$INCLUDE level0.part\n").messages).toEqual(["$INCLUDE is 11 levels deep; 10 are allowed"]);
});

test("$INCLUDE stops at a thousand files in all", () => {
  const { messages } = read("$INCLUDE parts/d.part\n".repeat(1500));
  expect(messages.filter((message) => message.startsWith("more than 1000 files"))).toHaveLength(1);
});
