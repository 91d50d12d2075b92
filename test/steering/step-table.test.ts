import { Check } from "typebox/value";
import { expect, test } from "vitest";
import { STEP_TYPES } from "../../src/steering/step-table.ts";

test.each([...STEP_TYPES])("STEP_TYPES %s takes no options and refuses unknown ones", (name, type) => {
  expect(type.name).toBe(name);
  expect(type.summary).toMatch(/^[A-Z].*[^.]$/);
  expect(Check(type.optionsSchema, {})).toBe(true);
  expect(Check(type.optionsSchema, { colour: "red" })).toBe(false);
});

test("weighted takes a draw that is random or smooth", () => {
  const { optionsSchema } = STEP_TYPES.get("weighted")!;
  expect(Check(optionsSchema, { draw: "smooth" })).toBe(true);
  expect(Check(optionsSchema, { draw: "random" })).toBe(true);
  expect(Check(optionsSchema, { draw: "sharp" })).toBe(false);
});
