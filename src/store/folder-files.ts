/**
 * Writes documents into a folder of YAML files, as `windrose pull` does: into the file that defines a document, with its
 * comments and order; what is new goes where the store of files would put it.
 *
 * @module
 */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { unlinkDurably, writeDurably } from "../lib/durable-file.ts";
import type { DocumentBody } from "./change.ts";
import { type DocumentKey, documentKey, idOf, kindOf } from "./document-key.ts";
import { editYaml, holdsDocuments } from "./files/yaml-edit.ts";
import type { PlacedBody } from "./folder-bodies.ts";

/** Each file is whole or as it was; several are not put in place as one. Rejects with the system's error. */
export async function writeFolderBodies(
  dir: string,
  documents: ReadonlyMap<DocumentKey, DocumentBody | null>,
  placed: ReadonlyMap<DocumentKey, PlacedBody>,
): Promise<void> {
  const byFile = Map.groupBy(documents, ([key]) => placed.get(key)?.file ?? newFile(dir, key));
  for (const [file, edits] of byFile) {
    const old = await readIfThere(file);
    if (old === undefined) {
      await mkdir(dirname(file), { recursive: true });
      await writeDurably(file, formatFile(edits));
      continue;
    }
    const spelled = edits.map(([key, body]) => ({
      key: documentKey(kindOf(key), placed.get(key)?.id ?? idOf(key)),
      body,
    }));
    const text = editYaml(old, spelled);
    if (holdsDocuments(text)) await writeDurably(file, text);
    else await unlinkDurably(file);
  }
}

/** A zone into a file of its own, the rest together. */
function newFile(dir: string, key: DocumentKey): string {
  const kind = kindOf(key);
  const name = kind === "zones" ? encodeURIComponent(idOf(key)).replace(/^\./, "root") : kind;
  return join(dir, `${name}.yaml`);
}

function formatFile(documents: readonly (readonly [DocumentKey, DocumentBody | null])[]): string {
  const kinds: Record<string, Record<string, DocumentBody>> = {};
  for (const [key, body] of documents) {
    if (body === null) continue;
    kinds[kindOf(key)] ??= {};
    kinds[kindOf(key)]![idOf(key)] = body;
  }
  return stringify(kinds, { lineWidth: 0 });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
