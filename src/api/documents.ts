/**
 * Documents by the names that paths give them, and their bodies against the schema of their kind.
 *
 * @module
 */
import type { TSchema } from "typebox";
import { ID_PATTERN } from "../documents/limits.ts";
import { Monitor, Pool, Zone } from "../documents/schema.ts";
import { SchemaChecker } from "../documents/schema-faults.ts";
import { PresentationError } from "../lib/errors.ts";
import { nearestWord } from "../lib/nearest.ts";
import type { DocumentBody } from "../store/change.ts";
import {
  type DocumentKey,
  type DocumentKind,
  documentKey,
  idOf,
  kindOf,
  zoneKey,
} from "../store/document-key.ts";
import type { Documents } from "../sync/editor.ts";
import { type Name, parseName, ROOT } from "../wire/name.ts";
import { Problem } from "./problem.ts";
import { bodyProblem } from "./request-schema.ts";

export const DOCUMENT_SCHEMAS: Readonly<Record<DocumentKind, TSchema>> = {
  zones: Zone,
  pools: Pool,
  monitors: Monitor,
};

/** In messages and paths. */
export const KIND_WORDS: Readonly<Record<DocumentKind, "zone" | "pool" | "monitor">> = {
  zones: "zone",
  pools: "pool",
  monitors: "monitor",
};

/** The key of the document that a path names. Throws Problem "request-invalid". */
export function keyOf(kind: DocumentKind, text: string): DocumentKey {
  if (kind === "zones") return zoneKey(apexOf(text));
  if (new RegExp(ID_PATTERN).test(text)) return documentKey(kind, text);
  throw badParameter(
    KIND_WORDS[kind],
    `"${text}" cannot be the id of a ${KIND_WORDS[kind]}; wanted 1 to 64 of A-Z a-z 0-9 _ . : -`,
  );
}

/** With or without the final dot. */
export function apexOf(text: string): Name {
  try {
    if (text === "@") throw new PresentationError('"@" is not the name of a zone; write the name in full');
    return parseName(text, ROOT);
  } catch (error) {
    if (!(error instanceof PresentationError)) throw error;
    throw badParameter("zone", error.message);
  }
}

export function badParameter(name: string, message: string): Problem {
  return new Problem("request-invalid", message, { errors: [{ pointer: `?${name}`, message }] });
}

/** What stands under this name. Throws Problem "document-unknown". */
export async function existingBody(now: Documents, key: DocumentKey): Promise<DocumentBody> {
  const body = await now.body(key);
  if (body !== null) return body;
  const word = KIND_WORDS[kindOf(key)];
  const nearest = nearestWord(idOf(key), now.ids(kindOf(key)));
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw new Problem("document-unknown", `there is no ${word} "${idOf(key)}"${hint}`);
}

const checkers = new Map<TSchema, SchemaChecker>();

/** Throws Problem "documents-invalid" for what does not fit the schema. */
export function checkAgainst(schema: TSchema, body: unknown): DocumentBody {
  let checker = checkers.get(schema);
  if (checker === undefined) {
    checker = new SchemaChecker(schema);
    checkers.set(schema, checker);
  }
  const faults = checker.faults(body);
  if (faults.length > 0) throw bodyProblem("documents-invalid", faults);
  return body as DocumentBody;
}
