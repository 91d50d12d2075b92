import { describe, expect, test } from "vitest";
import { formatName, parseName } from "../../src/wire/name.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import type { RR } from "../../src/wire/rr.ts";
import { parseType, typeMnemonic } from "../../src/wire/rr-type.ts";
import { checkZone } from "../../src/zone/zone-check.ts";
import type { ZoneData } from "../../src/zone/zone-data.ts";
import { zoneOf } from "./zones.ts";

/** `error www.example.test. CNAME`, one for each finding. */
function findingsIn(zone: ZoneData): string[] {
  return checkZone(zone).map(
    ({ severity, owner, type }) =>
      `${severity} ${formatName(owner)} ${type === undefined ? "-" : typeMnemonic(type)}`,
  );
}

function findings(...lines: string[]): string[] {
  return findingsIn(zoneOf(...lines));
}

function rr(owner: string, ttl: number, type: string, data: string): RR {
  const origin = parseName("example.test.");
  const number = parseType(type)!;
  return { owner: parseName(owner, origin), type: number, ttl, rdata: parseRdata(number, data, origin) };
}

/** With records that a master file would not let through as they are. */
function withRRs(...rrs: RR[]): ZoneData {
  const zone = zoneOf();
  return { ...zone, rrs: [...zone.rrs, ...rrs] };
}

const DS = `DS 12345 13 2 ${"00".repeat(32)}`;

describe("checkZone() finds nothing", () => {
  test("in a zone that is in order", () => {
    expect(
      findings(
        "@ MX 10 mail",
        "@ MX 0 .",
        "@ TXT x",
        "mail A 192.0.2.1",
        "www CNAME mail",
        "*.w AAAA 2001:db8::1",
        "old DNAME new",
        "child NS ns.child",
        "child NS ns2.example.com.",
        `child ${DS}`,
        "ns.child A 192.0.2.1",
        ";windrose: @ POOL web",
        ";windrose: *.apps POOL web",
      ),
    ).toEqual([]);
  });

  test("where a delegation is its own server, and its glue stands at the cut", () => {
    expect(findings("child NS child", "child A 192.0.2.1")).toEqual([]);
  });

  test("where the glue of one delegation is below another (sibling glue)", () => {
    expect(findings("a NS ns.b", "b NS ns2.example.com.", "ns.b A 192.0.2.1")).toEqual([]);
  });

  test("where a target is steered, or answered by a wildcard", () => {
    expect(
      findings(
        "@ MX 10 mx",
        ";windrose: mx POOL web",
        "@ MX 20 any.w",
        "*.w A 192.0.2.1",
        "@ MX 30 x.p",
        ";windrose: *.p POOL web",
      ),
    ).toEqual([]);
  });

  test("of a DNAME at the apex beside SOA and NS, for nothing is below it but what it redirects", () => {
    const zone = zoneOf();
    const rrs = [...zone.rrs.filter((each) => formatName(each.owner) === "example.test." && each.type !== 2)];
    const ns = [rr("@", 60, "NS", "ns1.example.com."), rr("@", 60, "NS", "ns2.example.com.")];
    expect(findingsIn({ ...zone, rrs: [...rrs, ...ns, rr("@", 60, "DNAME", "example.com.")] })).toEqual([]);
  });

  test("in a DNAME whose target is above or beside its owner", () => {
    expect(findings("a.b DNAME b", "c DNAME c2", "d DNAME xd")).toEqual([]);
  });

  test("in what signing puts beside a CNAME", () => {
    expect(findings("www CNAME a.example.com.", "www RRSIG \\# 4 00050d02", "www NSEC \\# 1 00")).toEqual([]);
  });

  test("below NS at a wildcard but the warning about it, for that is no zone cut", () => {
    expect(findings("*.w NS ns1", "a.*.w TXT x")).toEqual(["warning *.w.example.test. NS"]);
  });

  test("in a root zone", () => {
    const soa = { owner: parseName("."), type: 6, ttl: 60, rdata: parseRdata(6, "a. b. 1 2 3 4 5") };
    const ns = ["a.", "b."].map((host) => ({
      owner: parseName("."),
      type: 2,
      ttl: 60,
      rdata: parseRdata(2, host),
    }));
    const address = ["a.", "b."].map((host) => ({
      owner: parseName(host),
      type: 1,
      ttl: 60,
      rdata: parseRdata(1, "192.0.2.1"),
    }));
    expect(findingsIn({ apex: parseName("."), rrs: [soa, ...ns, ...address], steered: [] })).toEqual([]);
  });
});

