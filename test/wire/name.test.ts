import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PresentationError } from "../../src/lib/errors.ts";
import {
  compareNames,
  decodeName,
  formatName,
  formatRelativeName,
  isAtOrBelow,
  joinName,
  labelCount,
  labelsOf,
  lowercaseName,
  type Name,
  nameEquals,
  nameKey,
  parentName,
  parseName,
  ROOT,
  uncompressedNameLength,
} from "../../src/wire/name.ts";
import { hex, names, octets } from "./arbitraries.ts";

const origin = parseName("example.test.");

describe("parseName()", () => {
  test.each([
    [".", "00"],
    ["a.", "01 61 00"],
    ["A.b.", "01 41 01 62 00"],
    ["a\\.b.", "03 61 2e 62 00"],
    ["\\000\\255.", "02 00 ff 00"],
    ["\\\\\\;\\(.", "03 5c 3b 28 00"],
    ["*.a.", "01 2a 01 61 00"],
    ["user@a.", "06 75 73 65 72 40 61 00"],
  ])("reads %s", (text, wire) => {
    expect(parseName(text)).toEqual(hex(wire));
  });

  test("puts the origin behind a relative name, and for @", () => {
    expect(formatName(parseName("www", origin))).toBe("www.example.test.");
    expect(parseName("@", origin)).toEqual(origin);
    expect(formatName(parseName("\\@", origin))).toBe("\\@.example.test.");
    expect(parseName("www.example.", origin)).toEqual(parseName("www.example."));
  });

  test.each([
    ["", 0, /empty name/],
    ["@", 0, /stands for the origin, and there is none/],
    ["www", 0, /relative.*end it with a dot/],
    ["a..b.", 2, /empty label/],
    [".a.", 0, /empty label/],
    ["..", 0, /empty label/],
    ["a b.", 1, /write \\032/],
    ["a;b.", 1, /write \\;/],
    ["bücher.", 1, /xn--/],
    ["a\\25.", 1, /three decimal digits/],
    ["a\\256.", 1, /three decimal digits/],
    ["a\\", 1, /backslash/],
    [`${"a".repeat(64)}.`, 63, /more than 63 octets/],
    ["a.".repeat(128), 254, /more than 255 octets/],
  ])("refuses %j and says where", (text, offset, message) => {
    const error = errorOf(() => parseName(text));
    expect(error.offset).toBe(offset);
    expect(error.message).toMatch(message);
  });

  test("takes 63 octets for a label and 255 for a name, and no more", () => {
    const label = "a".repeat(63);
    const longest = `${label}.${label}.${label}.${"b".repeat(61)}.`;
    expect(parseName(longest)).toHaveLength(255);
    expect(() => parseName(`c${longest}`)).toThrow(PresentationError);
    expect(() => parseName(longest.replace("b.", "bb."))).toThrow(PresentationError);
    expect(labelCount(parseName("a.".repeat(127)))).toBe(127);
    expect(() => parseName(longest.slice(0, -1), origin)).toThrow(/more than 255 octets/);
  });
});

describe("formatName()", () => {
  test("escapes what a master file reads as something else", () => {
    expect(formatName(joinName([Buffer.from('a.b"$;()@\\ \t\u007f')], ROOT))).toBe(
      'a\\.b\\"\\$\\;\\(\\)\\@\\\\\\032\\009\\127.',
    );
  });

  test("is undone by parseName() for any octets", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(parseName(formatName(name))).toEqual(name);
      }),
    );
  });
});

describe("formatRelativeName()", () => {
  test("is the shortest text that reads back", () => {
    expect(formatRelativeName(origin, origin)).toBe("@");
    expect(formatRelativeName(parseName("a.WWW.Example.test."), origin)).toBe("a.WWW");
    expect(formatRelativeName(parseName("www.badexample.test."), origin)).toBe("www.badexample.test.");
    expect(formatRelativeName(parseName("www."), ROOT)).toBe("www");
    expect(formatRelativeName(joinName([Buffer.from("@")], origin), origin)).toBe("\\@");
  });

  test("is undone by parseName() with the same origin", () => {
    fc.assert(
      fc.property(names, names, fc.boolean(), (name, other, below) => {
        const whole = below ? tryJoin(name, other) : name;
        expect(nameEquals(parseName(formatRelativeName(whole, other), other), whole)).toBe(true);
      }),
    );
  });
});

