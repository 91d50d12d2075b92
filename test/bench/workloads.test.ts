import { expect, test } from "vitest";
import { EDITION_NAME, editedDocument, editionAddress, zonesDocument } from "../../bench/peers/zones.ts";
import { aQuery, queriesOf, WORKLOADS } from "../../bench/workloads.ts";
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { respond } from "../../src/server/respond.ts";
import { View } from "../../src/server/view.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";
import { decodeMessage } from "../../src/wire/message.ts";

const { configuration, faults } = parseDocuments([
  { file: "bench.yaml", text: zonesDocument(), modifiedMs: 1_700_000_000_000 },
  { file: "edited.yaml", text: editedDocument(70_000), modifiedMs: 1_700_000_000_000 },
]);
const view = new View({
  snapshot: compileSnapshot(configuration!),
  random: new SeededRandom(1),
  identity: { id: null, version: null },
  tcpIdleTimeoutMs: 10_000,
  onFailure: (error) => {
    throw error;
  },
});
const client = { family: 4, address: new Uint8Array(16), port: 12_345, transport: "udp" } as const;

test("zonesDocument() has no error", () => {
  expect(faults.filter(({ severity }) => severity === "error")).toEqual([]);
});

test.each(WORKLOADS)("$id: every query is answered as the generator expects", (workload) => {
  const out = new Uint8Array(4096);
  for (const octets of queriesOf(workload)) {
    const length = respond(view, { octets, length: octets.length }, client, out);
    const reply = decodeMessage(out.slice(0, length));
    if ("malformed" in reply) throw new Error(reply.malformed);
    expect([reply.rcode, reply.answer.length]).toEqual([workload.rcode, workload.answers]);
  }
});

test.each(WORKLOADS)("$id: queries fill whole batches and are the same at every call", (workload) => {
  const queries = queriesOf(workload);
  expect(queries.length % 64).toBe(0);
  expect(Buffer.concat(queriesOf(workload)).equals(Buffer.concat(queries))).toBe(true);
});

test("editedDocument() is a zone of 1,000 records that tells its edition", () => {
  const zone = [...configuration!.zones.values()].find(({ id }) => id === "edited.example")!;
  const text = editedDocument(70_000);
  expect(text.match(/ A: /g)).toHaveLength(1000 - 2); // and two NS
  expect(zone).toBeDefined();
  const octets = aQuery(EDITION_NAME);
  const out = new Uint8Array(4096);
  const length = respond(view, { octets, length: octets.length }, client, out);
  const reply = decodeMessage(out.slice(0, length));
  if ("malformed" in reply) throw new Error(reply.malformed);
  expect(reply.answer[0]!.rdata.join(".")).toBe(editionAddress(70_000));
});
