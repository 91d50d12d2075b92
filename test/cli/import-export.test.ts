import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { command as exportCommand } from "../../src/cli/export.ts";
import { command as importCommand } from "../../src/cli/import.ts";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { formatZoneDocument } from "../../src/documents/zone-text.ts";
import { formatFault } from "../../src/lib/fault.ts";
import { nameKey } from "../../src/wire/name.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { parseMasterFile } from "../../src/zone/master-file.ts";
import { checkZone } from "../../src/zone/zone-check.ts";
import type { ZoneData } from "../../src/zone/zone-data.ts";
import { contentsOf, zones } from "../zone/zones.ts";

const ZONE = `$ORIGIN example.test.
$TTL 1h
@ 2h SOA ns1 hostmaster ( 2026010100 2h 15m 2w 5m )
  NS ns1
  NS ns2.example.com.
  MX 10 mail
  TXT "v=spf1 mx -all"
  CAA 0 issue "ca.example.net; policy=ev"
ns1 A 192.0.2.53
    AAAA 2001:db8::53
mail 300 A 192.0.2.25
www 60 A 192.0.2.1
www 60 A 192.0.2.2
www TXT "several" "strings; with \\"quotes\\"" ""
123 A 192.0.2.3
null CNAME www
*.w CNAME www
a\\.b TXT \\# 3 020041
_sip._tcp SRV 10 60 5060 mail
svc HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1
place LOC 52 22 23.000 N 4 53 32.000 E -2m 0m 10000m 10m
any TYPE65280 \\# 4 c0000201
ptr PTR www
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
uri URI 10 1 "https://example.com/?a=b, c"
child 1d NS ns.child
child DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.child 1d A 203.0.113.53
old DNAME new
;windrose: steered 30 POOL web
;windrose: @ 3600 POOL web
;windrose: mixed 45 POOL web
mixed 45 TXT "the pool's TTL"
mixed MX 10 mail
`;

const POOLS = 'pools:\n  web: { members: [{ address: [192.0.2.80, "2001:db8::80"] }] }\n';

let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-import-"));
  writeFileSync(at("good.zone"), ZONE);
  writeFileSync(
    at("broken.zone"),
    ZONE.replace("192.0.2.25", "192.0.2.256").replace("child DS", "nochild DS"),
  );
  writeFileSync(at("unchecked.zone"), ZONE.replace("child DS", "nochild DS"));
  writeFileSync(at("latin1.zone"), Buffer.from(`${ZONE}x TXT caf\xe9\n`, "latin1"));
  writeFileSync(at("relative.zone"), ZONE.replace("$ORIGIN example.test.\n", ""));
  writeFileSync(at("pools.yaml"), POOLS);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function run(command: Command, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { WINDROSE_ZONES: folder },
  };
  return { code: await command.run(args, io), out, err };
}

/** The zone that a document gives; a fault fails the test, but a warning of `allowed` does not. */
function loaded(document: string, apex: ZoneData["apex"], pools = POOLS): ZoneData {
  const files = [
    { file: "zone.yaml", text: document, modifiedMs: 0 },
    { file: "pools.yaml", text: pools, modifiedMs: 0 },
  ];
  const { data, faults } = parseDocuments(files, { keepData: () => true });
  expect(faults.filter(({ severity }) => severity === "error").map(formatFault)).toEqual([]);
  return data.get(nameKey(apex))!;
}

describe("windrose import and export", () => {
  test("lose nothing: file to document to file has the same records, TTLs and steered names", async () => {
    const imported = await run(importCommand, at("good.zone"), "--out", at("zone.yaml"));
    expect(imported).toEqual({
      code: 0,
      out: "",
      err: `wrote ${at("zone.yaml")}; it steers by web, which a document has to define\n`,
    });
    const exported = await run(exportCommand, "example.test");
    expect([exported.code, exported.err]).toEqual([0, ""]);
    const [before, after] = [ZONE, exported.out].map(
      (text) => parseMasterFile(text, { file: "x.zone" }).data!,
    );
    expect(contentsOf(after!)).toEqual(contentsOf(before!));
    rmSync(at("zone.yaml"));
  });

  test("lose nothing of random zones", () => {
    const harmless = zones
      .map((zone) => withoutStructure(zone))
      .filter((zone) => checkZone(zone).every(({ severity }) => severity === "warning"));
    fc.assert(
      fc.property(harmless, (zone) => {
        const pools = [
          "pools:",
          ...zone.steered.map(({ pool }) => `  ${pool}: { members: [{ address: 192.0.2.80 }] }`),
        ].join("\n");
        const again = loaded(formatZoneDocument(zone), zone.apex, zone.steered.length === 0 ? "{}" : pools);
        expect(contentsOf(again)).toEqual(contentsOf(zone));
      }),
      { numRuns: 200 },
    );
  });
});

