/**
 * What every store does, whatever is behind it. Run over each by its own test file.
 *
 * @module
 */
import { beforeEach, describe, expect, it } from "vitest";
import { DocumentReader } from "../../src/documents/document-reader.ts";
import { type FolderListing, isSameListing } from "../../src/documents/folder.ts";
import { type DocumentBody, type Edit, partsBetween } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import type { Store } from "../../src/store/store.ts";

export interface StoreFactory {
  readonly kind: Store["kind"];
  /** A store of its own over the same documents, ready to be asked; the first one of a test has nothing in it. */
  open(): Promise<Store>;
  /** Several may be open at the same moment. */
  readonly isShared: boolean;
  /** Makes it so that the store cannot be asked; what is given back ends that. */
  breakDown(): Promise<() => Promise<void>>;
}

const BY = { author: "ops", reason: "a test" };
const EU: DocumentKey = "pools/eu";
const US: DocumentKey = "pools/us";
const ZONE: DocumentKey = "zones/example.test";
const POOL = { members: [{ address: "192.0.2.1" }] };
const OTHER_POOL = { members: [{ address: "192.0.2.2" }] };
const ZONE_BODY = {
  records: { "@": { NS: ["ns1.example.net.", "ns2.example.net."] }, www: { pool: "eu" } },
};

/** A store with who follows it, as sync/ does. */
class Editor {
  readonly store: Store;
  readonly #reader: DocumentReader;
  #listing: FolderListing = { files: new Map(), folders: [], faults: [] };
  generation = 0;

  constructor(store: Store) {
    this.store = store;
    this.#reader = new DocumentReader(store.readFiles);
  }

  async load() {
    const { listing, generation } = await this.store.list();
    const loaded = await this.#reader.load(listing);
    this.#listing = listing;
    this.generation = generation ?? (await this.store.recognise(BY, listing)).generation;
    return loaded;
  }

  get listing(): FolderListing {
    return this.#listing;
  }

