/**
 * Reads a folder of documents again and again, and each file only when it changed.
 *
 *   listing ─► files whose stamp is new ─► read, here or in another thread ─┐
 *           └► files whose stamp is as it was ─► what they said, and ───────┴─► joinDocuments()
 *                                                what was wrong with them
 *
 * So one edit costs what its file costs, and a walk over the summaries of the zones. What a file said is
 * kept without its text and without records: for a zone, its image and some hundred octets.
 * Lives as long as the server.
 *
 * @module
 */
import type { Fault } from "../lib/fault.ts";
import type { Configuration } from "./configuration.ts";
import type { FileDocuments, ReadOptions } from "./file-documents.ts";
import type { FolderListing, ListedFile } from "./folder.ts";
import { type JoinedFile, joinDocuments, joinedFile, type LoadedDocuments } from "./parse-documents.ts";
import { type ReadFile, readListedFile, rereadText } from "./read-file.ts";
import { RereadSource } from "./source.ts";

/** Reads files, and gives each one as it is done with it, in any order. */
export type ReadFiles = (files: readonly ListedFile[], onRead: (file: ReadFile) => void) => Promise<void>;

interface CachedFile extends JoinedFile {
  readonly stamp: string;
}

export class DocumentReader {
  readonly #readFiles: ReadFiles;
  /** By path. Unread files are not here: they are tried again each time. */
  #cache: ReadonlyMap<string, CachedFile> = new Map();

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
    const cache = new Map<string, CachedFile>();
    const changed: ListedFile[] = [];
    for (const file of files.values()) {
      const cached = this.#cache.get(file.path);
      if (cached?.stamp === file.stamp) cache.set(file.path, cached);
      else changed.push(file);
    }
    await readFiles(changed, (read) => {
      if ("unread" in read) {
        unread.push(read.unread);
        return;
      }
      cache.set(read.file, cachedFile(files.get(read.file)!, read));
    });
    this.#cache = cache;
    return joinDocuments([...cache.values()], { previous, unread });
  }

  /** What was read of a file under one stamp is known to be what it says under another. */
  restamp(before: ListedFile, after: ListedFile): void {
    const cached = this.#cache.get(before.path);
    if (cached?.stamp !== before.stamp) return;
    const cache = new Map(this.#cache);
    cache.set(after.path, cachedFile(after, cached.documents));
    this.#cache = cache;
  }
}

// A function of its own, so that what it makes holds on to its own file and not to the whole listing.
function cachedFile(file: ListedFile, documents: FileDocuments): CachedFile {
  const source = new RereadSource(file.path, () => rereadText(file));
  return { stamp: file.stamp, ...joinedFile(documents, source) };
}

/** In this thread, which is held up by each file for as long as that takes. */
export function readFilesHere(options: ReadOptions = {}): ReadFiles {
  return async (files, onRead) => {
    for (const file of files) onRead(await readListedFile(file, options));
  };
}
