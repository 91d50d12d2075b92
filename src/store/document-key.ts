/**
 * Names of documents: their kind and their id, as in `zones/example.com`.
 *
 * @module
 */

import { formatName, lowercaseName, type Name } from "../wire/name.ts";

/** As the top level of a file has them. */
export const DOCUMENT_KINDS = ["monitors", "pools", "zones"] as const;

export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** `KIND/ID`. An id may hold a slash (RFC 2317 zones do); a kind never does. */
export type DocumentKey = `${DocumentKind}/${string}`;

export function documentKey(kind: DocumentKind, id: string): DocumentKey {
  return `${kind}/${id}`;
}

/** A zone's id is its apex in lower case without the final dot; that of the root is the dot. */
export function zoneKey(apex: Name): DocumentKey {
  const text = formatName(lowercaseName(apex));
  return documentKey("zones", text === "." ? text : text.slice(0, -1));
}

export function kindOf(key: DocumentKey): DocumentKind {
  return key.slice(0, key.indexOf("/")) as DocumentKind;
}

export function idOf(key: DocumentKey): string {
  return key.slice(key.indexOf("/") + 1);
}

/** Undefined when the text is no such name. */
export function parseDocumentKey(text: string): DocumentKey | undefined {
  const slash = text.indexOf("/");
  const kind = DOCUMENT_KINDS.find((each) => each === text.slice(0, slash));
  return kind === undefined || slash === text.length - 1
    ? undefined
    : documentKey(kind, text.slice(slash + 1));
}
