/**
 * Which documents somebody has, and how they are told apart: heads of a whole store, stamps of single documents.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { FolderListing, ListedFile } from "../documents/folder.ts";

/** A generation and the id of the change that made it; two that are equal mean the same documents. */
export interface Head {
  readonly generation: number;
  readonly id: string;
}

/** Of a store in which nothing was ever stored. */
export const NO_HEAD: Head = { generation: 0, id: "" };

export function isSameHead(a: Head, b: Head): boolean {
  return a.generation === b.generation && a.id === b.id;
}

/** A document as JSON. Its stamp is made with the text, and goes wherever the text goes. */
export interface StoredText {
  readonly text: string;
  readonly stamp: string;
}

/** Characters of the digest: 96 bits, for texts that somebody may choose. */
const DIGEST_LENGTH = 16;

/** A text with a stamp that no other text has: when it was written, and its digest. */
export function stamped(text: string, nowMs = Date.now()): StoredText {
  return {
    text,
    stamp: `${nowMs.toString(36)}-${hash("sha256", text, "base64url").slice(0, DIGEST_LENGTH)}`,
  };
}

/** A document as a source of a listing, by its text, or by what is known of that. */
export function sourceFile(
  key: string,
  source: StoredText | { readonly stamp: string; readonly octets: number },
): ListedFile {
  const { stamp } = source;
  const size = "text" in source ? Buffer.byteLength(source.text) : source.octets;
  const modifiedMs = Number.parseInt(stamp, 36) || 0; // reads up to the hyphen
  return { path: key, stamp, inode: key, size, modifiedMs, isMovedHere: true };
}

export function listingOf(files: ReadonlyMap<string, ListedFile>): FolderListing {
  return { files, folders: [], faults: [] };
}
