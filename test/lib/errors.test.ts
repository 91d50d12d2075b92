import { expect, test } from "vitest";
import { PresentationError, unreachable, WindroseError } from "../../src/lib/errors.ts";

test("WindroseError carries its code, its fields, and its cause apart from them", () => {
  const cause = new Error("no such file");
  const error = new WindroseError("settings-invalid", "Cannot read settings", { file: "a.yaml", cause });
  expect(error).toMatchObject({ name: "WindroseError", code: "settings-invalid", cause });
  expect(error.fields).toEqual({ file: "a.yaml" });
  expect(new WindroseError("usage", "Unknown flag")).not.toHaveProperty("cause");
});

test("PresentationError says where in the text the trouble starts", () => {
  const error = new PresentationError("an empty label", 7);
  expect(error).toBeInstanceOf(WindroseError);
  expect(error).toMatchObject({ code: "presentation-invalid", offset: 7, fields: { offset: 7 } });
});

test("unreachable() names the value that could not be", () => {
  expect(() => unreachable("surprise" as never)).toThrow("unreachable: surprise");
});
