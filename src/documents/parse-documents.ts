/**
 * Documents: from texts to a checked configuration, or to all that is wrong with them.
 *
 *   each file ─► readFileDocuments() ─┐
 *                                     ├─► DocumentJoin: ids ─► pools ─► links ─► Configuration
 *   each file, as it was read before ─┘             └─ faults ─┴──────┘
 *
 * A document with a fault does not hide the faults of others: what the schema refuses is left
 * out, its name stays known, and nothing is said of what may only seem to be missing because of it.
 *
 * @module
 */
import type { Configuration } from "./configuration.ts";
import { DocumentJoin, joinedFile, type LoadedDocuments } from "./document-join.ts";
import { compareText } from "./fault-list.ts";
import { type ReadOptions, readFileDocuments } from "./file-documents.ts";
import { RereadSource, type SourceFile } from "./source.ts";

export type { LoadedDocuments, PlacedExpectation } from "./document-join.ts";

export interface ParseOptions extends ReadOptions {
  /** Zones that are as they were in it are its very objects, and made serials go on from there. */
  readonly previous?: Configuration | undefined;
}

/** All files as one configuration. */
export function parseDocuments(files: readonly SourceFile[], options: ParseOptions = {}): LoadedDocuments {
  const joined = files.map((file) =>
    joinedFile(readFileDocuments(file, options), new RereadSource(file.file, () => file.text)),
  );
  joined.sort((a, b) => compareText(a.documents.file, b.documents.file));
  return new DocumentJoin().join(joined, { previous: options.previous });
}
