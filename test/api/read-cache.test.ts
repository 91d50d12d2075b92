import { expect, test } from "vitest";
import { readDocument } from "../../src/api/read-cache.ts";
import type { Configuration } from "../../src/documents/configuration.ts";
import type { DocumentBody } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import type { Documents } from "../../src/sync/editor.ts";

/** Counts what is read of the store. */
class CountedDocuments implements Documents {
  readonly generation = 1;
  readonly configuration: Configuration;
  readonly bodies: Readonly<Record<string, DocumentBody>>;
  reads = 0;

  constructor(bodies: Readonly<Record<string, DocumentBody>>) {
    this.bodies = bodies;
    this.configuration = { pools: new Map() } as unknown as Configuration;
  }

  ids(): readonly string[] {
    return [];
  }

  body(key: DocumentKey): Promise<DocumentBody | null> {
    this.reads++;
    return Promise.resolve(this.bodies[key] ?? null);
  }
}

test("readDocument() asks the store once for each configuration", async () => {
  const before = new CountedDocuments({ "pools/eu": { members: ["192.0.2.1"] } });
  const first = await readDocument(before, "pools/eu");
  expect(first).toMatchObject({ text: '{"members":["192.0.2.1"]}', body: { members: ["192.0.2.1"] } });
  expect(await readDocument(before, "pools/eu")).toBe(first);
  expect(before.reads).toBe(1);
  const after = new CountedDocuments({ "pools/eu": { members: ["192.0.2.2"] } });
  const second = await readDocument(after, "pools/eu");
  expect(second.text).toBe('{"members":["192.0.2.2"]}');
  expect(second.etag).not.toBe(first.etag);
});

test("readDocument() remembers what is not there, and what is too large, no more than it must", async () => {
  const large = { members: ["x".repeat(2 * 1024 * 1024)] };
  const documents = new CountedDocuments({ "pools/large": large });
  for (let n = 0; n < 2; n++) {
    await expect(readDocument(documents, "pools/none")).rejects.toMatchObject({ code: "document-unknown" });
    expect((await readDocument(documents, "pools/large")).body).toBe(large);
  }
  expect(documents.reads).toBe(4);
});
