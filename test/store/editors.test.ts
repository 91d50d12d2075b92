import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RedisServer } from "../support/redis-server.ts";
import { Editors } from "./proofs/editors.ts";
import { startEditingApi } from "./proofs/editors-api.ts";
import { makeFolder } from "./proofs/work.ts";

/** `npm run prove:editors` has a minute for each store. */
const SECONDS = 2;
const EDITORS = 20;
const seed = Date.now() >>> 0;

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windrose-editors-"));
  makeFolder(join(root, "zones"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("twenty editors at a time", () => {
  it("lose no edit of files, and find them in one order", async () => {
    console.log(`seed ${seed}`);
    const api = await startEditingApi({
      kind: "files",
      dir: join(root, "zones"),
      dataDir: join(root, "data"),
    });
    const asks = Array.from({ length: EDITORS }, () => api.ask);
    const result = await new Editors({ asks, seed, seconds: SECONDS }).run();
    expect(result.edits).toBeGreaterThan(EDITORS);
    await api.close();
  }, 60_000);

  it("lose no edit in Redis over two nodes, and find them in one order", async () => {
    console.log(`seed ${seed}`);
    const server = await RedisServer.start();
    const place = { kind: "redis", dir: join(root, "zones"), url: server.url } as const;
    const apis = [await startEditingApi(place), await startEditingApi(place)];
    const asks = Array.from({ length: EDITORS }, (_, i) => apis[i % apis.length]!.ask);
    const result = await new Editors({ asks, seed, seconds: SECONDS }).run();
    expect(result.edits).toBeGreaterThan(EDITORS);
    for (const api of apis) await api.close();
    await server.kill();
  }, 60_000);
});
