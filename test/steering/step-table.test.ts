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

test("hash takes lengths of networks and how many members to keep", () => {
  const { optionsSchema } = STEP_TYPES.get("hash")!;
  expect(Check(optionsSchema, { ipv4: 16, ipv6: 48, keep: 2 })).toBe(true);
  for (const wrong of [{ ipv4: 0 }, { ipv4: 33 }, { ipv6: 129 }, { ipv6: 1.5 }, { keep: 0 }])
    expect(Check(optionsSchema, wrong)).toBe(false);
});

test("response-time takes within, in milliseconds or as a part", () => {
  const { optionsSchema } = STEP_TYPES.get("response-time")!;
  for (const within of ["10ms", "2.5ms", "20%"]) expect(Check(optionsSchema, { within })).toBe(true);
  for (const within of ["10", "10s", "-1ms", "%"]) expect(Check(optionsSchema, { within })).toBe(false);
});