  async edit(documents: Readonly<Record<DocumentKey, DocumentBody | null>>) {
    const edits: Edit[] = Object.entries(documents).map(([key, body]) => ({ key: key as DocumentKey, body }));
    const parts = [];
    for (const { key, body } of edits) parts.push(...partsBetween(key, await this.store.body(key), body));
    const draft = await this.store.draft(edits, this.#listing);
    const { configuration, faults } = await this.#reader.load(draft.listing, undefined, draft.readFiles);
    const committed = await this.store.commit(draft, { ...BY, expected: this.generation, parts });
    if (!("newest" in committed)) {
      this.generation = committed.generation;
      this.#listing = committed.listing;
    }
    return { committed, configuration, faults, parts };
  }
}

export function describeStore({ kind, open, isShared, breakDown }: StoreFactory): void {
  describe(`a store in ${kind}`, () => {
    let editor: Editor;
    const another = async () => {
      const other = new Editor(await open());
      await other.load();
      return other;
    };
    beforeEach(async () => {
      editor = await another();
    });

    it("has nothing at first, and says so", async () => {
      expect(editor.listing.files.size).toBe(0);
      expect(editor.store.ids("zones")).toEqual([]);
      expect(await editor.store.body(EU)).toBeNull();
      expect(editor.store.kind).toBe(kind);
    });

    it("drafts documents that can be read and leave what stands as it is", async () => {
      const draft = await editor.store.draft(
        [
          { key: EU, body: POOL },
          { key: ZONE, body: ZONE_BODY },
        ],
        editor.listing,
      );
      const { configuration } = await new DocumentReader(draft.readFiles).load(draft.listing);
      expect([...configuration!.zones].map(([, { id }]) => id)).toEqual(["example.test"]);
      expect([...configuration!.pools.keys()]).toEqual(["eu"]);
      const { listing } = await editor.store.list();
      expect(listing.files.size).toBe(0);
      expect(await editor.store.body(EU)).toBeNull();
    });

    it("makes each accepted change the next generation, with its author, reason and parts", async () => {
      const from = editor.generation;
      const first = await editor.edit({ [EU]: POOL, [ZONE]: ZONE_BODY } as Record<DocumentKey, DocumentBody>);
      expect(first.committed).toMatchObject({ generation: from + 1 });
      const second = await editor.edit({ [EU]: OTHER_POOL });
      expect(second.committed).toMatchObject({ generation: from + 2 });
      expect(await editor.store.body(EU)).toEqual(OTHER_POOL);
      expect(await editor.store.body(ZONE)).toEqual(ZONE_BODY);
      expect(editor.store.ids("zones")).toEqual(["example.test"]);
      expect(editor.store.ids("pools")).toEqual(["eu"]);
      expect(await editor.store.change(from + 2)).toMatchObject({
        ...BY,
        generation: from + 2,
        parts: [{ key: EU, path: ["members"], before: POOL.members, after: OTHER_POOL.members }],
      });
      const changes = await editor.store.changes(10);
      expect(changes.slice(0, 2).map(({ generation }) => generation)).toEqual([from + 2, from + 1]);
      expect((await editor.store.changes(1, from + 2)).map(({ generation }) => generation)).toEqual([
        from + 1,
      ]);
      expect(await editor.store.change(from + 3)).toBeUndefined();
    });

    it("reads what was committed, and of what did not change keeps the very entries", async () => {
      await editor.edit({ [EU]: POOL, [ZONE]: ZONE_BODY } as Record<DocumentKey, DocumentBody>);
      const before = (await editor.store.list()).listing;
      const { configuration } = await editor.load();
      expect([...configuration!.pools.keys()]).toEqual(["eu"]);
      expect([...(await editor.store.list()).listing.files.values()].map(({ stamp }) => stamp)).toEqual(
        [...before.files.values()].map(({ stamp }) => stamp),
      );
    });

    it("takes documents away", async () => {
      await editor.edit({ [EU]: POOL, [US]: POOL } as Record<DocumentKey, DocumentBody>);
      await editor.edit({ [EU]: null });
      expect(await editor.store.body(EU)).toBeNull();
      expect(await editor.store.body(US)).toEqual(POOL);
      expect(editor.store.ids("pools")).toEqual(["us"]);
      const { configuration } = await editor.load();
      expect([...configuration!.pools.keys()]).toEqual(["us"]);
    });

    it("refuses a change that was made from another generation, and leaves nothing of it", async () => {
      await editor.edit({ [EU]: POOL });
      const newest = editor.generation;
      editor.generation--;
      const { committed } = await editor.edit({ [EU]: OTHER_POOL });
      expect(committed).toEqual({ newest });
      expect(await editor.store.body(EU)).toEqual(POOL);
    });

    it("carries ids with slashes, dots and the root, and texts beyond ASCII", async () => {
      const odd = {
        "zones/0/25.2.0.192.in-addr.arpa": { records: { "@": ZONE_BODY.records["@"] } },
        "zones/.": { records: { "@": ZONE_BODY.records["@"], x: { TXT: 'ü "quoted" \\ \u2028' } } },
      };
      const { configuration } = await editor.edit(odd as Record<DocumentKey, DocumentBody>);
      expect(configuration?.zones.size).toBe(2);
      for (const [key, body] of Object.entries(odd))
        expect(await editor.store.body(key as DocumentKey)).toEqual(body);
      expect(editor.store.ids("zones")).toEqual([".", "0/25.2.0.192.in-addr.arpa"]);
      expect((await editor.load()).configuration?.zones.size).toBe(2);
    });

    it("tells faults with their place", async () => {
      const draft = await editor.store.draft(
        [{ key: EU, body: { members: [{ address: "192.0.2.300" }] } }],
        editor.listing,
      );
      const { configuration, faults } = await new DocumentReader(draft.readFiles).load(draft.listing);
      expect(configuration).toBeUndefined();
      const [{ file, line }] = faults.filter(({ severity }) => severity === "error") as [(typeof faults)[0]];
      expect(file).toContain("pools");
      expect(line).toBeGreaterThan(1);
    });

    it("makes a change of several documents one generation, with the parts of all", async () => {
      await editor.edit({ [EU]: POOL, [US]: POOL } as Record<DocumentKey, DocumentBody>);
      const from = editor.generation;
      const { committed } = await editor.edit({
        [EU]: OTHER_POOL,
        [US]: null,
        [ZONE]: ZONE_BODY,
      } as Record<DocumentKey, DocumentBody | null>);
      expect(committed).toMatchObject({ generation: from + 1 });
      const change = await editor.store.change(from + 1);
      expect(change!.parts.map(({ key }) => key)).toEqual([EU, US, ZONE]);
      expect(change!.at).toBe("at" in committed ? committed.at : undefined);
      expect(new Date(change!.at).toISOString()).toBe(change!.at);
      const { configuration } = await editor.load();
      expect([...configuration!.pools.keys()]).toEqual(["eu"]);
      expect(configuration!.zones.size).toBe(1);
    });

    it("gives with an accepted change the listing and the generation that it has from then on", async () => {
      const { committed } = await editor.edit({ [EU]: POOL, [ZONE]: ZONE_BODY } as Record<
        DocumentKey,
        DocumentBody
      >);
      const { listing, generation } = await editor.store.list();
      expect(generation).toBe(editor.generation);
      expect(isSameListing(listing, (committed as { listing: FolderListing }).listing)).toBe(true);
    });

    it("keeps nothing of a draft that is not committed, and takes no draft twice", async () => {
      const draft = await editor.store.draft([{ key: US, body: POOL }], editor.listing);
      const again = await editor.store.draft([{ key: EU, body: POOL }], editor.listing);
      const proposal = { ...BY, expected: editor.generation, parts: [] };
      expect(await editor.store.commit(again, proposal)).toMatchObject({ generation: editor.generation + 1 });
      expect(await editor.store.commit(again, proposal)).toEqual({ newest: editor.generation + 1 });
      expect(await editor.store.commit(draft, proposal)).toEqual({ newest: editor.generation + 1 });
      await editor.load();
      expect(editor.store.ids("pools")).toEqual(["eu"]);
      expect(await editor.store.body(US)).toBeNull();
    });

    it("gives as many changes as are asked for, newest first", async () => {
      for (const n of [1, 2, 3, 4]) await editor.edit({ [EU]: { members: [{ address: `192.0.2.${n}` }] } });
      const newest = editor.generation;
      const numbers = async (limit: number, before?: number) =>
        (await editor.store.changes(limit, before)).map(({ generation }) => generation);
      expect(await numbers(0)).toEqual([]);
      expect(await numbers(1)).toEqual([newest]);
      expect(await numbers(2, newest)).toEqual([newest - 1, newest - 2]);
      expect(await numbers(2, newest + 100)).toEqual([newest, newest - 1]);
      expect(await numbers(100, 1)).toEqual([]);
      expect(await editor.store.change(0)).toBeUndefined();
    });

    it("has it all when it is opened anew: documents, generation, history", async () => {
      await editor.edit({ [EU]: POOL, [ZONE]: ZONE_BODY } as Record<DocumentKey, DocumentBody>);
      await editor.edit({ [EU]: OTHER_POOL });
      const [{ generation }, changes] = [editor, await editor.store.changes(10)];
      await editor.store.close();
      const anew = await another();
      expect(anew.generation).toBe(generation);
      expect(await anew.store.body(EU)).toEqual(OTHER_POOL);
      expect(await anew.store.changes(10)).toEqual(changes);
      expect((await anew.edit({ [EU]: POOL })).committed).toMatchObject({ generation: generation + 1 });
    });

    it("says that it cannot be asked, changes nothing then, and goes on when it can", async () => {
      await editor.edit({ [EU]: POOL });
      expect(editor.store.state.isUp).toBe(true);
      const { generation } = editor;
      const mend = await breakDown();
      await expect(editor.edit({ [US]: POOL })).rejects.toMatchObject({ code: "store-unavailable" });
      expect(editor.store.state.isUp).toBe(false);
      expect(editor.store.state.seenMs).toBeLessThanOrEqual(Date.now());
      await mend();
      await expect
        .poll(() =>
          editor.load().then(
            () => editor.generation,
            () => undefined,
          ),
        )
        .toBe(generation);
      expect(await editor.store.body(US)).toBeNull();
      expect((await editor.edit({ [US]: POOL })).committed).toMatchObject({ generation: generation + 1 });
      expect(editor.store.state.isUp).toBe(true);
    });

    it.runIf(isShared)("loses no edit of several editors at a time, and puts them in one order", async () => {
      const editors = await Promise.all(Array.from({ length: 5 }, another));
      const accepted: number[] = [];
      await Promise.all(
        editors.map(async (each, who) => {
          for (let n = 0; n < 10; n++) {
            for (;;) {
              const { committed } = await each.edit({ [`pools/p${who}-${n}` as DocumentKey]: POOL });
              if (!("newest" in committed)) {
                accepted.push(committed.generation);
                break;
              }
              await each.load();
            }
          }
        }),
      );
      await editor.load();
      expect(editor.store.ids("pools")).toHaveLength(50);
      expect(accepted.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      expect((await editor.store.changes(100)).map(({ generation }) => generation)).toEqual(
        accepted.reverse(),
      );
    });

    it.runIf(isShared)("wakes who watches when another one made a change", async () => {
      const other = await another();
      let woken = 0;
      editor.store.watch(editor.listing, async () => {
        woken++;
        await editor.load();
      });
      await other.edit({ [EU]: POOL });
      await expect.poll(() => editor.generation).toBe(other.generation);
      expect(woken).toBeGreaterThan(0);
      expect(await editor.store.body(EU)).toEqual(POOL);
    });
  });
}
