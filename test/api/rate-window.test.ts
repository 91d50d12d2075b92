import { expect, test } from "vitest";
import { clientOf, RateWindow } from "../../src/api/rate-window.ts";

test("RateWindow counts by key until its window is over", () => {
  const window = new RateWindow(2, 1000);
  window.count("a", 0);
  expect(window.waitMs("a", 0)).toBe(0);
  window.count("a", 400);
  expect(window.waitMs("a", 400)).toBe(600);
  expect(window.waitMs("b", 400)).toBe(0);
  expect(window.waitMs("a", 1000)).toBe(0);
  window.count("a", 1000);
  expect(window.waitMs("a", 1000)).toBe(0);
});

test("RateWindow.takeBack() makes room again", () => {
  const window = new RateWindow(1, 1000);
  window.count("a", 0);
  window.takeBack("a");
  window.takeBack("never counted");
  expect(window.waitMs("a", 0)).toBe(0);
});

test("RateWindow with 0 has no limit", () => {
  const window = new RateWindow(0, 1000);
  window.count("a", 0);
  expect(window.waitMs("a", 0)).toBe(0);
});

test("RateWindow forgets who began first when there are very many", () => {
  const window = new RateWindow(1, 1000);
  for (let key = 0; key <= 10_000; key++) window.count(String(key), 0);
  expect(window.waitMs("0", 0)).toBe(0);
  expect(window.waitMs("1", 0)).toBe(1000);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::", "fe80:0:0:0"],
])("clientOf(%s) is %s", (address, client) => {
  expect(clientOf(address)).toBe(client);
});
