import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Configuration } from "../../src/documents/configuration.ts";
import { DocumentReader, type ReadFiles, readFilesHere } from "../../src/documents/document-reader.ts";
import { listFolder } from "../../src/documents/folder.ts";
import { formatFault } from "../../src/lib/fault.ts";
import { nameKey, parseName } from "../../src/wire/name.ts";

let dir: string;
/** Files that were read since it was last emptied. */
let read: string[];
let reader: DocumentReader;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "windrose-reader-"));
  read = [];
  const here = readFilesHere();
  const counting: ReadFiles = (files, onRead) => {
    read.push(...files.map(({ path }) => path.slice(dir.length + 1)));
    return here(files, onRead);
  };
  reader = new DocumentReader(counting);
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Each time another inode, as editors and deploy tools do it, so that no clock's tick is too coarse. */
function put(file: string, text: string): void {
  writeFileSync(join(dir, ".tmp"), text);
  renameSync(join(dir, ".tmp"), join(dir, file));
}

async function load(previous?: Configuration) {
  read = [];
  const { configuration, faults } = await reader.load(await listFolder(dir), previous);
  return { configuration, lines: faults.map((fault) => formatFault(fault).replaceAll(`${dir}/`, "")) };
}

async function good(previous?: Configuration): Promise<Configuration> {
  const { configuration, lines } = await load(previous);
  expect(lines).toEqual([]);
  return configuration!;
}

const zone = (apex: string, ...records: string[]) =>
  `zones:\n  ${apex}:\n    records:\n${['"@": { NS: [ns1.example.net., ns2.example.net.] }', ...records]
    .map((record) => `      ${record}\n`)
    .join("")}`;
const pool = (address: string) =>
  `pools:\n  web: { members: [{ name: a, address: [${address}, "2001:db8::1"] }] }\n`;

function zoneIn(configuration: Configuration, apex: string) {
  return configuration.zones.get(nameKey(parseName(`${apex}.`)))!;
}

