import { expect, test } from "vitest";
import { parseAddress } from "../../src/lib/address.ts";
import { specialAddress } from "../../src/lib/special-address.ts";

test.each([
  ["0.0.0.0", "warning is the unspecified address; clients cannot reach a server by it"],
  ["::", "warning is the unspecified address; clients cannot reach a server by it"],
  ["255.255.255.255", "warning is the broadcast address; clients cannot reach a server by it"],
  ["224.0.0.1", "warning is a multicast address; clients cannot reach a server by it"],
  ["239.255.255.255", "warning is a multicast address; clients cannot reach a server by it"],
  ["ff02::1", "warning is a multicast address; clients cannot reach a server by it"],
  ["127.0.0.1", "warning is a loopback address; clients cannot reach a server by it"],
  ["::1", "warning is a loopback address; clients cannot reach a server by it"],
  ["::ffff:192.0.2.1", "error is IPv4 in the form of IPv6; write 192.0.2.1"],
])("specialAddress() of %s", (text, expected) => {
  const { severity, message } = specialAddress(parseAddress(text)!)!;
  expect(`${severity} ${message}`).toBe(expected);
});

test.each(["192.0.2.1", "223.255.255.255", "240.0.0.1", "2001:db8::", "::2", "::1:0:0:1", "fe80::1"])(
  "specialAddress() has nothing to say of %s",
  (text) => {
    expect(specialAddress(parseAddress(text)!)).toBeUndefined();
  },
);
