/**
 * Trees as text, for explanations:
 *
 *   a root
 *   ├─ a branch
 *   │  └─ one below it
 *   └─ a long one, which goes on
 *        in a second line
 *
 * @module
 */

export interface Branch {
  readonly text: string;
  readonly below: readonly Branch[];
}

/** A terminal that nobody has made wide. */
const COLUMNS = 100;
/** However deep a branch is, so much of its text stands in a line. */
const TEXT_COLUMNS_MIN = 40;

export function branch(text: string, below: readonly Branch[] = []): Branch {
  return { text, below };
}

/** Lines without a final newline, of 100 columns at most where words allow it. */
export function formatTree(root: Branch): string {
  return linesOf(root, COLUMNS).join("\n");
}

function linesOf({ text, below }: Branch, columns: number): string[] {
  const [first, ...more] = wrap(text, columns);
  const bar = below.length > 0 ? "│ " : "  ";
  const lines = [first!, ...more.map((line) => bar + line)];
  for (const [i, each] of below.entries()) {
    const isLast = i === below.length - 1;
    for (const [j, line] of linesOf(each, columns - 3).entries()) {
      lines.push((j === 0 ? (isLast ? "└─ " : "├─ ") : isLast ? "   " : "│  ") + line);
    }
  }
  return lines;
}

/** Breaks at blanks; the lines behind the first have two columns less. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  let room = Math.max(TEXT_COLUMNS_MIN, columns);
  while (rest.length > room) {
    const at = rest.lastIndexOf(" ", room);
    if (at <= 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
    room = Math.max(TEXT_COLUMNS_MIN, columns - 2);
  }
  lines.push(rest);
  return lines;
}
