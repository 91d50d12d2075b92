import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeClientSubnet,
  decodeCookie,
  decodeExtendedError,
  decodeOptions,
  decodeTcpKeepalive,
  EdeCode,
  encodeClientSubnet,
  encodeCookie,
  encodeExtendedError,
  encodeNsid,
  encodeOptions,
  encodePadding,
  encodeTcpKeepalive,
  formatNsid,
  OptionCode,
} from "../../src/wire/edns.ts";
import { hex, octets } from "./arbitraries.ts";

describe("options", () => {
  test("come back in order, whatever their codes and data", () => {
    const option = fc.record({ code: fc.nat(0xffff), data: octets(0, 30) });
    fc.assert(
      fc.property(fc.array(option), (options) => {
        const rdata = encodeOptions(options);
        expect(decodeOptions(rdata, 0, rdata.length)).toEqual(options);
      }),
    );
  });

  test.each(["0003", "0003 0001", "0003 0000 00", "0003 ffff 00"])(
    "are refused when cut short: %s",
    (wire) => {
      const rdata = hex(wire);
      expect(decodeOptions(rdata, 0, rdata.length)).toBeNull();
    },
  );

  test("never throw on any octets", () => {
    fc.assert(
      fc.property(octets(0, 40), fc.nat(40), fc.nat(40), (rdata, offset, length) => {
        const options = decodeOptions(rdata, offset, length);
        if (options !== null) expect(encodeOptions(options)).toEqual(rdata.slice(offset, offset + length));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("client subnet (RFC 7871)", () => {
  test.each([
    [4, 32],
    [16, 128],
  ])("with addresses of %i octets comes back at every source length", (octetCount, bits) => {
    for (let sourcePrefixLength = 0; sourcePrefixLength <= bits; sourcePrefixLength++) {
      const address = new Uint8Array(octetCount);
      for (let bit = 0; bit < sourcePrefixLength; bit++) address[bit >> 3]! |= 0x80 >> (bit & 7);
      const subnet = { address, sourcePrefixLength, scopePrefixLength: 0 };
      const data = encodeClientSubnet(subnet);
      expect(data).toHaveLength(4 + Math.ceil(sourcePrefixLength / 8));
      expect(decodeClientSubnet(data, true)).toEqual(subnet);
      // Bits beyond the prefix are not sent, so a whole address may be handed in.
      expect(encodeClientSubnet({ ...subnet, address: new Uint8Array(octetCount).fill(0xff) })).toEqual(data);
    }
  });

  test("is written as RFC 7871 section 6 has it", () => {
    const address = Uint8Array.of(192, 0, 2, 0);
    expect(encodeClientSubnet({ address, sourcePrefixLength: 24, scopePrefixLength: 16 })).toEqual(
      hex("0001 18 10 c00002"),
    );
  });

  test.each([
    ["nothing", ""],
    ["three octets", "0001 18"],
    ["family 0", "0000 00 00"],
    ["family 3", "0003 00 00"],
    ["an IPv4 source of 33", "0001 21 00 c000020100"],
    ["an IPv6 source of 129", "0002 81 00 20010db8000000000000000000000000 00"],
    ["an IPv4 scope of 33 in a reply", "0001 00 21"],
    ["fewer octets than the source needs", "0001 18 00 c000"],
    ["more octets than the source needs", "0001 18 00 c0000201"],
    ["an address though the source is 0", "0001 00 00 00"],
    ["a bit beyond the source", "0001 17 00 c00003"],
    ["a bit beyond an IPv6 source", "0002 21 00 20010db8 40"],
  ])("is refused with %s", (_what, wire) => {
    expect(decodeClientSubnet(hex(wire), false)).toBeNull();
    expect(decodeClientSubnet(hex(wire), true)).toBeNull();
  });

  test("may have a scope in a reply, also one longer than its source, and none in a query", () => {
    expect(decodeClientSubnet(hex("0001 18 20 c00002"), false)).toMatchObject({ scopePrefixLength: 32 });
    expect(decodeClientSubnet(hex("0001 18 20 c00002"), true)).toBeNull();
  });

  test("never throws, and what is taken is what is sent", () => {
    const data = fc
      .tuple(fc.constantFrom(0, 1, 2, 3), fc.nat(140), fc.constantFrom(0, 0, 24, 140), octets(0, 17))
      .map(([family, source, scope, address]) => Uint8Array.of(0, family, source, scope, ...address));
    fc.assert(
      fc.property(fc.oneof(data, octets(0, 24)), (option) => {
        const subnet = decodeClientSubnet(option, false);
        if (subnet !== null) expect(encodeClientSubnet(subnet)).toEqual(option);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("cookies (RFC 7873)", () => {
  test("have 8 or 16 to 40 octets, and no other number", () => {
    const legal = Array.from({ length: 64 }, (_, length) => length).filter(
      (length) => decodeCookie(new Uint8Array(length)) !== null,
    );
    expect(legal).toEqual([8, ...Array.from({ length: 25 }, (_, i) => 16 + i)]);
  });

  test("come apart into client and server, and together again", () => {
    // RFC 9018 appendix A.1
    const client = hex("2464c4abcf10c957");
    const server = hex("010000005cf79f111f8130c3eee29480");
    expect(decodeCookie(client)).toEqual({ client });
    expect(decodeCookie(encodeCookie({ client, server }))).toEqual({ client, server });
    expect(encodeCookie({ client })).toEqual(client);
  });
});

describe("extended errors (RFC 8914)", () => {
  test("come back with their text", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.string({ unit: "grapheme" }), (infoCode, extraText) => {
        fc.pre(!extraText.includes("\0") && !extraText.startsWith("\ufeff"));
        const error = { infoCode, extraText };
        expect(decodeExtendedError(encodeExtendedError(error))).toEqual(error);
      }),
    );
  });

  test("may end in a null, and need a code", () => {
    expect(decodeExtendedError(hex("000e 6e6f 00"))).toEqual({
      infoCode: EdeCode.NOT_READY,
      extraText: "no",
    });
    expect(decodeExtendedError(hex("0000"))).toEqual({ infoCode: EdeCode.OTHER, extraText: "" });
    expect(decodeExtendedError(hex("00"))).toBeNull();
    expect(decodeExtendedError(hex("0000 ff"))?.extraText).toBe("\ufffd");
  });
});

test("tcp-keepalive (RFC 7828) is empty in queries and tenths of a second in replies", () => {
  expect(encodeTcpKeepalive({})).toEqual(new Uint8Array());
  expect(decodeTcpKeepalive(new Uint8Array())).toEqual({});
  expect(encodeTcpKeepalive({ timeoutMs: 37_000 })).toEqual(hex("0172"));
  expect(decodeTcpKeepalive(hex("0172"))).toEqual({ timeoutMs: 37_000 });
  expect(encodeTcpKeepalive({ timeoutMs: 99_999_999 })).toEqual(hex("ffff"));
  expect(decodeTcpKeepalive(hex("01"))).toBeNull();
  expect(decodeTcpKeepalive(hex("010203"))).toBeNull();
});

test("encodePadding() brings a message to a whole number of blocks (RFC 8467)", () => {
  for (let length = 12; length < 1000; length++) {
    const padding = encodePadding(length, 468);
    expect((length + 4 + padding.length) % 468).toBe(0);
    expect(padding.length).toBeLessThan(468);
    expect(padding.every((octet) => octet === 0)).toBe(true);
  }
});

test("NSID (RFC 5001) is text where it can be", () => {
  expect(formatNsid(encodeNsid("fra-1.node"))).toBe("fra-1.node");
  expect(formatNsid(hex("00ff"))).toBe("0x00ff");
  expect(OptionCode.NSID).toBe(3);
});
