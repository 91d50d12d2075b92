import { describe, expect, test } from "vitest";
import { decodeRdata, formatRdata, parseRdata } from "../../../src/wire/rdata/index.ts";
import { RRType } from "../../../src/wire/rr-type.ts";
import { hex } from "../arbitraries.ts";

describe("LOC", () => {
  // The examples of RFC 1876 section 4; the wire is worked out from section 2.
  test.each([
    [
      "42 21 54 N 71 06 18 W -24m 30m",
      "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m",
      "00 33 16 13 89172dd0 70be15f0 00988d20",
    ],
    [
      "42 21 43.952 N 71 5 6.344 W -24m 1m 200m",
      "42 21 43.952 N 71 5 6.344 W -24.00m 1m 200m 10m",
      "00 12 24 13 89170690 70bf2dd8 00988d20",
    ],
    [
      "52 14 05 N 00 08 50 E 10m",
      "52 14 5.000 N 0 8 50.000 E 10.00m 1m 10000m 10m",
      "00 12 16 13 8b3556c8 80081650 00989a68",
    ],
    [
      "32 7 19 S 116 2 25 E 10m",
      "32 7 19.000 S 116 2 25.000 E 10.00m 1m 10000m 10m",
      "00 12 16 13 791b7d28 98e64868 00989a68",
    ],
    [
      "42 21 28.764 N 71 00 51.617 W -44m 2000m",
      "42 21 28.764 N 71 0 51.617 W -44.00m 2000m 10000m 10m",
      "00 25 16 13 8916cb3c 70c310df 00988550",
    ],
  ])("reads and writes %s", (text, canonical, wire) => {
    const rdata = parseRdata(RRType.LOC, text);
    expect(Buffer.from(rdata).toString("hex")).toBe(Buffer.from(hex(wire)).toString("hex"));
    expect(formatRdata(RRType.LOC, rdata)).toBe(canonical);
  });

  test("minutes, seconds and the m of metres may be left out", () => {
    expect(parseRdata(RRType.LOC, "42 N 71 6 w 0 30 10 5")).toEqual(
      parseRdata(RRType.LOC, "42 0 0.000 N 71 6 0 W 0.00m 30m 10m 5m"),
    );
  });

  test("sizes keep their first digit, as in RFC 1876 appendix A", () => {
    const rdata = parseRdata(RRType.LOC, "0 N 0 E 0m 25m 0.05m 0m");
    expect([...rdata.subarray(1, 4)]).toEqual([0x23, 0x50, 0]);
    expect(formatRdata(RRType.LOC, rdata)).toBe("0 0 0.000 N 0 0 0.000 E 0.00m 20m 0.05m 0m");
  });

  test.each([
    ["91 N 0 E 0m", 0, /latitude of LOC is out of range/],
    ["90 0 0.001 N 0 E 0m", 0, /latitude of LOC is out of range/],
    ["0 N 181 E 0m", 4, /longitude of LOC is out of range/],
    ["0 60 N 0 E 0m", 0, /below 60 minutes/],
    ["0 0 60 N 0 E 0m", 0, /below 60 minutes/],
    ["N 0 E 0m", 0, /out of range/],
    ["0 E 0 N 0m", 2, /no place in the latitude/],
    ["0 0 0 0 N 0 E 0m", 6, /no place in the latitude/],
    ["0 0 1.2345 N 0 E 0m", 4, /no place in the latitude/],
    ["0 N 0 E", 7, /ends before its altitude/],
    ["0 N 0 E -100001m", 8, /no altitude of LOC; metres from -100000.00m/],
    ["0 N 0 E 42849673m", 8, /to 42849672.95m/],
    ["0 N 0 E 0m -1m", 11, /no size of LOC/],
    ["0 N 0 E 0m 1m 1m 1m 1m", 20, /remove it/],
  ])("refuses %s", (text, offset, message) => {
    expect(() => parseRdata(RRType.LOC, text)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), offset }),
    );
  });

  test.each([
    ["16 octets are wanted", "00 12 16 13 80000000 80000000 009896"],
    ["a digit of a size is above 9", "00 a2 16 13 80000000 80000000 00989680"],
    ["a power of ten is above 9", "00 1a 16 13 80000000 80000000 00989680"],
    ["zero has a power of ten", "00 02 16 13 80000000 80000000 00989680"],
    ["the latitude is beyond the pole", "00 12 16 13 935efd01 80000000 00989680"],
    ["there is nothing", ""],
  ])("is malformed where %s", (_what, wire) => {
    const rdata = hex(wire);
    expect(decodeRdata(RRType.LOC, rdata, 0, rdata.length)).toBeNull();
  });

  test("versions other than 0 are opaque", () => {
    const rdata = hex("01 aa");
    expect(decodeRdata(RRType.LOC, rdata, 0, 2)).toEqual(rdata);
    expect(formatRdata(RRType.LOC, rdata)).toBe("\\# 2 01AA");
  });
});
