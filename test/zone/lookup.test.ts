import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAtOrBelow, type Name, nameEquals, nameKey, parentName, parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import type { RR } from "../../src/wire/rr.ts";
import { parseType, RRType } from "../../src/wire/rr-type.ts";
import { Found, LookupResult, lookup } from "../../src/zone/lookup.ts";
import { compileZone } from "../../src/zone/zone-compiler.ts";
import type { ZoneData } from "../../src/zone/zone-data.ts";
import { NODE, type ZoneImage } from "../../src/zone/zone-image.ts";

const APEX = parseName("example.test.");

function rr(owner: string, type: string, data: string): RR {
  const number = parseType(type)!;
  return { owner: parseName(owner, APEX), type: number, ttl: 60, rdata: parseRdata(number, data, APEX) };
}

function zoneData(rrs: readonly RR[], steered: readonly string[] = []): ZoneData {
  return {
    apex: APEX,
    rrs: [rr("@", "SOA", "ns hostmaster 1 2 3 4 5"), rr("@", "NS", "ns"), ...rrs],
    steered: steered.map((owner) => ({ owner: parseName(owner, APEX), pool: "p", ttl: 30 })),
  };
}

const NAMES = new Map<number, string>(Object.entries(Found).map(([name, value]) => [value, name]));

function find(image: ZoneImage, name: Name, qtype: number): { found: string; owner: string } {
  const key = new NameKey();
  key.read(name, 0, name.length);
  const result = new LookupResult();
  lookup(image, key, qtype, result);
  return { found: NAMES.get(result.found)!, owner: nodeName(image, result.node) };
}

/** A node's name relative to the apex, as octets in latin1. */
function nodeName(image: ZoneImage, node: number): string {
  const start = image.words[node + NODE.name]!;
  const length = image.words[node + NODE.nameLengthAndFlags]! & 0xff;
  return Buffer.from(image.octets.subarray(start, start + length)).toString("latin1");
}

/**
 * RFC 1034 section 4.3.2 and RFC 4592 section 3.3.1 as they are written, over the list of
 * records: slow, and without any of the compiler's thoughts.
 */
function oracle(data: ZoneData, qname: Name, qtype: number): string {
  const owners = [...data.rrs.map(({ owner }) => owner), ...data.steered.map(({ owner }) => owner)];
  const at = (name: Name, type: number) =>
    data.rrs.some((each) => each.type === type && nameEquals(each.owner, name));
  const exists = (name: Name) => owners.some((owner) => isAtOrBelow(owner, name));
  const isWild = (name: Name) => name[0] === 1 && name[1] === 0x2a;

  const path: Name[] = [];
  for (let name = qname; !nameEquals(name, APEX); name = parentName(name)!) path.unshift(name);
  for (const name of path) {
    const isCut = at(name, RRType.NS) && !isWild(name);
    if (isCut && !(qtype === RRType.DS && nameEquals(name, qname))) return "referral";
    if (isCut) return at(name, RRType.DS) ? "answer" : "nodata";
    if (!nameEquals(name, qname) && at(name, RRType.DNAME)) return "dname";
  }
  if (!nameEquals(qname, APEX) && at(APEX, RRType.DNAME)) return "dname";

  let source: Name = qname;
  if (!exists(qname)) {
    let encloser = parentName(qname)!;
    while (!exists(encloser)) encloser = parentName(encloser)!;
    source = Uint8Array.from([1, 0x2a, ...encloser]) as Name;
    if (!exists(source)) return "nxdomain";
  }
  const isSteered = data.steered.some(({ owner }) => nameEquals(owner, source));
  if (isSteered && (qtype === RRType.A || qtype === RRType.AAAA)) return "steered";
  if (at(source, qtype)) return "answer";
  if (at(source, RRType.CNAME)) return "cname";
  return isSteered ? "steered" : "nodata";
}

const label = fc.constantFrom("a", "b", "c", "*");
const relative = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const record = fc.oneof(
  { weight: 6, arbitrary: relative.map((owner) => rr(owner, "A", "192.0.2.1")) },
  { weight: 3, arbitrary: relative.map((owner) => rr(owner, "TXT", "text")) },
  { weight: 1, arbitrary: relative.map((owner) => rr(owner, "NS", "ns.example.net.")) },
  { weight: 1, arbitrary: relative.map((owner) => rr(owner, "DS", `1 8 2 ${"ab".repeat(32)}`)) },
  { weight: 1, arbitrary: relative.map((owner) => rr(owner, "DNAME", "example.net.")) },
  { weight: 1, arbitrary: relative.map((owner) => rr(owner, "CNAME", "example.net.")) },
);

