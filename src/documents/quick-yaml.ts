/**
 * Reads the plain part of YAML, some twenty times as fast as the yaml library: block maps and
 * lists, one-line flow collections, one-line scalars, comments. That is how nearly all
 * documents are written; a million records would take the library half a minute.
 *
 * What is not plain (anchors, tags, block scalars, texts over several lines, escapes, characters
 * beyond ASCII, a second document, and everything that is wrong) makes it give up, and the
 * library reads the file. So nothing is reported from here, and for what it does read a
 * test compares it with the library.
 *
 * The same run can note where each key and value stands, for faults that are found later.
 *
 * @module
 */

/** Where things stand in the text, as offsets: for each map and list, by key or index. */
export type QuickPositions = Map<object, Map<string | number, { key: number; value: number }>>;

/** The value of the text, or undefined when it has something that is not plain. */
export function readQuickYaml(text: string, positions?: QuickPositions): { value: unknown } | undefined {
  try {
    return { value: new QuickReader(text, positions).readDocument() };
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

/** The key that stands at an offset; undefined where none does, or not a plain one. */
export function readQuickKey(text: string, at: number): string | undefined {
  KEY.lastIndex = at;
  const match = KEY.exec(text);
  if (match === null) return undefined;
  const key = match[1] ?? match[2] ?? match[3]!;
  return key === "__proto__" ? undefined : key;
}

/** Thrown to give up. One object without a stack, for it is no error and may come often. */
const NOT_PLAIN = { reason: "not plain YAML" };

/** Deeper than documents go; keeps recursion off the end of the stack. */
const DEPTH_MAX = 32;

class QuickReader {
  readonly #text: string;
  readonly #positions: QuickPositions | undefined;
  /** The next character to read. */
  #at = 0;
  /** Of the current line, which has something on it; -1 at the end of the text. */
  #indent = 0;
  #depth = 0;

  constructor(text: string, positions: QuickPositions | undefined) {
    this.#text = text;
    this.#positions = positions;
  }

  readDocument(): unknown {
    this.#nextLine();
    if (this.#indent < 0) return null;
    if (this.#indent !== 0) throw NOT_PLAIN;
    const value = this.#readBlock(0);
    if (this.#indent >= 0) throw NOT_PLAIN;
    return value;
  }

  /** Moves from the start of a line to the first character of the next line that has one. */
  #nextLine(): void {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      const start = at;
      while (text.charCodeAt(at) === SPACE) at++;
      const code = text.charCodeAt(at);
      if (code === HASH) {
        at = text.indexOf("\n", at);
        if (at < 0) break;
        at++;
      } else if (code === NEWLINE) at++;
      else if (at >= text.length) break;
      else {
        this.#indent = at - start;
        this.#at = at;
        return;
      }
    }
    this.#indent = -1;
    this.#at = text.length;
  }

  /** From behind a value to the next line: nothing but spaces and a comment may be left on this one. */
  #endLine(): void {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    while (text.charCodeAt(at) === SPACE) at++;
    if (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === HASH && at > start) {
        at = text.indexOf("\n", at);
        if (at < 0) at = text.length;
      } else if (code !== NEWLINE) throw NOT_PLAIN;
    }
    this.#at = Math.min(at + 1, text.length);
    this.#nextLine();
  }

  #readBlock(indent: number): unknown {
    if (++this.#depth > DEPTH_MAX) throw NOT_PLAIN;
    const value = this.#isDash() ? this.#readList(indent) : this.#readMap(indent);
    this.#depth--;
    return value;
  }

  #isDash(): boolean {
    if (this.#text.charCodeAt(this.#at) !== DASH) return false;
    const next = this.#text.charCodeAt(this.#at + 1);
    return next === SPACE || next === NEWLINE || Number.isNaN(next);
  }

  #readMap(indent: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const noted = this.#noteCollection(map);
    while (this.#indent === indent) {
      const keyAt = this.#at;
      const key = this.#readKey();
      if (Object.hasOwn(map, key)) throw NOT_PLAIN;
      while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
      const valueAt = this.#at;
      const code = this.#text.charCodeAt(valueAt);
      if (code === NEWLINE || code === HASH || valueAt >= this.#text.length) {
        if (code === HASH && this.#text.charCodeAt(valueAt - 1) !== SPACE) throw NOT_PLAIN;
        this.#endLine();
        const isList = this.#indent === indent && this.#isDash();
        noted?.set(key, { key: keyAt, value: this.#indent > indent || isList ? this.#at : keyAt });
        map[key] = this.#indent > indent || isList ? this.#readBlock(this.#indent) : null;
      } else {
        noted?.set(key, { key: keyAt, value: valueAt });
        map[key] = this.#readInline(false);
        this.#endLine();
      }
      if (this.#indent > indent) throw NOT_PLAIN;
    }
    return map;
  }

  #readList(indent: number): unknown[] {
    const list: unknown[] = [];
    const noted = this.#noteCollection(list);
    while (this.#indent === indent && this.#isDash()) {
      const dashAt = this.#at++;
      while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
      const valueAt = this.#at;
      const code = this.#text.charCodeAt(valueAt);
      if (code === NEWLINE || code === HASH || valueAt >= this.#text.length) {
        this.#endLine();
        noted?.set(list.length, { key: dashAt, value: this.#indent > indent ? this.#at : dashAt });
        list.push(this.#indent > indent ? this.#readBlock(this.#indent) : null);
      } else {
        noted?.set(list.length, { key: dashAt, value: valueAt });
        if (this.#isDash()) throw NOT_PLAIN;
        if (this.#isKeyAhead()) {
          // `- key: value`: a map whose first line stands behind the dash.
          this.#indent = indent + (valueAt - dashAt);
          list.push(this.#readBlock(this.#indent));
        } else {
          list.push(this.#readInline(false));
          this.#endLine();
        }
      }
      if (this.#indent > indent) throw NOT_PLAIN;
    }
    return list;
  }

  #isKeyAhead(): boolean {
    const code = this.#text.charCodeAt(this.#at);
    if (code === OPEN_MAP || code === OPEN_LIST) return false;
    KEY.lastIndex = this.#at;
    return KEY.test(this.#text);
  }

  /** Reads `key:`, and leaves the space or line end behind it. */
  #readKey(): string {
    KEY.lastIndex = this.#at;
    const match = KEY.exec(this.#text);
    if (match === null) throw NOT_PLAIN;
    this.#at = KEY.lastIndex;
    const key = match[1] ?? match[2] ?? match[3]!;
    if (key === "__proto__") throw NOT_PLAIN;
    return key;
  }

  #readInline(isInFlow: boolean): unknown {
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_MAP:
        return this.#readFlowMap();
      case OPEN_LIST:
        return this.#readFlowList();
      case DOUBLE_QUOTE:
      case SINGLE_QUOTE:
        return this.#readQuoted();
      default:
        return this.#readPlain(isInFlow ? FLOW_PLAIN : BLOCK_PLAIN);
    }
  }

  #readQuoted(): string {
    QUOTED.lastIndex = this.#at;
    const match = QUOTED.exec(this.#text);
    if (match === null) throw NOT_PLAIN;
    this.#at = QUOTED.lastIndex;
    return match[1] ?? match[2]!;
  }

  #readPlain(pattern: RegExp): unknown {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw NOT_PLAIN;
    this.#at = pattern.lastIndex;
    return resolvePlain(match[0]);
  }

  #readFlowMap(): Record<string, unknown> {
    if (++this.#depth > DEPTH_MAX) throw NOT_PLAIN;
    const map: Record<string, unknown> = {};
    const noted = this.#noteCollection(map);
    this.#at++;
    this.#skipSpaces();
    if (this.#text.charCodeAt(this.#at) === CLOSE_MAP) this.#at++;
    else {
      do {
        this.#skipSpaces();
        const keyAt = this.#at;
        const key = this.#readKey();
        if (this.#text.charCodeAt(this.#at) !== SPACE || Object.hasOwn(map, key)) throw NOT_PLAIN;
        this.#skipSpaces();
        noted?.set(key, { key: keyAt, value: this.#at });
        map[key] = this.#readInline(true);
      } while (this.#continues(CLOSE_MAP));
    }
    this.#depth--;
    return map;
  }

  #readFlowList(): unknown[] {
    if (++this.#depth > DEPTH_MAX) throw NOT_PLAIN;
    const list: unknown[] = [];
    const noted = this.#noteCollection(list);
    this.#at++;
    this.#skipSpaces();
    if (this.#text.charCodeAt(this.#at) === CLOSE_LIST) this.#at++;
    else {
      do {
        this.#skipSpaces();
        noted?.set(list.length, { key: this.#at, value: this.#at });
        list.push(this.#readInline(true));
      } while (this.#continues(CLOSE_LIST));
    }
    this.#depth--;
    return list;
  }

  /** Passes a comma (true) or the closing bracket (false). */
  #continues(close: number): boolean {
    this.#skipSpaces();
    const code = this.#text.charCodeAt(this.#at++);
    if (code === close) return false;
    if (code === COMMA) return true;
    throw NOT_PLAIN;
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
  }

  #noteCollection(collection: object): Map<string | number, { key: number; value: number }> | undefined {
    if (this.#positions === undefined) return undefined;
    const noted = new Map<string | number, { key: number; value: number }>();
    this.#positions.set(collection, noted);
    return noted;
  }
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const HASH = 0x23;
const DASH = 0x2d;
const COMMA = 0x2c;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

// All of these are narrower than YAML: what they do not match is for the library. Runs of spaces are
// bounded, so that backtracking is too.
const KEY =
  /(?:"([ !#-[\]-~]*)"|'([ -&(-~]*)'|([A-Za-z0-9_./][A-Za-z0-9_./*@+=-]*(?::[A-Za-z0-9_./*@+=-]+)*)):(?=[ \n]|$)/y;
const QUOTED = /"([ !#-[\]-~]*)"|'([ -&(-~]*)'/y;
/** One line up to a comment or the end; no ": ", which would make it a key. */
const BLOCK_PLAIN =
  /(?:[A-Za-z0-9_./+=$~^\\(]|-(?=[A-Za-z0-9_./])|:(?=[:A-Za-z0-9_./]))(?:[!-9;-~]|:(?=[!-~])| (?=[ ]{0,20}[!-"$-~]))*(?=[ ]{0,99}(?:\n| #|$))/y;
const FLOW_PLAIN =
  /(?:[A-Za-z0-9_./+=$~^\\(]|-(?=[A-Za-z0-9_./])|:(?=[:A-Za-z0-9_./]))(?:[!-+\--9;-Z^-z|~\\]|:(?=[:A-Za-z0-9_./])| (?=[ ]{0,20}[!-"$-+\--Z\\^-z|~]))*(?=[ ]{0,99}[,\]}])/y;

const NUMBER = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** YAML 1.2's core schema, but for octal, hexadecimal, infinity and NaN, which are for the library. */
function resolvePlain(text: string): unknown {
  const first = text.charCodeAt(0);
  if (first <= 0x39) {
    if (NUMBER.test(text)) return Number(text);
    if (/^(?:0[ox]|[-+]?\.[inIN])/.test(text)) throw NOT_PLAIN;
    return text;
  }
  switch (text) {
    case "~":
    case "null":
    case "Null":
    case "NULL":
      return null;
    case "true":
    case "True":
    case "TRUE":
      return true;
    case "false":
    case "False":
    case "FALSE":
      return false;
    default:
      return text;
  }
}
