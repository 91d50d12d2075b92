import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyNews, type Snapshot, type SnapshotNews } from "../../src/snapshot/snapshot.ts";
import type { DocumentBody, Edit } from "../../src/store/change.ts";
import { FileStore } from "../../src/store/files/file-store.ts";
import { readFilesAside } from "../../src/store/files/reading-thread.ts";
import { Follower } from "../../src/sync/follower.ts";

const ZONE = `# our zone
zones:
  demo.test:
    records:
      "@": { NS: [ns1] }   # the apex
      ns1: { A: 192.0.2.53 }
      www: { pool: web }
`;
const POOLS = `pools:
  web:   # all of them
    members: [192.0.2.1]
`;

let root = "";
let dir = "";
const started: Follower[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windrose-editor-"));
  dir = join(root, "zones");
  mkdirSync(dir);
  writeFileSync(join(dir, "demo.yaml"), ZONE);
  writeFileSync(join(dir, "web.yaml"), POOLS);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((follower) => follower.stop()));
  rmSync(root, { recursive: true });
});

class Plane {
  snapshot: Snapshot;
  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }
  publish(news: SnapshotNews): void {
    this.snapshot = applyNews(this.snapshot, news);
  }
}

async function start(
  dataDir: string | null = join(root, "data"),
): Promise<{ editor: Follower; plane: Plane }> {
  const store = await FileStore.open({
    dir,
    dataDir,
    readFiles: readFilesAside(),
    warn: (message) => expect.fail(message),
  });
  const editor = new Follower({ store, log: pino({ level: "silent" }) });
  started.push(editor);
  const plane = new Plane(await editor.loadFirst());
  editor.follow(plane);
  return { editor, plane };
}

async function stop(editor: Follower): Promise<void> {
  started.splice(started.indexOf(editor), 1);
  await editor.stop();
}

function edit(editor: Follower, edits: readonly Edit[], dryRun = false) {
  return editor.edit({ author: "ana", reason: "a test", dryRun, edits: () => Promise.resolve(edits) });
}

const web = (...members: string[]): Edit => ({ key: "pools/web", body: { members } });

