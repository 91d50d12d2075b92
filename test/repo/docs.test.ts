/**
 * Docs in step with code: what the code lists and what the pages list are the same, links lead
 * somewhere, and package.json gives its reasons.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ERROR_CODES } from "../../src/lib/error-codes.ts";
import { STEP_TYPES } from "../../src/steering/step-table.ts";
import { ROOT, readPackage, readText, readTree } from "./tree.ts";

const pages = [
  "README.md",
  "CHANGELOG.md",
  ...[...readTree("docs", ".md").keys()].map((page) => `docs/${page}`),
];

describe("error codes", () => {
  test("docs/reference/errors.md explains each code of ERROR_CODES and no other, in the same order", () => {
    const explained = [...readText("docs/reference/errors.md").matchAll(/^\| `([a-z-]+)` \|/gm)].map(
      (row) => row[1],
    );
    expect(explained).toEqual([...ERROR_CODES]);
  });

  test("src/ reports each code somewhere", () => {
    const src = [...readTree("src", ".ts")].filter(([path]) => path !== "lib/error-codes.ts");
    const unused = ERROR_CODES.filter((code) => !src.some(([, text]) => text.includes(`"${code}"`)));
    expect(unused).toEqual([]);
  });
});

describe("pages", () => {
  test.each(pages)("%s has no link to a file or heading that is not there", (page) => {
    const broken = linksOf(readText(page)).filter((link) => {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path!);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(readText(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test.each(pages)("%s names no file or folder of the project that is not there", (page) => {
    const named = [...readText(page).matchAll(/`((?:src|test|bench|docs|zones|\.ci)\/[\w./-]*)`/g)].map(
      (match) => match[1]!,
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("src/, test/ and bench/ name no page that is not there", () => {
    const missing = ["src", "test", "bench"].flatMap((folder) =>
      [...readTree(folder, ".ts")].flatMap(([path, text]) =>
        [...text.matchAll(/\bdocs\/[\w/-]+\.md/g)]
          .filter(([page]) => !existsSync(join(ROOT, page)))
          .map(([page]) => `${folder}/${path} names ${page}`),
      ),
    );
    expect(missing).toEqual([]);
  });

  test("linksOf() and anchorsOf() find what they should", () => {
    const text =
      "# A b: `c`!\n[one](two.md) ![three](four.png) [five](#a-b-c)\n```\n[six](seven.md)\n```\n[e](https://e.test/)";
    expect(linksOf(text)).toEqual(["two.md", "four.png", "#a-b-c"]);
    expect(anchorsOf(text)).toEqual(["a-b-c"]);
  });

  test("CHANGELOG.md speaks of the version in package.json", () => {
    expect(readText("CHANGELOG.md")).toContain(`## ${readPackage().version}`);
  });

  test("docs/steering/ has a page for each step of STEP_TYPES", () => {
    const missing = [...STEP_TYPES.keys()].filter(
      (step) => !existsSync(join(ROOT, `docs/steering/${step}.md`)),
    );
    expect(missing).toEqual([]);
  });

  test("STEP_TYPES has a step for each file of src/steering/steps/", () => {
    const files = readdirSync(join(ROOT, "src/steering/steps")).map((file) => file.replace(/\.ts$/, ""));
    expect([...STEP_TYPES.keys()].sort()).toEqual(files.sort());
  });
});

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

describe("package.json", () => {
  const packageFile = readPackage();

  test("dependenciesBecause gives a reason for each runtime dependency, and for nothing else", () => {
    const { dependencies, optionalDependencies, dependenciesBecause } = packageFile;
    expect(Object.keys(dependenciesBecause).sort()).toEqual(
      Object.keys({ ...dependencies, ...optionalDependencies }).sort(),
    );
    for (const [name, reason] of Object.entries(dependenciesBecause))
      expect(reason.length, name).toBeGreaterThan(20);
  });

  test("the runtime is said, pinned to Node 24 and allowed to install itself", () => {
    expect(packageFile.engines).toEqual({ node: ">=22.19" });
    expect(packageFile.devDependencies.node).toMatch(/^\^24\./);
    expect(packageFile.allowScripts.node).toBe(true);
    expect(Number(process.versions.node.split(".")[0])).toBeGreaterThanOrEqual(22);
  });

  test("the optional koffi is pinned exactly, for it calls into libc", () => {
    expect(packageFile.optionalDependencies.koffi).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("every file that a script names is there", () => {
    const named = Object.values(packageFile.scripts).flatMap(
      (script) => script.match(/[\w./-]+\.(?:ts|mjs|json)/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test("the lock file names no registry, so that npm ci takes the one that is set", () => {
    expect(readText("package-lock.json")).not.toContain('"resolved"');
  });

  test("the lock file has the optional packages of every platform, or npm ci refuses it", () => {
    const { packages } = JSON.parse(readText("package-lock.json")) as LockFile;
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });
});

/** Targets of the relative links of a page, those in code left out. */
function linksOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, "");
}
