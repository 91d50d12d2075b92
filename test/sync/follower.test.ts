import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DocumentReader } from "../../src/documents/document-reader.ts";
import { applyNews, type Snapshot, type SnapshotNews } from "../../src/snapshot/snapshot.ts";
import { FileStore } from "../../src/store/files/file-store.ts";
import { readFilesAside } from "../../src/store/files/reading-thread.ts";
import { Follower } from "../../src/sync/follower.ts";

let root = "";
let dir = "";
const followers: Follower[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windrose-follower-"));
  dir = join(root, "zones");
  mkdirSync(dir);
});
afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.stop()));
  rmSync(root, { recursive: true });
});

interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log whose lines can be waited for. */
class Lines {
  readonly all: Line[] = [];
  readonly log: Logger;
  #waiting: (() => void)[] = [];

  constructor() {
    const write = (text: string) => {
      this.all.push(JSON.parse(text));
      for (const look of this.#waiting) look();
    };
    this.log = pino({ level: "debug" }, { write });
  }

  /** Resolves with the first line, from `from` on, whose message begins so. */
  async next(message: string, from = 0): Promise<Line> {
    for (;;) {
      const found = this.all.slice(from).find(({ msg }) => msg.startsWith(message));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#waiting = [];
    }
  }
}

const zone = (address: string) =>
  `zones:\n  demo.test:\n    records: { "@": { NS: [ns1, ns2] }, ns1: { A: ${address} }, ns2: { A: 192.0.2.2 } }\n`;

function put(file: string, text: string): void {
  writeFileSync(join(dir, file), text);
}

/** As editors and deploy tools do it. */
function replace(file: string, text: string): void {
  writeFileSync(join(dir, `${file}.tmp`), text);
  renameSync(join(dir, `${file}.tmp`), join(dir, file));
}

function open(dir: string, dataDir: string | null = null): Promise<FileStore> {
  return FileStore.open({
    dir,
    dataDir,
    readFiles: readFilesAside(),
    warn: (message) => expect.fail(message),
  });
}

async function follow(
  load?: DocumentReader["load"],
): Promise<{ view: { snapshot: Snapshot }; lines: Lines; follower: Follower }> {
  const lines = new Lines();
  const store = await open(dir);
  const follower = new Follower({ store, log: lines.log, ...(load === undefined ? {} : { load }) });
  followers.push(follower);
  const view = {
    snapshot: await follower.loadFirst(),
    publish(news: SnapshotNews): void {
      this.snapshot = applyNews(this.snapshot, news);
    },
  };
  follower.follow(view);
  return { view, lines, follower };
}

describe("Follower.loadFirst()", () => {
  test("throws every fault of documents that cannot be served", async () => {
    put("a.yaml", "zonse: {}\n");
    put("b.yaml", "poolz: {}\n");
    const follower = new Follower({ store: await open(dir), log: new Lines().log });
    const error = await follower.loadFirst().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "documents-invalid", fields: { dir } });
    const { faults } = (error as { fields: { faults: { file: string }[] } }).fields;
    expect(faults.map(({ file }) => file)).toEqual([join(dir, "a.yaml"), join(dir, "b.yaml")]);
  });

  test("throws for a folder that is not there", async () => {
    const follower = new Follower({ store: await open(join(root, "nowhere")), log: new Lines().log });
    await expect(follower.loadFirst()).rejects.toMatchObject({ code: "documents-invalid" });
  });
});

