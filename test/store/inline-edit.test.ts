import { describe, expect, it } from "vitest";
import { editInline } from "../../src/store/files/inline-edit.ts";

const TEXT = `zones:
  a.test:
    ttl: 300   # five minutes
    records:
      www: { A: 192.0.2.1, TXT: "a, b" } # of old
      mail: {A: [192.0.2.1, "192.0.2.2"]}
      old:
        A: 192.0.2.9
pools:
  web:
    members:
      - { name: m1,  address: 192.0.2.1 }   # the first
      - 192.0.2.2
`;

const records = ["zones", "a.test", "records"];

describe("editInline()", () => {
  it.each([
    ["a number in a block", ["zones", "a.test", "ttl"], 60, "ttl: 60   # five minutes"],
    [
      "a text by a map",
      [...records, "www"],
      { A: { ttl: 60, data: "192.0.2.7" }, TXT: "a, b" },
      'www: { A: { ttl: 60, data: 192.0.2.7 }, TXT: "a, b" } # of old',
    ],
    ["a quoted text", [...records, "www", "TXT"], "c, d", 'www: { A: 192.0.2.1, TXT: "c, d" } # of old'],
    [
      "an item of a list",
      [...records, "mail", "A"],
      ["192.0.2.1", "192.0.2.3"],
      "mail: {A: [192.0.2.1, 192.0.2.3]}",
    ],
    ["a list that grows", [...records, "mail", "A"], ["192.0.2.1"], "mail: {A: [ 192.0.2.1 ]}"],
    ["a map with another key", [...records, "mail"], { AAAA: "2001:db8::1" }, "mail: { AAAA: 2001:db8::1 }"],
    [
      "a key of an item of a block",
      ["pools", "web", "members"],
      [{ name: "m1", address: "192.0.2.8" }, "192.0.2.2"],
      "- { name: m1,  address: 192.0.2.8 }   # the first",
    ],
    ["what would be a number by itself", [...records, "www", "TXT"], "7", 'TXT: "7" } # of old'],
  ])("replaces %s, and nothing beside it", (_, path, after, line) => {
    const edited = editInline(TEXT, [{ path, after }], true)!;
    expect(edited).toContain(`${line}\n`);
    const [before, now] = [TEXT.split("\n"), edited.split("\n")];
    expect(now.filter((each, i) => each !== before[i])).toHaveLength(1);
  });

  it.each([
    ["a key that is not there", [...records, "ftp"], { A: "192.0.2.1" }],
    ["a value that goes", [...records, "www"], undefined],
    ["a block", [...records, "old"], { AAAA: "2001:db8::1" }],
    ["a list in a block that grows", ["pools", "web", "members"], ["192.0.2.1"]],
  ])("leaves %s to the library", (_, path, after) => {
    expect(editInline(TEXT, [{ path, after }], true)).toBeUndefined();
  });
});
