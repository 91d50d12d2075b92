import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PresentationError } from "../../../src/lib/errors.ts";
import { parseName } from "../../../src/wire/name.ts";
import {
  compressibleRdataNames,
  decodeRdata,
  formatRdata,
  parseRdata,
  rdataNames,
} from "../../../src/wire/rdata/index.ts";
import { parseType, RRType, typeMnemonic } from "../../../src/wire/rr-type.ts";
import { hex, join, octets, rdataOfType, typedRdata } from "../arbitraries.ts";

const origin = parseName("example.com.");

/** Type, text as an operator may write it, the text we write, and the wire. */
const examples: readonly (readonly [string, string, string, string])[] = [
  ["A", "192.0.2.1", "192.0.2.1", "c0000201"],
  ["AAAA", "2001:DB8::0:1", "2001:db8::1", "20010db8 00000000 00000000 00000001"],
  ["NS", "ns1", "ns1.example.com.", "036e7331 076578616d706c65 03636f6d 00"],
  ["CNAME", "@", "example.com.", "076578616d706c65 03636f6d 00"],
  ["DNAME", "a.b.", "a.b.", "0161 0162 00"],
  ["PTR", "a\\.b.c.", "a\\.b.c.", "03612e62 0163 00"],
  ["MX", "10 .", "10 .", "000a 00"],
  [
    "SOA", // RFC 1035 section 5.3, with units for two of the times
    "VENERA.ISI.EDU. Action\\.domains.ISI.EDU. ( 20 2H 600\n 3600000 1m )",
    "VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60",
    `0656454e455241 03495349 03454455 00 0e416374696f6e2e646f6d61696e73 03495349 03454455 00
     00000014 00001c20 00000258 0036ee80 0000003c`,
  ],
  ["TXT", 'a "b c" "" \\"', '"a" "b c" "" "\\""', "0161 03622063 00 0122"],
  ["TXT", '"é\\000"', '"\\195\\169\\000"', "03c3a900"],
  ["SPF", '"v=spf1 -all"', '"v=spf1 -all"', "0b 763d73706631202d616c6c"],
  ["HINFO", 'RFC8482 ""', '"RFC8482" ""', "07 52464338343832 00"],
  ["SRV", "0 1 9 old-slow-box.", "0 1 9 old-slow-box.", "0000 0001 0009 0c6f6c642d736c6f772d626f78 00"], // RFC 2782
  // RFC 8659 section 4.2 and 4.4
  [
    "CAA",
    '0 issue "ca1.example.net; account=230123"',
    '0 issue "ca1.example.net; account=230123"',
    "00 05 6973737565 6361312e6578616d706c652e6e65743b206163636f756e743d323330313233",
  ],
  ["CAA", '128 tbs "Unknown"', '128 tbs "Unknown"', "80 03 746273 556e6b6e6f776e"],
  ["CAA", '0 issue ""', '0 issue ""', "00 05 6973737565"],
  // RFC 3403 section 6.2, and RFC 2915's CID example of a regexp with backslashes
  [
    "NAPTR",
    '100 50 "s" "http+I2L+I2C+I2R" "" _http._tcp.gatech.edu.',
    '100 50 "s" "http+I2L+I2C+I2R" "" _http._tcp.gatech.edu.',
    "0064 0032 0173 10 687474702b49324c2b4932432b493252 00 055f68747470 045f746370 06676174656368 03656475 00",
  ],
  [
    "NAPTR",
    '100 10 "" "" "!^.+$!\\\\1!i" .',
    '100 10 "" "" "!^.+$!\\\\1!i" .',
    "0064 000a 00 00 0a 215e2e2b24215c312169 00",
  ],
  [
    "URI",
    '10 1 "ftp://ftp1.example.com/public"',
    '10 1 "ftp://ftp1.example.com/public"',
    "000a 0001 6674703a2f2f667470312e6578616d706c652e636f6d2f7075626c6963",
  ], // RFC 7553 section 5
  [
    "DS",
    "60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )",
    "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
    "ec45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118",
  ], // RFC 4034 section 5.4
  ["CDS", "0 DELETE 0 00", "0 0 0 00", "0000 00 00 00"], // RFC 8078 section 4
  ["DNSKEY", "256 3 ECDSAP256SHA256 AQID BAU=", "256 3 13 AQIDBAU=", "0100 03 0d 0102030405"],
  [
    "SSHFP",
    "2 1 123456789abcdef67890123456789abcdef67890",
    "2 1 123456789ABCDEF67890123456789ABCDEF67890",
    "02 01 123456789abcdef67890123456789abcdef67890",
  ], // RFC 4255 section 3.2
  [
    "TLSA",
    "0 0 1 ( d2abde240d7cd3ee6b4b28c54df034b9 7983a1d16e8a410e4561cb106618e971 )",
    "0 0 1 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971",
    "00 00 01 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
  ], // RFC 6698 section 2.3
  ["TYPE62347", "\\# 0", "\\# 0", ""], // RFC 3597 section 5
  ["TYPE731", "\\# 6 abcd ( ef 01 23 45 )", "\\# 6 ABCDEF012345", "abcdef012345"],
  ["A", "\\# 4 0A000001", "10.0.0.1", "0a000001"],
];

