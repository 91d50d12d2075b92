import { expect, test } from "vitest";
import { formatExamples } from "../../src/cli/examples.ts";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";

const bound = [{ family: 4, address: "127.0.0.1", port: 5300 }] as const;

function snapshotOf(text: string) {
  const { configuration, faults } = parseDocuments([{ file: "all.yaml", text, modifiedMs: 0 }]);
  if (configuration === undefined) throw new Error(JSON.stringify(faults));
  return compileSnapshot(configuration);
}

function zone(records: string): string {
  return `zones: { demo.test: { records: { "@": { NS: [ns1, ns2] }, ns1: { A: 192.0.2.1 }, ns2: { A: 192.0.2.2 }${records} } } }\n`;
}

const POOLS = "pools: { web: { members: [{ address: 192.0.2.7 }] } }\n";

test("formatExamples() shows the first steered names, but no wildcard", () => {
  const records =
    ', "*.apps": { pool: web }, www: { pool: web }, b: { pool: web }, c: { pool: web }, d: { pool: web }';
  expect(formatExamples(snapshotOf(POOLS + zone(records)), bound)).toBe(`
Try:

  dig @127.0.0.1 -p 5300 www.demo.test
  dig @127.0.0.1 -p 5300 b.demo.test
  dig @127.0.0.1 -p 5300 c.demo.test

`);
});

test("formatExamples() asks for the SOA where nothing is steered", () => {
  expect(formatExamples(snapshotOf(zone("")), bound)).toContain("  dig @127.0.0.1 -p 5300 demo.test. SOA\n");
});

test.each([
  [{ family: 4, address: "0.0.0.0", port: 53 } as const, "dig @127.0.0.1 demo.test."],
  [{ family: 6, address: "::", port: 5300 } as const, "dig @::1 -p 5300 demo.test."],
  [{ family: 6, address: "2001:db8::53", port: 53 } as const, "dig @2001:db8::53 demo.test."],
])("formatExamples() dials %o", (where, command) => {
  expect(formatExamples(snapshotOf(zone("")), [where])).toContain(`  ${command} SOA\n`);
});

test("formatExamples() says so when there is no zone", () => {
  expect(formatExamples(snapshotOf("zones: {}\n"), bound)).toContain("No zone is loaded yet");
});
