/**
 * Changes values within lines of plain YAML, for a tenth of what the yaml library takes, which most edits are:
 *
 *   www: { A: 192.0.2.1 } # of old     ─►   www: { A: { ttl: 60, data: 192.0.2.2 } } # of old
 *
 * Only values on one line are replaced, each as the library would write it; where something comes or goes around them, it is
 * left to the library. Whoever calls it reads the result once more, and so nothing here has to be sure.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { type QuickPositions, readQuickYaml } from "../../documents/quick-yaml.ts";

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Thrown to leave it to the library. */
const NOT_INLINE = { reason: "not within a line" };

/** What is to stand at a path; undefined: nothing. */
interface Placed {
  readonly path: readonly string[];
  readonly after?: unknown;
}

/** Undefined where it cannot be done within lines. `isPadded`: `{ a: 1 }` rather than `{a: 1}`. */
export function editInline(text: string, changes: readonly Placed[], isPadded: boolean): string | undefined {
  const positions: QuickPositions = new Map();
  const quick = readQuickYaml(text, positions);
  if (quick === undefined) return undefined;
  const splices: Splice[] = [];
  const editor = new InlineEditor(text, positions, isPadded, splices);
  try {
    for (const { path, after } of changes) {
      let at: unknown = quick.value;
      for (const step of path.slice(0, -1)) at = (at as Record<string, unknown> | undefined)?.[step];
      editor.change(at, path.at(-1)!, after);
    }
  } catch (error) {
    if (error === NOT_INLINE) return undefined;
    throw error;
  }
  let result = text;
  for (const { start, end, replacement } of splices.sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + replacement + result.slice(end);
  return result;
}

class InlineEditor {
  readonly #text: string;
  readonly #positions: QuickPositions;
  readonly #isPadded: boolean;
  readonly #splices: Splice[];

  constructor(text: string, positions: QuickPositions, isPadded: boolean, splices: Splice[]) {
    this.#text = text;
    this.#positions = positions;
    this.#isPadded = isPadded;
    this.#splices = splices;
  }

  change(holder: unknown, key: string | number, after: unknown): void {
    if (typeof holder !== "object" || holder === null || after === undefined) throw NOT_INLINE;
    const place = this.#positions.get(holder)?.get(key);
    if (place === undefined) throw NOT_INLINE;
    const before = (holder as Record<string | number, unknown>)[key];
    if (isDeepStrictEqual(before, after)) return;
    if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
      for (const [index, item] of after.entries()) this.change(before, index, item);
    } else if (isMap(before) && isMap(after) && isDeepStrictEqual(Object.keys(before), Object.keys(after))) {
      for (const [name, item] of Object.entries(after)) this.change(before, name, item);
    } else {
      const start = place.value;
      const isOwnLine = typeof before === "object" && !/[[{]/.test(this.#text[start]!);
      if (start === place.key && typeof key === "string") throw NOT_INLINE; // there is no value
      if (isOwnLine) throw NOT_INLINE;
      this.#splices.push({ start, end: this.#endOf(start), replacement: this.#format(after) });
    }
  }

  #endOf(start: number): number {
    const first = this.#text[start]!;
    const pattern = first === '"' ? DOUBLE : first === "'" ? SINGLE : /[[{]/.test(first) ? undefined : PLAIN;
    if (pattern === undefined) return this.#closingOf(start);
    pattern.lastIndex = start;
    const found = pattern.exec(this.#text);
    if (found === null) throw NOT_INLINE;
    return start + found[0].trimEnd().length;
  }

  /** Behind the bracket that closes the one at `start`. */
  #closingOf(start: number): number {
    let depth = 0;
    for (let at = start; at < this.#text.length; at++) {
      const character = this.#text[at]!;
      if (character === "[" || character === "{") depth++;
      else if (character === "]" || character === "}") depth--;
      else if (character === "\n") break;
      // Within a plain text a quote is one; then what comes out is something else, or nothing is found.
      else if ((character === '"' || character === "'") && /[\s[{,]/.test(this.#text[at - 1]!))
        at = this.#endOf(at) - 1;
      if (depth === 0) return at + 1;
    }
    throw NOT_INLINE;
  }

  #format(value: unknown): string {
    if (Array.isArray(value))
      return this.#bracketed(
        "[",
        value.map((item) => this.#format(item)),
        "]",
      );
    if (isMap(value)) {
      const entries = Object.entries(value).map(
        ([key, item]) => `${this.#format(key)}: ${this.#format(item)}`,
      );
      return this.#bracketed("{", entries, "}");
    }
    if (typeof value !== "string") return String(value);
    return readsAs(value, value) ? value : JSON.stringify(value);
  }

  #bracketed(open: string, items: readonly string[], close: string): string {
    const padding = this.#isPadded && items.length > 0 ? " " : "";
    return `${open}${padding}${items.join(", ")}${padding}${close}`;
  }
}

/** As a value in a flow map. */
function readsAs(text: string, value: string): boolean {
  const read = readQuickYaml(`a: { b: ${text} }`)?.value as { a: { b: unknown } } | undefined;
  return isDeepStrictEqual(read, { a: { b: value } });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const DOUBLE = /"[^"\\\n]*"/y;
const SINGLE = /'[^'\n]*'/y;
/** Within brackets or not: where a comma or a bracket belongs to the text, the library has to do it. */
const PLAIN = /[^,[\]{}#\n]+/y;
