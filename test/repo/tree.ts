/**
 * Reads what the repo tests look at: the tree of src, single files, package.json.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Every file under a folder whose name ends so, by its path from that folder, with slashes. */
export function readTree(folder: string, ending: string): Map<string, string> {
  const tree = new Map<string, string>();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(ending)) continue;
    const path = join(entry.parentPath, entry.name);
    tree.set(relative(join(ROOT, folder), path).split(sep).join("/"), readFileSync(path, "utf8"));
  }
  return tree;
}

export interface PackageFile {
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly dependenciesBecause: Readonly<Record<string, string>>;
}

export function readPackage(): PackageFile {
  return JSON.parse(readText("package.json")) as PackageFile;
}
