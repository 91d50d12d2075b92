/**
 * A change of documents: which parts of them were other before, in a form that is small for a large zone,
 * that people can read, and that can be taken back.
 *
 *   zones/example.com   records › www   { A: 192.0.2.1 } → { A: 192.0.2.2 }
 *   pools/eu            members         [ … ] → [ … ]
 *   pools/old           (whole)         { … } → gone
 *
 * A part is a key at the top of a document, or one owner in the records of a zone. Bodies are documents as JSON has them.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { type DocumentKey, kindOf } from "./document-key.ts";

export type DocumentBody = Readonly<Record<string, unknown>>;

/** One document as it is to be; null = it is to go. */
export interface Edit {
  readonly key: DocumentKey;
  readonly body: DocumentBody | null;
}

/** One part of a document that changed. `before` or `after` is left out where the part was, or is, not there. */
export interface PartChange {
  readonly key: DocumentKey;
  /** Empty: the whole document, which came or went. */
  readonly path: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Who changed something, and why. */
export interface Authorship {
  /** The name of a token, or of what made the change, such as `files`. */
  readonly author: string;
  readonly reason: string;
}

/** An accepted change: one generation. */
export interface Change extends Authorship {
  readonly generation: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly parts: readonly PartChange[];
  /** It is so large that its parts are not here: they say only which documents it touched. */
  readonly namesOnly?: true;
}

/** What an edit changes of the document that stands. */
export function partsBetween(
  key: DocumentKey,
  before: DocumentBody | null,
  after: DocumentBody | null,
): PartChange[] {
  if (before === null || after === null) {
    if (before === after) return [];
    return [{ key, path: [], ...(before === null ? {} : { before }), ...(after === null ? {} : { after }) }];
  }
  return keysOf(before, after).flatMap((name) => {
    const [was, is] = [own(before, name), own(after, name)];
    if (isDeepStrictEqual(was, is)) return [];
    if (kindOf(key) === "zones" && name === "records" && isBody(was) && isBody(is)) {
      return keysOf(was, is).flatMap((owner) => {
        const [old, now] = [own(was, owner), own(is, owner)];
        return isDeepStrictEqual(old, now) ? [] : [part(key, [name, owner], old, now)];
      });
    }
    return [part(key, [name], was, is)];
  });
}

/** An owner may be called "valueOf", which every object has by inheritance. */
function own(body: DocumentBody, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

/**
 * The document as it was before these parts of it changed. A part that something changed since is given back in
 * `conflicts`, as its path, and then `body` says nothing.
 */
export function withoutParts(
  body: DocumentBody | null,
  parts: readonly PartChange[],
): { body: DocumentBody | null; conflicts: readonly (readonly string[])[] } {
  let result = body === null ? null : structuredClone(body);
  const conflicts: (readonly string[])[] = [];
  for (const { path, before, after } of parts) {
    const [name, owner] = path;
    if (name === undefined) {
      if (!isDeepStrictEqual(result ?? undefined, after)) conflicts.push(path);
      else result = (before as DocumentBody | undefined) ?? null;
      continue;
    }
    const holder = owner === undefined ? result : result?.[name];
    const last = owner ?? name;
    if (!isBody(holder) || !isDeepStrictEqual(own(holder, last), after)) conflicts.push(path);
    else if (before === undefined) delete (holder as Record<string, unknown>)[last];
    else (holder as Record<string, unknown>)[last] = before;
  }
  return { body: result, conflicts };
}

function part(key: DocumentKey, path: readonly string[], before: unknown, after: unknown): PartChange {
  return {
    key,
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function keysOf(before: DocumentBody, after: DocumentBody): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

function isBody(value: unknown): value is DocumentBody {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
