/**
 * Edits documents in the text of a YAML file and leaves the rest of it as somebody wrote it: comments, order,
 * blank lines, and the very octets outside of what changes.
 *
 *   text ─► parsed, changed, written out ─► the smallest entry that holds a change is cut out ─► put into the old text
 *
 * Where the text is plain, all this is done with no more of it than the entry that changes (yaml-extract.ts), and where values
 * on one line change, within that line (inline-edit.ts): an edit of one record in a file of a thousand takes a millisecond rather
 * than half a second.
 *
 * An entry is a key with its value: a record's owner, a key of a pool, a whole document. Where one comes or goes, the
 * entry around it is written anew, with its comments. What comes out is read once more and must say what was meant.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type Scalar,
  type ToStringOptions,
} from "yaml";
import { entriesOf, entryText, type FileEntry } from "../../documents/file-entries.ts";
import { readQuickYaml } from "../../documents/quick-yaml.ts";
import { type DocumentBody, type Edit, type PartChange, partsBetween } from "../change.ts";
import { DOCUMENT_KINDS, type DocumentKey, idOf, kindOf } from "../document-key.ts";
import { editInline } from "./inline-edit.ts";
import { extractAt } from "./yaml-extract.ts";

interface Parsed {
  readonly text: string;
  readonly document: Document.Parsed;
}

/** The body of a document, or null when the file has none of this name. */
export function readBody(text: string, key: DocumentKey): DocumentBody | null {
  const entry = entriesOf(text)?.get(key);
  const own = entry && readText(entryText(text, entry));
  return bodyIn(own?.isPlain === true ? own.value : readValue(text), key);
}

/** Does a text that can be read define any document? */
export function holdsDocuments(text: string): boolean {
  if (entriesOf(text) !== undefined) return true;
  const value = readValue(text) as Record<string, object | null> | null;
  return DOCUMENT_KINDS.some((kind) => Object.keys(value?.[kind] ?? {}).length > 0);
}

/**
 * The text with these edits made. A document that is not in the file is put at the end of its kind.
 * `text` parses without errors; throws RangeError when an edit cannot be put in without changing anything else.
 */
export function editYaml(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const edit of edits) result = editOne(result, edit);
  return result;
}

function editOne(text: string, { key, body }: Edit): string {
  return editEntry(text, { key, body }) ?? editText(text, { key, body });
}

/** With the lines of the document alone; undefined where it comes or goes, or is not plain. */
function editEntry(text: string, { key, body }: Edit): string | undefined {
  const entry = body === null ? undefined : entriesOf(text)?.get(key);
  if (entry === undefined) return undefined;
  const own = entryText(text, entry);
  const { value, isPlain } = readText(own);
  if (!isPlain) return undefined;
  const parts = partsBetween(key, bodyIn(value, key), body);
  if (parts.length === 0) return text;
  const edited = editExtract(own, value, { changes: changesOf(key, parts), style: styleOf(text) });
  const [now, ...others] = entriesOf(edited ?? "")?.values() ?? [];
  if (edited === undefined || now?.id !== entry.id || now.start !== headOf(entry) || others.length > 0)
    return undefined;
  return text.slice(0, entry.start) + edited.slice(now.start) + text.slice(entry.end);
}

function headOf({ kind }: FileEntry): number {
  return kind.length + ":\n".length;
}

function editText(text: string, { key, body }: Edit): string {
  const value = readValue(text);
  const parts = partsBetween(key, bodyIn(value, key), body);
  if (parts.length === 0) return text;
  const [changes, style] = [changesOf(key, parts), styleOf(text)];
  const result = editExtract(text, value, { changes, style }) ?? editWhole(text, changes, style);
  if (result === undefined) throw new RangeError(`${key} cannot be edited in its file`);
  return result;
}

/** What is to stand at a path from the top of a file; undefined: nothing. */
interface Placed {
  readonly path: readonly string[];
  readonly after: PartChange["after"];
}

function changesOf(key: DocumentKey, parts: readonly PartChange[]): Placed[] {
  return parts.map(({ path, after }) => ({ path: [kindOf(key), idOf(key), ...path], after }));
}

