import { expect, test } from "vitest";
import { formatListenAddress, isWildcard, parseListenAddress } from "../../src/server/listen-address.ts";

test.each([
  ["127.0.0.1:5300", { family: 4, address: "127.0.0.1", port: 5300 }, "127.0.0.1:5300"],
  ["192.0.2.53", { family: 4, address: "192.0.2.53", port: 53 }, "192.0.2.53:53"],
  ["0.0.0.0:0", { family: 4, address: "0.0.0.0", port: 0 }, "0.0.0.0:0"],
  ["[2001:DB8:0::53]:5300", { family: 6, address: "2001:db8::53", port: 5300 }, "[2001:db8::53]:5300"],
  ["[::]", { family: 6, address: "::", port: 53 }, "[::]:53"],
  ["[fe80::1%eth0]:53", { family: 6, address: "fe80::1%eth0", port: 53 }, "[fe80::1%eth0]:53"],
])("parseListenAddress() reads %s", (text, where, formatted) => {
  const parsed = parseListenAddress(text);
  expect(parsed).toEqual(where);
  expect(typeof parsed === "string" ? parsed : formatListenAddress(parsed)).toBe(formatted);
});

test.each([
  [":53", "names no address"],
  ["*:53", "names no address"],
  ["localhost:53", "not a host name"],
  ["192.0.2.256:53", "is not an IPv4 address"],
  ["192.0.2.1:", "is not a port"],
  ["192.0.2.1:65536", "is not a port"],
  ["192.0.2.1:5x", "is not a port"],
  ["192.0.2.1:-1", "is not a port"],
  ["::1", "in brackets"],
  ["::1:5300", "in brackets"],
  ["[192.0.2.1]:53", "is not an IPv6 address"],
  ["[2001:db8::g]:53", "is not an IPv6 address"],
  ["[::1]5300", "in brackets"],
  ["", "names no address"],
])("parseListenAddress() says what is wrong with %j", (text, message) => {
  expect(parseListenAddress(text)).toContain(message);
});

test("isWildcard() is true for all addresses of a family only", () => {
  const texts = ["0.0.0.0:53", "[::]:53", "127.0.0.1:53", "[::1]:53"];
  expect(texts.map((text) => isWildcard(parseListenAddress(text) as never))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
