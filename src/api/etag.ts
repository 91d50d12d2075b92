/**
 * Entity tags (RFC 9110 section 8.8.3), and the conditions that clients put with them (section 13).
 *
 * A tag is the hash of the canonical JSON of what a route gives: keys sorted, so that it is the same on each node and in each
 * store, whatever the order in which somebody wrote the keys.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

/** By identity: bodies of documents are never changed in place. */
const known = new WeakMap<object, string>();

export function etagOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return tagOf(value);
  let tag = known.get(value);
  if (tag === undefined) {
    tag = tagOf(value);
    known.set(value, tag);
  }
  return tag;
}

/** Answers a GET, or says that the client has it already. */
export function sendTagged(
  request: FastifyRequest,
  reply: FastifyReply,
  value: object,
  tag = etagOf(value),
): FastifyReply {
  return isKnownToClient(request, reply, tag) ? reply.code(304).send() : reply.send(value);
}

/** The same with what is written as JSON already. */
export function sendTaggedText(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, etag }: { readonly text: string; readonly etag: string },
): FastifyReply {
  if (isKnownToClient(request, reply, etag)) return reply.code(304).send();
  return reply.header("content-type", "application/json; charset=utf-8").send(text);
}

function isKnownToClient(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header("etag", tag);
  const wanted = request.headers["if-none-match"];
  return wanted !== undefined && names(wanted, tag);
}

/** `tag` is that of what the write replaces; undefined: there is nothing. */
export function checkPreconditions(
  request: FastifyRequest,
  tag: string | undefined,
  isStrict: boolean,
): void {
  const ifMatch = request.headers["if-match"];
  const ifNoneMatch = request.headers["if-none-match"];
  if (ifMatch === undefined && ifNoneMatch === undefined) {
    if (!isStrict && request.headers["windrose-strict"] !== "true") return;
    throw new Problem(
      "precondition-required",
      "a strict write says what it replaces; send If-Match with the ETag of the last GET, or If-None-Match: * to make it",
    );
  }
  const current = tag === undefined ? {} : { etag: tag };
  if (ifMatch !== undefined && (tag === undefined || !names(ifMatch, tag))) {
    throw new Problem("precondition-failed", "it is not as If-Match says any more; GET it and try again", {
      headers: current,
    });
  }
  if (ifNoneMatch !== undefined && tag !== undefined && names(ifNoneMatch, tag)) {
    throw new Problem("precondition-failed", "it is there already, which If-None-Match rules out", {
      headers: current,
    });
  }
}

function names(header: string, tag: string): boolean {
  // A proxy that compresses makes tags weak (W/), and changes nothing of what they stand for.
  return header.split(",").some((each) => {
    const text = each.trim();
    return text === "*" || text === tag || text === `W/${tag}`;
  });
}

function tagOf(value: unknown): string {
  return `"${hash("sha256", canonicalJson(value), "base64url")}"`;
}

/** JSON with the keys of each object in the order of their code units. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    const keys = Object.keys(each).sort();
    // As entries: an owner may be called __proto__.
    return Object.fromEntries(keys.map((key) => [key, (each as Record<string, unknown>)[key]]));
  });
}
