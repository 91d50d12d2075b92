/**
 * The store in a folder of YAML files, which stays the truth: edits rewrite the files that define the documents, and edits by
 * hand are changes like any other.
 *
 *   zones/*.yaml          documents; an edit is written beside its file, synced and renamed
 *   DATA/changes.jsonl    each accepted change, one line
 *   DATA/pending.json     new texts of several files, while they are being put in place: after a crash all of them are
 *
 * Without a data folder generations begin at 1 with each start, changes are forgotten at the end, and an edit touches
 * one file at most.
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ReadFiles } from "../../documents/document-reader.ts";
import { type FileDocuments, readFileDocuments } from "../../documents/file-documents.ts";
import { type FolderListing, type ListedFile, listed, listFolder } from "../../documents/folder.ts";
import { Source } from "../../documents/source.ts";
import { unlinkDurably, writeDurably } from "../../lib/durable-file.ts";
import { WindroseError } from "../../lib/errors.ts";
import {
  type Authorship,
  type Change,
  type DocumentBody,
  type Edit,
  type PartChange,
  partsBetween,
} from "../change.ts";
import {
  DOCUMENT_KINDS,
  type DocumentKey,
  type DocumentKind,
  documentKey,
  idOf,
  kindOf,
  zoneKey,
} from "../document-key.ts";
import type { Committed, Draft, Proposal, Store, StoreListing, StoreState } from "../store.ts";
import { ChangeLog } from "./change-log.ts";
import { FolderWatcher } from "./folder-watcher.ts";
import { editYaml, holdsDocuments, readBody } from "./yaml-edit.ts";

/** Texts of files are kept to tell what an edit by hand changed, as long as they are not more than this. */
const KEPT_OCTETS_MAX = 16 * 1024 * 1024;

export interface FileStoreOptions {
  readonly dir: string;
  /** Where history is kept; null = nowhere. */
  readonly dataDir: string | null;
  readonly readFiles: ReadFiles;
  /** Is told what an operator should know and nobody waits for. */
  readonly warn: (message: string) => void;
}

/** Where a document stands: its file, and its id as that file spells it. */
interface Written {
  readonly path: string;
  readonly id: string;
}

interface FileDraft extends Draft {
  /** By path; null = the file goes. */
  readonly texts: ReadonlyMap<string, string | null>;
  /** The same files as they are; null = there is none. */
  readonly before: ReadonlyMap<string, string | null>;
  readonly from: FolderListing;
}

export class FileStore implements Store {
  readonly kind = "files";
  readonly name: string;
  readonly readFiles: ReadFiles;
  readonly #dataDir: string | null;
  readonly #warn: (message: string) => void;
  readonly #log: ChangeLog | null;
  /** Where there is no log. */
  #recent: Change[] = [];
  #generation: number;
  /** By path, the documents of each file and their ids as it spells them. */
  readonly #contents = new Map<string, ReadonlyMap<DocumentKey, string>>();
  /** The same by document; null = to be made again. */
  #index: Map<DocumentKey, Written> | null = null;
  /** By path, the texts that were accepted; null = they are too many. */
  #texts: Map<string, { readonly stamp: string; readonly text: string }> | null = new Map();
  /** Changes made by hand that are being written down. */
  #recording: Promise<void> = Promise.resolve();
  #watcher: FolderWatcher | undefined;
  #seenMs = 0;

  private constructor({ dir, dataDir, readFiles, warn }: FileStoreOptions, log: ChangeLog | null) {
    this.name = dir;
    this.#warn = warn;
    this.#dataDir = dataDir;
    this.#log = log;
    this.#generation = log?.last?.generation ?? 0;
    this.readFiles = (files, onRead) =>
      readFiles(files, (read) => {
        if (!("unread" in read)) this.#know(read.file, contentsOf(read));
        onRead(read);
      });
  }

