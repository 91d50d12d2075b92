/**
 * The store in Redis. A source is one document; its path is its key, as in `zones/example.com`.
 *
 *   wake, or a look each second ─► list(): what changed since the head that is known ─► listing, some texts
 *   draft() ─► texts with the stamps that they will have ─► commit(): one script in Redis ─► the draft is the listing
 *   an empty store ─► seeded, once; one that lost something ─► restored (redis-healing.ts)
 *   keep() ─► SnapshotFile ─► where Redis cannot be reached at start, list() tells what stood there
 *
 * A document's stamp is its writer's, so what was read as a draft need not be read again when it is accepted. Texts that
 * are read later than they were listed may be newer; such a document is a fault of that load, and the next is right.
 *
 * @module
 */
import assert from "node:assert";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "pino";
import type { ReadFiles } from "../../documents/document-reader.ts";
import type { FolderListing, ListedFile } from "../../documents/folder.ts";
import { WindroseError } from "../../lib/errors.ts";
import type { Change, DocumentBody, Edit } from "../change.ts";
import { type DocumentKey, type DocumentKind, idOf, kindOf } from "../document-key.ts";
import { readDocumentText, unreadDocument } from "../document-text.ts";
import { readFolderBodies } from "../folder-bodies.ts";
import { type KeptText, SnapshotFile } from "../snapshot-file.ts";
import { type Head, isSameHead, listingOf, NO_HEAD, type StoredText, sourceFile, stamped } from "../stamp.ts";
import type { Committed, Draft, Proposal, Store, StoreListing, StoreState } from "../store.ts";
import { connected, type RedisConnection, type RedisWhere, redisConnector } from "./connection.ts";
import { findLost, restored } from "./redis-healing.ts";
import { type News, RedisStore, type Step } from "./redis-store.ts";
import { RedisWatch } from "./redis-watch.ts";
import { TextCache } from "./text-cache.ts";

/** Changes that are remembered to be restored: a failover loses seconds. */
const STEPS_MAX = 1000;
/** How often healing starts over because another node was faster. */
const HEALING_TRIES = 20;
/** What is read at once is remembered as text when it is no more than this. */
const READ_OCTETS_KEPT = 4 * 1024 * 1024;
const EMPTY: FolderListing = { files: new Map(), folders: [], faults: [] };

export interface RedisStoreOptions extends RedisWhere {
  /** An empty Redis is filled from this folder, once. */
  readonly seedDir?: string;
  /** Where the last good configuration is kept, for a start without Redis. */
  readonly dataDir?: string;
  /** Only follows what is in Redis: neither fills it nor restores what it lost. That is for nodes to do, which have all of it. */
  readonly onlyReads?: boolean;
  readonly log: Logger;
}

/** Waits a little for Redis, and goes on without it. Rejects with WindroseError "settings-invalid" for a wrong URL. */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisDocuments> {
  const { dataDir, log } = options;
  const { name, connect } = redisConnector(options);
  const snapshot = dataDir === undefined ? undefined : await SnapshotFile.open(dataDir, log);
  const redis = connect();
  const store = new RedisDocuments({ redis, connect, name, snapshot, ...options });
  await connected(redis);
  return store;
}

interface Parts extends Pick<RedisStoreOptions, "seedDir" | "onlyReads" | "log"> {
  readonly redis: RedisConnection;
  /** For another one. */
  readonly connect: () => RedisConnection;
  readonly name: string;
  readonly snapshot: SnapshotFile | undefined;
}

interface RedisDraft extends Draft {
  readonly texts: ReadonlyMap<DocumentKey, StoredText | null>;
}