describe("DocumentReader.load()", () => {
  test("reads a file again only when it changed, and keeps the zones of the others", async () => {
    put("a.yaml", zone("a.test"));
    put("b.yaml", zone("b.test"));
    const before = await good();
    expect(read).toEqual(["a.yaml", "b.yaml"]);
    put("b.yaml", zone("b.test", "www: { A: 192.0.2.1 }"));
    const after = await good(before);
    expect(read).toEqual(["b.yaml"]);
    expect(zoneIn(after, "a.test")).toBe(zoneIn(before, "a.test"));
    expect(zoneIn(after, "b.test").image).not.toBe(zoneIn(before, "b.test").image);
    await good(after);
    expect(read).toEqual([]);
  });

  test("keeps a zone of a changed file that is as it was", async () => {
    put("a.yaml", zone("a.test") + zone("b.test").replace("zones:\n", ""));
    const before = await good();
    put("a.yaml", zone("a.test", "www: { A: 192.0.2.1 }") + zone("b.test").replace("zones:\n", ""));
    const after = await good(before);
    expect(zoneIn(after, "a.test")).not.toBe(zoneIn(before, "a.test"));
    expect(zoneIn(after, "b.test")).toBe(zoneIn(before, "b.test"));
  });

  test("tells the faults of files that did not change again", async () => {
    put("a.yaml", zone("a.test", "www: { A: 192.0.2.300 }", "mail: { MX: 10 nowhere }"));
    put("b.yaml", `zonse: {}\n${zone("b.test", "www: { pool: wbe }")}`);
    put("c.yaml", zone("c.test"));
    const first = await load();
    expect(first.configuration).toBeUndefined();
    // That b.yaml may hold the pool "wbe", misspelled, keeps it from being called unknown.
    expect(first.lines).toEqual([
      expect.stringMatching(/^a\.yaml:5:17: /),
      expect.stringMatching(/^b\.yaml:1:1: unknown key "zonse"/),
    ]);
    put("c.yaml", zone("c.test", "www: { A: 192.0.2.1 }"));
    expect((await load()).lines).toEqual(first.lines);
    expect(read).toEqual(["c.yaml"]);
  });

  test("finds what only shows across files, where it stands in a file that it does not read again", async () => {
    put("a.yaml", zone("a.test", "www: { pool: web }", "x: { pool: web, TXT: x }"));
    put("p.yaml", pool("192.0.2.1"));
    const before = await good();
    put("p.yaml", pool("192.0.2.1").replace("web", "wbe"));
    const { configuration, lines } = await load(before);
    expect(configuration).toBeUndefined();
    expect(lines).toEqual([
      'a.yaml:5:20: unknown pool "web"; did you mean "wbe"? known pools: wbe',
      'a.yaml:6:18: unknown pool "web"; did you mean "wbe"? known pools: wbe',
    ]);
    put("p.yaml", "pools:\n  web: { members: [{ target: www.example.net }] }\n");
    expect((await load(before)).lines).toEqual([
      expect.stringMatching(/^a\.yaml:6:18: pool "web" has a target, /),
    ]);
    expect(read).toEqual(["p.yaml"]);
    put("p.yaml", pool("192.0.2.1"));
    expect(zoneIn(await good(before), "a.test")).toBe(zoneIn(before, "a.test"));
  });

  test("warns of a zone within another that does not delegate it, as long as that is so", async () => {
    put("a.yaml", zone("a.test"));
    put("b.yaml", zone("b.a.test"));
    const first = await load();
    expect(first.lines).toEqual([
      expect.stringMatching(/^b\.yaml:2:3: warning: zone b\.a\.test\. is within zone a\.test\./),
    ]);
    expect((await load(first.configuration)).lines).toEqual(first.lines);
    put("a.yaml", zone("a.test", "b: { NS: [ns1.example.net., ns2.example.net.] }"));
    await good(first.configuration);
    expect(read).toEqual(["a.yaml"]);
  });

  test("forgets the documents of a file that is gone", async () => {
    put("a.yaml", zone("a.test", "www: { pool: web }"));
    put("p.yaml", pool("192.0.2.1"));
    put("z.yaml", zone("z.test"));
    const before = await good();
    rmSync(join(dir, "z.yaml"));
    expect([...(await good(before)).zones.values()].map(({ id }) => id)).toEqual(["a.test"]);
    rmSync(join(dir, "p.yaml"));
    expect((await load(before)).lines).toEqual([expect.stringContaining('unknown pool "web"')]);
    expect(read).toEqual([]);
  });

  test("keeps zones, as objects, when a pool changes", async () => {
    put("a.yaml", zone("a.test", "www: { pool: web }"));
    put("p.yaml", pool("192.0.2.1"));
    const before = await good();
    put("p.yaml", pool("192.0.2.2"));
    const after = await good(before);
    expect(after.pools.get("web")).not.toEqual(before.pools.get("web"));
    expect([...after.zones.values()][0]).toBe([...before.zones.values()][0]);
  });

  test("refuses a name that is defined twice, be both files cached", async () => {
    put("a.yaml", zone("a.test"));
    put("b.yaml", zone("b.test"));
    const before = await good();
    put("c.yaml", zone("A.test"));
    const line =
      'c.yaml:2:3: zone A.test. is defined twice, first as "a.test" at a.yaml:2:3; put both into one';
    expect((await load(before)).lines).toEqual([line]);
    put("b.yaml", zone("b.test", "www: { A: 192.0.2.1 }"));
    expect((await load(before)).lines).toEqual([line]);
    expect(read).toEqual(["b.yaml"]);
    rmSync(join(dir, "a.yaml"));
    expect(zoneIn(await good(before), "a.test").id).toBe("A.test");
  });

  test("lets serials grow from edit to edit, and stay where nothing changed", async () => {
    const at = (n: number) => {
      put("a.yaml", zone("a.test", `www: { A: 192.0.2.${n} }`));
      utimesSync(join(dir, "a.yaml"), 1_700_000_000, 1_700_000_000);
    };
    at(1);
    put("b.yaml", zone("b.test"));
    let configuration = await good();
    const serials = [zoneIn(configuration, "a.test").serial];
    for (const n of [2, 2, 3]) {
      at(n);
      configuration = await good(configuration);
      serials.push(zoneIn(configuration, "a.test").serial);
    }
    expect(serials.map((serial) => serial - 1_700_000_000)).toEqual([0, 1, 1, 2]);
    put("b.yaml", zone("b.test", "www: { A: 192.0.2.1 }"));
    expect(zoneIn(await good(configuration), "a.test")).toBe(zoneIn(configuration, "a.test"));
  });

  test("tries a file that is no UTF-8 again each time", async () => {
    put("a.yaml", zone("a.test"));
    writeFileSync(join(dir, "b.yaml"), Uint8Array.of(0xff));
    await load();
    expect((await load()).lines).toEqual([expect.stringContaining("b.yaml:1:1: the octet 0xff is no UTF-8")]);
    expect(read).toEqual(["b.yaml"]);
  });
});
