/**
 * Documents as GET gives them: read, written as JSON and hashed once for each configuration, however often they are asked for.
 * What is known of a configuration goes with it, so nothing here is ever old.
 *
 * @module
 */
import type { Configuration } from "../documents/configuration.ts";
import type { DocumentBody } from "../store/change.ts";
import type { DocumentKey } from "../store/document-key.ts";
import type { Documents } from "../sync/editor.ts";
import { existingBody } from "./documents.ts";
import { etagOf } from "./etag.ts";

export interface ReadDocument {
  readonly body: DocumentBody;
  /** As JSON. */
  readonly text: string;
  readonly etag: string;
}

/** In characters of JSON: all pools of a large installation, and the zones that people look at. */
const LENGTH_MAX = 16 * 1024 * 1024;
/** Whoever reads larger ones reads all of them, once. */
const DOCUMENT_LENGTH_MAX = 1024 * 1024;

interface Known {
  readonly documents: Map<DocumentKey, ReadDocument>;
  length: number;
}

const known = new WeakMap<Configuration, Known>();

/** What stands under this name. Rejects with Problem "document-unknown". */
export function readDocument(now: Documents, key: DocumentKey): ReadDocument | Promise<ReadDocument> {
  return known.get(now.configuration)?.documents.get(key) ?? readAnew(now, key);
}

async function readAnew(now: Documents, key: DocumentKey): Promise<ReadDocument> {
  const body = await existingBody(now, key);
  const document = { body, text: JSON.stringify(body), etag: etagOf(body) };
  const { length } = document.text;
  if (length > DOCUMENT_LENGTH_MAX) return document;
  let of = known.get(now.configuration);
  if (of === undefined || of.length + length > LENGTH_MAX) {
    of = { documents: new Map(), length: 0 };
    known.set(now.configuration, of);
  }
  if (!of.documents.has(key)) of.length += length;
  of.documents.set(key, document);
  return document;
}
