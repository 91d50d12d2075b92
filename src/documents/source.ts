/**
 * One YAML file: what it says, and where each key and value of it stands.
 *
 *   text ─► quick-yaml ──(not plain)──► the yaml library ──► value
 *                 locate(path) ─► read again with positions ─► line and column
 *
 * Positions are worked out when the first fault is found; a good file never pays for them.
 * A Source lives while its file is read. Faults that only show when all files are seen together
 * find their places by a RereadSource, so that the texts need not be kept.
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { Fault } from "../lib/fault.ts";
import { nearestWord } from "../lib/nearest.ts";
import { type QuickPositions, readQuickYaml } from "./quick-yaml.ts";

/** Keys and indexes from the top of a file. */
export type Path = readonly (string | number)[];

/** What of an entry a fault is about. */
export type Part = "key" | "value";

/** The file as it was read; `text` is decoded and has no byte order mark. */
export interface SourceFile {
  /** Path as the operator gave it. */
  readonly file: string;
  readonly text: string;
  /** What it says, where that is known: then the text is only asked for to point at a place in it. */
  readonly value?: unknown;
  /** How many lines of the file stand above the text. */
  readonly linesAbove?: number;
  readonly modifiedMs: number;
}

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Says where things stand in one file. */
export interface Locator {
  readonly file: string;
  /** Where a key or a value stands; of a path that is not there, the nearest part that is. */
  locate(path: Path, part: Part): Position;
  fault(path: Path, part: Part, severity: Fault["severity"], message: string): Fault;
}

export class Source implements Locator {
  readonly file: string;
  /** With a value, these are keys that stand twice: the first counts. */
  readonly faults: Fault[] = [];
  /** Null when the file is empty, and undefined when it is no YAML. */
  readonly value: unknown;
  /** Each entry says by itself what it says in the file: nothing in it stands for something elsewhere. */
  readonly isPlain: boolean;
  readonly #source: Pick<SourceFile, "text" | "linesAbove">;
  #lineStarts: number[] | undefined;
  #document: Document.Parsed | undefined;
  #quickPositions: QuickPositions | undefined;
  #quickValue: unknown;

  constructor(source: Pick<SourceFile, "file" | "text" | "value" | "linesAbove">) {
    this.file = source.file;
    this.#source = source;
    const quick = source.value === undefined ? readQuickYaml(source.text) : source;
    this.isPlain = quick !== undefined;
    this.value = quick === undefined ? this.#readWithCare() : quick.value;
  }

