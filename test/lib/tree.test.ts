import { describe, expect, test } from "vitest";
import { branch, formatTree } from "../../src/lib/tree.ts";

describe("formatTree()", () => {
  test("draws branches, and bars beside what goes on below", () => {
    const tree = branch("root", [branch("one", [branch("below one")]), branch("two", [branch("below two")])]);
    expect(formatTree(tree).split("\n")).toEqual([
      "root",
      "├─ one",
      "│  └─ below one",
      "└─ two",
      "   └─ below two",
    ]);
  });

  test("breaks long texts at blanks, so that 100 columns hold them", () => {
    const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
    const lines = formatTree(branch(words, [branch(words, [branch(words)]), branch(words)])).split("\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.some((line) => line.length > 90)).toBe(true);
    expect(lines.filter((line) => line.startsWith("│ ")).length).toBeGreaterThan(4);
    const read = lines
      .join(" ")
      .replace(/[│├└─]/g, " ")
      .split(/\s+/)
      .filter(Boolean);
    expect(read).toEqual(Array.from({ length: 4 }, () => words.split(" ")).flat());
  });

  test("leaves a word whole that is longer than a line, and deep texts some room", () => {
    const long = "x".repeat(150);
    expect(formatTree(branch(long))).toBe(long);
    let tree = branch("some words that are at the bottom");
    for (let i = 0; i < 40; i++) tree = branch("-", [tree]);
    expect(formatTree(tree)).toMatch(/└─ some words that are at the bottom$/);
  });
});