/** Undefined where the change has no entry of its own, or the text is not plain. */
function editExtract(
  text: string,
  value: unknown,
  { changes, style }: { changes: readonly Placed[]; style: ToStringOptions },
): string | undefined {
  const [first, ...others] = changes.map(({ path }) => path);
  let shared = first!.length;
  for (const other of others) {
    const differs = first!.findIndex((step, depth) => depth >= other.length || other[depth] !== step);
    shared = Math.min(shared, differs < 0 ? shared : differs);
  }
  // What comes or goes changes the entry around it.
  if (changes.some(({ path, after }) => path.length === shared && (after === undefined || !has(value, path))))
    shared--;
  const extract = extractAt(text, first!.slice(0, shared), DOCUMENT_DEPTH);
  if (extract === undefined) return undefined;
  const head = extract.text.slice(0, extract.headLength);
  const wanted = changes.reduce((before, { path, after }) => withValue(before, path, after), value);
  const settle = (edited: string | undefined) => {
    if (edited?.startsWith(head) !== true) return undefined;
    const own = edited.slice(head.length).replace(/\n$/, "");
    const result = text.slice(0, extract.start) + own + text.slice(extract.end);
    const read = readText(result);
    return read.isPlain && isDeepStrictEqual(read.value, wanted) ? result : undefined;
  };
  const inline = editInline(extract.text, changes, style.flowCollectionPadding !== false);
  return settle(inline) ?? settle(editWhole(extract.text, changes, style));
}

/** An extract is a document or a part of one: `zones`, `example.com`. */
const DOCUMENT_DEPTH = 2;

function editWhole(text: string, changes: readonly Placed[], style: ToStringOptions): string | undefined {
  const source = parseText(text);
  const { document } = parseText(text);
  for (const { path, after } of changes) put(document, path, after);
  const wanted: unknown = document.toJS();
  const written = parseText(document.toString(style));
  const splices = changes.map(({ path }) => spliceOf(source, written, path));
  const known = splices.filter((splice) => splice !== undefined);
  if (known.length === splices.length) {
    const result = splice(text, known);
    if (says(result, wanted)) return result;
  }
  return says(written.text, wanted) ? written.text : undefined;
}

function has(value: unknown, path: readonly string[]): boolean {
  let at = value;
  for (const step of path) {
    if (!isPlainObject(at) || !Object.hasOwn(at, step)) return false;
    at = at[step];
  }
  return true;
}

/** A copy that shares what is not on the path; the map that holds the last step is there. */
function withValue(value: unknown, [step, ...rest]: readonly string[], after: unknown): unknown {
  if (step === undefined) return after;
  const copy = { ...(value as Record<string, unknown>) };
  if (rest.length === 0 && after === undefined) delete copy[step];
  else copy[step] = withValue(copy[step], rest, after);
  return copy;
}

/** What a text says. Nobody changes the value. */
interface ReadText {
  readonly value: unknown;
  readonly isPlain: boolean;
}

/**
 * The last few texts: one edit asks some five times what its file says, before and after. Larger ones would take more memory
 * than that is worth.
 */
const readTexts = new Map<string, ReadText>();
const READ_TEXTS_MAX = 4;
const READ_LENGTH_MAX = 512 * 1024;

/** Of a text without errors. */
function readText(text: string): ReadText {
  const known = readTexts.get(text);
  if (known !== undefined) return known;
  const quick = readQuickYaml(text);
  const read = {
    isPlain: quick !== undefined,
    value: quick === undefined ? parseDocument(text).toJS() : quick.value,
  };
  if (text.length > READ_LENGTH_MAX) return read;
  if (readTexts.size >= READ_TEXTS_MAX) readTexts.delete(readTexts.keys().next().value!);
  readTexts.set(text, read);
  return read;
}

function readValue(text: string): unknown {
  return readText(text).value;
}

function parseText(text: string): Parsed {
  return { text, document: parseDocument(text) };
}

/** As the file is written: how far it indents, and whether lists stand further in than their key. */
function styleOf(text: string): ToStringOptions {
  const indent =
    /^(?: *#.*\n|\n|---.*\n)*[^ #\n][^\n]*:[^\n]*\n(?: *#.*\n|\n)*( +)[^ #\n]/m.exec(text)?.[1]?.length ?? 2;
  const isListInside = !/^( *)[^ #\n-][^\n]*:[ ]*\n\1- /m.test(text);
  return { indent, indentSeq: isListInside, lineWidth: 0, flowCollectionPadding: !/\{[^ }]/.test(text) };
}

/** Replaces each part of the text; one that lies in another is part of that one. */
function splice(text: string, splices: readonly Splice[]): string {
  let result = text;
  let start = text.length + 1;
  const order = [...splices].sort((a, b) => b.end - a.end || a.start - b.start);
  for (const each of order) {
    if (each.end > start || (each.end === start && each.start === start)) continue;
    result = result.slice(0, each.start) + each.replacement + result.slice(each.end);
    start = each.start;
  }
  return result;
}

function says(text: string, wanted: unknown): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted);
}

