import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Name, parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";

function keyOf(name: Uint8Array): NameKey {
  const key = new NameKey();
  expect(key.read(name, 0, name.length)).toBe(name.length);
  return key;
}

const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
const anyName = fc.array(label, { maxLength: 11 }).map((labels) => {
  return Uint8Array.from([...labels.flatMap((octets) => [octets.length, ...octets]), 0]) as Name;
});

describe("NameKey", () => {
  test("read() lower-cases ASCII letters and nothing else", () => {
    const key = keyOf(parseName("WwW.\\197Z\\091.Test."));
    const expected = parseName("www.\\197z\\091.test.");
    expect([...key.octets.subarray(0, key.length)]).toEqual([...expected]);
    expect(key.labelCount).toBe(3);
    expect([...key.labelStart.subarray(0, 4)]).toEqual([0, 4, 8, 13]);
  });

  test("read() reads the root", () => {
    const key = keyOf(parseName("."));
    expect([key.length, key.labelCount]).toEqual([1, 0]);
  });

  test("the hash of a suffix is the hash of that suffix as a name, whatever the case", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const key = keyOf(name);
        const upper = name.map((octet, i) =>
          octet >= 0x61 && octet <= 0x7a && !lengthOctets(name).has(i) ? octet - 32 : octet,
        );
        expect([...keyOf(upper).suffixHash.subarray(0, key.labelCount + 1)]).toEqual([
          ...key.suffixHash.subarray(0, key.labelCount + 1),
        ]);
        for (let i = 0; i <= key.labelCount; i++) {
          expect(keyOf(name.subarray(key.labelStart[i]!)).suffixHash[0]).toBe(key.suffixHash[i]);
        }
      }),
    );
  });

  test("read() refuses a name that is cut short at any octet", () => {
    const name = parseName("www.example.test.");
    for (let end = 0; end < name.length; end++) expect(new NameKey().read(name, 0, end)).toBe(-1);
  });

  test("read() takes 255 octets and refuses 256", () => {
    const longest = parseName(`${"a.".repeat(126)}b.`);
    expect(longest.length).toBe(255);
    expect(keyOf(longest).labelCount).toBe(127);
    const tooLong = Uint8Array.from([...longest.subarray(0, 254), 1, 0x61, 0]);
    expect(new NameKey().read(tooLong, 0, tooLong.length)).toBe(-1);
  });

  test.each([0x40, 0x80, 0xc0])("read() refuses label type 0x%s", (octet) => {
    expect(new NameKey().read(Uint8Array.from([octet, 12, 0]), 0, 3)).toBe(-1);
  });

  test("read() answers where the name ends inside a message", () => {
    const message = Uint8Array.from([9, 9, ...parseName("a.b."), 7, 7]);
    expect(new NameKey().read(message, 2, message.length)).toBe(7);
  });
});

/** Positions of the length octets, which are no letters. */
function lengthOctets(name: Uint8Array): Set<number> {
  const positions = new Set<number>();
  for (let at = 0; at < name.length; at += name[at]! + 1) positions.add(at);
  return positions;
}
