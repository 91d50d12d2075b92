import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type QuickPositions, readQuickYaml } from "../../src/documents/quick-yaml.ts";

function readByLibrary(text: string): unknown {
  return parse(text, { merge: true, stringKeys: true, logLevel: "silent" });
}

const plain = [
  "",
  "# nothing but a comment\n",
  "a: 1",
  "a: 1\n",
  "a: 1   # one\nb: two words # two\n",
  "a:\n  b:\n    c: x\n  d: y\ne: z\n",
  "a:\n  - x\n  - y: 1\n    z: 2\n  -\n    q: 3\nb: 1\n",
  "a:\n- x\n- y\nb: 1\n",
  "a: { b: [1, 2.5, 192.0.2.1], c: { d: x }, e: [], f: {} }\n",
  'a: { "b c": 1, \'d\': "e # f", g: 2001:db8::1 }\n',
  "10: a\n010: b\nnull: c\ntrue: d\n1.5: e\n0x10: f\n1e3: g\n",
  "a: ~\nb: null\nc: true\nd: False\ne: NULL\nf: no\ng:\nh: nullx\n",
  "a: -1\nb: +1\nc: 1.\nd: .5\ne: 1e3\nf: 007\ng: 123456789012345678901234567890\nh: -0\n",
  "a: ::1\nb: 2001:db8::53\nc: a:b\nd: a#b\ne: (x)\n",
  'a: v=spf1 include:example.net -all\nb: 10 mx1.example.net.\nc: 0 issue "ca.test"\n',
  "a:\n\n  # comment\n  b: 1\n\n\nc: 2\n",
  "- a\n- b: 1\n- [c]\n",
  '"*.apps": { pool: web }\n"@": { NS: [ns1, ns2] }\n',
];

test.each(plain)("readQuickYaml() reads %j as the library does", (text) => {
  expect(readQuickYaml(text)).toEqual({ value: readByLibrary(text) });
});

const notPlain = [
  "a: &x 1\nb: *x\n",
  "a: !!str 1\n",
  "a: |\n  text\n",
  "a: >\n  text\n",
  'a: "\\u0041"\n',
  "a: 'it''s'\n",
  "a: one\n  two\n",
  "a:\n  text\n",
  "a: [1,\n  2]\n",
  "a: 1\na: 2\n",
  "a: {b: 1, b: 2}\n",
  "a: .inf\n",
  "a: .nan\n",
  "a: 0x10\n",
  "a: 0o10\n",
  "a: b: c\n",
  "a: - b\n",
  "a:\tb\n",
  "\ta: b\n",
  "a: 1\n b: 2\n",
  "  a: 1\n",
  "---\na: 1\n",
  "%YAML 1.2\n---\na: 1\n",
  "a: ü\n",
  "a: 1\r\n",
  "? a\n: b\n",
  "__proto__: 1\n",
  "a: {b}\n",
  "a: [b: c]\n",
  "a: [1, 2\n",
  "a: 'x\n",
  "a: @x\n",
  "a: %x\n",
  "text\n",
  `${Array.from({ length: 50 }, (_, i) => `${" ".repeat(i)}a:\n`).join("")}`,
  `a: ${"[".repeat(50)}${"]".repeat(50)}\n`,
];

test.each(notPlain)("readQuickYaml() leaves %j to the library", (text) => {
  expect(readQuickYaml(text)).toBeUndefined();
});

/** Fragments that a random text is made of: they meet in all ways that lines of YAML do. */
const fragment = fc.constantFrom(
  ..."a b key: key : - -- # : , [ ] { } \" ' \\ | > & * ! % @ ~ . .. 1 -1 1.5 .inf null true x:y ::1 192.0.2.1 (ok) a#b = < ?".split(
    " ",
  ),
  " ",
  "  ",
  "\n",
  "\n  ",
  "\n    ",
  "\n- ",
  "\n  - ",
  "\nk: ",
  ": ",
  "k: ",
  ", ",
  " #",
);

describe("compared with the library", () => {
  test("whatever readQuickYaml() reads of random text, the library reads too, and the same", () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 24 }), (fragments) => {
        const text = fragments.join("");
        const quick = readQuickYaml(text);
        if (quick !== undefined) expect(quick.value).toEqual(readByLibrary(text));
      }),
      { numRuns: 20_000 },
    );
  });
});

test("readQuickYaml() notes where keys and values stand", () => {
  const text = 'a:\n  - { b: [x, yy] }\n  - c: 1\n    "d": 2\n';
  const positions: QuickPositions = new Map();
  const { value } = readQuickYaml(text, positions) as {
    value: { a: [{ b: string[] }, { c: number; d: number }] };
  };
  expect(positions.get(value)?.get("a")).toEqual({ key: 0, value: text.indexOf("-") });
  expect(positions.get(value.a)?.get(0)).toEqual({ key: 5, value: text.indexOf("{") });
  expect(positions.get(value.a[0].b)?.get(1)?.value).toBe(text.indexOf("yy"));
  expect(positions.get(value.a[1])?.get("d")).toEqual({ key: text.indexOf('"d"'), value: text.indexOf("2") });
});
