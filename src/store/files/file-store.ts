/**
 * The store in a folder of YAML files, which stays the truth: edits rewrite the files that define the documents, and edits by
 * hand are changes like any other.
 *
 *   zones/*.yaml          documents; an edit is written beside its files, synced, and renamed (placement.ts)
 *   DATA/changes.jsonl    each accepted change, one line. With its line an edit is made: should the process end before
 *                         the renames, the next start makes up for them
 *
 * Without a data folder generations begin at 1 with each start, changes are forgotten at the end, and an edit touches
 * one file at most.
 *
 * @module
 */
import { hash, randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ReadFiles } from "../../documents/document-reader.ts";
import { type FileDocuments, type ReadText, readFileDocuments } from "../../documents/file-documents.ts";
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
import { AcceptedTexts } from "./accepted-texts.ts";
import { ChangeLog, forReaders, type LoggedChange } from "./change-log.ts";
import { FileTexts } from "./file-texts.ts";
import { FolderWatcher } from "./folder-watcher.ts";
import { finishPlacement, markIn, type PlacedFile, Placement, relisted } from "./placement.ts";
import { editYaml, holdsDocuments, readBody } from "./yaml-edit.ts";

/** Texts before and after an edit by hand, beyond which history has the names alone of what it changed. */
const COMPARED_OCTETS_MAX = 32 * 1024 * 1024;

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
  /** What they say, as far as they were read. */
  readonly read: ReadonlyMap<string, FileDocuments>;
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
  /** By path, what each file says. */
  readonly #read = new Map<string, FileDocuments>();
  /** Texts that edits found or left. */
  readonly #texts = new FileTexts();
  /** The same by document; null = to be made again. */
  #index: Map<DocumentKey, Written> | null = null;
  readonly #accepted = new AcceptedTexts();
  /** Where the files were found as they had been left, and are read to be known when somebody changes them. */
  #filling: Promise<void> | undefined;
  readonly #closing = new AbortController();
  /** Files that edits wrote since the watcher began to look. */
  readonly #written = new Set<string>();
  /** By file, a hash of its path and mark. */
  readonly #hashes = new WeakMap<ListedFile, bigint>();
  /** Changes made by hand that could not be written down yet. */
  #owed: readonly LoggedChange[] = [];
  /** Changes made by hand that are being written down. */
  #recording: Promise<void> = Promise.resolve();
  /** The files of the last edit are being put in their places for good. */
  #syncing: Promise<void> = Promise.resolve();
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
        if (!("unread" in read)) this.#know(read.file, read);
        onRead(read);
      });
  }

  /** Ends what a crash left half done. Rejects with "store-unavailable" when the data folder cannot be used. */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const { dir, dataDir, warn } = options;
    if (dataDir === null) return new FileStore(options, null);
    let log: ChangeLog;
    try {
      await mkdir(dataDir, { recursive: true });
      log = await ChangeLog.open(join(dataDir, "changes.jsonl"), warn);
    } catch (cause) {
      throw unavailable(`Cannot use the data folder "${dataDir}"`, cause);
    }
    try {
      if (stampOf(dir) !== undefined) await finishPlacement(dir, log.last?.files ?? []);
    } catch (cause) {
      await log.close();
      throw unavailable(`Cannot write to "${dir}"`, cause);
    }
    return new FileStore(options, log);
  }

  get state(): StoreState {
    if (stampOf(this.name) === undefined) return { isUp: false, seenMs: this.#seenMs };
    this.#seenMs = Date.now();
    return { isUp: true, seenMs: this.#seenMs };
  }

  async list(): Promise<StoreListing> {
    const listing = await listFolder(this.name);
    this.#seenMs = Date.now();
    const isAsLeft = this.#log?.last !== undefined && this.#log.last.state === this.#stateOf(listing);
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
    return readBody(await this.#textOf(written.path), documentKey(kindOf(key), written.id));
  }

  async draft(edits: readonly Edit[], listing: FolderListing): Promise<FileDraft> {
    const before = new Map<string, string | null>();
    const texts = new Map<string, string>();
    for (const { key, body } of edits) {
      const { path, id } = this.#documents().get(key) ?? { path: this.#pathFor(key), id: idOf(key) };
      if (!before.has(path)) before.set(path, listing.files.has(path) ? await this.#textOf(path) : null);
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
    const said = new Map<string, FileDocuments>();
    const readFiles: ReadFiles = async (wanted, onRead) => {
      const others: ListedFile[] = [];
      for (const file of wanted) {
        const text = left.get(file.path);
        if (typeof text !== "string") others.push(file);
        else {
          const source = { file: file.path, text, modifiedMs: file.modifiedMs };
          const read = readFileDocuments(source, { before: this.#readBefore(file.path, before, listing) });
          said.set(file.path, read);
          onRead(read, () => text);
        }
      }
      await this.readFiles(others, onRead);
    };
    return {
      edits,
      texts: left,
      before,
      read: said,
      from: listing,
      listing: { ...listing, files },
      readFiles,
    };
  }

  async commit(draft: Draft, { expected, ...authored }: Proposal): Promise<Committed> {
    await this.#recording;
    const { texts, before, from, read } = draft as FileDraft;
    // Somebody's own edit of a file comes first, and the follower is to look at it.
    const isTouched = () => [...texts.keys()].some((path) => stampOf(path) !== from.files.get(path)?.stamp);
    if (expected !== this.#generation || isTouched()) return { newest: this.#generation };
    const placement = await this.#prepare(texts);
    if (isTouched()) {
      await placement.drop();
      return { newest: this.#generation };
    }
    const change: Change = { generation: this.#generation + 1, at: new Date().toISOString(), ...authored };
    // A start makes up for the last change that is written down, and for that alone.
    await this.#syncing;
    try {
      await this.#keep(change, this.#stateOf(draft.listing, placement.marks), placement.files);
    } catch (cause) {
      await placement.drop();
      throw unavailable(`Cannot write to the data folder "${this.#dataDir}"`, cause);
    }
    for (const path of texts.keys()) this.#written.add(path);
    let listing: FolderListing;
    try {
      listing = placement.put(draft.listing);
    } catch (cause) {
      await this.#undo(placement, before);
      throw unavailable(`Cannot write to "${this.name}"`, cause);
    }
    // The change is made and written down: what of it a crash of the machine undid, the next start would do again. The next
    // change may be worked out meanwhile.
    this.#syncing = placement
      .sync()
      .catch((error: unknown) => this.#warn(`${this.name} cannot be synced: ${String(error)}`));
    this.#generation = change.generation;
    for (const [path, text] of texts) this.#take(path, text, listing.files.get(path)?.stamp, read.get(path));
    return { generation: change.generation, at: change.at, listing, kept: this.#syncing };
  }

  async recognise(authorship: Authorship, listing: FolderListing): Promise<{ generation: number }> {
    const changed = await this.#takeChanged(listing);
    for (const path of this.#read.keys()) if (!listing.files.has(path)) this.#know(path, null);
    const generation = ++this.#generation;
    const at = new Date().toISOString();
    // The files say it already: nobody waits until it is worked out and written down what changed in them. Should that
    // fail, it is written down with the next change.
    this.#recording = this.#recording
      .then(() => nextTurn())
      .then(() => this.#record({ generation, at, ...authorship, ...partsByHand(changed) }, listing));
    return { generation };
  }

  async changes(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Change[]> {
    await this.#recording;
    const known = this.#log?.changes(limit, before) ?? this.#recent.toReversed();
    return [...this.#owed.map(forReaders).reverse(), ...known]
      .filter(({ generation }) => generation < before)
      .slice(0, limit);
  }

  async change(generation: number): Promise<Change | undefined> {
    await this.#recording;
    const other = [...this.#recent, ...this.#owed.map(forReaders)];
    return this.#log?.change(generation) ?? other.find((change) => change.generation === generation);
  }

  watch(listing: FolderListing, onChange: (seen?: () => FolderListing) => Promise<void>): void {
    this.#watcher = new FolderWatcher({
      dir: this.name,
      onLook: () => this.#written.clear(),
      // What edits wrote since the look began may be half in it, or not at all.
      onChange: (seen) => onChange(() => relisted(seen, this.#written)),
    });
    this.#watcher.start(listing);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watcher?.stop();
    await this.#filling;
    await this.#recording;
    await this.#syncing;
    await this.#log?.close();
  }

  /** When this resolves the change is on disk, where there is a data folder; and those before it that were not yet. */
  async #keep(change: Change, state: string, files: readonly PlacedFile[] = []): Promise<void> {
    if (this.#log === null) {
      this.#recent = [...this.#recent.slice(1 - RECENT_MAX), change];
      return;
    }
    await this.#log.append(...this.#owed, { ...change, state, ...(files.length === 0 ? {} : { files }) });
    this.#owed = [];
  }

  /** A change that is in use already. */
  async #record(change: Change, listing: FolderListing): Promise<void> {
    const state = this.#stateOf(listing);
    try {
      await this.#keep(change, state);
    } catch (error) {
      this.#owed = [...this.#owed, { ...change, state }];
      this.#warn(`the log of changes cannot be written: ${String(error)}`);
    }
  }

  async #prepare(texts: ReadonlyMap<string, string | null>): Promise<Placement> {
    try {
      if (texts.size > 1 && this.#dataDir === null)
        throw new Error("a change of several files needs a data folder (--data DIR)");
      return await Placement.prepare(this.name, texts);
    } catch (cause) {
      throw unavailable(`Cannot write to "${this.name}"`, cause);
    }
  }

  /** A change that is written down could not be put in place. */
  async #undo(placement: Placement, before: ReadonlyMap<string, string | null>): Promise<void> {
    await placement.drop();
    try {
      for (const [path, text] of before) {
        if (!placement.isOurs(path)) continue;
        if (text !== null) await writeDurably(path, text);
        else if (stampOf(path) !== undefined) await unlinkDurably(path);
      }
    } catch (error) {
      this.#warn(`a change that failed stands in some files, and counts as made by hand: ${String(error)}`);
    }
    if (this.#log === null) this.#recent.pop();
    else
      await this.#log
        .takeBack()
        .catch((error: unknown) => this.#warn(`the log of changes: ${String(error)}`));
  }

  /** Resolves when it is known what stands in the files, which nobody needs to wait for. */
  keep(listing: FolderListing): Promise<void> {
    this.#filling ??= this.#accepted.fill(listing.files, stampOf, this.#closing.signal);
    return this.#filling;
  }

  /** Files that are others than were accepted; they are accepted now. */
  async #takeChanged(listing: FolderListing): Promise<ChangedByHand[]> {
    const { files } = listing;
    await this.#filling;
    const accepted = this.#accepted;
    if (accepted.isEmpty) {
      // The first generation has all that there is; after a time in which nobody looked it is not known what changed.
      void this.keep(listing);
      return this.#generation > 0
        ? []
        : [...this.#read.values()].map((read) => ({ keys: [...contentsOf(read).keys()] }));
    }
    const changed: ChangedByHand[] = [];
    let octets = 0;
    for (const path of new Set([...accepted.paths(), ...files.keys()])) {
      const file = files.get(path);
      if (file?.stamp === accepted.stamp(path)) continue;
      const before = accepted.text(path);
      const after = file === undefined ? "" : await readText(path);
      if (file === undefined) accepted.delete(path);
      else accepted.set(path, file.stamp, after);
      octets += (before?.length ?? 0) + after.length;
      const read = this.#read.get(path);
      const keys = read === undefined ? [] : [...contentsOf(read).keys()];
      const isCompared = before !== null && octets <= COMPARED_OCTETS_MAX;
      changed.push(isCompared ? { keys, texts: { before, after } } : { keys });
    }
    return changed;
  }

  /** A text is what is accepted now, and its file's stamp. */
  #take(
    path: string,
    text: string | null,
    stamp: string | undefined,
    read = text === null ? null : readFileDocuments({ file: path, text, modifiedMs: 0 }),
  ): void {
    if (text === null || stamp === undefined) this.#accepted.delete(path);
    else {
      this.#accepted.set(path, stamp, text);
      this.#texts.set(path, { stamp, text });
    }
    this.#know(path, read);
  }

  #know(path: string, read: FileDocuments | null): void {
    const before = this.#read.get(path);
    if (read === null) this.#read.delete(path);
    else this.#read.set(path, read);
    if (read === null || before === undefined || !areSameIds(before, read)) this.#index = null;
  }

  /** Of a file that is known to define documents. */
  async #textOf(path: string): Promise<string> {
    const known = this.#texts.get(path, stampOf(path));
    return known ?? readDefined(path);
  }

  /** What a draft was made from, where that is what was read of its file. */
  #readBefore(
    path: string,
    before: ReadonlyMap<string, string | null>,
    { files }: FolderListing,
  ): ReadText | undefined {
    const [text, documents, stamp] = [before.get(path), this.#read.get(path), files.get(path)?.stamp];
    if (typeof text !== "string" || documents === undefined || stampOf(path) !== stamp) return undefined;
    return { text, documents };
  }

  /**
   * Equal while all files are the same, at their places and with their times; `marks` are those of files that are not as the
   * listing says. The hashes of all files, XORed: one that changed is all that is worked out anew.
   */
  #stateOf({ files }: FolderListing, marks: ReadonlyMap<string, string | null> = new Map()): string {
    let state = 0n;
    for (const [path, file] of files) if (!marks.has(path)) state ^= this.#hashOf(file);
    for (const [path, mark] of marks) if (mark !== null) state ^= hashOf(relative(this.name, path), mark);
    return state.toString(36);
  }

  #hashOf(file: ListedFile): bigint {
    let known = this.#hashes.get(file);
    if (known === undefined) {
      known = hashOf(relative(this.name, file.path), markIn(file.stamp));
      this.#hashes.set(file, known);
    }
    return known;
  }

  #documents(): ReadonlyMap<DocumentKey, Written> {
    if (this.#index === null) {
      this.#index = new Map();
      for (const [path, read] of this.#read) {
        for (const [key, id] of contentsOf(read)) this.#index.set(key, { path, id });
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

/** A file that is another than was accepted. */
interface ChangedByHand {
  /** The documents in it. */
  readonly keys: readonly DocumentKey[];
  /** Left out where it is not known any more, or too large to compare. */
  readonly texts?: { readonly before: string; readonly after: string };
}

/** Where a file of them cannot be compared, the documents alone: part of a diff would look like all of it. */
function partsByHand(changed: readonly ChangedByHand[]): Pick<Change, "parts" | "namesOnly"> {
  const parts: PartChange[] = [];
  for (const { texts } of changed) {
    if (texts === undefined) {
      return {
        parts: changed.flatMap(({ keys }) => keys.map((key) => ({ key, path: [] }))),
        namesOnly: true,
      };
    }
    const [old, now] = [documentsIn(texts.before), documentsIn(texts.after)];
    for (const key of new Set([...old.keys(), ...now.keys()]))
      parts.push(...partsBetween(key, old.get(key) ?? null, now.get(key) ?? null));
  }
  return { parts };
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

/** The documents of a file, and their ids as it spells them. */
function contentsOf({ zones, pools, monitors }: FileDocuments): Map<DocumentKey, string> {
  return new Map([
    ...zones.map(({ apex, id }) => [zoneKey(apex), id] as const),
    ...pools.map(({ id }) => [documentKey("pools", id), id] as const),
    ...monitors.map(({ id }) => [documentKey("monitors", id), id] as const),
  ]);
}

/** 128 bits. */
function hashOf(path: string, mark: string): bigint {
  return BigInt(`0x${hash("sha256", `${mark} ${path}`).slice(0, 32)}`);
}

function areSameIds(a: FileDocuments, b: FileDocuments): boolean {
  return (["zones", "pools", "monitors"] as const).every(
    (kind) => a[kind].length === b[kind].length && a[kind].every(({ id }, i) => id === b[kind][i]!.id),
  );
}

function draftedFile(path: string, text: string): ListedFile {
  const size = Buffer.byteLength(text);
  return { path, stamp: `draft ${randomUUID()}`, inode: "", size, modifiedMs: Date.now(), isMovedHere: true };
}

function readText(path: string): Promise<string> {
  return readFile(path, "utf8");
}

/** Of a file that is known to define documents. */
async function readDefined(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (cause) {
    throw unavailable(`Cannot read "${path}"`, cause);
  }
}

/** Undefined when there is no such file. */
function stampOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && listed(path, stats).stamp;
}

function unavailable(what: string, cause: unknown): WindroseError {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? "";
  const why = REASONS.get(code) ?? (cause instanceof Error ? cause.message : String(cause));
  return new WindroseError("store-unavailable", `${what}: ${why}`, { cause });
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "it is not there (any more); bring it back"],
  ["ENOSPC", "no space left on the disk; make room, and try again"],
  ["EDQUOT", "the quota of the disk is used up; make room, and try again"],
  ["EROFS", "the file system is read-only; mount it so that it can be written to"],
  ["EACCES", "no permission; allow the user that runs Windrose to read and write there"],
  ["EPERM", "no permission; allow the user that runs Windrose to read and write there"],
  ["EIO", "the disk has a fault; look at the log of the system"],
]);
