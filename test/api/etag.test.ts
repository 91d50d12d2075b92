import { expect, test } from "vitest";
import { etagOf } from "../../src/api/etag.ts";

test("etagOf() does not see the order of keys, and sees that of lists", () => {
  expect(etagOf({ a: 1, b: { c: [1, 2], d: 3 } })).toBe(etagOf({ b: { d: 3, c: [1, 2] }, a: 1 }));
  expect(etagOf({ a: [1, 2] })).not.toBe(etagOf({ a: [2, 1] }));
  expect(etagOf({ a: 1 })).not.toBe(etagOf({ a: "1" }));
  expect(etagOf(JSON.parse('{"__proto__":1}'))).not.toBe(etagOf({}));
  expect(etagOf({})).toMatch(/^"[A-Za-z0-9_-]{43}"$/);
});