  /** Ends what a crash left half done. Rejects with "store-unavailable" when the data folder cannot be used. */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const { dataDir } = options;
    if (dataDir === null) return new FileStore(options, null);
    try {
      await mkdir(dataDir, { recursive: true });
      await finishPending(dataDir);
      return new FileStore(options, await ChangeLog.open(join(dataDir, "changes.jsonl")));
    } catch (cause) {
      throw unavailable(`Cannot use the data folder "${dataDir}"`, cause);
    }
  }

  get state(): StoreState {
    if (stampOf(this.name) === undefined) return { isUp: false, seenMs: this.#seenMs };
    this.#seenMs = Date.now();
    return { isUp: true, seenMs: this.#seenMs };
  }

  async list(): Promise<StoreListing> {
    const listing = await listFolder(this.name);
    this.#seenMs = Date.now();
    const isAsLeft = this.#log?.last !== undefined && this.#log.last.state === stateOf(listing);
    return { listing, generation: isAsLeft ? this.#generation : undefined };
  }

  ids(kind: DocumentKind): readonly string[] {
    return [...this.#documents().keys()]
      .filter((key) => kindOf(key) === kind)
      .map(idOf)
      .sort();
  }

  async body(key: DocumentKey): Promise<DocumentBody | null> {
    const written = this.#documents().get(key);
    if (written === undefined) return null;
    return readBody(await readText(written.path), documentKey(kindOf(key), written.id));
  }

  async draft(edits: readonly Edit[], listing: FolderListing): Promise<FileDraft> {
    const before = new Map<string, string | null>();
    const texts = new Map<string, string>();
    for (const { key, body } of edits) {
      const { path, id } = this.#documents().get(key) ?? { path: this.#pathFor(key), id: idOf(key) };
      if (!before.has(path)) before.set(path, listing.files.has(path) ? await readText(path) : null);
      const text = texts.get(path) ?? before.get(path) ?? "";
      texts.set(path, editYaml(text, [{ key: documentKey(kindOf(key), id), body }]));
    }
    const files = new Map(listing.files);
    const left = new Map<string, string | null>();
    for (const [path, text] of texts) {
      const isEmpty = !holdsDocuments(text);
      left.set(path, isEmpty ? null : text);
      if (isEmpty) files.delete(path);
      else files.set(path, draftedFile(path, text));
    }
    const readFiles: ReadFiles = async (wanted, onRead) => {
      const others: ListedFile[] = [];
      for (const file of wanted) {
        const text = left.get(file.path);
        if (typeof text !== "string") others.push(file);
        else onRead(readFileDocuments({ file: file.path, text, modifiedMs: file.modifiedMs }));
      }
      await this.readFiles(others, onRead);
    };
    return { edits, texts: left, before, from: listing, listing: { ...listing, files }, readFiles };
  }

  async commit(draft: Draft, { expected, ...authored }: Proposal): Promise<Committed> {
    await this.#recording;
    const { texts, before, from } = draft as FileDraft;
    // Somebody's own edit of a file comes first, and the follower is to look at it.
    const isTouched = [...texts.keys()].some((path) => stampOf(path) !== from.files.get(path)?.stamp);
    if (expected !== this.#generation || isTouched) return { newest: this.#generation };
    try {
      await this.#put(texts);
    } catch (cause) {
      throw unavailable(`Cannot write to "${this.name}"`, cause);
    }
    const files = new Map(draft.listing.files);
    for (const [path, text] of texts) {
      if (text === null) continue;
      const file = listed(path, statSync(path, { bigint: true }));
      files.set(path, file);
    }
    const listing = { ...draft.listing, files };
    try {
      const change = this.#next(authored);
      await this.#keep(change, listing);
      this.#generation = change.generation;
      for (const [path, text] of texts) this.#take(path, text, files.get(path)?.stamp);
      return { generation: change.generation, at: change.at, listing };
    } catch (cause) {
      // What is not in the log was not accepted.
      await this.#put(before).catch(() => {});
      throw unavailable(`Cannot write to the data folder "${this.#dataDir}"`, cause);
    }
  }

  async recognise(authorship: Authorship, listing: FolderListing): Promise<{ generation: number }> {
    const texts = await this.#takeTexts(listing);
    for (const path of this.#contents.keys()) if (!listing.files.has(path)) this.#know(path, null);
    const generation = ++this.#generation;
    const at = new Date().toISOString();
    // The files say it already: nobody waits until it is worked out and written down what changed in them. Should that
    // fail, the next start counts it once more.
    this.#recording = this.#recording
      .then(() => nextTurn())
      .then(() => this.#keep({ generation, at, ...authorship, parts: partsByHand(texts) }, listing))
      .catch((error: unknown) => this.#warn(`the log of changes cannot be written: ${String(error)}`));
    return { generation };
  }

  async changes(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Change[]> {
    await this.#recording;
    if (this.#log !== null) return this.#log.changes(limit, before);
    return this.#recent
      .filter(({ generation }) => generation < before)
      .slice(-limit)
      .reverse();
  }

  async change(generation: number): Promise<Change | undefined> {
    await this.#recording;
    return this.#log?.change(generation) ?? this.#recent.find((change) => change.generation === generation);
  }

  watch(listing: FolderListing, onChange: (seen?: FolderListing) => Promise<void>): void {
    this.#watcher = new FolderWatcher({ dir: this.name, onChange });
    this.#watcher.start(listing);
  }

  async close(): Promise<void> {
    await this.#watcher?.stop();
    await this.#recording;
    await this.#log?.close();
  }

  #next(authored: Authorship & { readonly parts: readonly PartChange[] }): Change {
    return { generation: this.#generation + 1, at: new Date().toISOString(), ...authored };
  }

  /** When this resolves the change is on disk, where there is a data folder. */
  async #keep(change: Change, listing: FolderListing): Promise<void> {
    if (this.#log !== null) await this.#log.append({ ...change, state: stateOf(listing) });
    else this.#recent = [...this.#recent.slice(1 - RECENT_MAX), change];
  }

  /** Puts files in place, all or none of them, also when the process ends in between. */
  async #put(texts: ReadonlyMap<string, string | null>): Promise<void> {
    if (texts.size > 1) {
      if (this.#dataDir === null)
        throw new Error("a change of several files needs a data folder (--data DIR)");
      await writeDurably(join(this.#dataDir, PENDING), JSON.stringify([...texts]));
    }
    await putTexts(texts);
    if (texts.size > 1) await unlinkDurably(join(this.#dataDir!, PENDING));
  }

  /** Texts of files that are others than were accepted, before and now; none where they are too many to keep. */
  async #takeTexts({ files }: FolderListing): Promise<readonly (readonly [before: string, after: string])[]> {
    const octets = [...files.values()].reduce((sum, { size }) => sum + size, 0);
    if (octets > KEPT_OCTETS_MAX) this.#texts = null;
    const known = this.#texts;
    if (known === null) return [];
    const texts: [string, string][] = [];
    for (const path of new Set([...known.keys(), ...files.keys()])) {
      const [stamp, before] = [files.get(path)?.stamp, known.get(path)];
      if (stamp === before?.stamp) continue;
      const text = stamp === undefined ? "" : await readText(path);
      texts.push([before?.text ?? "", text]);
      if (stamp === undefined) known.delete(path);
      else known.set(path, { stamp, text });
    }
    return texts;
  }

  /** A text is what is accepted now, and its file's stamp. */
  #take(path: string, text: string | null, stamp: string | undefined): void {
    if (text === null || stamp === undefined) this.#texts?.delete(path);
    else this.#texts?.set(path, { stamp, text });
    const contents =
      text === null ? null : contentsOf(readFileDocuments({ file: path, text, modifiedMs: 0 }));
    this.#know(path, contents);
  }

  #know(path: string, contents: ReadonlyMap<DocumentKey, string> | null): void {
    if (contents === null) this.#contents.delete(path);
    else this.#contents.set(path, contents);
    this.#index = null;
  }

  #documents(): ReadonlyMap<DocumentKey, Written> {
    if (this.#index === null) {
      this.#index = new Map();
      for (const [path, contents] of this.#contents) {
        for (const [key, id] of contents) this.#index.set(key, { path, id });
      }
    }
    return this.#index;
  }

  /** Where a new document goes: a zone into a file of its own, the rest together. */
  #pathFor(key: DocumentKey): string {
    const kind = kindOf(key);
    const name = kind === "zones" ? encodeURIComponent(idOf(key)).replace(/^\./, "root") : kind;
    return join(this.name, `${name}.yaml`);
  }
}

/** What changed in files, by their texts before and now. */
function partsByHand(texts: readonly (readonly [before: string, after: string])[]): PartChange[] {
  return texts.flatMap(([before, after]) => {
    const [old, now] = [documentsIn(before), documentsIn(after)];
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) =>
      partsBetween(key, old.get(key) ?? null, now.get(key) ?? null),
    );
  });
}

/** By the quick reader of documents: the yaml library takes thirty times as long. Keys are as the file spells them. */
function documentsIn(text: string): Map<DocumentKey, DocumentBody> {
  const value = new Source({ file: "", text }).value as Record<
    string,
    Record<string, DocumentBody> | null
  > | null;
  return new Map(
    DOCUMENT_KINDS.flatMap((kind) =>
      Object.entries(value?.[kind] ?? {}).map(([id, body]) => [documentKey(kind, id), body] as const),
    ),
  );
}

/** Changes that are known where there is no log. */
const RECENT_MAX = 1000;
const PENDING = "pending.json";

async function putTexts(texts: ReadonlyMap<string, string | null>): Promise<void> {
  for (const [path, text] of texts) {
    if (text !== null) await writeDurably(path, text);
    else if (stampOf(path) !== undefined) await unlinkDurably(path);
  }
}

/** Puts the files in place that a crash left to be put. */
async function finishPending(dataDir: string): Promise<void> {
  const path = join(dataDir, PENDING);
  if (stampOf(path) === undefined) return;
  await putTexts(new Map(JSON.parse(await readFile(path, "utf8")) as [string, string | null][]));
  await unlinkDurably(path);
}

function contentsOf({ zones, pools, monitors }: FileDocuments): Map<DocumentKey, string> {
  return new Map([
    ...zones.map(({ apex, id }) => [zoneKey(apex), id] as const),
    ...pools.map(({ id }) => [documentKey("pools", id), id] as const),
    ...monitors.map(({ id }) => [documentKey("monitors", id), id] as const),
  ]);
}

/** Equal while all files are the same, at their places and with their times. */
function stateOf({ files }: FolderListing): string {
  const hash = createHash("sha256");
  for (const path of [...files.keys()].sort()) hash.update(`${path} ${files.get(path)!.stamp}\n`);
  return hash.digest("base64url").slice(0, 22);
}

function draftedFile(path: string, text: string): ListedFile {
  const size = Buffer.byteLength(text);
  return { path, stamp: `draft ${randomUUID()}`, inode: "", size, modifiedMs: Date.now(), isMovedHere: true };
}

function readText(path: string): Promise<string> {
  return readFile(path, "utf8");
}

/** Undefined when there is no such file. */
function stampOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && listed(path, stats).stamp;
}

function unavailable(what: string, cause: unknown): WindroseError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WindroseError("store-unavailable", `${what}: ${why}`, { cause });
}