export class RedisDocuments implements Store {
  readonly kind = "redis";
  readonly name: string;
  readonly readFiles: ReadFiles = (files, onRead) => this.#readFiles(files, onRead);
  readonly #connect: () => RedisConnection;
  readonly #redis: RedisStore;
  readonly #log: Logger;
  readonly #seedDir: string | undefined;
  readonly #onlyReads: boolean;
  readonly #snapshot: SnapshotFile | undefined;
  readonly #texts = new TextCache();
  #watch: RedisWatch | undefined;
  #listing: FolderListing = EMPTY;
  #ids: { listing: FolderListing; byKind: ReadonlyMap<DocumentKind, DocumentKey[]> } = {
    listing: EMPTY,
    byKind: new Map(),
  };
  #known: Head = NO_HEAD;
  /** The changes that led to what is known, oldest first. */
  #steps: Step[] = [];
  /** Redis answered once: from then on what it says counts, and not what was kept. */
  #wasReached = false;
  #committing: Promise<unknown> = Promise.resolve();
  /** Something that was listed could not be read as it was listed. */
  #isStale = false;

  constructor({ redis, connect, name, log, seedDir, onlyReads = false, snapshot }: Parts) {
    this.#connect = connect;
    this.name = name;
    this.#log = log.child({ store: name });
    this.#seedDir = seedDir;
    this.#onlyReads = onlyReads;
    this.#snapshot = snapshot;
    tellOfConnection(
      redis,
      this.#log,
      onlyReads
        ? "Redis cannot be reached; what is known goes on, and changes come when it is back"
        : "Redis cannot be reached; queries are answered as before, edits have to wait",
    );
    this.#redis = new RedisStore(redis);
    if (snapshot?.head === undefined) return;
    this.#listing = snapshot.listing;
    this.#know({ ...snapshot.head, keys: [] });
  }

  get state(): StoreState {
    return this.#redis.state;
  }

  async list(): Promise<StoreListing> {
    for (let tries = 0; tries < HEALING_TRIES; tries++) {
      const news = await this.#ask();
      if (news === undefined) break;
      if (news.head.generation === 0) {
        if (this.#onlyReads || !(await this.#fill())) break;
      } else if (news.kind === "none") break;
      else if (news.kind === "some") {
        this.#follow(news);
        break;
      } else if (this.#onlyReads || !(await this.#heal(news))) {
        this.#replace(news);
        break;
      }
    }
    this.#isStale = false;
    return { listing: this.#listing, generation: this.#known.generation };
  }

  ids(kind: DocumentKind): readonly string[] {
    if (this.#ids.listing !== this.#listing) {
      const keys = [...this.#listing.files.keys()] as DocumentKey[];
      this.#ids = { listing: this.#listing, byKind: Map.groupBy(keys.sort(), kindOf) };
    }
    return (this.#ids.byKind.get(kind) ?? []).map(idOf);
  }

  async body(key: DocumentKey): Promise<DocumentBody | null> {
    const file = this.#listing.files.get(key);
    if (file === undefined) return null;
    const kept = (await this.#recall([file])).get(key);
    if (kept !== undefined) return JSON.parse(kept.text) as DocumentBody;
    // As it is now: newer than what is listed, maybe, and then an edit made from it is refused.
    for await (const read of this.#redis.read([{ key, octets: file.size }])) {
      this.#texts.set(key, read);
      return JSON.parse(read.text) as DocumentBody;
    }
    return null;
  }

  draft(edits: readonly Edit[], listing: FolderListing): Promise<RedisDraft> {
    const texts = new Map<DocumentKey, StoredText | null>();
    const files = new Map(listing.files);
    for (const { key, body } of edits) {
      if (body === null) {
        texts.set(key, null);
        files.delete(key);
      } else {
        const text = stamped(JSON.stringify(body));
        texts.set(key, text);
        files.set(key, sourceFile(key, text));
      }
    }
    const readFiles: ReadFiles = async (wanted, onRead) => {
      const others: ListedFile[] = [];
      for (const file of wanted) {
        const text = texts.get(file.path as DocumentKey);
        if (text?.stamp === file.stamp) onRead(readDocumentText(file, text.text));
        else others.push(file);
      }
      await this.#readFiles(others, onRead);
    };
    return Promise.resolve({ edits, listing: { ...listing, files }, readFiles, texts });
  }

  async commit(draft: Draft, { expected, ...change }: Proposal): Promise<Committed> {
    const { texts } = draft as RedisDraft;
    const isKnown = this.#known.generation === expected;
    const seen = isKnown ? this.#known : { generation: expected, id: "" };
    const committing = this.#redis.commit({ expected: seen, ...change, texts });
    this.#committing = committing.catch(() => {});
    const done = await committing;
    if (done.head === undefined) return done;
    for (const [key, text] of texts) if (text !== null) this.#texts.set(key, text);
    if (isKnown) {
      this.#listing = draft.listing;
      this.#know({ ...done.head, keys: [...texts.keys()] });
    }
    return { generation: done.head.generation, at: done.at, listing: draft.listing };
  }

  recognise(): Promise<never> {
    assert.fail("nobody changes documents in Redis but by a commit");
  }

  changes(limit: number, before?: number): Promise<readonly Change[]> {
    return this.#redis.changes(limit, before);
  }

  change(generation: number, whole?: boolean): Promise<Change | undefined> {
    return this.#redis.change(generation, whole);
  }

  watch(_listing: FolderListing, onChange: () => Promise<void>): void {
    this.#watch = new RedisWatch({
      subscriber: this.#connect(),
      log: this.#log,
      isNews: async () => {
        // A change of our own wakes us too, maybe before we know that it was accepted.
        await this.#committing;
        return this.#isStale || !isSameHead(await this.#redis.head(), this.#known);
      },
      onChange,
    });
  }

  keep(listing: FolderListing): void {
    if (listing === this.#listing) this.#snapshot?.write(this.#known, listing, (files) => this.texts(files));
  }

  async close(): Promise<void> {
    await this.#watch?.stop();
    await this.#snapshot?.close();
    this.#redis.close();
  }

  /** Undefined when Redis cannot be reached and what was kept is to be used. */
  async #ask(): Promise<News | undefined> {
    try {
      const news = await this.#redis.news(this.#known);
      this.#wasReached = true;
      return news;
    } catch (error) {
      if (this.#wasReached || this.#known.generation === 0) throw error;
      const { generation } = this.#known;
      this.#log.warn({ generation, err: error }, "Redis cannot be asked; starting from the snapshot on disk");
      return undefined;
    }
  }

  #know(step: Step): void {
    const { generation, id } = step;
    this.#known = { generation, id };
    this.#steps.push(step);
    if (this.#steps.length >= 2 * STEPS_MAX) this.#steps = this.#steps.slice(-STEPS_MAX);
  }

  /** Some documents changed. */
  #follow({ documents, steps }: Extract<News, { kind: "some" }>): void {
    const files = new Map(this.#listing.files);
    for (const { key, version, text } of documents) {
      if (version === undefined) files.delete(key);
      else {
        if (files.get(key)?.stamp !== version.stamp) files.set(key, sourceFile(key, version));
        if (text !== undefined) this.#texts.set(key, { text, stamp: version.stamp });
      }
    }
    this.#listing = listingOf(files);
    for (const step of steps) this.#know(step);
  }

  /** All is listed anew; what is as it was stays the object that it was. */
  #replace({ head, versions }: Extract<News, { kind: "all" }>): void {
    const before = this.#listing.files;
    const files = new Map<string, ListedFile>();
    const keys: DocumentKey[] = [];
    for (const [key, version] of versions) {
      const known = before.get(key);
      if (known?.stamp === version.stamp) files.set(key, known);
      else {
        files.set(key, sourceFile(key, version));
        keys.push(key);
      }
    }
    for (const key of before.keys()) if (!files.has(key)) keys.push(key as DocumentKey);
    this.#listing = listingOf(files);
    this.#know({ ...head, keys });
  }

  /** Fills a store that has nothing. False when there is nothing to fill it with. */
  async #fill(): Promise<boolean> {
    const base = this.#known;
    if (base.generation > 0) {
      const texts = await this.#recall([...this.#listing.files.values()]);
      const missing = this.#listing.files.size - texts.size;
      if (missing > 0) {
        throw new WindroseError(
          "store-unavailable",
          `Redis lost everything, and ${missing} of ${this.#listing.files.size} documents are not on this node's disk to restore it; load them with windrose push`,
        );
      }
      const done = await this.#redis.commit({
        ...restored(`Redis lost everything after generation ${base.generation}`),
        expected: NO_HEAD,
        least: base.generation + 1,
        texts,
        base,
      });
      if (done.head !== undefined) {
        const { generation } = done.head;
        this.#log.warn({ generation, documents: texts.size }, "Redis was empty; restored from this node");
      }
      return true;
    }
    if (this.#seedDir === undefined) return false;
    const bodies = await readFolderBodies(this.#seedDir);
    const texts = new Map([...bodies].map(([key, body]) => [key, stamped(JSON.stringify(body))]));
    const done = await this.#redis.commit({
      author: "windrose",
      reason: `an empty Redis, filled from ${this.#seedDir}`,
      expected: NO_HEAD,
      parts: [...texts.keys()].map((key) => ({ key, path: [], after: bodies.get(key) })),
      texts,
      base: NO_HEAD,
    });
    if (done.head !== undefined)
      this.#log.info({ documents: texts.size, from: this.#seedDir }, "Redis was empty; filled");
    return true;
  }

  /** Gives back to the store what it lost. False when that is nothing, and it is to be followed. */
  async #heal(news: Extract<News, { kind: "all" }>): Promise<boolean> {
    const [known, { files }] = [this.#known, this.#listing];
    if (known.generation === 0) return false;
    const lost = await findLost({ redis: this.#redis, news, steps: this.#steps, files });
    if (lost === undefined) return false;
    const recalled = await this.#recall(lost.changed);
    const missing = lost.changed.filter(({ path }) => !recalled.has(path as DocumentKey));
    const texts = new Map<DocumentKey, StoredText | null>(recalled);
    for (const key of lost.gone) texts.set(key, null);
    if (lost.overtaken.length > 0)
      this.#log.warn(
        { documents: lost.overtaken },
        "changed in Redis meanwhile; what this node had is dropped",
      );
    if (missing.length > 0)
      this.#log.error(
        { documents: missing.map(({ path }) => path) },
        "lost by Redis, and not to be restored",
      );
    if (texts.size === 0 && news.head.generation > known.generation) return false;
    const done = await this.#redis.commit({
      ...restored(`Redis went back from generation ${known.generation} to ${lost.common}`),
      expected: news.head,
      // Others may go on changing other documents: whoever waited for a moment without a change might wait for ever.
      ...(texts.size > 0 ? { common: lost.common } : {}),
      least: known.generation + 1,
      parts: [...texts.keys()].map((key) => ({ key, path: [] })),
      texts,
    });
    if (done.head !== undefined) {
      const { generation } = done.head;
      this.#log.warn({ generation, documents: [...texts.keys()] }, "Redis had lost changes; restored");
    }
    return true;
  }

  /** Texts of documents as this node had them, from memory or from its disk. */
  async #recall(files: readonly ListedFile[]): Promise<Map<DocumentKey, StoredText>> {
    const texts = new Map<DocumentKey, StoredText>();
    const others: ListedFile[] = [];
    for (const file of files) {
      const text = this.#texts.get(file.path, file.stamp);
      if (text === undefined) others.push(file);
      else texts.set(file.path as DocumentKey, { text, stamp: file.stamp });
    }
    if (others.length > 0 && this.#snapshot !== undefined) {
      for await (const [{ path, stamp }, text] of this.#snapshot.texts(others))
        texts.set(path as DocumentKey, { text, stamp });
    }
    return texts;
  }

  async #readFiles(files: readonly ListedFile[], onRead: Parameters<ReadFiles>[1]): Promise<void> {
    const left = new Set(files);
    try {
      for await (const [file, text] of this.texts(files)) {
        left.delete(file);
        onRead(readDocumentText(file, text));
      }
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
    for (const { path } of left) {
      this.#isStale = true;
      onRead(unreadDocument(path, "changed in Redis while it was read; it is read again at once"));
    }
  }

  /** Documents as JSON, in any order, as far as they are still as they were listed: from memory, from the disk, from Redis. */
  async *texts(files: readonly ListedFile[]): AsyncGenerator<KeptText> {
    let others: ListedFile[] = [];
    for (const file of files) {
      const text = this.#texts.get(file.path, file.stamp);
      if (text === undefined) others.push(file);
      else yield [file, text];
    }
    if (others.length > 0 && this.#snapshot !== undefined) {
      const left = new Set(others);
      for await (const kept of this.#snapshot.texts(others)) {
        left.delete(kept[0]);
        yield kept;
      }
      others = [...left];
    }
    const byKey = new Map(others.map((file) => [file.path, file]));
    const wanted = others.map(({ path, size }) => ({ key: path as DocumentKey, octets: size }));
    // A small configuration can be restored from memory, too.
    const isSmall = wanted.reduce((sum, { octets }) => sum + octets, 0) <= READ_OCTETS_KEPT;
    let count = 0;
    for await (const { key, text, stamp } of this.#redis.read(wanted)) {
      const file = byKey.get(key)!;
      if (isSmall) this.#texts.set(key, { text, stamp });
      if (file.stamp === stamp) yield [file, text];
      // Others get their turn: a document takes about a millisecond.
      if (++count % 8 === 0) await nextTurn();
    }
  }
}

/** Says once that Redis is away, and once that it is back. */
function tellOfConnection(redis: RedisConnection, log: Logger, message: string): void {
  let isAway = false;
  redis.on("error", (error: Error) => {
    if (isAway) return;
    isAway = true;
    log.warn({ err: error }, message);
  });
  redis.on("ready", () => {
    if (isAway) log.info("Redis is back");
    isAway = false;
  });
}
