/**
 * The tour of a page (README.md, docs/guide/api-walkthrough.md) as data: the command that starts the server, and every
 * command that a reader types, with the output that the page promises.
 *
 *     ```sh tour-server            the last command of the block starts the server
 *     ```console tour              `$ ` commands, each with its output below it
 *     ```console tour live         the same, where an edit needs a moment to be picked up
 *
 * A command goes on in lines that begin with `> `, as a shell shows it.
 *
 * In an output, `…` stands for any text in its line, and a line of nothing but `…` for any
 * number of lines. Tabs and blanks count as one blank. Nothing else may differ.
 *
 * @module
 */
export interface Tour {
  readonly serverCommand: string;
  readonly steps: readonly TourStep[];
}

export interface TourStep {
  readonly command: string;
  readonly output: readonly string[];
  /** Whether the output may come a moment later. */
  readonly live: boolean;
}

export function parseTour(markdown: string): Tour {
  const steps: TourStep[] = [];
  let serverCommand = "";
  for (const block of markdown.matchAll(/^```(.+)\n([\s\S]*?)\n```$/gm)) {
    const marks = block[1]!.split(" ").slice(1);
    if (marks.includes("tour-server")) serverCommand = block[2]!.split("&&").at(-1)!.trim();
    if (marks.includes("tour")) steps.push(...parseSteps(block[2]!, marks.includes("live")));
  }
  return { serverCommand, steps };
}

function parseSteps(block: string, live: boolean): TourStep[] {
  return block
    .split(/^\$ /m)
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [first, ...rest] = part.trimEnd().split("\n");
      const ends = rest.findIndex((line) => !line.startsWith("> "));
      const output = rest.splice(ends < 0 ? rest.length : ends);
      return { command: [first, ...rest.map((line) => line.slice(2))].join("\n"), output, live };
    });
}

/** Whether an output is what the page promises. */
export function matchesOutput(promised: readonly string[], actual: string): boolean {
  const pattern = promised.map((line) =>
    line.trim() === "…" ? "(?:.*\\n)*?" : `${foldBlanks(line).split("…").map(escapeRegExp).join(".*?")}\\n`,
  );
  const lines = actual.trimEnd() === "" ? [] : actual.trimEnd().split("\n");
  return new RegExp(`^${pattern.join("")}$`).test(lines.map((line) => `${foldBlanks(line)}\n`).join(""));
}

function foldBlanks(line: string): string {
  return line.trimEnd().replace(/[ \t]+/g, " ");
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
