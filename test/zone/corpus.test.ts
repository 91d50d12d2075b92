/**
 * One broken master file per fault in test/corpus/zones: NAME.zone, and in NAME.expected the
 * lines that reading and checking it give.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { formatFault } from "../../src/lib/fault.ts";
import { includesBeside } from "../../src/zone/include.ts";
import { parseMasterFile } from "../../src/zone/master-file.ts";
import { checkZone } from "../../src/zone/zone-check.ts";

const CORPUS = dirname(fileURLToPath(new URL("../corpus/zones/empty.zone", import.meta.url)));

const names = readdirSync(CORPUS)
  .filter((file) => file.endsWith(".zone"))
  .map((file) => basename(file, ".zone"));

function linesFor(name: string): string[] {
  const path = join(CORPUS, `${name}.zone`);
  const { data, faults, locate } = parseMasterFile(readFileSync(path, "utf8"), {
    file: path,
    readInclude: includesBeside(path),
  });
  const findings = data === undefined ? [] : checkZone(data);
  const found = findings.map(({ owner, type, ...finding }) => ({ ...finding, ...locate(owner, type) }));
  return [...faults, ...found].map((fault) => formatFault(fault).replaceAll(`${CORPUS}/`, ""));
}

function expectedFor(name: string): string[] {
  return readFileSync(join(CORPUS, `${name}.expected`), "utf8")
    .trimEnd()
    .split("\n");
}

test.each(names)("parseMasterFile() and checkZone() say what is wrong in %s", (name) => {
  expect(linesFor(name)).toEqual(expectedFor(name));
});

test("every message says what would be right, in one line without a full stop", () => {
  for (const line of names.flatMap(expectedFor)) {
    expect(line).toMatch(/^[a-z0-9-]+\.(?:zone|part):\d+:\d+: (?:warning: )?.+[;,].+[^.]$/);
  }
});