describe("Follower.edit() over files", () => {
  it("rewrites the file that defines the document, and answers by it", async () => {
    const { editor, plane } = await start();
    const outcome = await edit(editor, [web("192.0.2.1", "192.0.2.2")]);
    expect(outcome).toMatchObject({ generation: 2, parts: [{ key: "pools/web", path: ["members"] }] });
    expect(plane.snapshot.generation).toBe(2);
    expect(plane.snapshot.pools.get("web")!.members.map(({ name }) => name)).toEqual([
      "192.0.2.1",
      "192.0.2.2",
    ]);
    const text = readFileSync(join(dir, "web.yaml"), "utf8");
    expect(text).toContain("web:   # all of them\n");
    expect(text).toContain("192.0.2.2");
    expect(readFileSync(join(dir, "demo.yaml"), "utf8")).toBe(ZONE);
    expect(await editor.documents.body("pools/web")).toEqual({ members: ["192.0.2.1", "192.0.2.2"] });
  });

  it("puts a new zone into a file of its own, and removes the file with the zone", async () => {
    const { editor, plane } = await start();
    const body = { records: { "@": { NS: ["ns1.demo.test."] } } };
    await edit(editor, [{ key: "zones/0/25.2.0.192.in-addr.arpa", body }]);
    expect(plane.snapshot.zones).toHaveLength(2);
    expect(editor.documents.ids("zones")).toEqual(["0/25.2.0.192.in-addr.arpa", "demo.test"]);
    await edit(editor, [{ key: "zones/0/25.2.0.192.in-addr.arpa", body: null }]);
    expect(plane.snapshot.zones).toHaveLength(1);
    expect(readdirSync(dir).sort()).toEqual(["demo.yaml", "web.yaml"]);
  });

  it("lets nothing land of a change of which one part is wrong, and says what", async () => {
    const { editor, plane } = await start();
    const error = await edit(editor, [
      web("192.0.2.9"),
      { key: "pools/other", body: { members: ["not an address"] } },
    ]).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "documents-invalid" });
    expect(plane.snapshot.generation).toBe(1);
    expect(readFileSync(join(dir, "web.yaml"), "utf8")).toBe(POOLS);
    expect((await edit(editor, [web("192.0.2.9")])).generation).toBe(2);
  });

  it("refuses what breaks another document", async () => {
    const { editor } = await start();
    await expect(edit(editor, [{ key: "pools/web", body: null }])).rejects.toMatchObject({
      code: "documents-invalid",
    });
  });

  it("keeps nothing of a dry run", async () => {
    const { editor, plane } = await start();
    const outcome = await edit(editor, [web("192.0.2.9")], true);
    expect(outcome).toMatchObject({ generation: 1, at: null });
    expect(outcome.parts).toHaveLength(1);
    expect(plane.snapshot.generation).toBe(1);
    expect(readFileSync(join(dir, "web.yaml"), "utf8")).toBe(POOLS);
  });

  it("makes edits one after the other, each from what the one before left", async () => {
    const { editor, plane } = await start();
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        editor.edit({
          author: `editor ${i}`,
          reason: "",
          dryRun: false,
          async edits(now) {
            const body = (await now.body("pools/web")) as { members: string[] };
            return [web(...body.members, `192.0.2.${i + 100}`)];
          },
        }),
      ),
    );
    expect(plane.snapshot.generation).toBe(21);
    expect(plane.snapshot.pools.get("web")!.members).toHaveLength(21);
  });

  it("answers each of many edits when what it publishes has it, also where it publishes several as one", async () => {
    const { editor, plane } = await start();
    const published: number[] = [];
    const publish = plane.publish.bind(plane);
    plane.publish = (news) => {
      published.push(news.generation);
      publish(news);
    };
    const answered: number[] = [];
    const asked = Array.from({ length: 30 }, async (_, i) => {
      const members = i === 11 ? ["nonsense"] : [`192.0.2.${i + 1}`, `198.51.100.${i + 1}`];
      const { generation } = await edit(editor, [web(...members)]);
      expect(plane.snapshot.generation).toBeGreaterThanOrEqual(generation);
      answered.push(generation);
    });
    const refused = (await Promise.allSettled(asked)).flatMap(({ status }, i) =>
      status === "rejected" ? [i] : [],
    );
    expect(refused).toEqual([11]);
    expect(answered).toEqual(Array.from({ length: 29 }, (_, i) => i + 2));
    expect(published.at(-1)).toBe(30);
    expect(published).toEqual([...new Set(published)].sort((a, b) => a - b));
    expect(plane.snapshot.poolSpecs.get("web")!.members.map(({ name }) => name)).toEqual([
      "192.0.2.30",
      "198.51.100.30",
    ]);
  });

  it("does not answer an edit that could not be published", async () => {
    const { editor, plane } = await start();
    plane.publish = () => {
      throw new Error("no room");
    };
    await expect(edit(editor, [web("192.0.2.2")])).rejects.toThrow("no room");
  });

  it("does not undo an edit by hand that nobody has seen yet", async () => {
    const { editor, plane } = await start();
    writeFileSync(join(dir, "web.yaml"), `${POOLS}    min-up: 1\n    answers: 2\n`);
    await editor.edit({
      author: "ana",
      reason: "",
      dryRun: false,
      edits: async (now) => [
        { key: "pools/web", body: { ...(await now.body("pools/web")), "when-down": "closed" } },
      ],
    });
    expect(await editor.documents.body("pools/web")).toEqual({
      members: ["192.0.2.1"],
      "min-up": 1,
      answers: 2,
      "when-down": "closed",
    });
    expect(plane.snapshot.pools.get("web")!.answers).toBe(2);
  });

  it("knows who changed what, by hand too, and after a restart", async () => {
    const first = await start();
    await edit(first.editor, [web("192.0.2.2")]);
    writeFileSync(join(dir, "web.yaml"), POOLS.replace("192.0.2.1", "192.0.2.3"));
    await first.editor.reload("a test");
    await stop(first.editor);
    const { editor, plane } = await start();
    expect(plane.snapshot.generation).toBe(3);
    const changes = await editor.changes(10);
    expect(changes.map(({ generation, author }) => `${generation} ${author}`)).toEqual([
      "3 files",
      "2 ana",
      "1 files",
    ]);
    expect(changes[0]!.parts).toEqual([
      { key: "pools/web", path: ["members"], before: ["192.0.2.2"], after: ["192.0.2.3"] },
    ]);
    await edit(editor, [web("192.0.2.4")]);
    expect((await editor.change(4))!.parts[0]).toMatchObject({ before: ["192.0.2.3"], after: ["192.0.2.4"] });
  });

  it("counts what was changed while it was down as one more generation", async () => {
    const first = await start();
    await stop(first.editor);
    writeFileSync(join(dir, "web.yaml"), POOLS.replace("192.0.2.1", "192.0.2.3"));
    const { plane } = await start();
    expect(plane.snapshot.generation).toBe(2);
  });

  it("changes several files as one, with a data folder, and refuses to without", async () => {
    const both: Edit[] = [
      web("192.0.2.5"),
      {
        key: "zones/demo.test",
        body: {
          records: { "@": { NS: ["ns1"] }, ns1: { A: "192.0.2.53" }, api: { pool: "web" } },
        } as DocumentBody,
      },
    ];
    const { editor, plane } = await start();
    await edit(editor, both);
    expect(plane.snapshot.generation).toBe(2);
    await stop(editor);
    const without = await start(null);
    await expect(
      edit(without.editor, [
        web("192.0.2.6"),
        {
          ...both[1]!,
          body: { records: { "@": { NS: ["ns1"] }, ns1: { A: "192.0.2.54" }, api: { pool: "web" } } },
        },
      ]),
    ).rejects.toMatchObject({ code: "store-unavailable" });
  });
});
