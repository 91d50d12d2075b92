/**
 * One broken file per fault in test/corpus/documents: NAME.yaml, and in NAME.expected the lines
 * that `check` prints for it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { formatFault } from "../../src/lib/fault.ts";

const CORPUS = new URL("../corpus/documents/", import.meta.url);

const names = readdirSync(CORPUS)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.replace(".yaml", ""));

test.each(names)("parseDocuments() says what is wrong in %s", (name) => {
  const text = readFileSync(new URL(`${name}.yaml`, CORPUS), "utf8");
  const { configuration, faults } = parseDocuments([{ file: `${name}.yaml`, text, modifiedMs: 0 }]);
  const expected = readFileSync(new URL(`${name}.expected`, CORPUS), "utf8")
    .trimEnd()
    .split("\n");
  expect(faults.map(formatFault)).toEqual(expected);
  expect(configuration === undefined).toBe(faults.some((fault) => fault.severity === "error"));
});

test("every message says what would be right, in one line without a full stop", () => {
  for (const name of names) {
    for (const line of readFileSync(new URL(`${name}.expected`, CORPUS), "utf8")
      .trimEnd()
      .split("\n")) {
      expect(line).toMatch(/^[a-z0-9-]+\.yaml:\d+:\d+: (?:warning: )?.+(?:[;,?:]|\bwrite\b| \().*[^.]$/);
    }
  }
});
