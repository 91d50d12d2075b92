import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutAddress, formatAddress, parseAddress, parsePrefix } from "../../src/lib/address.ts";

describe("parseAddress()", () => {
  test.each([
    ["192.0.2.1", "c0000201"],
    ["255.255.255.255", "ffffffff"],
    ["::", "00000000000000000000000000000000"],
    ["1::", "00010000000000000000000000000000"],
    ["2001:DB8::0001", "20010db8000000000000000000000001"],
    ["::ffff:192.0.2.1", "00000000000000000000ffffc0000201"],
    ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  ])("reads %s", (text, octets) => {
    expect(Buffer.from(parseAddress(text)!).toString("hex")).toBe(octets);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.04",
    " 1.2.3.4",
    "1.2.3.4 ",
    "+1.2.3.4",
    "1.2.3.",
    ":",
    ":::",
    "1",
    "::1::",
    "1:2:3:4:5:6:7:8::",
    "1:2:3:4:5:6:7::8",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::g",
    "fe80::1%eth0",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    ":1:2:3:4:5:6:7:8",
    "[::1]",
  ])("refuses %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("agrees with node:net on what is an address, whatever the text", () => {
    const text = fc.oneof(fc.string({ unit: fc.constantFrom(..."0123456789abf:.") }), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(text, (candidate) => {
        expect(parseAddress(candidate)?.length).toBe(
          { 0: undefined, 4: 4, 6: 16 }[isIP(candidate) as 0 | 4 | 6],
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe("formatAddress()", () => {
  test.each([
    ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::ffff:c000:201", "::ffff:192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
  ])("writes %s as RFC 5952 has it", (text, canonical) => {
    expect(formatAddress(parseAddress(text)!)).toBe(canonical);
  });

  test("is undone by parseAddress()", () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
        .map((a) => Uint8Array.from(a)),
    );
    fc.assert(
      fc.property(address, (octets) => {
        expect(parseAddress(formatAddress(octets))).toEqual(octets);
      }),
    );
  });

  test("throws for what is no address", () => {
    expect(() => formatAddress(new Uint8Array(5))).toThrow(RangeError);
  });
});

describe("cutAddress()", () => {
  test.each([
    ["203.0.113.255", 24, "203.0.113.0"],
    ["203.0.113.255", 22, "203.0.112.0"],
    ["203.0.113.255", 32, "203.0.113.255"],
    ["203.0.113.255", 0, "0.0.0.0"],
    ["2001:db8:0:ff::1", 60, "2001:db8:0:f0::"],
  ])("of %s at %i is %s", (address, length, cut) => {
    expect(formatAddress(cutAddress(parseAddress(address)!, length))).toBe(cut);
  });
});

describe("parsePrefix()", () => {
  test.each([
    ["0.0.0.0/0", 0],
    ["10.0.0.0/8", 8],
    ["192.0.2.128/25", 25],
    ["192.0.2.1/32", 32],
    ["::/0", 0],
    ["2001:db8::/33", 33],
    ["::1/128", 128],
  ])("reads %s", (text, length) => {
    expect(parsePrefix(text)).toEqual({ address: parseAddress(text.split("/")[0]!), length });
  });

  test.each([
    "10.0.0.1/8",
    "192.0.2.129/25",
    "128.0.0.0/0",
    "2001:db8::1/64",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/08",
    "10.0.0.0/+8",
    "10.0.0.0/8/8",
    "/8",
  ])("refuses %s", (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });
});