describe("decodeName()", () => {
  test("reads a name in place, and goes on behind it", () => {
    expect(decodeName(hex("ff 01 61 00 ff"), 1)).toEqual({ name: hex("01 61 00"), next: 4 });
  });

  test("follows pointers back, keeps the case, and goes on behind the first pointer", () => {
    //              0  1  2  3  4  5  6     8  9  10
    const message = hex("01 41 00 01 62 c0 00 01 63 c0 03");
    expect(decodeName(message, 7)).toEqual({ name: hex("01 63 01 62 01 41 00"), next: 11 });
  });

  test.each([
    ["a pointer to itself", "c0 00", 0],
    ["two pointers to each other", "c0 02 c0 00", 2],
    ["a pointer into its own name", "01 61 c0 00", 0],
    ["a forward pointer", "c0 02 00", 0],
    ["a pointer past the end", "c0 ff", 0],
    ["half a pointer", "00 c0", 1],
    ["a label type of 0x40", "41 61 00", 0],
    ["a label type of 0x80", "81 61 00", 0],
    ["a label past the end", "05 61 62", 0],
    ["no final 0", "01 61", 0],
    ["nothing", "", 0],
  ])("refuses %s", (_what, wire, offset) => {
    expect(decodeName(hex(wire), offset)).toBeNull();
  });

  test("refuses 256 octets, built by pointers or not", () => {
    const labels = "3f".concat("61".repeat(63)).repeat(3);
    expect(decodeName(hex(`${labels} 3d ${"61".repeat(61)} 00`), 0)?.name).toHaveLength(255);
    expect(decodeName(hex(`${labels} 3e ${"61".repeat(62)} 00`), 0)).toBeNull();
    expect(decodeName(hex(`${labels} 00 3f ${"61".repeat(63)} c0 00`), 193)).toBeNull();
  });

  test("gives up on long chains of pointers to pointers", () => {
    const chain = new Uint8Array(1 + 2 * 200);
    for (let i = 1; i < 200; i++) chain.set([0xc0 | ((2 * i - 1) >> 8), 2 * i - 1], 1 + 2 * i);
    chain.set([0xc0, 0], 1);
    expect(decodeName(chain, 1 + 2 * 126)?.name).toEqual(ROOT);
    expect(decodeName(chain, 1 + 2 * 127)).toBeNull();
  });

  test("keeps what stands in place before `end`", () => {
    const message = hex("00 01 61 00");
    expect(decodeName(message, 1, 3)).toBeNull();
    expect(decodeName(hex("00 c0 00"), 1, 2)).toBeNull();
  });

  test("never throws, and what it answers is a name", () => {
    fc.assert(
      fc.property(octets(0, 300), fc.nat(300), (message, offset) => {
        const decoded = decodeName(message, offset);
        if (decoded === null) return;
        expect(uncompressedNameLength(decoded.name, 0, decoded.name.length)).toBe(decoded.name.length);
        expect(decoded.next).toBeGreaterThan(offset);
        expect(decoded.next).toBeLessThanOrEqual(message.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("comparisons", () => {
  test("fold A to Z and nothing else (RFC 4343)", () => {
    expect(nameEquals(parseName("WWW.Example."), parseName("www.eXample."))).toBe(true);
    expect(nameEquals(parseName("\\192."), parseName("\\224."))).toBe(false);
    expect(nameEquals(parseName("[."), parseName("{."))).toBe(false);
    expect(nameKey(parseName("WWW.Example."))).toBe(nameKey(parseName("www.example.")));
    expect(nameKey(parseName("a\\.b."))).not.toBe(nameKey(parseName("a.b.")));
    expect(formatName(lowercaseName(parseName("WwW."))).toString()).toBe("www.");
  });

  test("isAtOrBelow() ends at label boundaries", () => {
    expect(isAtOrBelow(parseName("a.Example.test."), origin)).toBe(true);
    expect(isAtOrBelow(origin, origin)).toBe(true);
    expect(isAtOrBelow(origin, ROOT)).toBe(true);
    expect(isAtOrBelow(ROOT, origin)).toBe(false);
    expect(isAtOrBelow(parseName("badexample.test."), origin)).toBe(false);
    // The octets of the last labels, but within one label.
    expect(isAtOrBelow(joinName([origin.subarray(0, -1)], ROOT), origin)).toBe(false);
  });

  test("compareNames() gives the order of RFC 4034 section 6.1", () => {
    const ordered = [
      "example.",
      "a.example.",
      "yljkjljk.a.example.",
      "Z.a.example.",
      "zABC.a.EXAMPLE.",
      "z.example.",
      "\\001.z.example.",
      "*.z.example.",
      "\\200.z.example.",
    ].map((text) => parseName(text));
    expect([...ordered].reverse().sort(compareNames)).toEqual(ordered);
  });

  test("compareNames() is 0 exactly where nameEquals() is true", () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(compareNames(a, b) === 0).toBe(nameEquals(a, b));
        expect(Math.sign(compareNames(a, b))).toBe(-Math.sign(compareNames(b, a)) || 0);
        expect(compareNames(a, lowercaseName(a))).toBe(0);
      }),
    );
  });
});

describe("labels", () => {
  test("come apart and together again", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(joinName(labelsOf(name), ROOT)).toEqual(name);
        expect(labelsOf(name)).toHaveLength(labelCount(name));
      }),
    );
  });

  test("parentName() drops the first label and ends at the root", () => {
    expect(parentName(origin)).toEqual(parseName("test."));
    expect(parentName(ROOT)).toBeUndefined();
  });

  test("joinName() keeps the limits", () => {
    const longest = parseName("a.".repeat(127));
    expect(() => joinName([Buffer.from("a")], longest)).toThrow(PresentationError);
    expect(() => joinName([new Uint8Array(64)], ROOT)).toThrow(PresentationError);
    expect(() => joinName([new Uint8Array()], ROOT)).toThrow(PresentationError);
  });
});

function tryJoin(name: Name, suffix: Name): Name {
  return name.length + suffix.length - 1 <= 255 ? joinName(labelsOf(name), suffix) : name;
}

function errorOf(run: () => unknown): PresentationError {
  try {
    run();
  } catch (error) {
    if (error instanceof PresentationError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