describe("checkZone() finds", () => {
  test("an RRset with two TTLs, but for signatures of different types", () => {
    expect(findingsIn(withRRs(rr("www", 60, "A", "192.0.2.1"), rr("www", 30, "A", "192.0.2.2")))).toEqual([
      "error www.example.test. A",
    ]);
    expect(findings("www RRSIG \\# 4 00010d02", "www 30 RRSIG \\# 4 001c0d02")).toEqual([]);
  });

  test("a record that is there twice, names in it compared without case", () => {
    const zone = withRRs(rr("www", 60, "MX", "10 a.example.com."), rr("WWW", 60, "MX", "10 A.Example.COM."));
    expect(findingsIn(zone)).toEqual(["error www.example.test. MX"]);
  });

  test("two names of one label that differ in case as one name", () => {
    expect(findings("www CNAME a.example.com.", "WWW TXT x")).toEqual(["error www.example.test. CNAME"]);
  });

  test("a target that only a name below it keeps in being, where no wildcard applies", () => {
    expect(findings("@ MX 10 ent.w", "a.ent.w TXT x", "*.w A 192.0.2.1")).toEqual([
      "warning example.test. MX",
    ]);
  });

  test("a target that a wildcard CNAME answers", () => {
    expect(findings("@ MX 10 any.w", "*.w CNAME a.example.com.")).toEqual(["warning example.test. MX"]);
  });

  test("what is below the upper one of two zone cuts", () => {
    expect(findings("a NS ns.example.com.", "b.a NS ns.example.com.", "c.b.a TXT x")).toEqual([
      "error b.a.example.test. NS",
      "error c.b.a.example.test. TXT",
    ]);
  });

  test("a RRset beyond 64 KiB, and not one just below", () => {
    const big = (count: number) =>
      zoneOf(...Array.from({ length: count }, (_, i) => `big AAAA 2001:db8::${i.toString(16)}`));
    expect(findingsIn(big(2338))).toEqual([]);
    expect(findingsIn(big(2339))).toEqual(["error big.example.test. AAAA"]);
  });

  test("a DNAME whose target is at or below its owner", () => {
    expect(findings("dl DNAME dl.dl", "self DNAME SELF")).toEqual([
      "warning dl.example.test. DNAME",
      "warning self.example.test. DNAME",
    ]);
  });

  test("each owner that is not in the zone, once", () => {
    expect(findings("a.example.com. A 192.0.2.1", "a.example.com. TXT x", "notexample.test. TXT x")).toEqual([
      "error a.example.com. A",
      "error notexample.test. TXT",
    ]);
  });
});

test("checkZone() takes time in proportion to the records, however deep and however many targets miss", () => {
  // With a quadratic step anywhere this would take minutes and run into the time limit of the tests.
  const deep = Array.from({ length: 100 }, (_, i) => `l${i}`)
    .join(".")
    .slice(0, 200);
  const lines = Array.from({ length: 20_000 }, (_, i) => [
    `n${i}.${deep} MX 10 m${i}.${deep}`,
    `many TXT t${i}`,
    `many MX ${i} big`,
  ]).flat();
  const zone = zoneOf(
    "child NS ns.example.com.",
    "big TXT x",
    "big A 192.0.2.1",
    ...lines.filter((line) => !line.startsWith("many TXT")),
    ...lines.filter((line) => line.startsWith("many TXT")).slice(0, 1000),
  );
  const found = checkZone(zone);
  expect(found.filter(({ severity }) => severity === "warning")).toHaveLength(20_000);
});
