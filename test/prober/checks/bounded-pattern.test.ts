import fc from "fast-check";
import { expect, test } from "vitest";
import { BoundedPattern } from "../../../src/prober/checks/bounded-pattern.ts";

const LONG = `${"a".repeat(65_535)}!`;

test.each([
  ["(a+)+$", LONG],
  ["(a|a)*$", LONG],
  ["a*a*a*a*b", LONG],
  [`${"a?".repeat(30)}${"a".repeat(30)}b`, "a".repeat(30)],
  ["(a*)\\1\\1\\1b", LONG],
])("a match of %s that would take for ever is given up", (source, text) => {
  expect(new BoundedPattern(source).test(text)).toBe("too-slow");
});

test.each([
  ["^ok$", "ok", true],
  ["ok", LONG, false],
  ['"state":\\s*"up"', '{"state": "up"}', true],
  ["(?<name>up|ready)+", "ready", true],
  ["[*+{}?|]", "plain", false],
  ["\\*\\+", "a*+", true],
  ["^(ok|fine)+$", "okfine", true],
])("%s of a text it can judge", (source, text, matches) => {
  expect(new BoundedPattern(source).test(text)).toBe(matches);
});

test("says of any simple text what RegExp says", () => {
  const parts = fc.constantFrom(
    "a",
    "b",
    ".",
    "a*",
    "b+",
    "(a|b)",
    "[^a]",
    "^",
    "$",
    "(?:ab)?",
    "a{2}",
    "(b)*",
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), fc.stringMatching(/^[ab]{0,12}$/), (pieces, text) => {
      const source = pieces.join("");
      expect(new BoundedPattern(source).test(text)).toBe(new RegExp(source, "u").test(text));
    }),
  );
});
