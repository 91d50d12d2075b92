// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the templates are those of $GENERATE
import { expect, test } from "vitest";
import { expandTemplate, parseGenerateRange } from "../../src/zone/generate.ts";
import { linesOf, zoneOf } from "./zones.ts";

test("parseGenerateRange() reads start, stop and step", () => {
  expect(parseGenerateRange("1-254")).toEqual({ start: 1, stop: 254, step: 1 });
  expect(parseGenerateRange("0-510/2")).toEqual({ start: 0, stop: 510, step: 2 });
  expect(parseGenerateRange("7-7")).toEqual({ start: 7, stop: 7, step: 1 });
  expect(parseGenerateRange("1-65536")).toEqual({ start: 1, stop: 65_536, step: 1 });
});

test("parseGenerateRange() says what is wrong with a range", () => {
  for (const text of [
    "",
    "1",
    "1-",
    "-1-2",
    "1-2/",
    "2-1",
    "1-2/0",
    "1-65537",
    "0-2147483648/65536",
    "1-99999999999",
  ]) {
    expect(parseGenerateRange(text), text).toBeTypeOf("string");
  }
});

test("expandTemplate() puts the counter in, with offset, width and base", () => {
  for (const [template, counter, text] of [
    ["host-$", 7, "host-7"],
    ["$.$", 7, "7.7"],
    ["${10}", 7, "17"],
    ["${-5}", 7, "2"],
    ["${0,3}", 7, "007"],
    ["${0,3,d}", 1234, "1234"],
    ["${0,4,x}", 255, "00ff"],
    ["${0,4,X}", 255, "00FF"],
    ["${0,0,o}", 8, "10"],
    ["${0,3,n}", 0x12, "2.1"],
    ["${0,7,n}", 0x12, "2.1.0.0"],
    ["${0,8,n}", 0x12, "2.1.0.0."],
    ["${0,3,N}", 0xab, "B.A"],
    ["${0,1,n}", 0x12, "2.1"],
    ["a$$b", 7, "a\\$b"],
    ["a\\$b", 7, "a\\$b"],
  ] as const) {
    expect(expandTemplate(template, counter), template).toEqual({ text });
  }
});

test("expandTemplate() says what is wrong with a counter", () => {
  for (const template of ["${", "${}", "${a}", "${0,}", "${0,3,z}", "${0,256}", "${0,3,d,d}", "${-8}"]) {
    expect(expandTemplate(template, 7), template).toHaveProperty("fault");
  }
});

test("$GENERATE makes a record for each turn, rdata in quotes as BIND has it", () => {
  const zone = zoneOf(
    "$GENERATE 1-2 h-${0,2} 60 IN A 192.0.2.$",
    '$GENERATE 0-20/10 m$ MX "$ mx$.example.com."',
  );
  expect(linesOf(zone.rrs).slice(4)).toEqual([
    "h-01.example.test. 60 A 192.0.2.1",
    "h-02.example.test. 60 A 192.0.2.2",
    "m0.example.test. 3600 MX 0 mx0.example.com.",
    "m10.example.test. 3600 MX 10 mx10.example.com.",
    "m20.example.test. 3600 MX 20 mx20.example.com.",
  ]);
});