/** Without what checkZone() would refuse at random places, and with pools that have ids. */
function withoutStructure(zone: ZoneData): ZoneData {
  const structural: readonly number[] = [
    RRType.NS,
    RRType.CNAME,
    RRType.DNAME,
    RRType.DS,
    RRType.A,
    RRType.AAAA,
  ];
  const [soa, ...rest] = zone.rrs;
  const ns = { ...soa!, type: RRType.NS, rdata: Uint8Array.of(1, 0x61, 4, ...Buffer.from("test"), 0) };
  const kept = rest.filter(({ type }) => !structural.includes(type));
  const spelling = new Map<string, ZoneData["apex"]>();
  const respell = (owner: ZoneData["apex"]) => {
    const key = nameKey(owner);
    if (!spelling.has(key)) spelling.set(key, owner);
    return spelling.get(key)!;
  };
  return {
    apex: zone.apex,
    // One owner is one key in a document, so it has one spelling.
    rrs: [soa!, ns, ...kept].map((each) => ({ ...each, owner: respell(each.owner) })),
    steered: zone.steered.map((each, index) => ({ ...each, owner: respell(each.owner), pool: `p${index}` })),
  };
}

describe("windrose import", () => {
  test("prints a document that says what is said in the fewest words", async () => {
    const { code, out, err } = await run(importCommand, at("good.zone"));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("  example.test:\n    ttl: 3600\n    records:\n");
    expect(out).toContain(
      "        SOA: { ttl: 7200, data: [ns1 hostmaster 2026010100 7200 900 1209600 300] }\n",
    );
    expect(out).toContain("        NS: [ns1, ns2.example.com.]\n");
    expect(out).toContain("      mail: { A: { ttl: 300, data: [192.0.2.25] } }\n");
    expect(out).toContain('      "123": { A: 192.0.2.3 }\n');
    expect(out).toContain('      "null": { CNAME: www }\n');
    expect(out).toContain('      "*.w": { CNAME: www }\n');
    expect(out).toContain("      steered: { pool: web, ttl: 30 }\n");
    expect(out).toContain(
      `      mixed: { pool: web, ttl: 45, TXT: "\\"the pool's TTL\\"", MX: { ttl: 3600, data: [10 mail] } }\n`,
    );
  });

  test("names every fault with its place, of the text and of the zone, and prints no document", async () => {
    const broken = await run(importCommand, at("broken.zone"));
    expect([broken.code, broken.out]).toEqual([1, ""]);
    expect(broken.err).toMatch(/broken\.zone:11:12: "192\.0\.2\.256" is no address of A; .+\n$/);
    const unchecked = await run(importCommand, at("unchecked.zone"));
    expect([unchecked.code, unchecked.out]).toEqual([1, ""]);
    expect(unchecked.err).toMatch(/unchecked\.zone:27:1: DS without NS at nochild\.example\.test\.; .+\n$/);
  });

  test("takes the zone from --zone where the file does not say it", async () => {
    expect((await run(importCommand, at("relative.zone"))).code).toBe(1);
    const { code, out } = await run(importCommand, at("relative.zone"), "--zone", "example.test");
    expect(code).toBe(0);
    expect(out).toBe((await run(importCommand, at("good.zone"))).out);
  });

  test("overwrites nothing without --force", async () => {
    const out = at("there.yml.txt");
    writeFileSync(out, "mine");
    const refused = await run(importCommand, at("good.zone"), "--out", out);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("it is there already; name another, or overwrite it by --force");
    expect(readFileSync(out, "utf8")).toBe("mine");
    const { ino } = statSync(out);
    expect((await run(importCommand, at("good.zone"), "--out", out, "--force")).code).toBe(0);
    expect(readFileSync(out, "utf8")).toContain("example.test:");
    // Another inode: renamed into place, never half a document.
    expect(statSync(out).ino).not.toBe(ino);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("leaves out what signing put into a zone, with one warning", async () => {
    const signing = `@ DNSKEY 257 3 13 AAAA\nwww RRSIG A 13 3 60 20260101000000 20250101000000 1 example.test. AAAA\nwww NSEC x A\n`;
    writeFileSync(at("signed.zone"), ZONE + signing);
    const { code, out, err } = await run(importCommand, at("signed.zone"));
    expect([code, out]).toEqual([0, (await run(importCommand, at("good.zone"))).out]);
    expect(err).toMatch(/^\S+signed\.zone:\d+:3: warning: 3 records of DNSSEC are left out.*\n$/);
  });

  test("writes through a link, and keeps the link", async () => {
    const [real, link] = [at("real.txt"), at("link.txt")];
    writeFileSync(real, "mine");
    symlinkSync(real, link);
    expect((await run(importCommand, at("good.zone"), "--out", link, "--force")).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toContain("example.test:");
  });

  test("says why a file cannot be read, or a document not written", async () => {
    expect(await run(importCommand, at("no-such.zone"))).toMatchObject({
      code: 1,
      err: `windrose import: Cannot read "${at("no-such.zone")}": there is no such file or folder; mend the path\n`,
    });
    expect(await run(importCommand, folder)).toMatchObject({
      code: 1,
      err: expect.stringContaining("it is a folder; name a file"),
    });
    expect(await run(importCommand, at("latin1.zone"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("it is no UTF-8"),
    });
    expect(await run(importCommand, at("good.zone"), "--out", at("no-such/x.yaml"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("there is no such file or folder"),
    });
  });

  test("answers wrong usage with 2 and where the usage is, --help with 0", async () => {
    for (const args of [[], ["a", "b"], ["a", "--force"], ["a", "--zone", "a..b"], ["a", "--what"]]) {
      const { code, out, err } = await run(importCommand, ...args);
      expect([code, out], args.join(" ")).toEqual([2, ""]);
      expect(err).toMatch(/^windrose import: .+\nwindrose import --help lists all\n$/);
    }
    expect(await run(importCommand, "--help")).toEqual({ code: 0, out: importCommand.usage, err: "" });
  });
});

describe("windrose export", () => {
  test("names the nearest zone for one that is not there, or those that are", async () => {
    writeFileSync(at("zone.yaml"), (await run(importCommand, at("good.zone"))).out);
    expect(await run(exportCommand, "exmaple.test")).toEqual({
      code: 1,
      out: "",
      err: 'windrose export: Cannot export "exmaple.test": there is no such zone; did you mean "example.test"?\n',
    });
    expect((await run(exportCommand, "org")).err).toContain('there is "example.test"');
    rmSync(at("zone.yaml"));
    expect((await run(exportCommand, "example.test")).err).toContain("there is none at all");
  });

  test("refuses documents with errors, and names them", async () => {
    writeFileSync(at("bad.yaml"), "zones: { example.test: { records: { www: { A: 1.2.3 } } } }\n");
    const { code, out, err } = await run(exportCommand, "example.test");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/bad\.yaml:1:\d+: .+\n.*windrose export: Cannot export from/s);
    rmSync(at("bad.yaml"));
  });

  test("answers wrong usage with 2 and where the usage is, --help with 0", async () => {
    for (const args of [[], ["a", "b"], ["--what"], ["a..b"]]) {
      const { code, out, err } = await run(exportCommand, ...args);
      expect([code, out], args.join(" ")).toEqual([2, ""]);
      expect(err).toMatch(/^windrose export: .+\nwindrose export --help lists all\n$/);
    }
    expect(await run(exportCommand, "--help")).toEqual({ code: 0, out: exportCommand.usage, err: "" });
  });
});
