import { describe, expect, test } from "vitest";
import { Opcode, opcodeMnemonic, Rcode, rcodeMnemonic } from "../../src/wire/dns-codes.ts";
import {
  classMnemonic,
  isDataType,
  parseClass,
  parseType,
  RRClass,
  RRType,
  typeMnemonic,
} from "../../src/wire/rr-type.ts";
import { parseTtl } from "../../src/wire/ttl.ts";

describe("types and classes", () => {
  test("read back from their mnemonics, all 65536", () => {
    const all = Array.from({ length: 0x1_0000 }, (_, value) => value);
    expect(all.filter((value) => parseType(typeMnemonic(value)) !== value)).toEqual([]);
    expect(all.filter((value) => parseClass(classMnemonic(value)) !== value)).toEqual([]);
  });

  test("are read in any case, and by number also where they have a name", () => {
    expect(parseType("aaaa")).toBe(RRType.AAAA);
    expect(parseType("type28")).toBe(28);
    expect(parseType("NSAP-PTR")).toBe(23);
    expect(parseClass("class1")).toBe(RRClass.IN);
  });

  test.each(["", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "constructor", "300", "IN"])(
    "%j is no type",
    (text) => {
      expect(parseType(text)).toBeUndefined();
    },
  );

  test("isDataType() is false for what cannot stand in a zone", () => {
    for (const type of [0, RRType.OPT, RRType.NXNAME, RRType.AXFR, RRType.ANY, 65535]) {
      expect(isDataType(type)).toBe(false);
    }
    for (const type of [RRType.A, RRType.URI, RRType.SPF, 65534]) expect(isDataType(type)).toBe(true);
  });
});

test("opcodeMnemonic() and rcodeMnemonic() name what has a name", () => {
  expect(opcodeMnemonic(Opcode.NOTIFY)).toBe("NOTIFY");
  expect(opcodeMnemonic(3)).toBe("OPCODE3");
  expect(rcodeMnemonic(Rcode.BADCOOKIE)).toBe("BADCOOKIE");
  expect(rcodeMnemonic(4000)).toBe("RCODE4000");
});

test.each([
  ["0", 0],
  ["300", 300],
  ["1h30m", 5400],
  ["1W2D3H4M5S", 788_645],
  ["2147483647", 2_147_483_647],
  ["2147483648", undefined],
  ["9999w", undefined],
  ["", undefined],
  ["-1", undefined],
  ["1.5h", undefined],
  ["1h30", undefined],
  ["h", undefined],
])("parseTtl() makes %j %s seconds", (text, seconds) => {
  expect(parseTtl(text)).toBe(seconds);
});
