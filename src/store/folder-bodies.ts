/**
 * The documents of a folder as bodies, for what takes them elsewhere: seeding, push, pull. The folder must be good
 * as a whole.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { listFolder } from "../documents/folder.ts";
import { loadDocuments } from "../documents/load-documents.ts";
import { Source } from "../documents/source.ts";
import { WindroseError } from "../lib/errors.ts";
import { parseName, ROOT } from "../wire/name.ts";
import type { DocumentBody } from "./change.ts";
import { DOCUMENT_KINDS, type DocumentKey, type DocumentKind, documentKey, zoneKey } from "./document-key.ts";

/** Throws WindroseError "documents-invalid" with every fault in its field `faults`. */
export async function readFolderBodies(dir: string): Promise<Map<DocumentKey, DocumentBody>> {
  const { configuration, faults } = await loadDocuments(dir);
  if (configuration === undefined) {
    throw new WindroseError("documents-invalid", `Cannot take the documents in "${dir}": they have errors`, {
      dir,
      faults,
    });
  }
  const bodies = new Map<DocumentKey, DocumentBody>();
  for (const [key, { body }] of await readPlacedBodies(dir)) bodies.set(key, body);
  return bodies;
}

export interface PlacedBody {
  readonly body: DocumentBody;
  readonly file: string;
  /** As the file spells it. */
  readonly id: string;
}

/** The same without a look at what is wrong, and with the file that each stands in. */
export async function readPlacedBodies(dir: string): Promise<Map<DocumentKey, PlacedBody>> {
  const bodies = new Map<DocumentKey, PlacedBody>();
  const { files } = await listFolder(dir);
  for (const file of files.keys()) {
    const { value } = new Source({ file, text: new TextDecoder().decode(await readFile(file)) });
    if (typeof value !== "object" || value === null) continue;
    for (const kind of DOCUMENT_KINDS) {
      const documents = (value as Record<string, Record<string, DocumentBody> | null | undefined>)[kind];
      for (const [id, body] of Object.entries(documents ?? {}))
        bodies.set(keyOf(kind, id), { body, file, id });
    }
  }
  return bodies;
}

/** The key of a document whose id somebody wrote, in capitals maybe, or with a final dot. */
function keyOf(kind: DocumentKind, id: string): DocumentKey {
  return kind === "zones" ? zoneKey(parseName(id, ROOT)) : documentKey(kind, id);
}
