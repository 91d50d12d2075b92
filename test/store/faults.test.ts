import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WindroseError } from "../../src/lib/errors.ts";
import { type DocumentKey, documentKey } from "../../src/store/document-key.ts";
import { RedisServer } from "../support/redis-server.ts";
import { arm, disarm, type FaultKind } from "./proofs/faults.ts";
import {
  bodiesAfter,
  EDIT_KINDS,
  editsOf,
  makeEdit,
  makeFolder,
  type Opened,
  openEditor,
} from "./proofs/work.ts";

let root = "";
let dir = "";
let dataDir = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windrose-faults-"));
  dir = join(root, "zones");
  dataDir = join(root, "data");
  makeFolder(dir);
});
afterEach(() => {
  disarm();
  rmSync(root, { recursive: true });
});

async function bodies({ editor }: Opened): Promise<Map<DocumentKey, unknown>> {
  const { documents } = editor;
  const found = new Map<DocumentKey, unknown>();
  for (const kind of ["pools", "zones"] as const) {
    for (const id of documents.ids(kind)) {
      const key = documentKey(kind, id);
      found.set(key, await documents.body(key));
    }
  }
  return found;
}

/** By file, without those that nobody reads. */
function texts(): Record<string, string> {
  const names = readdirSync(dir).filter((name) => !name.startsWith("."));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dir, name), "utf8")]));
}

describe("an edit of files that the system refuses", () => {
  const cases: readonly [FaultKind, boolean, string][] = [
    ["ENOSPC", true, "no space left on the disk"],
    ["EROFS", true, "the file system is read-only"],
    ["EIO", false, "the disk has a fault"],
  ];
  it.each(cases)(
    "fails with a sentence at each call (%s), leaves all as it was, and the next works",
    async (kind, isLasting, why) => {
      let opened = await openEditor({ kind: "files", dir, dataDir });
      let made = 0;
      let refused = 0;
      for (let rest = 0; rest < EDIT_KINDS; rest++) {
        for (let call = 1; ; call++) {
          while ((made + 1) % EDIT_KINDS !== rest) await makeEdit(opened.editor, ++made);
          const before = texts();
          arm({ call, kind, isLasting });
          const result = await makeEdit(opened.editor, made + 1).catch((error: unknown) => error);
          const calls = disarm().length;
          if (result instanceof Error) {
            refused++;
            expect(result).toBeInstanceOf(WindroseError);
            expect(result).toMatchObject({ code: "store-unavailable" });
            expect(result.message).toContain(why);
            // Where even what was there cannot be written back, the files may be new: a change made by hand.
            expect(texts()).toEqual(before);
            expect(await opened.editor.changes(1)).toMatchObject([{ generation: made + 1 }]);
          } else made++;
          expect(await bodies(opened)).toEqual(bodiesAfter(made));
          expect(await makeEdit(opened.editor, ++made)).toBe(made + 1);
          if (calls < call) break;
        }
      }
      expect(refused).toBeGreaterThan(20);
      await opened.close();
      opened = await openEditor({ kind: "files", dir, dataDir });
      expect(opened.editor.documents.generation).toBe(made + 1);
      expect(await bodies(opened)).toEqual(bodiesAfter(made));
      expect((await opened.editor.changes(made + 5)).map(({ generation }) => generation)).toEqual(
        Array.from({ length: made + 1 }, (_, i) => made + 1 - i),
      );
      expect(readdirSync(dir).filter((name) => name.startsWith("."))).toEqual([]);
      await opened.close();
    },
    60_000,
  );

  it("fails on a disk that is really full, and works when there is room again", async ({ skip }) => {
    const disk = join(root, "disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
    if (mounted.status !== 0)
      skip("only root may mount a small disk; the calls above are made to fail instead");
    try {
      const full = { kind: "files", dir: join(disk, "zones"), dataDir: join(disk, "data") } as const;
      makeFolder(full.dir);
      const opened = await openEditor(full);
      expect(await makeEdit(opened.editor, 1)).toBe(2);
      const stuffing = join(disk, "stuffing");
      let octets = 256 * 1024;
      for (; octets > 0; octets -= 4096) {
        try {
          writeFileSync(stuffing, Buffer.alloc(octets));
          break;
        } catch {
          // Less, then.
        }
      }
      await expect(makeEdit(opened.editor, 2)).rejects.toMatchObject({
        code: "store-unavailable",
        message: expect.stringContaining("no space left on the disk") as string,
      });
      expect(await bodies(opened)).toEqual(bodiesAfter(1));
      rmSync(stuffing);
      expect(await makeEdit(opened.editor, 2)).toBe(3);
      await opened.close();
      const again = await openEditor(full);
      expect(again.editor.documents.generation).toBe(3);
      expect(await bodies(again)).toEqual(bodiesAfter(2));
      await again.close();
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

describe("an edit that Redis refuses", () => {
  it("fails with a sentence while Redis is full, and works when it has room again", async () => {
    const server = await RedisServer.start("--maxmemory-policy", "noeviction");
    const opened = await openEditor({ kind: "redis", dir, url: server.url });
    expect(await makeEdit(opened.editor, 1)).toBe(2);
    const redis = server.client();
    await redis.config("SET", "maxmemory", "1");
    await expect(makeEdit(opened.editor, 2)).rejects.toMatchObject({
      code: "store-unavailable",
      message: expect.stringContaining("has no memory left") as string,
    });
    expect(await bodies(opened)).toEqual(bodiesAfter(1));
    expect(opened.editor.documents.generation).toBe(2);
    await redis.config("SET", "maxmemory", "0");
    expect(await makeEdit(opened.editor, 2)).toBe(3);
    expect(editsOf(2)).toHaveLength(1);
    redis.disconnect();
    await opened.close();
    await server.kill();
  });
});
