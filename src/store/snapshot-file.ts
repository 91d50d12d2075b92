/**
 * The last good configuration on this node's disk, for a start without the store, and to restore one that lost
 * everything. Two files in the data folder:
 *
 *   snapshot.documents   windrose-snapshot 1 SEQUENCE GENERATION ID
 *                        STAMP KEY JSON                              one line for each document; KEY is URL-encoded
 *                        sha256 HEX                                  of all lines before
 *   snapshot.changes     HEX {"sequence":…,"generation":…,"id":…,"edits":[[KEY,STAMP,JSON text or null],…]}
 *                                                                    one line for each write since, with its checksum
 *
 * So an edit among a million records writes a line and not 80 MB. The first file is written anew when the second has
 * grown large. Each is synced before it counts. Lines whose sequence is not beyond the first file's are of an older
 * one. What is damaged is said, and not used; a last line that a crash cut short is as if it had never been written.
 *
 * Writing is off the query path: one write at a time, and what comes meanwhile goes into the next one.
 *
 * @module
 */
import { createHash, hash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { FolderListing, ListedFile } from "../documents/folder.ts";
import { writeDurably } from "../lib/durable-file.ts";
import { type Head, isSameHead, listingOf, NO_HEAD, sourceFile } from "./stamp.ts";

const FORMAT = "windrose-snapshot 1";
const CHECKSUM_LENGTH = 16;
/** Edits wait so long for others to be written with: a sync costs a disk some milliseconds. */
const WRITE_PAUSE_MS = 200;
/** The changes are folded into the documents when they are larger than this, and than half of those. */
const CHANGES_OCTETS_MAX = 16 * 1024 * 1024;
/** Beyond it, one read of the whole file is less work than one for each document. */
const SINGLE_READS_MAX = 1000;
const CHUNK_LENGTH = 1024 * 1024;

/** A document's text, with the source that it was listed as. */
export type KeptText = readonly [file: ListedFile, text: string];

/** Gives the texts of these sources; those that it has not, or not any more, are left out. */
export type ReadTexts = (files: readonly ListedFile[]) => AsyncIterable<KeptText>;

/** Where the text of a document is. */
interface Place {
  readonly file: ListedFile;
  readonly in: "documents" | "changes";
  readonly offset: number;
  readonly length: number;
}

interface Write {
  readonly head: Head;
  readonly listing: FolderListing;
  readonly readTexts: ReadTexts;
}

export class SnapshotFile {
  readonly #documentsPath: string;
  readonly #changesPath: string;
  readonly #log: Logger;
  readonly #places = new Map<string, Place>();
  #head: Head = NO_HEAD;
  #sequence = 0;
  #documentsLength = 0;
  #changesLength = 0;
  #next: Write | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;
  readonly #closing = new AbortController();

  private constructor(dir: string, log: Logger) {
    this.#documentsPath = join(dir, "snapshot.documents");
    this.#changesPath = join(dir, "snapshot.changes");
    this.#log = log;
  }

  /** Reads what is there, in a folder that is made if need be. Rejects with the system's error when it may not. */
  static async open(dir: string, log: Logger): Promise<SnapshotFile> {
    await mkdir(dir, { recursive: true });
    const snapshot = new SnapshotFile(dir, log);
    if (await snapshot.#readDocuments()) await snapshot.#readChanges();
    return snapshot;
  }

  /** What the documents are as a whole; undefined when there is nothing of use. */
  get head(): Head | undefined {
    return this.#head.generation > 0 ? this.#head : undefined;
  }

  get listing(): FolderListing {
    return listingOf(new Map([...this.#places].map(([key, { file }]) => [key, file])));
  }

  /** Texts of those documents that are here as they are listed. */
  async *texts(files: readonly ListedFile[]): AsyncGenerator<KeptText> {
    const found: [ListedFile, Place][] = [];
    for (const file of files) {
      const place = this.#places.get(file.path);
      if (place?.file.stamp === file.stamp) found.push([file, place]);
    }
    for (const part of ["documents", "changes"] as const) {
      const here = found.filter(([, place]) => place.in === part);
      if (here.length === 0) continue;
      const path = part === "documents" ? this.#documentsPath : this.#changesPath;
      const handle = await open(path, "r");
      try {
        const whole = here.length > SINGLE_READS_MAX ? await handle.readFile() : undefined;
        for (const [i, [file, { offset, length }]] of here.entries()) {
          const octets = whole?.subarray(offset, offset + length) ?? (await readAt(handle, offset, length));
          const line = octets.toString();
          const text = part === "documents" ? textOfDocument(line, file) : textOfChange(line, file);
          if (text !== undefined) yield [file, text];
          // A document takes about a millisecond of whoever reads it.
          if (i % 8 === 7) await nextTurn();
        }
      } finally {
        await handle.close();
      }
    }
  }

  /** Has this written soon, unless something newer comes before that. */
  write(head: Head, listing: FolderListing, readTexts: ReadTexts): void {
    if (this.#isClosed || isSameHead(head, this.#head)) return;
    this.#next = { head, listing, readTexts };
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when what was to be written is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      try {
        await this.#write(next);
      } catch (error) {
        this.#log.error({ err: error }, "the snapshot on disk cannot be written; the one before stays");
      }
      if (this.#next !== undefined)
        await sleep(WRITE_PAUSE_MS, undefined, { signal: this.#closing.signal }).catch(() => {});
    }
    this.#writing = undefined;
  }

  async #write({ head, listing, readTexts }: Write): Promise<void> {
    const changed: ListedFile[] = [];
    for (const file of listing.files.values())
      if (this.#places.get(file.path)?.file.stamp !== file.stamp) changed.push(file);
    const gone = [...this.#places.keys()].filter((key) => !listing.files.has(key));
    const octets = changed.reduce((sum, { size }) => sum + size, 0);
    const isLarge =
      this.#changesLength + octets > Math.max(CHANGES_OCTETS_MAX, this.#documentsLength / 2) ||
      this.#documentsLength === 0;
    if (isLarge) await this.#writeDocuments(head, listing, readTexts);
    else await this.#writeChange(head, changed, gone, readTexts);
  }

  /** All anew. Texts that were changed since make it no configuration yet: then the next write completes it. */
  async #writeDocuments(head: Head, listing: FolderListing, readTexts: ReadTexts): Promise<void> {
    const places = new Map<string, Place>();
    const sequence = this.#sequence + 1;
    const files = [...listing.files.values()];
    let length = 0;
    // The head goes to the end, for only there it is known whether it is true.
    async function* lines(): AsyncGenerator<Buffer> {
      const digest = createHash("sha256");
      let chunk = `${FORMAT} ${sequence}\n`;
      let at = Buffer.byteLength(chunk);
      const take = () => {
        const octets = Buffer.from(chunk);
        digest.update(octets);
        length += octets.length;
        chunk = "";
        return octets;
      };
      for await (const [file, text] of readTexts(files)) {
        const line = `${startOf(file)}${oneLine(text)}\n`;
        const lineLength = Buffer.byteLength(line);
        places.set(file.path, { file, in: "documents", offset: at, length: lineLength });
        at += lineLength;
        chunk += line;
        if (chunk.length >= CHUNK_LENGTH) yield take();
      }
      const { generation, id } = places.size === files.length ? head : NO_HEAD;
      chunk += `${generation} ${id}\n`;
      yield take();
      yield Buffer.from(`sha256 ${digest.digest("hex")}\n`);
    }
    await writeDurably(this.#documentsPath, lines());
    this.#sequence = sequence;
    this.#head = places.size === files.length ? head : NO_HEAD;
    this.#documentsLength = length;
    this.#places.clear();
    for (const [key, place] of places) this.#places.set(key, place);
    await writeDurably(this.#changesPath, "");
    this.#changesLength = 0;
  }

  async #writeChange(
    head: Head,
    changed: readonly ListedFile[],
    gone: readonly string[],
    readTexts: ReadTexts,
  ): Promise<void> {
    const edits: [string, string, string | null][] = [];
    for await (const [{ path, stamp }, text] of readTexts(changed)) edits.push([path, stamp, text]);
    if (edits.length < changed.length) return; // changed since: what comes next has it
    for (const key of gone) edits.push([key, "", null]);
    const sequence = this.#sequence + 1;
    const json = JSON.stringify({ sequence, ...head, edits });
    const line = Buffer.from(`${checksum(json)} ${json}\n`);
    const handle = await open(this.#changesPath, "r+");
    try {
      // Not appended: what a failed write left behind is written over.
      await handle.write(line, 0, line.length, this.#changesLength);
      await handle.truncate(this.#changesLength + line.length);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    this.#take({ sequence, ...head, edits }, this.#changesLength, line.length);
    this.#changesLength += line.length;
  }

  #take({ sequence, generation, id, edits }: WrittenChange, offset: number, length: number): void {
    for (const [key, stamp, text] of edits) {
      if (text === null) this.#places.delete(key);
      else this.#places.set(key, { file: sourceFile(key, { stamp, text }), in: "changes", offset, length });
    }
    this.#sequence = sequence;
    this.#head = { generation, id };
  }

  /** True when there are documents. */
  async #readDocuments(): Promise<boolean> {
    const octets = await readIfThere(this.#documentsPath);
    if (octets === undefined) return false;
    const end = octets.lastIndexOf(NEWLINE, octets.length - 2) + 1;
    const digest = createHash("sha256").update(octets.subarray(0, end)).digest("hex");
    const [first, ...lines] = linesOf(octets.subarray(0, end));
    const sequence = new RegExp(`^${FORMAT} (\\d+)$`).exec(
      first === undefined ? "" : textOf(octets, first),
    )?.[1];
    const last = lines.pop();
    if (
      octets.subarray(end).toString() !== `sha256 ${digest}\n` ||
      sequence === undefined ||
      last === undefined
    ) {
      this.#log.error(
        { file: this.#documentsPath },
        "the snapshot on disk is damaged, and not used; it is written anew with the next generation",
      );
      return false;
    }
    for (const line of lines) {
      const stampEnd = octets.indexOf(SPACE, line.offset);
      const keyEnd = octets.indexOf(SPACE, stampEnd + 1);
      const key = decodeURIComponent(octets.toString("latin1", stampEnd + 1, keyEnd));
      const stamp = octets.toString("latin1", line.offset, stampEnd);
      const file = sourceFile(key, { stamp, octets: line.offset + line.length - keyEnd - 1 });
      this.#places.set(key, { file, in: "documents", offset: line.offset, length: line.length + 1 });
    }
    const [generation, id] = textOf(octets, last).split(" ") as [string, string];
    this.#head = { generation: Number(generation), id };
    this.#sequence = Number(sequence);
    this.#documentsLength = octets.length;
    return true;
  }

  async #readChanges(): Promise<void> {
    const octets = await readIfThere(this.#changesPath);
    if (octets === undefined) {
      await writeDurably(this.#changesPath, "");
      return;
    }
    for (const { offset, length } of linesOf(octets)) {
      const line = textOf(octets, { offset, length });
      const json = line.slice(CHECKSUM_LENGTH + 1);
      if (line.slice(0, CHECKSUM_LENGTH) !== checksum(json)) {
        const isLast = offset + length + 1 >= octets.length;
        if (!isLast || octets.at(-1) === NEWLINE)
          this.#log.error(
            { file: this.#changesPath, generation: this.#head.generation },
            "the snapshot on disk is damaged; it is used as far as it is whole",
          );
        break;
      }
      const change = JSON.parse(json) as WrittenChange;
      if (change.sequence > this.#sequence) this.#take(change, offset, length + 1);
      this.#changesLength = offset + length + 1;
    }
  }
}

interface WrittenChange extends Head {
  readonly sequence: number;
  readonly edits: readonly [key: string, stamp: string, text: string | null][];
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Undefined when this is another line: the file was written anew in between. */
function textOfDocument(line: string, file: ListedFile): string | undefined {
  const start = startOf(file);
  return line.startsWith(start) && line.endsWith("\n") ? line.slice(start.length, -1) : undefined;
}

function textOfChange(line: string, file: ListedFile): string | undefined {
  const json = line.slice(CHECKSUM_LENGTH + 1, -1);
  if (line.slice(0, CHECKSUM_LENGTH) !== checksum(json)) return undefined;
  const { edits } = JSON.parse(json) as WrittenChange;
  return edits.find(([key, stamp]) => key === file.path && stamp === file.stamp)?.[2] ?? undefined;
}

function startOf({ path, stamp }: ListedFile): string {
  return `${stamp} ${encodeURIComponent(path)} `;
}

/** JSON needs no newline; who writes by hand may have put some in. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]/g, " ");
}

function checksum(json: string): string {
  return hash("sha256", json).slice(0, CHECKSUM_LENGTH);
}

interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Without their newlines. */
function linesOf(octets: Buffer): Span[] {
  const spans: Span[] = [];
  for (let offset = 0; offset < octets.length; ) {
    const found = octets.indexOf(NEWLINE, offset);
    const end = found < 0 ? octets.length : found;
    spans.push({ offset, length: end - offset });
    offset = end + 1;
  }
  return spans;
}

function textOf(octets: Buffer, { offset, length }: Span): string {
  return octets.toString("utf8", offset, offset + length);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer } = await handle.read({ buffer: Buffer.alloc(length), position });
  return buffer;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
