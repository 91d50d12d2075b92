/**
 * Tables in Markdown, with columns that line up in a terminal too.
 *
 * @module
 */

export interface TableOptions {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
  /** Columns of text begin on the left; figures end on the right. */
  readonly textColumns: readonly number[];
}

export function formatTable({ head, lines, textColumns }: TableOptions): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...lines.map((line) => line[i]!.length)));
  const isText = (i: number) => textColumns.includes(i);
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (isText(i) ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return `${[row(head), rule, ...lines.map(row)].join("\n")}\n`;
}
