import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Documents, formatSchema } from "../../src/documents/schema.ts";

const root = new URL("../../", import.meta.url);

test("zones/schema.json is what `npm run schema` writes", () => {
  expect(readFileSync(new URL("zones/schema.json", root), "utf8")).toBe(formatSchema());
});

test("formatSchema() is JSON Schema with a description for every key that a document can have", () => {
  const schema = JSON.parse(formatSchema());
  expect(schema.$schema).toContain("json-schema.org");
  for (const [key, value] of keysOf(schema))
    expect(value, key).toMatchObject({ description: expect.stringMatching(/./) });
});

describe("docs/reference/documents.md", () => {
  const page = readFileSync(new URL("docs/reference/documents.md", root), "utf8");
  const keys = [...new Set(keysOf(Documents).map(([key]) => key))];

  test.each(keys)("explains the key %s", (key) => {
    expect(page).toMatch(new RegExp(`\`${key}:?\``));
  });
});

/** Every named key of the schema, those of steps' names left out (`{ weighted: {…} }` is a step itself). */
function keysOf(schema: unknown): [string, unknown][] {
  if (typeof schema !== "object" || schema === null) return [];
  const keys: [string, unknown][] = [];
  const { properties } = schema as { properties?: Record<string, unknown> };
  for (const [key, value] of Object.entries(properties ?? {})) {
    const isStepName =
      Object.keys(properties ?? {}).length === 1 && (value as { type?: string }).type === "object";
    if (!isStepName && key !== "type") keys.push([key, value]);
  }
  for (const value of Object.values(schema)) keys.push(...keysOf(value));
  return keys;
}
