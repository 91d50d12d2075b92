import { describe, expect, test } from "vitest";
import { decodeRdata, formatRdata, parseRdata } from "../../../src/wire/rdata/index.ts";
import { RRType } from "../../../src/wire/rr-type.ts";
import { hex } from "../arbitraries.ts";

const FOO_EXAMPLE_COM = "03666f6f076578616d706c6503636f6d00";
const FOO_EXAMPLE_ORG = "03666f6f076578616d706c65036f726700";
const TWO_PROTOCOLS = `0010 ${FOO_EXAMPLE_ORG} 0001 000c 08665c6f6f2c626172 026832`;
const SORTED = `0010 ${FOO_EXAMPLE_ORG} 0000 0004 0001 0004 0001 0009 026832 0568332d3139 0004 0004 c0000201`;

/** RFC 9460 appendix D.1 and D.2: what is written, the wire, and how we write it. */
const vectors: readonly (readonly [string, string, string])[] = [
  ["0 foo.example.com.", `0000 ${FOO_EXAMPLE_COM}`, "0 foo.example.com."],
  ["1 .", "0001 00", "1 ."],
  ["16 foo.example.com. port=53", `0010 ${FOO_EXAMPLE_COM} 0003 0002 0035`, "16 foo.example.com. port=53"],
  [
    "1 foo.example.com. key667=hello",
    `0001 ${FOO_EXAMPLE_COM} 029b 0005 68656c6c6f`,
    '1 foo.example.com. key667="hello"',
  ],
  [
    '1 foo.example.com. key667="hello\\210qoo"',
    `0001 ${FOO_EXAMPLE_COM} 029b 0009 68656c6c6fd2716f6f`,
    '1 foo.example.com. key667="hello\\210qoo"',
  ],
  [
    '1 foo.example.com. (\nipv6hint="2001:db8::1,2001:db8::53:1"\n)',
    `0001 ${FOO_EXAMPLE_COM} 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001`,
    "1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1",
  ],
  [
    '1 example.com. (\nipv6hint="2001:db8:122:344::192.0.2.33"\n)',
    "0001 076578616d706c6503636f6d00 0006 0010 20010db80122034400000000c0000221",
    "1 example.com. ipv6hint=2001:db8:122:344::c000:221",
  ],
  [
    "16 foo.example.org. (\nalpn=h2,h3-19 mandatory=ipv4hint,alpn\nipv4hint=192.0.2.1\n)",
    SORTED,
    '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
  ],
  [
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    TWO_PROTOCOLS,
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
  [
    "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
    TWO_PROTOCOLS,
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
];

describe.each([
  ["SVCB", RRType.SVCB],
  ["HTTPS", RRType.HTTPS],
])("%s", (_mnemonic, type) => {
  test.each(vectors)("reads and writes the vector %s", (text, wire, canonical) => {
    const rdata = parseRdata(type, text);
    expect(Buffer.from(rdata).toString("hex")).toBe(Buffer.from(hex(wire)).toString("hex"));
    expect(formatRdata(type, rdata)).toBe(canonical);
    expect(decodeRdata(type, rdata, 0, rdata.length)).toEqual(rdata);
  });

  // RFC 9460 appendix D.3, then what its text says besides.
  test.each([
    ["key123=abc key123=def", /key123 twice/],
    ["mandatory", /mandatory has no value/],
    ["alpn", /alpn has no value/],
    ["port", /port has no value/],
    ["ipv4hint", /ipv4hint has no value/],
    ["ipv6hint", /ipv6hint has no value/],
    ["no-default-alpn=abc", /no value of no-default-alpn/],
    ["mandatory=key123", /mandatory lists key123, which is not there/],
    ["mandatory=mandatory", /no value of mandatory/],
    ["mandatory=key123,key123 key123=abc", /no value of mandatory/],
    ["no-default-alpn", /stands without alpn/],
    ["alpn=h2,,h3", /protocol of 0 octets/],
    ["alpn=h2,", /protocol of 0 octets/],
    ["alpn=h2\\\\x", /escapes a comma or a backslash/],
    [`alpn=${"a".repeat(256)}`, /protocol of 256 octets/],
    ["port=65536", /a number from 0 to 65535/],
    ["ipv4hint=2001:db8::1", /IPv4 addresses/],
    ["ipv6hint=192.0.2.1", /IPv6 addresses/],
    ["ech=*", /base64/],
    ["dohpath=/dns-query", /variable dns/],
    ["dohpath=/{?dnssec}", /variable dns/],
    ["dohpath=/{?dns", /variable dns/],
    ["dohpath=https://example.com/{?dns}", /relative URI template/],
    ["ohttp=1", /no value of ohttp/],
    ["PORT=1", /no parameter key/],
    ["key0667=a", /no parameter key/],
    ["key65536=a", /no parameter key/],
    ["key3=a", /no value of key3/],
    ["key3=\\000\\053 port=53", /port twice/],
  ])("refuses %s", (params, message) => {
    expect(() => parseRdata(type, `1 foo.example.com. ${params}`)).toThrow(message);
  });

  test.each([
    ["keys descend", "0001 00 0004 0004 c0000201 0003 0002 0035"],
    ["a key comes twice", "0001 00 0003 0002 0035 0003 0002 0035"],
    ["a value is cut short", "0001 00 0003 0002 00"],
    ["a parameter's header is cut short", "0001 00 0003 00"],
    ["port has one octet", "0001 00 0003 0001 35"],
    ["ipv4hint is empty", "0001 00 0004 0000"],
    ["ipv4hint has five octets", "0001 00 0004 0005 c000020100"],
    ["ipv6hint is empty", "0001 00 0006 0000"],
    ["ech is empty", "0001 00 0005 0000"],
    ["alpn is empty", "0001 00 0001 0000"],
    ["alpn has an empty protocol", "0001 00 0001 0001 00"],
    ["alpn runs past its value", "0001 00 0001 0002 0268"],
    ["no-default-alpn has a value", "0001 00 0001 0003 026832 0002 0001 00"],
    ["mandatory is empty", "0001 00 0000 0000"],
    ["mandatory is not there", "0001 00 0000 0002 0003"],
    ["mandatory lists itself", "0001 00 0000 0002 0000"],
    ["mandatory descends", "0001 00 0000 0004 0004 0003 0003 0002 0035 0004 0004 c0000201"],
    ["mandatory has an odd length", "0001 00 0000 0003 000300 0003 0002 0035"],
    ["dohpath is no UTF-8", "0001 00 0007 0008 2f7b3f646e737dff"],
    ["the target is cut short", "0001 0161"],
    ["the target is compressed", "0001 c000"],
  ])("is malformed where %s", (_what, wire) => {
    const rdata = hex(wire);
    expect(decodeRdata(type, rdata, 0, rdata.length)).toBeNull();
  });

  test("no-default-alpn without alpn, well-formed on the wire, is written as RFC 3597 has it", () => {
    const rdata = hex("0001 00 0002 0000");
    expect(decodeRdata(type, rdata, 0, rdata.length)).toEqual(rdata);
    expect(parseRdata(type, formatRdata(type, rdata))).toEqual(rdata);
  });

  test("takes dns among other variables of a dohpath", () => {
    const rdata = parseRdata(type, "1 . dohpath=/{path}/q{?a,dns}");
    expect(formatRdata(type, rdata)).toBe('1 . dohpath="/{path}/q{?a,dns}"');
  });

  test("takes a known key by number, with its value as octets", () => {
    expect(parseRdata(type, "1 . key3=\\000\\053")).toEqual(parseRdata(type, "1 . port=53"));
  });

  test("an empty value may be written with = or without", () => {
    const rdata = parseRdata(type, "1 . alpn=h2 no-default-alpn key99");
    expect(parseRdata(type, '1 . alpn=h2 no-default-alpn="" key99=')).toEqual(rdata);
    expect(formatRdata(type, rdata)).toBe('1 . alpn="h2" no-default-alpn key99');
  });
});
