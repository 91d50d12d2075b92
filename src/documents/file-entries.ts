/**
 * A file of documents as the lines of each of them, where it is written plainly enough for that.
 *
 *   zones:                          zones/a.test    lines 2 to 3
 *     a.test:                 ─►    zones/b.test    lines 4 and 5
 *       records: …                  pools/web       line 7
 *     b.test:
 *       records: …
 *   pools:
 *     web: { members: [192.0.2.1] }
 *
 * An edit changes one document of a file that may hold hundreds. What is in quick-yaml's grammar keeps to its lines, so
 * such a file says what its entries say, each read by itself under a line with its kind.
 *
 * @module
 */
import { readQuickKey } from "./quick-yaml.ts";

export interface FileEntry {
  readonly kind: "zones" | "pools" | "monitors";
  /** As the file spells it. */
  readonly id: string;
  /** Its lines in the text, with comments behind it. */
  readonly start: number;
  readonly end: number;
  /** Of its first line, from 1. */
  readonly line: number;
}

/** By `kind/id`, in the order of the file. */
export type FileEntries = ReadonlyMap<string, FileEntry>;

/** The last few texts: one edit asks some times, before and after. */
const known = new Map<string, FileEntries | null>();
const KNOWN_MAX = 4;
/** Larger texts are not kept for it. */
const KNOWN_LENGTH_MAX = 512 * 1024;

/**
 * Undefined where the text is not laid out so. That it is says nothing of what is in the entries: who takes one by itself looks
 * whether it is plain.
 */
export function entriesOf(text: string): FileEntries | undefined {
  const found = known.get(text);
  if (found !== undefined) return found ?? undefined;
  const entries = findEntries(text);
  if (text.length <= KNOWN_LENGTH_MAX) {
    if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value!);
    known.set(text, entries ?? null);
  }
  return entries;
}

/** An entry as a file of its own; its first line is `ENTRY_LINE`. */
export function entryText(text: string, { kind, start, end }: FileEntry): string {
  return `${kind}:\n${text.slice(start, end)}`;
}

export const ENTRY_LINE = 2;

const HEAD = /(zones|pools|monitors):[ ]*(?:#[^\n]*)?(?=\n|$)/y;

function findEntries(text: string): FileEntries | undefined {
  const entries = new Map<string, FileEntry>();
  const kinds = new Set<string>();
  let kind: FileEntry["kind"] | undefined;
  /** Of the entries of this kind; 0 before the first. */
  let indent = 0;
  let open: Omit<FileEntry, "end"> | undefined;
  const close = (end: number) => {
    if (open !== undefined) entries.set(`${open.kind}/${open.id}`, { ...open, end });
    open = undefined;
  };
  for (let start = 0, line = 1; start < text.length; line++) {
    let at = start;
    while (text.charCodeAt(at) === SPACE) at++;
    const code = text.charCodeAt(at);
    const end = text.indexOf("\n", at) + 1 || text.length;
    const column = at - start;
    if (code !== NEWLINE && code !== HASH && at < text.length) {
      if (column === 0) {
        HEAD.lastIndex = at;
        const head = HEAD.exec(text)?.[1] as FileEntry["kind"] | undefined;
        // Each kind once, and none of them empty.
        if (head === undefined || kinds.has(head) || (kind !== undefined && indent === 0)) return undefined;
        close(start);
        kinds.add(head);
        kind = head;
        indent = 0;
      } else {
        if (kind === undefined || column < indent) return undefined;
        if (indent === 0 || column === indent) {
          indent = column;
          close(start);
          const id = readQuickKey(text, at);
          // Keys that look like numbers come first in a JavaScript object, wherever they stand.
          if (id === undefined || /^\d+$/.test(id) || entries.has(`${kind}/${id}`)) return undefined;
          open = { kind, id, start, line };
        }
      }
    }
    start = end;
  }
  close(text.length);
  return entries.size === 0 || indent === 0 ? undefined : entries;
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const HASH = 0x23;