describe("Follower.follow()", () => {
  test("takes up what happens in a folder within, and in one that came later", async () => {
    mkdirSync(join(dir, "eu"));
    put("eu/demo.yaml", zone("192.0.2.1"));
    const { view, lines } = await follow();
    replace("eu/demo.yaml", zone("192.0.2.10"));
    expect(await lines.next("new generation")).toMatchObject({ zonesChanged: ["demo.test"] });
    mkdirSync(join(dir, "eu", "west"));
    put("eu/west/other.yaml", zone("192.0.2.1").replace("demo.test", "other.test"));
    expect(await lines.next("new generation", lines.all.length)).toMatchObject({
      zonesAdded: ["other.test"],
    });
    expect(view.snapshot.generation).toBe(3);
  });

  test("takes up a file that is written over", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    const { view, lines } = await follow();
    expect(view.snapshot.generation).toBe(1);
    put("demo.yaml", zone("192.0.2.10"));
    const line = await lines.next("new generation");
    expect(line).toMatchObject({ generation: 2, reason: "files changed", zonesChanged: ["demo.test"] });
    expect(view.snapshot.generation).toBe(2);
  });

  test("takes up a file that is replaced by a rename, one in a folder below, and one that goes", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    const { view, lines } = await follow();
    replace("demo.yaml", zone("192.0.2.11"));
    await lines.next("new generation");

    const second = lines.all.length;
    mkdirSync(join(dir, "below"));
    put("below/more.yml", zone("192.0.2.1").replace("demo.test", "more.test"));
    expect(await lines.next("new generation", second)).toMatchObject({ zonesAdded: ["more.test"] });

    const third = lines.all.length;
    rmSync(join(dir, "below"), { recursive: true });
    expect(await lines.next("zones are gone", third)).toMatchObject({
      level: 40,
      zonesRemoved: ["more.test"],
      generation: 4,
    });
    expect(view.snapshot.zones.map(({ id }) => id)).toEqual(["demo.test"]);
  });

  test("refuses a broken file as a whole, with every fault, and goes on when it is mended", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    const { view, lines } = await follow();
    const first = view.snapshot;
    put("demo.yaml", zone("192.0.2.300"));
    put("other.yaml", "zonse: {}\n");
    const refused = await lines.next("documents refused");
    expect(refused).toMatchObject({ generation: 1 });
    expect(view.snapshot).toBe(first);
    const faults = lines.all.filter(({ msg }) => msg === "fault in a document");
    expect(faults.some(({ at }) => String(at).startsWith(`${join(dir, "other.yaml")}:1:1`))).toBe(true);

    const mended = lines.all.length;
    rmSync(join(dir, "other.yaml"));
    put("demo.yaml", zone("192.0.2.30"));
    expect(await lines.next("new generation", mended)).toMatchObject({ generation: 2 });
  });

  test("refuses a file that a shell emptied, though other zones are left", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    put("more.yaml", zone("192.0.2.1").replace("demo.test", "more.test"));
    const { view, lines } = await follow();
    put("more.yaml", "");
    expect(await lines.next("documents refused")).toMatchObject({ generation: 1, errors: 1 });
    expect(view.snapshot.zones.length).toBe(2);
  });

  test("keeps answering when the folder vanishes or is emptied, and follows it when it is back", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    const { view, lines } = await follow();
    rmSync(dir, { recursive: true });
    await lines.next("documents refused");
    expect(view.snapshot.generation).toBe(1);

    const second = lines.all.length;
    mkdirSync(dir);
    await lines.next("documents refused: no zone is left", second);
    expect(view.snapshot.zones.length).toBe(1);

    put("demo.yaml", zone("192.0.2.12"));
    expect(await lines.next("new generation", second)).toMatchObject({ generation: 2 });
  });
});

describe("Follower.reload()", () => {
  test("makes no new generation when nothing changed", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    const { view, lines, follower } = await follow();
    const { snapshot } = view;
    await follower.reload("SIGHUP");
    expect(view.snapshot).toBe(snapshot);
    expect(lines.all.at(-1)).toMatchObject({ msg: "nothing changed", reason: "SIGHUP", generation: 1 });
  });

  test("does one load at a time, and one for each that was asked for", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    let running = 0;
    let most = 0;
    let loads = 0;
    const reader = new DocumentReader();
    const { follower } = await follow(async (...args) => {
      most = Math.max(most, ++running);
      loads++;
      const loaded = await reader.load(...args);
      running--;
      return loaded;
    });
    await Promise.all([follower.reload("one"), follower.reload("two"), follower.reload("three")]);
    expect({ most, loads }).toEqual({ most: 1, loads: 4 });
  });

  test("survives a load that fails by a fault of ours", async () => {
    put("demo.yaml", zone("192.0.2.1"));
    let isFailing = false;
    const reader = new DocumentReader();
    const { view, lines, follower } = await follow(async (...args) => {
      if (isFailing) throw new Error("a fault of ours");
      return reader.load(...args);
    });
    isFailing = true;
    await follower.reload("SIGHUP");
    expect(lines.all.at(-1)).toMatchObject({ err: { message: "a fault of ours" } });
    isFailing = false;
    put("demo.yaml", zone("192.0.2.13"));
    await follower.reload("SIGHUP");
    expect(view.snapshot.generation).toBe(2);
  });
});
