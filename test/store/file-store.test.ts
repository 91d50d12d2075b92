import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { readFilesHere } from "../../src/documents/document-reader.ts";
import { FileStore } from "../../src/store/files/file-store.ts";
import { describeStore } from "./contract.ts";

let root = "";
let dir = "";
const opened: FileStore[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "windrose-files-"));
  dir = join(root, "zones");
  await mkdir(dir);
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(root, { recursive: true });
});

async function open(): Promise<FileStore> {
  const store = await FileStore.open({
    dir,
    dataDir: join(root, "data"),
    readFiles: readFilesHere(),
    warn: (message) => expect.fail(message),
  });
  opened.push(store);
  return store;
}

describeStore({ kind: "files", isShared: false, open });
