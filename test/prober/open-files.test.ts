import { expect, test } from "vitest";
import { openFilesMax } from "../../src/prober/open-files.ts";

const line = (soft: string) => `Max processes 1 1\nMax open files            ${soft}      524288     files\n`;

test("openFilesMax() reads the limit that counts, and has one where nobody says", () => {
  expect(openFilesMax(line("1024"))).toBe(1024);
  expect(openFilesMax(line("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(openFilesMax("")).toBe(4096);
  expect(openFilesMax()).toBeGreaterThan(0);
});
