import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTtl, looksLikeTtl, parseTtl } from "../../src/zone/ttl.ts";

test("parseTtl() reads seconds and units, in any case and order", () => {
  for (const [text, ttl] of [
    ["0", 0],
    ["300", 300],
    ["0300", 300],
    ["1h30m", 5400],
    ["2D", 172_800],
    ["1W1d1H1m1S", 694_861],
    ["30s1h", 3630],
    ["2147483647", 2_147_483_647],
  ] as const) {
    expect(parseTtl(text), text).toBe(ttl);
  }
});

test("parseTtl() refuses what is no TTL, or is beyond 2^31-1", () => {
  for (const text of [
    "",
    "-1",
    "1.5",
    "h",
    "1h30",
    "1y",
    "1 h",
    "0x10",
    "2147483648",
    "3551w",
    `${"9".repeat(400)}`,
  ]) {
    expect(parseTtl(text), text).toBeUndefined();
  }
});

test("looksLikeTtl() knows a TTL that is too large from a type or a class", () => {
  expect(looksLikeTtl("9999999999")).toBe(true);
  expect(looksLikeTtl("1w")).toBe(true);
  expect(looksLikeTtl("A")).toBe(false);
  expect(looksLikeTtl("IN")).toBe(false);
});

test("formatTtl() writes what parseTtl() reads", () => {
  expect(formatTtl(5400)).toBe("1h30m");
  expect(formatTtl(0)).toBe("0s");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (ttl) => parseTtl(formatTtl(ttl)) === ttl),
  );
});