/** Without what checkZone() refuses: CNAME beside other data, names below a DNAME, DS without NS. */
function legal(records: readonly RR[], steered: readonly string[]): { rrs: RR[]; steered: string[] } {
  const isUsed = (name: Name, except: RR) =>
    records.some((other) => other !== except && nameEquals(other.owner, name));
  const cnames = new Set(
    records
      .filter((each) => each.type === RRType.CNAME && isUsed(each.owner, each))
      .map((each) => nameKey(each.owner)),
  );
  const rrs = records.filter((each) => !(each.type === RRType.CNAME && cnames.has(nameKey(each.owner))));
  const cuts = new Set(rrs.filter((each) => each.type === RRType.NS).map((each) => nameKey(each.owner)));
  const dnames = rrs.filter((each) => each.type === RRType.DNAME && !cuts.has(nameKey(each.owner)));
  const kept = rrs.filter((each) => {
    if (each.type === RRType.DNAME && cuts.has(nameKey(each.owner))) return false;
    if (each.type === RRType.DS && !cuts.has(nameKey(each.owner))) return false;
    return !dnames.some(({ owner }) => isAtOrBelow(each.owner, owner) && !nameEquals(each.owner, owner));
  });
  return {
    rrs: kept,
    steered: steered.filter((text) => {
      const name = parseName(text, APEX);
      const isBelow = dnames.some(({ owner }) => isAtOrBelow(name, owner));
      return !isBelow && !kept.some((each) => each.type !== RRType.TXT && nameEquals(each.owner, name));
    }),
  };
}

describe("lookup()", () => {
  test("agrees with the algorithm as RFC 1034 and RFC 4592 write it, for any zone and any name", () => {
    const questions = fc.array(fc.tuple(relative, fc.constantFrom("A", "TXT", "DS", "CNAME", "MX")), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        fc.array(relative, { maxLength: 3 }),
        questions,
        (records, steeredNames, asked) => {
          const { rrs, steered } = legal(records, steeredNames);
          const data = zoneData(rrs, steered);
          const image = compileZone(data);
          for (const [owner, type] of [["@", "SOA"] as const, ...asked]) {
            const name = parseName(owner, APEX);
            const qtype = parseType(type)!;
            expect(`${owner} ${type} ${find(image, name, qtype).found}`).toBe(
              `${owner} ${type} ${oracle(data, name, qtype)}`,
            );
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("finds names whatever their case, and octets beyond ASCII", () => {
    const image = compileZone(zoneData([rr("\\200\\.X.a", "A", "192.0.2.1")]));
    expect(find(image, parseName("\\200\\.x.A", APEX), RRType.A).found).toBe("answer");
    expect(find(image, parseName("\\232\\.x.a", APEX), RRType.A).found).toBe("nxdomain");
  });

  test("finds every one of 50,000 names, and none beside them", () => {
    const rrs = Array.from({ length: 50_000 }, (_, i) => rr(`host-${i}.rack-${i % 100}`, "A", "192.0.2.1"));
    const image = compileZone(zoneData(rrs));
    const missed = rrs.filter(({ owner }) => find(image, owner, RRType.A).found !== "answer");
    expect(missed).toEqual([]);
    for (let i = 0; i < 1000; i++) {
      expect(find(image, parseName(`host-${i}.rack-${(i + 1) % 100}`, APEX), RRType.A).found).toBe(
        "nxdomain",
      );
    }
  });

  test("works in the root zone", () => {
    const root = parseName(".");
    const soa = parseRdata(RRType.SOA, "a. b. 1 2 3 4 5");
    const ns = parseRdata(RRType.NS, "a.test.");
    const image = compileZone({
      apex: root,
      rrs: [
        { owner: root, type: RRType.SOA, ttl: 1, rdata: soa },
        { owner: root, type: RRType.NS, ttl: 1, rdata: ns },
        { owner: parseName("test."), type: RRType.NS, ttl: 1, rdata: ns },
      ],
      steered: [],
    });
    expect(find(image, root, RRType.SOA).found).toBe("answer");
    expect(find(image, parseName("x.test."), RRType.A).found).toBe("referral");
    expect(find(image, parseName("org."), RRType.A).found).toBe("nxdomain");
  });
});

describe("compileZone()", () => {
  test("keeps nothing of what stands below a cut but the referral's glue", () => {
    const data = zoneData([
      rr("child", "NS", "ns.child"),
      rr("ns.child", "A", "192.0.2.9"),
      rr("deep.ns.child", "A", "192.0.2.9"),
    ]);
    expect(find(compileZone(data), parseName("ns.child", APEX), RRType.A)).toEqual({
      found: "referral",
      owner: "\u0005child",
    });
  });

  test("costs some 100 octets a name, in one block of shared memory", () => {
    const rrs = Array.from({ length: 10_000 }, (_, i) => rr(`h${i}`, "A", "192.0.2.1"));
    const { buffer } = compileZone(zoneData(rrs));
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(buffer.byteLength / rrs.length).toBeLessThan(130);
  });
});
