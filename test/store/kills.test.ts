import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SeededRandom } from "../../src/lib/random.ts";
import { Killing } from "./proofs/kills.ts";

/** `npm run prove:kills` has hundreds. */
const KILLS = 10;
/** More than an edit has, so that some are not killed. */
const CALLS = 16;

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windrose-kills-"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("a process that is killed while it edits files", () => {
  it("loses no acknowledged edit and tears no file", async () => {
    const seed = Date.now() >>> 0;
    console.log(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const killing = new Killing({ kind: "files", dir: join(root, "zones"), dataDir: join(root, "data") });
    await killing.begin();
    for (let n = 0; n < KILLS; n++) await killing.byChance(random, CALLS);
    await killing.fromOutside(random, 50);
    expect(killing.counts.kills).toBeGreaterThan(0);
  }, 60_000);
});