  get #text(): string {
    return this.#source.text;
  }

  locate(path: Path, part: Part): Position {
    if (this.#document !== undefined)
      return this.#lineAndColumn(locateInDocument(this.#document, path, part));
    if (this.#quickPositions === undefined) {
      this.#quickPositions = new Map();
      const quick = readQuickYaml(this.#text, this.#quickPositions);
      if (quick === undefined) {
        // The value came without the text, and the text is not plain.
        this.#document = parseDocument(this.#text, { prettyErrors: false, logLevel: "error" });
        return this.locate(path, part);
      }
      this.#quickValue = quick.value;
    }
    let offset = 0;
    let at: unknown = this.#quickValue;
    for (const [depth, step] of path.entries()) {
      const entry =
        typeof at === "object" && at !== null ? this.#quickPositions.get(at)?.get(step) : undefined;
      if (entry === undefined) break;
      offset = part === "key" || depth < path.length - 1 ? entry.key : entry.value;
      at = (at as Record<string | number, unknown>)[step];
    }
    return this.#lineAndColumn(offset);
  }

  fault(path: Path, part: Part, severity: Fault["severity"], message: string): Fault {
    return { severity, file: this.file, ...this.locate(path, part), message, path };
  }

  #readWithCare(): unknown {
    try {
      return this.#readByLibrary();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // The library recurses; a file of brackets only ends its stack.
      this.#document = undefined;
      this.#addError(1, 1, "maps and lists nest too deep to be read; documents need a dozen levels");
      return undefined;
    }
  }

  #readByLibrary(): unknown {
    // Uniqueness of keys is checked below: the library compares each key with each other.
    const document = parseDocument(this.#text, {
      merge: true,
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
    });
    this.#document = document;
    const lines = new Set<number>();
    const codes = new Set<string>();
    for (const error of [...document.errors, ...document.warnings]) {
      let offset = error.pos[0];
      while (this.#text[offset] === " ") offset++;
      const { line, column } = this.#lineAndColumn(offset);
      // One mistake brings others like it, further down too; the first is the one to mend.
      if (lines.has(line) || codes.has(error.code)) continue;
      lines.add(line);
      codes.add(error.code);
      this.#addError(line, column, describeYamlError(error));
    }
    if (lines.size > 0) return undefined;
    if (!this.#checkKeys(document)) return undefined;
    return this.#toPlain(document);
  }

  #addError(line: number, column: number, message: string): void {
    this.faults.push({ severity: "error", file: this.file, line, column, message });
  }

  /**
   * Of a key that stands twice the first value counts, so that the rest of the file can be looked at.
   * False when there is a fault that leaves nothing to look at.
   */
  #checkKeys(document: Document.Parsed): boolean {
    const doubles = new Map<YAMLMap, Set<unknown>>();
    visit(document, {
      Node: (_key, node) => {
        const tag = isAlias(node) ? undefined : node.tag;
        if (tag === undefined || PLAIN_TAGS.has(tag)) return;
        const { line, column } = this.#lineAndColumn(offsetOf(node) ?? 0);
        const shown = tag.replace("tag:yaml.org,2002:", "!!");
        this.#addError(
          line,
          column,
          `the tag ${shown}, which documents have no use for; write a plain value`,
        );
        return visit.SKIP;
      },
    });
    visit(document, {
      Map: (_key, map) => {
        const seen = new Map<string, number>();
        for (const pair of map.items) {
          const { key } = pair;
          const offset = offsetOf(key) ?? 0;
          const { line, column } = this.#lineAndColumn(offset);
          if (!isScalar(key)) {
            this.#addError(
              line,
              column,
              "a key that is a map, a list or an alias; wanted a text, in quotes if it begins with * or &",
            );
            continue;
          }
          const text = String(key.value);
          const first = seen.get(text);
          if (first === undefined) seen.set(text, offset);
          else if (text !== "<<") {
            const at = this.#lineAndColumn(first);
            this.#addError(
              line,
              column,
              `the key "${text}" stands twice in one map, first at line ${at.line}; keep one of them`,
            );
            const pairs = doubles.get(map) ?? new Set();
            doubles.set(map, pairs.add(pair));
          }
        }
      },
      Alias: (_key, alias) => {
        if (alias.resolve(document) !== undefined) return;
        const { line, column } = this.#lineAndColumn(offsetOf(alias) ?? 0);
        const anchors = new Set<string>();
        visit(document, {
          Node: (_, node) => void ("anchor" in node && node.anchor !== undefined && anchors.add(node.anchor)),
        });
        const nearest = nearestWord(alias.source, anchors);
        const hint =
          nearest === undefined
            ? `set it with &${alias.source} before this place`
            : `did you mean *${nearest}?`;
        this.#addError(line, column, `the alias *${alias.source} has no anchor; ${hint}`);
      },
    });
    let doubled = 0;
    for (const [map, pairs] of doubles) {
      map.items = map.items.filter((pair) => !pairs.has(pair));
      doubled += pairs.size;
    }
    return this.faults.length === doubled;
  }

  /** Aliases are shared objects here, so a bomb costs nothing until it is walked: measure it first. */
  #toPlain(document: Document.Parsed): unknown {
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: -1 });
    } catch (error) {
      this.#addError(
        1,
        1,
        `${error instanceof Error ? error.message : String(error)}; write it out without the alias`,
      );
      return undefined;
    }
    const excess = excessNodes(value);
    if (excess <= ALIAS_NODES_MAX) return value;
    const what =
      excess === Infinity
        ? "an alias that stands within its own anchor"
        : `aliases that stand for more than ${ALIAS_NODES_MAX} values`;
    this.#addError(1, 1, `${what}; write it out, or use fewer`);
    return undefined;
  }

  #lineAndColumn(offset: number): Position {
    if (this.#lineStarts === undefined) {
      this.#lineStarts = [0];
      for (let at = this.#text.indexOf("\n"); at >= 0; at = this.#text.indexOf("\n", at + 1))
        this.#lineStarts.push(at + 1);
    }
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const { linesAbove = 0 } = this.#source;
    return { line: linesAbove + low + 1, column: offset - this.#lineStarts[low]! + 1 };
  }
}

/**
 * A file that was read before and let go. It is read again when a place in it is asked for; the
 * places that were found are kept, so a warning that comes with every load costs that once.
 */
export class RereadSource implements Locator {
  readonly file: string;
  #read: () => string | undefined;
  /** Undefined when not read yet, null when the file is not what it was. */
  #source: Source | null | undefined;
  readonly #found = new Map<string, Position>();

  /** `read` gives the text as it was, or undefined when it is another one by now. */
  constructor(file: string, read: () => string | undefined) {
    this.file = file;
    this.#read = read;
  }

  /** What the file says; undefined when it is not what it was. */
  get value(): unknown {
    return this.#reread()?.value;
  }

  locate(path: Path, part: Part): Position {
    const key = JSON.stringify([part, ...path]);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    // A file that changed meanwhile is about to be read, and its faults told, once more.
    const position = this.#reread()?.locate(path, part) ?? { line: 1, column: 1 };
    this.#found.set(key, position);
    return position;
  }