function bodyIn(value: unknown, key: DocumentKey): DocumentBody | null {
  const body = (value as Record<string, Record<string, unknown> | null> | null)?.[kindOf(key)]?.[idOf(key)];
  return body === undefined ? null : (body as DocumentBody);
}

/** Sets, changes or (undefined) deletes what stands at a path; nodes that stay keep their comments. */
function put(document: Document, path: readonly string[], value: unknown): void {
  if (value === undefined) {
    document.deleteIn(path);
    return;
  }
  const node = document.getIn(path, true);
  if (node === undefined) {
    // A parent that is there but empty (`pools:`) is a null, not a map.
    for (let length = 1; length < path.length; length++) {
      const parent = document.getIn(path.slice(0, length), true);
      if (parent === undefined || (isScalar(parent) && parent.value === null)) {
        document.setIn(path.slice(0, length), document.createNode({}));
      }
    }
    document.setIn(path, document.createNode(value));
  } else {
    const merged = merge(document, node, value);
    if (merged !== node) document.setIn(path, merged);
  }
}

/** The node changed so that it says `value`, or another where its kind is another. */
function merge(document: Document, node: unknown, value: unknown): unknown {
  if (isScalar(node) && (typeof value !== "object" || value === null)) {
    if (node.value !== value) {
      node.value = value;
      delete (node as Partial<Scalar>).source;
    }
    return node;
  }
  if (isMap(node) && isPlainObject(value)) {
    for (const key of node.items.map((pair) => keyText(pair)))
      if (!Object.hasOwn(value, key)) node.delete(key);
    for (const [key, item] of Object.entries(value)) {
      const old = node.get(key, true);
      if (old === undefined) node.set(document.createNode(key), document.createNode(item));
      else node.set(key, merge(document, old, item));
    }
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) {
    const old = [...node.items];
    const olds = old.map(
      (item) => (isCollection(item) || isScalar(item) ? item.toJS(document) : item) as unknown,
    );
    // An item that is still there keeps its node; the others take the places that are left, in order.
    const isTaken = new Set<number>();
    const places = value.map((item) => {
      const at = olds.findIndex((other, i) => !isTaken.has(i) && isDeepStrictEqual(other, item));
      if (at >= 0) isTaken.add(at);
      return at;
    });
    node.items = value.map((item, i) => {
      const at = places[i]!;
      if (at >= 0) return old[at];
      if (i < old.length && !isTaken.has(i)) {
        isTaken.add(i);
        return merge(document, old[i], item);
      }
      return document.createNode(item);
    });
    return node;
  }
  return document.createNode(value);
}

interface Splice {
  /** In the old text. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** The smallest entry around a path that stands in both texts; undefined when there is none. */
function spliceOf(source: Parsed, written: Parsed, path: readonly string[]): Splice | undefined {
  for (let length = path.length; length > 0; length--) {
    const from = entryAt(source, path.slice(0, length));
    const to = entryAt(written, path.slice(0, length));
    if (from === undefined || to === undefined) continue;
    const entry = written.text.slice(to.start, to.end);
    return { start: from.start, end: from.end, replacement: reindent(entry, from.column - to.column) };
  }
  return undefined;
}

/** Where an entry of a block map begins and ends, without the line break behind it. */
function entryAt({ text, document }: Parsed, path: readonly string[]) {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent) || parent.flow === true) return undefined;
  const pair = parent.items.find((item) => keyText(item) === path.at(-1));
  if (pair === undefined || !isScalar(pair.key) || pair.key.range == null) return undefined;
  const start = pair.key.range[0];
  const value = isScalar(pair.value) || isCollection(pair.value) ? pair.value.range : null;
  const end = start + text.slice(start, value?.[1] ?? pair.key.range[1]).trimEnd().length;
  return { start, end, column: start - (text.lastIndexOf("\n", start - 1) + 1) };
}

function reindent(text: string, by: number): string {
  if (by === 0) return text;
  const [first, ...rest] = text.split("\n");
  return [
    first,
    ...rest.map((line) => {
      if (line === "") return line;
      return by > 0
        ? " ".repeat(by) + line
        : line.slice(Math.min(-by, line.length - line.trimStart().length));
    }),
  ].join("\n");
}

function keyText(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
