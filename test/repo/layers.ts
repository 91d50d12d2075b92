/**
 * Who may import whom: reads the table of docs/architecture.md, reads the imports of a tree of
 * files, and lists every import that the table does not allow. Pure, so that a test can hand
 * in a small made-up tree and see that a forbidden edge is found.
 *
 * Imports are found by pattern, line by line, in code that Biome has formatted; this sees
 * `import`, `import type`, `export … from`, `import("…")` in code and in types, `require("…")`
 * and `new URL("…", import.meta.url)`, by which worker threads are started. A path that is
 * computed cannot be checked and is a fault for that reason.
 *
 * @module
 */
import { dirname, join, normalize } from "node:path/posix";

export interface Layers {
  /** What each folder of src (or file directly in it) may import, besides itself. */
  readonly mayImport: ReadonlyMap<string, readonly string[]>;
  /** Faults of the table itself. */
  readonly faults: readonly string[];
}

/** Path under src/, with slashes, to the text of the file. */
export type Tree = ReadonlyMap<string, string>;

export interface Import {
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
}

const HEADING = "## Who may import whom";

/** Reads the rows below the heading: folder, what it holds, what it may import. */
export function readLayers(markdown: string): Layers {
  const mayImport = new Map<string, readonly string[]>();
  const faults: string[] = [];
  const section = markdown.split(`\n${HEADING}\n`)[1]?.split("\n## ")[0];
  if (section === undefined) return { mayImport, faults: [`no heading "${HEADING}"`] };
  for (const line of section.split("\n")) {
    const cells = line.split("|").slice(1, -1);
    const folder = codeWords(cells[0] ?? "")[0];
    if (cells.length !== 3 || folder === undefined) continue;
    if (mayImport.has(folder)) faults.push(`${folder} has two rows`);
    const allowed = codeWords(cells[2]!);
    for (const other of allowed) {
      // Rows stand in the order of the layers, so a table that passes has no cycles.
      if (!mayImport.has(other)) faults.push(`${folder} may import ${other}, which has no row above it`);
    }
    mayImport.set(folder, allowed);
  }
  if (mayImport.size === 0) faults.push(`no rows under "${HEADING}"`);
  return { mayImport, faults };
}

/** One sentence for each import that the table forbids and each folder that it does not know. */
export function findLayerFaults(tree: Tree, layers: Layers): string[] {
  const faults = [...layers.faults];
  const folders = new Set([...tree.keys()].map(folderOf));
  for (const folder of folders) {
    if (!layers.mayImport.has(folder)) faults.push(`src/${folder} has no row in the table`);
  }
  for (const folder of layers.mayImport.keys()) {
    if (!folders.has(folder)) faults.push(`${folder} has a row in the table and nothing in src`);
  }
  for (const [path, text] of tree) {
    const from = folderOf(path);
    const allowed = layers.mayImport.get(from) ?? [];
    for (const { specifier, line } of importsOf(text)) {
      const at = `src/${path}:${line}`;
      if (specifier === "")
        faults.push(`${at} imports a computed path; the layers of that cannot be checked`);
      if (!specifier.startsWith(".")) continue;
      const target = normalize(join(dirname(path), specifier));
      const to = folderOf(target);
      if (target.startsWith("..")) faults.push(`${at} imports ${specifier}, outside src`);
      else if (!tree.has(target)) faults.push(`${at} imports ${specifier}, which does not exist`);
      else if (to !== from && !allowed.includes(to)) faults.push(`${at}: ${from} may not import ${to}`);
    }
  }
  return faults;
}

/** Folders under src that a tree really imports from each folder, for keeping the table tight. */
export function findEdges(tree: Tree): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const [path, text] of tree) {
    const from = folderOf(path);
    const to = edges.get(from) ?? new Set();
    edges.set(from, to);
    for (const { specifier } of importsOf(text)) {
      if (specifier.startsWith(".")) to.add(folderOf(normalize(join(dirname(path), specifier))));
    }
    to.delete(from);
  }
  return edges;
}

const STATIC_IMPORT = /^(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm;
const CALLED_IMPORT = /\b(?:import|require)\s*\(\s*(?:["']([^"']+)["']\s*[,)])?/g;
const URL_IMPORT = /\bnew URL\(\s*["'](\.[^"']+\.ts)["']\s*,\s*import\.meta\.url/g;

/** Every import of a file; the specifier is empty where it is computed. */
export function importsOf(text: string): Import[] {
  const code = blankComments(text);
  const imports: Import[] = [];
  for (const pattern of [STATIC_IMPORT, CALLED_IMPORT, URL_IMPORT]) {
    for (const match of code.matchAll(pattern)) {
      const line = code.slice(0, match.index).split("\n").length;
      imports.push({ specifier: match[1] ?? match[2] ?? "", line });
    }
  }
  return imports;
}

/** Empties the lines that are wholly comment, and keeps the count of lines. */
function blankComments(text: string): string {
  return text.replace(/^[ \t]*(?:\/\/|\/?\*).*$/gm, "");
}

/** `wire/name.ts` is in `wire`; `main.ts`, directly in src, is its own folder. */
function folderOf(path: string): string {
  return path.split("/")[0]!;
}

function codeWords(cell: string): string[] {
  return [...cell.matchAll(/`([^`/]+)\/?`/g)].map((match) => match[1]!);
}