  fault(path: Path, part: Part, severity: Fault["severity"], message: string): Fault {
    return { severity, file: this.file, ...this.locate(path, part), message, path };
  }

  /** The same text is found in another way from now on. */
  moveTo(read: () => string | undefined): void {
    this.#read = read;
  }

  /** Lets the text go again. */
  forget(): void {
    this.#source = undefined;
  }

  #reread(): Source | null {
    if (this.#source === undefined) {
      const text = this.#read();
      this.#source = text === undefined ? null : new Source({ file: this.file, text });
    }
    return this.#source;
  }
}

/** Tags that say what a value is anyway. */
const PLAIN_TAGS = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/** What aliases may add to a file when all are written out. */
const ALIAS_NODES_MAX = 1_000_000;

/** How many nodes walking the value visits beyond those that there are; Infinity for a loop. */
function excessNodes(value: unknown): number {
  const sizes = new Map<object, number>();
  const open = new Set<object>();
  function size(node: unknown): number {
    if (typeof node !== "object" || node === null) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    if (open.has(node)) return Infinity;
    open.add(node);
    let sum = 1;
    for (const child of Object.values(node)) sum += size(child);
    open.delete(node);
    sizes.set(node, sum);
    return sum;
  }
  const walked = size(value);
  let written = 1;
  for (const node of sizes.keys()) written += Object.keys(node).length;
  return walked - written;
}

/** The library's codes in the words of our faults. */
export function describeYamlError(error: YAMLError): string {
  const missing = /(?:end with a|Missing closing|end with) ["']?([\]}"'])/.exec(error.message)?.[1];
  if (missing !== undefined)
    return `something is opened and not closed; ${missing} is missing before this place`;
  if (error.message.includes("all keys must be strings")) {
    return "a key that is a map, a list or an alias; wanted a text, in quotes if it begins with * or &";
  }
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "a tab in the indentation; indent with spaces";
    case "BAD_INDENT":
      return "this line is indented in a way that fits nothing above it; line it up with its neighbours";
    case "MULTIPLE_DOCS":
      return "a second YAML document in one file; give it a file of its own";
    case "MULTILINE_IMPLICIT_KEY":
    case "BLOCK_AS_IMPLICIT_KEY":
      return 'a text with ": " in it, or a key in the wrong place; put the text in quotes, or mend the indentation';
    case "BAD_ALIAS":
      return `an alias or anchor that cannot be (${error.message}); put the text in quotes if it is none`;
    case "TAG_RESOLVE_FAILED":
      return "a tag (!) that is not known here; drop it, or put the text in quotes";
    case "MISSING_CHAR":
      return `${lowerFirst(error.message)}; a bracket, quote, comma or colon is not there`;
    case "BAD_SCALAR_START":
      return `${lowerFirst(error.message)}; put the text in quotes`;
    default:
      return `not valid YAML: ${lowerFirst(error.message)}; mend what stands here`;
  }
}

function lowerFirst(text: string): string {
  const line = text.split("\n", 1)[0]!;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function locateInDocument(document: Document.Parsed, path: Path, part: Part): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    const collection = isAlias(node) ? node.resolve(document) : node;
    const entry = findEntry(document, collection, step);
    if (entry === undefined) break;
    const wanted = part === "key" || depth < path.length - 1 ? entry.key : entry.value;
    offset = offsetOf(wanted) ?? offsetOf(entry.key) ?? offsetOf(entry.value) ?? offset;
    node = entry.value;
  }
  return offset;
}

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

function findEntry(document: Document.Parsed, collection: unknown, step: string | number): Entry | undefined {
  if (isSeq(collection)) {
    const value = collection.items[Number(step)];
    return value === undefined ? undefined : { key: value, value };
  }
  if (!isMap(collection)) return undefined;
  const pair = collection.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  if (pair !== undefined) return pair;
  // Merged in by <<: the fault is where the anchor's map has it.
  for (const { key, value } of (collection as YAMLMap).items) {
    if (!isScalar(key) || key.value !== "<<") continue;
    const merged = isAlias(value) ? value.resolve(document) : value;
    for (const item of isSeq(merged) ? merged.items : [merged]) {
      const entry = findEntry(document, isAlias(item) ? item.resolve(document) : item, step);
      if (entry !== undefined) return entry;
    }
  }
  return undefined;
}

function offsetOf(node: unknown): number | undefined {
  if (isPair(node)) return offsetOf(node.key);
  if (!isNode(node)) return undefined;
  const range = (node as ParsedNode).range;
  // An empty value has no place of its own.
  if (
    range === undefined ||
    range === null ||
    (!isCollection(node) && !isAlias(node) && range[0] === range[1])
  )
    return undefined;
  return range[0];
}
