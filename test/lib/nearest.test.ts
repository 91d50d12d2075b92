import { expect, test } from "vitest";
import { nearestWord } from "../../src/lib/nearest.ts";

const keys = ["address", "answers", "members", "min-up", "monitor", "policy", "weight", "A", "AAAA", "MX"];

test.each([
  ["wieght", "weight"],
  ["Weight", "weight"],
  ["adress", "address"],
  ["memebrs", "members"],
  ["minup", "min-up"],
  ["polcy", "policy"],
  ["aaaa", "AAAA"],
  ["a", "A"],
  ["XM", "MX"],
])("nearestWord() takes %s for a slip of %s", (word, meant) => {
  expect(nearestWord(word, keys)).toBe(meant);
});

test.each(["", "zzz", "eu", "something-else-entirely", "x".repeat(100_000)])(
  "nearestWord() offers nothing for %.30s",
  (word) => {
    expect(nearestWord(word, keys)).toBeUndefined();
  },
);

test("nearestWord() prefers the nearer, and the first of equals", () => {
  expect(nearestWord("eu-wst", ["eu-east", "eu-west"])).toBe("eu-west");
  expect(nearestWord("pool3", ["pool1", "pool2"])).toBe("pool1");
});
