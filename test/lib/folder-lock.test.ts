import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "../../src/lib/folder-lock.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windrose-lock-"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("lockFolder()", () => {
  it("makes the folder, holds it, and lets it go", async () => {
    const folder = join(root, "data");
    const release = await lockFolder(folder);
    expect(readFileSync(join(folder, "lock"), "utf8")).toBe(String(process.pid));
    await release();
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  it("refuses a folder that a running process holds, and names it", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      writeFileSync(join(root, "lock"), String(other.pid));
      await expect(lockFolder(root)).rejects.toMatchObject({
        code: "store-unavailable",
        message: expect.stringContaining(`belongs to process ${other.pid}`) as string,
      });
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("takes over what a process left that is gone, or that was cut short", async () => {
    for (const text of ["999999999", ""]) {
      writeFileSync(join(root, "lock"), text);
      const release = await lockFolder(root);
      await release();
    }
  });

  it("says why a folder cannot be used", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(lockFolder(join(root, "file"))).rejects.toMatchObject({ code: "store-unavailable" });
  });
});
