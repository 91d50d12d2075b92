/**
 * Holds the table of docs/architecture.md true, and tests the test: made-up trees with one
 * thing wrong each must be reported.
 *
 * @module
 */
import { describe, expect, test } from "vitest";
import { findEdges, findLayerFaults, importsOf, readLayers } from "./layers.ts";
import { readPackage, readText, readTree } from "./tree.ts";

const layers = readLayers(readText("docs/architecture.md"));
const src = readTree("src", ".ts");

describe("src/", () => {
  test("imports only what the table in docs/architecture.md allows", () => {
    expect(findLayerFaults(src, layers)).toEqual([]);
  });

  test("makes use of every edge that the table allows, so that the table stays tight", () => {
    const edges = findEdges(src);
    const unused = [...layers.mayImport].flatMap(([from, allowed]) =>
      allowed.filter((to) => !edges.get(from)?.has(to)).map((to) => `${from} may import ${to} and does not`),
    );
    expect(unused).toEqual([]);
  });

  test("nobody may import main.ts, and server may not import store", () => {
    for (const [folder, allowed] of layers.mayImport) expect(allowed, folder).not.toContain("main.ts");
    expect(layers.mayImport.get("server")).toBeDefined();
    expect(layers.mayImport.get("server")).not.toContain("store");
  });

  test("imports no package but Node's own and the runtime dependencies", () => {
    const { dependencies, optionalDependencies } = readPackage();
    const known = new Set(Object.keys({ ...dependencies, ...optionalDependencies }));
    const unknown = [...src].flatMap(([path, text]) =>
      importsOf(text)
        .map((found) => found.specifier)
        .filter((specifier) => specifier !== "" && !/^(\.|node:)/.test(specifier))
        .filter((specifier) => !known.has(/^(@[^/]+\/)?[^/]+/.exec(specifier)![0]))
        .map((specifier) => `src/${path} imports ${specifier}`),
    );
    expect(unknown).toEqual([]);
  });
});

const TABLE = `# A house

## Who may import whom

| folder | what it holds | may import |
|---|---|---|
| \`lib/\` | small things | nothing |
| \`wire/\` | octets | \`lib\` |
| \`server/\` | sockets | \`lib\` \`wire\` |
| \`main.ts\` | the start | \`server\` |

## Something else

| \`not\` | a row | \`lib\` |
`;

/** The smallest tree that the table allows, with some files added or replaced. */
function treeWith(files: Record<string, string>): Map<string, string> {
  return new Map(
    Object.entries({
      "lib/a.ts": "",
      "wire/b.ts": 'import { a } from "../lib/a.ts";\n',
      "server/c.ts": "",
      "main.ts": "",
      ...files,
    }),
  );
}

function faultsOf(files: Record<string, string>): string[] {
  return findLayerFaults(treeWith(files), readLayers(TABLE));
}

describe("findLayerFaults()", () => {
  test("finds nothing wrong in a tree that keeps to the table", () => {
    expect(faultsOf({})).toEqual([]);
  });

  const forbidden: Record<string, string> = {
    import: 'import { c } from "../server/c.ts";',
    "import type": 'import type { C } from "../server/c.ts";',
    "import over several lines": 'import {\n  c,\n  type C,\n} from "../server/c.ts";',
    "import for effect": 'import "../server/c.ts";',
    "export from": 'export * from "../server/c.ts";',
    "dynamic import": 'const c = await import("../server/c.ts");',
    "import in a type": 'type C = import("../server/c.ts").C;',
    "worker by URL": 'new Worker(new URL("../server/c.ts", import.meta.url));',
  };
  test.each(Object.entries(forbidden))("reports a forbidden edge: %s", (_form, code) => {
    expect(faultsOf({ "wire/b.ts": `\n${code}\n` })).toEqual(["src/wire/b.ts:2: wire may not import server"]);
  });

  test("reports a forbidden edge from a file deeper in a folder", () => {
    expect(faultsOf({ "wire/rdata/d.ts": 'import "../../server/c.ts";' })).toEqual([
      "src/wire/rdata/d.ts:1: wire may not import server",
    ]);
  });

  test("reports an import of main.ts", () => {
    expect(faultsOf({ "server/c.ts": 'import "../main.ts";' })).toEqual([
      "src/server/c.ts:1: server may not import main.ts",
    ]);
  });

  test("reports a folder that the table does not know, and a row without a folder", () => {
    const tree = treeWith({ "shed/e.ts": "" });
    tree.delete("wire/b.ts");
    expect(findLayerFaults(tree, readLayers(TABLE))).toEqual([
      "src/shed has no row in the table",
      "wire has a row in the table and nothing in src",
    ]);
  });

  test("reports a path that is computed, missing, or outside src", () => {
    expect(faultsOf({ "server/c.ts": "await import(name);" })).toEqual([
      "src/server/c.ts:1 imports a computed path; the layers of that cannot be checked",
    ]);
    expect(faultsOf({ "server/c.ts": 'import "../wire/gone.ts";' })).toEqual([
      "src/server/c.ts:1 imports ../wire/gone.ts, which does not exist",
    ]);
    expect(faultsOf({ "server/c.ts": 'import "../../test/x.ts";' })).toEqual([
      "src/server/c.ts:1 imports ../../test/x.ts, outside src",
    ]);
  });

  test("does not take comments for imports", () => {
    expect(
      faultsOf({ "wire/b.ts": '/**\n * import "../server/c.ts"\n */\n// import("../server/c.ts")\n' }),
    ).toEqual([]);
  });
});

describe("readLayers()", () => {
  test("reports a row that points at a row below it, for that could be a cycle", () => {
    const upside = TABLE.replace("| nothing |", "| `wire` |");
    expect(readLayers(upside).faults).toEqual(["lib may import wire, which has no row above it"]);
  });

  test("reports a page without the table", () => {
    expect(readLayers("# A house\n").faults).toEqual(['no heading "## Who may import whom"']);
    expect(readLayers("\n## Who may import whom\n\nNothing.\n").faults).toEqual([
      'no rows under "## Who may import whom"',
    ]);
  });
});
