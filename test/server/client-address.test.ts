import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../src/lib/address.ts";
import type { Client } from "../../src/server/client.ts";
import { setClientAddress } from "../../src/server/client-address.ts";

function newClient(): Client {
  return { family: 4, address: new Uint8Array(16).fill(0xee), port: 0, transport: "udp" };
}

test("setClientAddress() reads every IPv4 address as parseAddress() does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (octets) => {
      const client = newClient();
      expect(setClientAddress(client, octets.join("."))).toBe(true);
      expect(client.family).toBe(4);
      expect(client.address.subarray(0, 4)).toEqual(octets);
    }),
  );
});

test("setClientAddress() reads every IPv6 address that formatAddress() prints", () => {
  const octet = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(octet, { minLength: 16, maxLength: 16 }), (list) => {
      const octets = Uint8Array.from(list);
      const client = newClient();
      expect(setClientAddress(client, formatAddress(octets))).toBe(true);
      expect(client.family).toBe(6);
      expect(client.address).toEqual(octets);
    }),
  );
});

test.each([
  "::",
  "::1",
  "1::",
  "2001:db8::53",
  "::ffff:192.0.2.1",
  "64:ff9b::192.0.2.33",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::2:3:4:5:6:7:8",
])("setClientAddress() reads %s", (text) => {
  const client = newClient();
  expect(setClientAddress(client, text)).toBe(true);
  expect(client.address).toEqual(parseAddress(text));
});

test("setClientAddress() leaves the interface of a link-local address out", () => {
  const client = newClient();
  expect(setClientAddress(client, "fe80::1%eth0")).toBe(true);
  expect(client.address).toEqual(parseAddress("fe80::1"));
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "256.0.0.1",
  "1..2.3",
  "a.b.c.d",
  ":",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  "12345::",
  "g::",
])("setClientAddress() refuses %j", (text) => {
  expect(setClientAddress(newClient(), text)).toBe(false);
});
