/**
 * Reads a folder of documents again and again, and each file only when it changed.
 *
 *   listing ─► files whose stamp is new ─► read, here or in another thread ─┐
 *           └► files whose stamp is as it was ─► what they said, and ───────┴─► DocumentJoin
 *                                                what was wrong with them
 *
 * So one edit costs what its file costs, and a look at each file in passing. What a file said is
 * kept without its text and without records: for a zone, its image and some hundred octets.
 * Lives as long as the server.
 *
 * @module
 */
import type { Fault } from "../lib/fault.ts";
import type { Configuration } from "./configuration.ts";
import { DocumentJoin, type JoinedFile, joinedFile, type LoadedDocuments } from "./document-join.ts";
import { compareText } from "./fault-list.ts";
import type { FileDocuments, ReadOptions } from "./file-documents.ts";
import type { FolderListing, ListedFile } from "./folder.ts";
import { type ReadFile, readListedFile, rereadText } from "./read-file.ts";
import { RereadSource } from "./source.ts";

/** Its text, where that is not on the disk; undefined when it is not known any more. */
export type Reread = () => string | undefined;

/** Reads files, and gives each one as it is done with it, in any order. */
export type ReadFiles = (
  files: readonly ListedFile[],
  onRead: (file: ReadFile, reread?: Reread) => void,
) => Promise<void>;

interface CachedFile {
  stamp: string;
  readonly joined: JoinedFile;
}

export class DocumentReader {
  readonly #readFiles: ReadFiles;
  readonly #join = new DocumentJoin();
  /** By path. Unread files are not here: they are tried again each time. */
  #cache = new Map<string, CachedFile>();
  /** The same, in the order of their paths. */
  #paths: readonly string[] = [];

  constructor(readFiles: ReadFiles = readFilesHere()) {
    this.#readFiles = readFiles;
  }

  /**
   * All files of the listing as one configuration. Zones that are as they were in `previous` are its very
   * objects, and made serials go on from there. One load at a time. `readFiles` reads files that are not where the
   * others are.
   */
  async load(
    { files, faults }: FolderListing,
    previous?: Configuration,
    readFiles: ReadFiles = this.#readFiles,
  ): Promise<LoadedDocuments> {
    const unread: Fault[] = [...faults];
    const changed: ListedFile[] = [];
    for (const file of files.values())
      if (this.#cache.get(file.path)?.stamp !== file.stamp) changed.push(file);
    const read = new Map<string, CachedFile>();
    await readFiles(changed, (documents, reread) => {
      if ("unread" in documents) unread.push(documents.unread);
      else read.set(documents.file, cachedFile(files.get(documents.file)!, documents, reread));
    });
    for (const { path } of changed) if (!read.has(path)) this.#cache.delete(path);
    for (const [path, file] of read) this.#cache.set(path, file);
    if (this.#cache.size > files.size)
      for (const path of this.#cache.keys()) if (!files.has(path)) this.#cache.delete(path);
    return this.#join.join(this.#inOrder(), { previous, unread });
  }

  /** What was read of a file under one stamp is known to be what it says under another. */
  restamp(before: ListedFile, after: ListedFile): void {
    const cached = this.#cache.get(before.path);
    if (cached?.stamp !== before.stamp) return;
    cached.stamp = after.stamp;
    cached.joined.source.moveTo(() => rereadText(after));
  }

  #inOrder(): JoinedFile[] {
    const known = this.#filesAt(this.#paths);
    if (known !== undefined) return known;
    this.#paths = [...this.#cache.keys()].sort(compareText);
    return this.#filesAt(this.#paths)!;
  }

  /** Undefined where these are not the paths of all files. */
  #filesAt(paths: readonly string[]): JoinedFile[] | undefined {
    if (paths.length !== this.#cache.size) return undefined;
    const files: JoinedFile[] = [];
    for (const path of paths) {
      const file = this.#cache.get(path);
      if (file === undefined) return undefined;
      files.push(file.joined);
    }
    return files;
  }
}

// A function of its own, so that what it makes holds on to its own file and not to the whole listing.
function cachedFile(
  file: ListedFile,
  documents: FileDocuments,
  reread: Reread = () => rereadText(file),
): CachedFile {
  return { stamp: file.stamp, joined: joinedFile(documents, new RereadSource(file.path, reread)) };
}

/** In this thread, which is held up by each file for as long as that takes. */
export function readFilesHere(options: ReadOptions = {}): ReadFiles {
  return async (files, onRead) => {
    for (const file of files) onRead(await readListedFile(file, options));
  };
}
