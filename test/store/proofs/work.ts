/**
 * A folder of documents and a row of edits of it, the same each time: so what stands after the n-th is known, and nothing else may
 * be found. Edits touch one file, several at once, make files and take them away.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { readFilesHere } from "../../../src/documents/document-reader.ts";
import { applyNews, type Snapshot, type SnapshotNews } from "../../../src/snapshot/snapshot.ts";
import type { DocumentBody, Edit } from "../../../src/store/change.ts";
import type { DocumentKey } from "../../../src/store/document-key.ts";
import { FileStore } from "../../../src/store/files/file-store.ts";
import { openRedisStore } from "../../../src/store/redis/redis-documents.ts";
import type { Store } from "../../../src/store/store.ts";
import { Follower } from "../../../src/sync/follower.ts";

/** Survives every edit. */
export const COMMENT = "# who changes this asks the network team first";

const FILES: Readonly<Record<string, string>> = {
  "pools.yaml": `${COMMENT}\npools:\n  a:\n    members: [192.0.2.1]\n  b:\n    members: [192.0.2.2]\n`,
  "one.test.yaml": zoneFile("one.test"),
  "two.test.yaml": zoneFile("two.test"),
};

function zoneFile(id: string): string {
  return `${COMMENT}\nzones:\n  ${id}:\n    records:\n      "@": { NS: [ns1.example.net., ns2.example.net.] }\n      www: { pool: a }\n      n: { TXT: "0" }\n`;
}

export function makeFolder(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(dir, name), text);
}

const pool = (n: number): DocumentBody => ({ members: [`192.0.2.${(n % 250) + 1}`] });
const zone = (n: number): DocumentBody => ({
  records: {
    "@": { NS: ["ns1.example.net.", "ns2.example.net."] },
    www: { pool: "a" },
    n: { TXT: String(n) },
  },
});

export const EDIT_KINDS = 5;

/** The n-th edit, from 1. Each changes each of its documents. */
export function editsOf(n: number): readonly Edit[] {
  switch (n % EDIT_KINDS) {
    case 1:
      return [
        { key: "pools/a", body: pool(n) },
        { key: "zones/one.test", body: zone(n) },
        { key: "zones/two.test", body: zone(n) },
      ];
    case 2:
      return [{ key: "pools/b", body: pool(n) }];
    case 3:
      return [
        { key: "zones/new.test", body: zone(n) },
        { key: "pools/b", body: pool(n) },
      ];
    case 4:
      return [
        { key: "zones/new.test", body: null },
        { key: "zones/one.test", body: zone(n) },
      ];
    default:
      return [{ key: "zones/two.test", body: zone(n) }];
  }
}

export type Bodies = ReadonlyMap<DocumentKey, DocumentBody>;

/** All documents when `n` edits are made. */
export function bodiesAfter(n: number): Bodies {
  const bodies = new Map<DocumentKey, DocumentBody>([
    ["pools/a", pool(0)],
    ["pools/b", pool(1)],
    ["zones/one.test", zone(0)],
    ["zones/two.test", zone(0)],
  ]);
  for (let i = 1; i <= n; i++) {
    for (const { key, body } of editsOf(i)) {
      if (body === null) bodies.delete(key);
      else bodies.set(key, body);
    }
  }
  return bodies;
}

/** Where the documents are. */
export type Place =
  | { readonly kind: "files"; readonly dir: string; readonly dataDir: string }
  | { readonly kind: "redis"; readonly dir: string; readonly url: string };

export interface Opened {
  readonly editor: Follower;
  readonly store: Store;
  close(): Promise<void>;
}

/** Opens a store and follows it, as serve does. */
export async function openEditor(place: Place): Promise<Opened> {
  const store = await openStore(place);
  const editor = new Follower({ store, log: pino({ level: "silent" }) });
  editor.follow(new Plane(await editor.loadFirst()));
  return { editor, store, close: () => editor.stop() };
}

function openStore(place: Place): Promise<Store> {
  if (place.kind === "redis")
    return openRedisStore({ url: place.url, seedDir: place.dir, log: pino({ level: "silent" }) });
  return FileStore.open({ ...place, readFiles: readFilesHere(), warn: () => {} });
}

class Plane {
  snapshot: Snapshot;
  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }
  publish(news: SnapshotNews): void {
    this.snapshot = applyNews(this.snapshot, news);
  }
}

export const AUTHOR = "worker";

/** Makes the n-th edit; resolves to its generation. */
export async function makeEdit(editor: Follower, n: number): Promise<number> {
  const { generation } = await editor.edit({
    author: AUTHOR,
    reason: `edit ${n}`,
    dryRun: false,
    edits: () => Promise.resolve(editsOf(n)),
  });
  return generation;
}
