/**
 * Cuts the part that an edit changes out of the text of a YAML file, as a small text of its own. The yaml library, which alone
 * can edit, takes milliseconds for each kilobyte, and so only sees what it has to.
 *
 *   zones:                            zones:
 *     a.test: …                         "b.test":
 *     b.test:                 ─►          "records":
 *       records:                              www: { A: 192.0.2.1 }
 *         www: { A: 192.0.2.1 }
 *         mail: …
 *
 * Only plain YAML is cut (documents/quick-yaml.ts); of other texts there is no extract.
 *
 * @module
 */
import { type QuickPositions, readQuickYaml } from "../../documents/quick-yaml.ts";

export interface Extract {
  /** The keys above, each on a line of its own, then the lines of the entry as they stand. */
  readonly text: string;
  /** How much of it are the keys above. */
  readonly headLength: number;
  /** Keys from the top to the entry. */
  readonly path: readonly string[];
  /** The lines in the whole text, without the line break behind the last of them. */
  readonly start: number;
  readonly end: number;
}

/**
 * The smallest entry of a block map at `path` or around it, but no larger than the first `least` keys of the path;
 * undefined when there is none, or when the text is not plain.
 */
export function extractAt(text: string, path: readonly string[], least: number): Extract | undefined {
  const positions: QuickPositions = new Map();
  const quick = readQuickYaml(text, positions);
  if (quick === undefined) return undefined;
  let found: Extract | undefined;
  let head = "";
  let at: unknown = quick.value;
  for (const [depth, step] of path.entries()) {
    const key = typeof at === "object" && at !== null ? positions.get(at)?.get(step)?.key : undefined;
    if (key === undefined) break;
    const start = text.lastIndexOf("\n", key - 1) + 1;
    const indent = text.slice(start, key);
    if (indent.trim() !== "") break; // in a flow map, or an item of a list
    if (depth + 1 >= least) {
      const end = endOfEntry(text, key, indent.length);
      const own = text.slice(start, end);
      found = {
        text: `${head}${own}\n`,
        headLength: head.length,
        path: path.slice(0, depth + 1),
        start,
        end,
      };
    }
    head += `${indent}${JSON.stringify(step)}:\n`;
    at = (at as Record<string, unknown>)[step];
  }
  return found;
}

/** Behind the last line with something on it that stands further in than the key, or is an item of a list that does not. */
function endOfEntry(text: string, key: number, column: number): number {
  let end = lineEnd(text, key);
  for (let start = end + 1; start < text.length; start = lineEnd(text, start) + 1) {
    let first = start;
    while (text[first] === " ") first++;
    if (text[first] === "\n" || text[first] === "#" || first >= text.length) continue;
    const isItem = text[first] === "-" && (text[first + 1] === " " || text[first + 1] === "\n");
    if (first - start < column || (first - start === column && !isItem)) break;
    end = lineEnd(text, start);
  }
  return end;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}
