/**
 * A document of a store as a source to read: its text is JSON there, and where a fault is to be pointed at, the YAML
 * that `windrose pull` would write of it. So lines and columns are those of a file that people can look at.
 *
 * @module
 */
import { stringify } from "yaml";
import type { FileDocuments } from "../documents/file-documents.ts";
import { readFileDocuments } from "../documents/file-documents.ts";
import type { ListedFile } from "../documents/folder.ts";
import type { ReadFile } from "../documents/read-file.ts";
import type { DocumentBody } from "./change.ts";
import { type DocumentKey, idOf, kindOf } from "./document-key.ts";

/** One document as a file of its own. */
function formatDocument(key: DocumentKey, body: DocumentBody): string {
  return stringify({ [kindOf(key)]: { [idOf(key)]: body } }, { lineWidth: 0 });
}

/** Reads the JSON of the document that `path` names. */
export function readDocumentText({ path, modifiedMs }: ListedFile, json: string): ReadFile {
  const key = path as DocumentKey;
  let body: DocumentBody;
  try {
    body = JSON.parse(json) as DocumentBody;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return unreadDocument(path, `is no JSON (${why}); write it anew with windrose push`);
  }
  return readDocumentBody(key, body, modifiedMs);
}

export function unreadDocument(file: string, message: string): ReadFile {
  return { file, unread: { severity: "error", file, line: 1, column: 1, message } };
}

function readDocumentBody(key: DocumentKey, body: DocumentBody, modifiedMs: number): FileDocuments {
  let text: string | undefined;
  return readFileDocuments({
    file: key,
    get text() {
      text ??= formatDocument(key, body);
      return text;
    },
    value: { [kindOf(key)]: { [idOf(key)]: body } },
    modifiedMs,
  });
}
