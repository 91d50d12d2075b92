// biome-ignore-all lint/suspicious/noTemplateCurlyInString: one word is a template of $GENERATE
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatFault } from "../../src/lib/fault.ts";
import { formatName, parseName } from "../../src/wire/name.ts";
import { formatMasterFile, parseMasterFile } from "../../src/zone/master-file.ts";
import { contentsOf, linesOf, zones } from "./zones.ts";

const SOA = "@ 3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300";
const SOA_LINE = "example.test. 3600 SOA ns1.example.test. hostmaster.example.test. 1 7200 900 1209600 300";

/** The records of a zone example.test. behind its SOA; a fault fails the test. */
function read(...lines: string[]): string[] {
  const { data, faults } = parseMasterFile(["$ORIGIN example.test.", SOA, ...lines].join("\n"), {
    file: "a.zone",
  });
  expect(faults.map(formatFault)).toEqual([]);
  const [soa, ...rest] = linesOf(data!.rrs);
  expect(soa).toBe(SOA_LINE);
  return rest;
}

describe("parseMasterFile()", () => {
  test("reads class and TTL in either order, and either left out", () => {
    expect(
      read(
        "a 60 IN A 192.0.2.1",
        "b IN 60 A 192.0.2.1",
        "c 60 A 192.0.2.1",
        "d IN A 192.0.2.1",
        "e A 192.0.2.1",
      ),
    ).toEqual(["a", "b", "c", "d", "e"].map((owner) => `${owner}.example.test. 60 A 192.0.2.1`));
    expect(read("f class1 1h30m type1 192.0.2.1")).toEqual(["f.example.test. 5400 A 192.0.2.1"]);
  });

  test("takes words that could be a type, a class or a TTL as an owner where the owner stands", () => {
    expect(read("A 60 A 192.0.2.1", "in 60 A 192.0.2.1", "60 60 A 192.0.2.1")).toEqual([
      "A.example.test. 60 A 192.0.2.1",
      "in.example.test. 60 A 192.0.2.1",
      "60.example.test. 60 A 192.0.2.1",
    ]);
  });

  test("goes on with the owner above at a blank, over directives and comments", () => {
    expect(
      read("www 60 A 192.0.2.1", "; comment", "", "$ORIGIN other.test.", "\tTXT x", "  AAAA 2001:db8::1"),
    ).toEqual([
      "www.example.test. 60 A 192.0.2.1",
      'www.example.test. 60 TXT "x"',
      "www.example.test. 60 AAAA 2001:db8::1",
    ]);
  });

  test("reads parentheses, comments within them, quotes and escapes", () => {
    expect(
      read("t 60 TXT ( one ; not this", '  "two; and (this)" ', " th\\ree \\052 )", "a\\.b 60 A 192.0.2.1"),
    ).toEqual([
      't.example.test. 60 TXT "one" "two; and (this)" "three" "4"',
      "a\\.b.example.test. 60 A 192.0.2.1",
    ]);
  });

  test("takes @ as the origin, and relative names below it, in owners and rdata", () => {
    expect(read("@ 60 NS ns1", "$ORIGIN sub", "@ 60 MX 10 @", "www 60 CNAME www.example.com.")).toEqual([
      "example.test. 60 NS ns1.example.test.",
      "sub.example.test. 60 MX 10 sub.example.test.",
      "www.sub.example.test. 60 CNAME www.example.com.",
    ]);
  });

  test("reads rdata of any type as RFC 3597 has it", () => {
    expect(read("a 60 TYPE65280 \\# 3 01 0203", "b 60 A \\# 4 c0000201")).toEqual([
      "a.example.test. 60 TYPE65280 \\# 3 010203",
      "b.example.test. 60 A 192.0.2.1",
    ]);
  });

  test("a TTL that is not written is that of $TTL, else the last one", () => {
    expect(
      read(
        "a A 192.0.2.1",
        "b 60 A 192.0.2.1",
        "c A 192.0.2.1",
        "$TTL 5m",
        "d A 192.0.2.1",
        "e 60 A 192.0.2.1",
        "f A 192.0.2.1",
      ),
    ).toEqual([
      "a.example.test. 3600 A 192.0.2.1",
      "b.example.test. 60 A 192.0.2.1",
      "c.example.test. 60 A 192.0.2.1",
      "d.example.test. 300 A 192.0.2.1",
      "e.example.test. 60 A 192.0.2.1",
      "f.example.test. 300 A 192.0.2.1",
    ]);
  });

  test("without any TTL the SOA's MINIMUM is everybody's", () => {
    const { data } = parseMasterFile("@ SOA ns h 1 2 3 4 77\nwww A 192.0.2.1", {
      file: "a.zone",
      apex: parseName("example.test."),
    });
    expect(data!.rrs.map(({ ttl }) => ttl)).toEqual([77, 77]);
  });

  test("takes apex and TTL from its options, and then wants no SOA", () => {
    const { data, faults } = parseMasterFile("www A 192.0.2.1", {
      file: "a.zone",
      apex: parseName("example.test."),
      ttl: 42,
    });
    expect(faults).toEqual([]);
    expect(formatName(data!.apex)).toBe("example.test.");
    expect(linesOf(data!.rrs)).toEqual(["www.example.test. 42 A 192.0.2.1"]);
  });

  test("the SOA's owner is the apex, wherever the origin is", () => {
    const text =
      "$ORIGIN test.\n$TTL 60\nexample SOA ns.example h.example 1 2 3 4 5\nwww.example A 192.0.2.1";
    expect(formatName(parseMasterFile(text, { file: "a.zone" }).data!.apex)).toBe("example.test.");
  });

  test("reads lines that end in CR LF, a byte order mark, and a last line without an end", () => {
    const { data, faults } = parseMasterFile(`\ufeff$ORIGIN example.test.\r\n${SOA}\r\nwww 60 A 192.0.2.1`, {
      file: "a.zone",
    });
    expect(faults).toEqual([]);
    expect(linesOf(data!.rrs)).toEqual([SOA_LINE, "www.example.test. 60 A 192.0.2.1"]);
  });

  test("takes the lowest TTL of an RRset and each record once, with a warning", () => {
    const { data, faults } = parseMasterFile(
      `$ORIGIN example.test.\n${SOA}\nwww 300 A 192.0.2.1\nWWW 60 A 192.0.2.2\nwww 30 A 192.0.2.1\n`,
      { file: "a.zone" },
    );
    expect(linesOf(data!.rrs)).toEqual([
      SOA_LINE,
      "www.example.test. 30 A 192.0.2.1",
      "WWW.example.test. 30 A 192.0.2.2",
    ]);
    expect(faults.map(({ severity, line }) => [severity, line])).toEqual([
      ["warning", 4],
      ["warning", 5],
    ]);
  });

  test("keeps signatures of different types apart, for each has the TTL of what it covers", () => {
    const lines = ["www 60 RRSIG \\# 4 00010d02", "www 30 RRSIG \\# 4 001c0d02"];
    expect(read(...lines)).toEqual([
      "www.example.test. 60 RRSIG \\# 4 00010D02",
      "www.example.test. 30 RRSIG \\# 4 001C0D02",
    ]);
  });

  test("refuses $INCLUDE where there is no folder", () => {
    const { data, faults } = parseMasterFile(`$ORIGIN example.test.\n${SOA}\n$INCLUDE b.zone\n`, {
      file: "a.zone",
    });
    expect(data).toBeUndefined();
    expect(faults.map(formatFault)).toEqual([
      "a.zone:3:1: $INCLUDE cannot be followed here, where there is no folder; put the records in its place",
    ]);
  });

  test("shows at most 1000 faults, and says how many more there are", () => {
    const { faults } = parseMasterFile("x\n".repeat(5000), { file: "a.zone" });
    expect(faults).toHaveLength(1001);
    expect(faults.at(-1)!.message).toMatch(/more faults are not shown/);
  });

  test("never throws, whatever the text", () => {
    const words = fc.constantFrom(
      "$ORIGIN",
      "$TTL",
      "$INCLUDE",
      "$GENERATE",
      "1-3",
      "@",
      "www",
      "\t",
      " ",
      "\n",
      "\n",
      "IN",
      "60",
      "1h",
      "A",
      "SOA",
      "TXT",
      "192.0.2.1",
      "(",
      ")",
      '"',
      ";",
      "\\",
      "\\300",
      "\\#",
      "4",
      "c0000201",
      "${0,3,d}",
      "\n;windrose:",
      "POOL",
      "\u00e9",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ unit: "binary" })), { maxLength: 40 }), (parts) => {
        const { data, faults } = parseMasterFile(parts.join(" "), { file: "a.zone" });
        expect(data === undefined).toBe(faults.some(({ severity }) => severity === "error"));
        for (const { line, column } of faults) expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("steered names", () => {
  test("are read from comment lines, with names and TTLs as in records", () => {
    const lines = [
      ";windrose: www 30 POOL web",
      ";windrose: *.apps IN 1m pool web",
      "$ORIGIN sub",
      ';windrose: @ POOL "a \\"b\\" \\195\\169"',
      "; windrose: this is prose",
      "x TXT ( ; a record with one inside",
      ";windrose: inner 5 POOL web",
      "  x )",
    ];
    const { data, faults } = parseMasterFile(["$ORIGIN example.test.", SOA, ...lines].join("\n"), {
      file: "a.zone",
    });
    expect(faults).toEqual([]);
    expect(data!.steered.map(({ owner, ttl, pool }) => `${formatName(owner)} ${ttl} ${pool}`)).toEqual([
      "www.example.test. 30 web",
      "*.apps.example.test. 60 web",
      'sub.example.test. 3600 a "b" é',
      "inner.sub.example.test. 5 web",
    ]);
  });

  test("leave no trace in what other servers read", () => {
    expect(read(";windrose: www 30 POOL web", "a A 192.0.2.1")).toEqual(["a.example.test. 3600 A 192.0.2.1"]);
  });
});

describe("locate()", () => {
  test("finds records and steered names by owner and type, whatever the case", () => {
    const text = `$ORIGIN example.test.\n${SOA}\nwww A 192.0.2.1\n    AAAA 2001:db8::1\n;windrose: pool 30 POOL web\n`;
    const { locate } = parseMasterFile(text, { file: "a.zone" });
    const at = (name: string, type?: number) => {
      const { line, column } = locate(parseName(name), type);
      return `${line}:${column}`;
    };
    expect(at("WWW.example.test.", 1)).toBe("3:1");
    expect(at("www.example.test.", 28)).toBe("4:5");
    expect(at("www.example.test.", 16)).toBe("3:1");
    expect(at("pool.example.test.")).toBe("5:1");
    expect(at("nowhere.example.test.", 1)).toBe("1:1");
  });
});

describe("formatMasterFile()", () => {
  test("puts the SOA first, then names in canonical order, and says what the SOA's numbers are", () => {
    const text = `$ORIGIN example.test.
b 60 A 192.0.2.2
z.a 60 A 192.0.2.3
a 60 TXT x
a 60 A 192.0.2.1
;windrose: www 30 POOL web
@ 3600 NS ns1
@ 3600 MX 10 mx.example.com.
${SOA}
`;
    const { data } = parseMasterFile(text, { file: "a.zone", apex: parseName("example.test.") });
    expect(formatMasterFile(data!)).toBe(`$ORIGIN example.test.
@   3600  IN SOA   ns1 hostmaster (
    1          ; serial
    7200       ; refresh (2h)
    900        ; retry (15m)
    1209600    ; expire (2w)
    300        ; minimum (5m)
    )
@   3600  IN NS    ns1
@   3600  IN MX    10 mx.example.com.
a   60    IN A     192.0.2.1
a   60    IN TXT   "x"
z.a 60    IN A     192.0.2.3
b   60    IN A     192.0.2.2
;windrose: www 30 POOL web
`);
  });

  test("writes what parseMasterFile() reads back, for zones of all types at odd names", () => {
    fc.assert(
      fc.property(zones, (zone) => {
        const text = formatMasterFile(zone);
        const { data, faults } = parseMasterFile(text, { file: "a.zone" });
        expect(faults.map(formatFault)).toEqual([]);
        expect(contentsOf(data!)).toEqual(contentsOf(zone));
        expect(formatMasterFile(data!)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps the order of records within an RRset", () => {
    const records = ["c", "a", "b"].map((host) => `www 60 NS ${host}`);
    const { data } = parseMasterFile(["$ORIGIN example.test.", SOA, ...records].join("\n"), {
      file: "a.zone",
    });
    const text = formatMasterFile(data!);
    expect(text.match(/NS +\w/g)?.map((ns) => ns.at(-1))).toEqual(["c", "a", "b"]);
  });
});
