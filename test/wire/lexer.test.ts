import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PresentationError } from "../../src/lib/errors.ts";
import { lexEntries, lexRdata } from "../../src/wire/lexer.ts";

function texts(source: string): string[][] {
  return [...lexEntries(source)].map((entry) => entry.tokens.map((token) => token.text));
}

describe("lexEntries()", () => {
  test("makes an entry of each line, and passes over blank lines and comments", () => {
    expect(texts("a 1\n\n  ; only a comment\r\nb 2 ; more\n;x\nc")).toEqual([["a", "1"], ["b", "2"], ["c"]]);
  });

  test("tells whether the line starts with a blank, and where tokens are", () => {
    const [first, second] = [...lexEntries("www A\n\t AAAA ::1")];
    expect(first).toMatchObject({ startsWithBlank: false, offset: 0 });
    expect(second).toMatchObject({ startsWithBlank: true, offset: 8 });
    expect(second!.tokens[1]).toEqual({ text: "::1", quoted: false, offset: 13 });
  });

  test("continues an entry while parentheses are open, nested too", () => {
    expect(texts("@ SOA a b (1 ; serial\n 2 (3\n)4)\nnext")).toEqual([
      ["@", "SOA", "a", "b", "1", "2", "3", "4"],
      ["next"],
    ]);
  });

  test("takes quotes off and keeps escapes", () => {
    const [entry] = [...lexEntries('"a b;(c\\"d" x\\;y\\ z \\\\ ""')];
    expect(entry!.tokens).toEqual([
      { text: 'a b;(c\\"d', quoted: true, offset: 0 },
      { text: "x\\;y\\ z", quoted: false, offset: 12 },
      { text: "\\\\", quoted: false, offset: 20 },
      { text: "", quoted: true, offset: 23 },
    ]);
  });

  test("ends a word at a quote, but not behind = (RFC 9460 appendix A)", () => {
    expect(texts('a"b c"d')).toEqual([["a", "b c", "d"]]);
    expect(texts('alpn="h2, h3" port=1')).toEqual([["alpn=h2, h3", "port=1"]]);
  });

  test.each([
    ["a ) b\nc", 2, /closes nothing/],
    ['a "b\nc', 2, /quote is not closed/],
    ['a k="b\nc', 4, /quote is not closed/],
    ["a b\\\nc", 3, /backslash at the end of a line/],
  ])("names the fault in %j and goes on with the next line", (source, offset, message) => {
    const [broken, next] = [...lexEntries(source)];
    expect(broken!.fault!.offset).toBe(offset);
    expect(broken!.fault!.message).toMatch(message);
    expect(next!.tokens.map((token) => token.text)).toEqual(["c"]);
  });

  test("points at the parenthesis that is never closed", () => {
    expect([...lexEntries("a (b\nc (d)\n")]).toMatchObject([{ fault: { offset: 2 } }]);
  });

  test("passes over a byte order mark", () => {
    expect(texts("\ufeffa")).toEqual([["a"]]);
  });

  test("never throws, and its offsets point into the text in order", () => {
    const source = fc.string({ unit: fc.constantFrom(...'ab \t\r\n\\;()"=é'), maxLength: 60 });
    fc.assert(
      fc.property(source, (text) => {
        const offsets = [...lexEntries(text)].flatMap((entry) => entry.tokens.map((token) => token.offset));
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        for (const offset of offsets) expect(text[offset]).toMatch(/[^ \t\r\n;()]/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("lexRdata()", () => {
  test("takes line breaks for blanks", () => {
    expect(lexRdata("10\n mail").map((token) => token.text)).toEqual(["10", "mail"]);
  });

  test("refuses a comment, for it would swallow the rest of a DKIM key", () => {
    expect(() => lexRdata("v=DKIM1; k=rsa")).toThrow(/starts a comment/);
    expect(() => lexRdata("(a")).toThrow(PresentationError);
  });
});
