import pino from "pino";
import { expect, test } from "vitest";
import type { ListedFile } from "../../src/documents/folder.ts";
import { WindroseError } from "../../src/lib/errors.ts";
import { DocumentFollower } from "../../src/prober/document-follower.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { readDocumentText } from "../../src/store/document-text.ts";
import { sourceFile, stamped } from "../../src/store/stamp.ts";
import type { Store } from "../../src/store/store.ts";

const MONITOR = { type: "tcp", port: 80 };

/** A store in memory; null when it cannot be asked. */
class Documents {
  bodies: Record<string, unknown> | null = {};
  readonly read: string[] = [];
  changed: () => Promise<void> = async () => {};
  isClosed = false;

  store(): Store {
    const texts = new Map<string, string>();
    return {
      list: async () => {
        if (this.bodies === null) throw new WindroseError("store-unavailable", "Redis cannot be asked");
        const files = new Map<string, ListedFile>();
        for (const [key, body] of Object.entries(this.bodies)) {
          const text = JSON.stringify(body);
          texts.set(key, text);
          // The same stamp while the text is the same.
          files.set(key, sourceFile(key as DocumentKey, { ...stamped(text), stamp: text }));
        }
        return { listing: { files, folders: [], faults: [] }, generation: 1 };
      },
      readFiles: async (files, onRead) => {
        for (const file of files) {
          this.read.push(file.path);
          onRead(readDocumentText(file, texts.get(file.path)!));
        }
      },
      watch: (_listing, onChange) => {
        this.changed = onChange;
      },
      close: async () => {
        this.isClosed = true;
      },
    } satisfies Partial<Store> as unknown as Store;
  }
}

test("DocumentFollower reads pools and monitors alone, waits for its store, and keeps what was good", async () => {
  const documents = new Documents();
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ base: {} }, { write: (line) => lines.push(JSON.parse(line)) });
  const used: string[][] = [];
  const follower = new DocumentFollower({
    store: documents.store(),
    log,
    use: ({ pools, monitors }) => used.push([...pools.keys(), ...monitors.keys()]),
  });
  documents.bodies = null;
  await follower.start();
  expect(lines.map(({ msg }) => msg)).toEqual(["there are no documents yet; waiting for the store"]);

  documents.bodies = {
    "monitors/web": MONITOR,
    "pools/a": { monitor: "web", members: ["192.0.2.1"] },
    "zones/a.test": { records: "which nobody reads" },
  };
  await documents.changed();
  expect(used).toEqual([["a", "web"]]);
  expect(documents.read.sort()).toEqual(["monitors/web", "pools/a"]);

  const good = documents.bodies;
  documents.bodies = { ...good, "pools/b": { monitor: "wep", members: ["192.0.2.1"] } };
  await documents.changed();
  expect(lines.at(-1)).toMatchObject({
    level: 50,
    errors: 1,
    faults: [expect.stringContaining('unknown monitor "wep"')],
  });
  documents.bodies = null;
  await documents.changed();
  expect(lines.at(-1)).toMatchObject({
    level: 40,
    msg: "the store cannot be read; what was known is checked",
  });
  expect(used.length).toBe(1);

  documents.bodies = { ...good, "pools/b": { monitor: "web", members: ["192.0.2.2"] } };
  await documents.changed();
  expect(used.slice(1)).toEqual([["a", "b", "web"]]);
  await follower.stop();
  expect(documents.isClosed).toBe(true);
});