describe("parseRdata(), formatRdata()", () => {
  test.each(examples)("%s %s", (mnemonic, text, canonical, wire) => {
    const type = parseType(mnemonic)!;
    const rdata = parseRdata(type, text, origin);
    expect(Buffer.from(rdata).toString("hex")).toBe(Buffer.from(hex(wire)).toString("hex"));
    expect(formatRdata(type, rdata)).toBe(canonical);
    expect(parseRdata(type, canonical)).toEqual(rdata);
  });

  test("undo each other for every type, absolute and relative to an origin", () => {
    fc.assert(
      fc.property(typedRdata, ({ type, rdata }) => {
        expect(parseRdata(type, formatRdata(type, rdata))).toEqual(rdata);
        expect(parseRdata(type, formatRdata(type, rdata, origin), origin)).toEqual(rdata);
      }),
      { numRuns: 1500 },
    );
  });

  test("undo each other in the form of RFC 3597 too", () => {
    fc.assert(
      fc.property(typedRdata, ({ type, rdata }) => {
        const generic = `\\# ${rdata.length} ${Buffer.from(rdata).toString("hex")}`;
        expect(parseRdata(type, generic)).toEqual(rdata);
      }),
      { numRuns: 500 },
    );
  });

  test("names relative to the origin come out short", () => {
    const rdata = parseRdata(RRType.MX, "10 mail", origin);
    expect(formatRdata(RRType.MX, rdata, origin)).toBe("10 mail");
  });

  test("malformed rdata comes out as RFC 3597 has it", () => {
    expect(formatRdata(RRType.A, hex("c00002"))).toBe("\\# 3 C00002");
    expect(formatRdata(RRType.MX, hex("000a c000"))).toBe("\\# 4 000AC000");
  });

  test.each([
    ["A", "192.0.2", 0, /IPv4 address is/],
    ["A", "192.0.2.1 192.0.2.2", 10, /ends before "192.0.2.2"; remove it/],
    ["AAAA", "192.0.2.1", 0, /IPv6 address is/],
    ["A", "", 0, /ends before its address/],
    ["MX", "10", 2, /ends before its exchange/],
    ["MX", "mail 10", 0, /no preference of MX; a number from 0 to 65535/],
    ["MX", "65536 mail", 0, /0 to 65535/],
    ["MX", "10 a..b", 5, /empty label/],
    ["MX", '10 "a b"', 5, /write \\032/],
    ["SRV", "0 1 -1 .", 4, /no port of SRV/],
    ["SOA", "ns hostmaster@example.com 1 2 3 4 5", 13, /write hostmaster\.example\.com\.$/],
    ["SOA", "ns first.last@example.com 1 2 3 4 5", 13, /write first\\\.last\.example\.com\.$/],
    ["SOA", "ns host 1 2y 3 4 5", 10, /no refresh of SOA; seconds are/],
    ["TXT", "v=DKIM1; p=AAAA", 7, /in quotes or write \\;/],
    ["TXT", '"a', 0, /not closed/],
    ["TXT", `ok ${"a".repeat(256)}`, 3, /256 octets.*split it/],
    ["TXT", '"a\\25"', 2, /three decimal digits/],
    ["CAA", '0 is-sue "x"', 2, /no tag of CAA/],
    ["CAA", "0 issue ;", 8, /starts a comment/],
    ["CAA", '256 issue "x"', 0, /no flags of CAA/],
    ["NAPTR", '1 1 "-" "" "" .', 5, /no flags of NAPTR/],
    ["URI", '1 1 ""', 5, /target of URI is empty/],
    ["DS", "1 8 2 ABCD", 6, /2 octets; digest type 2 has 32/],
    ["DS", "1 8 9 ABC", 6, /even number of digits/],
    ["DS", "1 NOSUCH 9 AB", 2, /no algorithm of DS/],
    ["DNSKEY", "256 2 8 AQ==", 8, /protocol is 2; it must be 3/],
    ["DNSKEY", "256 3 8 AQ", 8, /not base64/],
    ["DNSKEY", "256 3 8 A*==", 8, /not base64/],
    ["SSHFP", "1 2 AB", 4, /fingerprint type 2 has 32/],
    ["TLSA", "3 1 1 AB", 6, /matching type 1 has 32/],
    ["TYPE731", "abcd", 0, /write it as \\# LENGTH HEX/],
    ["TYPE731", "\\# 3 abcd", 3, /announces 3 octets and 2 follow/],
    ["TYPE731", "\\# 2 abcg", 5, /not hexadecimal/],
    ["TYPE731", "\\#", 2, /ends before its length/],
    ["A", "\\# 3 c00002", 0, /not what A rdata is made of/],
    ["MX", "\\# 4 000ac000", 0, /not what MX rdata is made of/],
  ])("refuse %s %s, and say where and what is right", (mnemonic, text, offset, message) => {
    const error = errorOf(() => parseRdata(parseType(mnemonic)!, text, origin));
    expect(error.message).toMatch(message);
    expect(error.offset).toBe(offset);
  });

  test("throw nothing but PresentationErrors, whatever the text", () => {
    const type = fc.constantFrom(...rdataOfType.keys(), 731);
    const words = fc.constantFrom(
      "0",
      "1",
      "3",
      "10",
      "a.b.",
      "AQ==",
      "ABCD",
      "N",
      "W",
      "1m",
      "alpn=h2",
      "port=1",
      "key9=\\",
      "\\#",
      '"x y"',
      "192.0.2.1",
      "é",
      "\\300",
      "",
    );
    fc.assert(
      fc.property(
        type,
        fc.oneof(
          fc.array(words).map((all) => all.join(" ")),
          fc.string(),
        ),
        (t, text) => {
          let rdata: Uint8Array;
          try {
            rdata = parseRdata(t, text, origin);
          } catch (error) {
            expect(error).toBeInstanceOf(PresentationError);
            expect((error as PresentationError).offset).toBeLessThanOrEqual(text.length);
            return;
          }
          expect(decodeRdata(t, rdata, 0, rdata.length)).toEqual(rdata);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("refuse what does not fit RDLENGTH", () => {
    expect(() => parseRdata(RRType.URI, `1 1 "${"a".repeat(65_532)}"`)).toThrow(/at most 65535/);
    expect(parseRdata(RRType.URI, `1 1 "${"a".repeat(65_531)}"`)).toHaveLength(65_535);
  });
});

describe("decodeRdata()", () => {
  test("takes well-formed rdata of every type as it is, anywhere in a message", () => {
    fc.assert(
      fc.property(typedRdata, octets(0, 20), octets(0, 20), ({ type, rdata }, before, behind) => {
        const message = join([before, rdata, behind]);
        expect(decodeRdata(type, message, before.length, rdata.length)).toEqual(rdata);
      }),
      { numRuns: 1000 },
    );
  });

  test("never throws on any octets, and what it answers survives text", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...rdataOfType.keys()),
        octets(0, 80),
        fc.nat(40),
        (type, message, offset) => {
          const length = Math.max(0, message.length - offset);
          const rdata = decodeRdata(type, message, Math.min(offset, message.length), length);
          if (rdata !== null) expect(parseRdata(type, formatRdata(type, rdata))).toEqual(rdata);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test.each([...rdataOfType].map(([type, rdata]) => [typeMnemonic(type), type, rdata] as const))(
    "never throws on %s rdata with an octet changed, or cut short anywhere",
    (_mnemonic, type, rdata) => {
      fc.assert(
        fc.property(rdata, fc.nat(), fc.nat(255), (whole, at, octet) => {
          for (let length = 0; length < Math.min(whole.length, 80); length++) {
            const cut = decodeRdata(type, whole, 0, length);
            if (cut !== null) expect(formatRdata(type, cut)).toBeTypeOf("string");
          }
          const changed = whole.slice();
          changed[at % changed.length] = octet;
          const decoded = decodeRdata(type, changed, 0, changed.length);
          if (decoded !== null) expect(parseRdata(type, formatRdata(type, decoded))).toEqual(decoded);
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each([
    ["A", "c00002"],
    ["A", "c000020100"],
    ["AAAA", "20010db8"],
    ["NS", "0161"],
    ["NS", "0161 00 00"],
    ["MX", "000a"],
    ["SOA", "00 00 00000001 00000002 00000003 00000004 000000"],
    ["TXT", ""],
    ["TXT", "0261"],
    ["SRV", "0000 0000 00"],
    ["CAA", "00 00 61"],
    ["CAA", "00 01 2d 61"],
    ["CAA", "00 05 6973"],
    ["NAPTR", "0001 0001 012d 00 00 00"],
    ["URI", "0001 0001"],
    ["DS", "0001 08 01 aabb"],
    ["DS", "0001 08 09"],
    ["DNSKEY", "0100 02 08 01"],
    ["SSHFP", "01 01 aa"],
    ["TLSA", "03 01 02 aa"],
  ])("is null for malformed %s rdata %s", (mnemonic, wire) => {
    const rdata = hex(wire);
    expect(decodeRdata(parseType(mnemonic)!, rdata, 0, rdata.length)).toBeNull();
  });

  test("is null where rdata runs past the message, for any type", () => {
    expect(decodeRdata(731, hex("0102"), 1, 2)).toBeNull();
  });

  test("decompresses names, but not past the rdata's own end", () => {
    const message = hex("03636f6d00 000a 0161c000");
    expect(decodeRdata(RRType.MX, message, 5, 6)).toEqual(hex("000a 0161 03636f6d00"));
    expect(decodeRdata(RRType.MX, message, 5, 5)).toBeNull();
    expect(decodeRdata(RRType.SRV, hex("00 000000000000 c000"), 1, 8)).toEqual(hex("000000000000 00"));
    // RFC 9460 section 2.2: uncompressed, so a pointer is malformed.
    expect(decodeRdata(RRType.SVCB, hex("00 0001 c000"), 1, 4)).toBeNull();
  });
});

describe("rdataNames()", () => {
  test("finds every name", () => {
    expect(rdataNames(RRType.A, hex("c0000201"))).toEqual([]);
    expect(rdataNames(RRType.MX, parseRdata(RRType.MX, "10 a."))).toEqual([2]);
    expect(rdataNames(RRType.SOA, parseRdata(RRType.SOA, "a. b. 1 2 3 4 5"))).toEqual([0, 3]);
    expect(rdataNames(RRType.SRV, parseRdata(RRType.SRV, "1 2 3 a."))).toEqual([6]);
    expect(rdataNames(RRType.NAPTR, parseRdata(RRType.NAPTR, '1 2 "s" "x" "" a.'))).toEqual([9]);
    expect(rdataNames(RRType.HTTPS, parseRdata(RRType.HTTPS, "1 a. port=1"))).toEqual([2]);
    expect(rdataNames(731, hex("0161 00"))).toEqual([]);
  });

  test("compressibleRdataNames() are those of RFC 1035 only", () => {
    const types = [...rdataOfType.keys()].filter((type) => {
      const [rdata] = fc.sample(rdataOfType.get(type)!, { numRuns: 1, seed: type });
      return compressibleRdataNames(type, rdata!).length > 0;
    });
    expect(types.map(typeMnemonic).sort()).toEqual([
      "CNAME",
      "MB",
      "MD",
      "MF",
      "MG",
      "MINFO",
      "MR",
      "MX",
      "NS",
      "PTR",
      "SOA",
    ]);
  });
});

function errorOf(run: () => unknown): PresentationError {
  try {
    run();
  } catch (error) {
    if (error instanceof PresentationError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
