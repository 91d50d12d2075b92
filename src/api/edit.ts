/**
 * One edit over the API: from the headers and the query of a request to the answer, around what a route wants to change.
 *
 *   ?dry-run  ?wait=all|quorum  ?timeout=  ?reason= or Windrose-Reason  If-Match  If-None-Match  Windrose-Strict
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { DURATION_PATTERN, parseDuration } from "../documents/duration.ts";
import type { Path } from "../documents/source.ts";
import { PresentationError, WindroseError } from "../lib/errors.ts";
import type { Fault } from "../lib/fault.ts";
import type { Edit, PartChange } from "../store/change.ts";
import { type DocumentKey, idOf, kindOf, parseDocumentKey, zoneKey } from "../store/document-key.ts";
import type { Receipt, Wait } from "../store/nodes.ts";
import type { Documents, EditRequest } from "../sync/editor.ts";
import { parseName, ROOT } from "../wire/name.ts";
import type { ApiContext } from "./context.ts";
import { checkPreconditions, etagOf } from "./etag.ts";
import { faultsOf, itemOfFault, Problem, type ProblemItem, pointerOf } from "./problem.ts";
import { mayTouch } from "./tokens.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Why this change is made, as the client says; null where no change was tried. */
    changeReason: string | null;
  }
}

const REASON_LENGTH_MAX = 500;

/** The query of every route that changes documents. */
export const EditQuery = Type.Object(
  {
    "dry-run": Type.Optional(
      Type.Boolean({
        description: "Check it, and say what it would do; nothing is kept.",
        errorMessage: "true or false",
      }),
    ),
    wait: Type.Optional(
      Type.Enum(["all", "quorum"], {
        description: "Answer when all live nodes, or more than half of them, answer by it.",
        errorMessage: "all or quorum",
      }),
    ),
    timeout: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description: "How long to wait, such as 500ms or 30s. Default 10s, at most 60s.",
        errorMessage: "a duration such as 10s",
      }),
    ),
    reason: Type.Optional(
      Type.String({ description: "Why, for the log of changes; or the header Windrose-Reason." }),
    ),
  },
  { additionalProperties: false },
);

interface EditQueryValues {
  readonly "dry-run"?: boolean;
  readonly wait?: Wait;
  readonly timeout?: string;
  readonly reason?: string;
}

/** The answer to an edit. */
export interface EditAnswer {
  readonly generation: number;
  /** RFC 3339; null where nothing changed, and for a dry run. */
  readonly at: string | null;
  readonly dryRun: boolean;
  readonly changes: readonly ShownPart[];
  readonly warnings: readonly ProblemItem[];
  /** Only with ?wait, as the next two: all that were waited for answer by it. */
  readonly complete?: boolean;
  readonly receipts?: readonly Receipt[];
  readonly missing?: readonly string[];
}

export interface ShownPart {
  readonly document: string;
  readonly path: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface EditPlan {
  readonly edits: readonly Edit[];
  /** What If-Match speaks of, as it stands; undefined: there is none. */
  readonly before: unknown;
  /** The same as it will be; undefined: gone. */
  readonly after: unknown;
  /** Of `before`, where it is not its hash; then the answer has none. */
  readonly beforeTag?: string;
  /** Where in the body that was sent the part of a document comes from; undefined: it does not. */
  readonly locate?: (key: DocumentKey, path: Path) => Path | undefined;
  /** What these faults are called when they have a name of their own. */
  readonly refused?: (faults: readonly Fault[]) => Problem | undefined;
}

/** How long ?wait waits: beyond it a node is rather away than slow. */
const WAIT_MS = 10_000;
/** Proxies in front of the API close what is silent for longer. */
const WAIT_MS_MAX = 60_000;

/** Makes the edit that `plan` works out from what stands, and answers; rejects with what is to be told. */
export async function answerEdit(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  plan: (now: Documents) => Promise<EditPlan>,
  usualReason = "",
): Promise<EditAnswer> {
  const query = request.query as EditQueryValues;
  const timeoutMs = timeoutOf(query);
  const reason = reasonOf(request, query) || usualReason;
  request.changeReason = reason;
  let planned: EditPlan | undefined;
  const made: EditRequest = {
    author: request.caller?.name ?? "",
    reason,
    dryRun: query["dry-run"] === true,
    edits: async (now) => {
      planned = await plan(now);
      for (const { key } of planned.edits) requireDocument(request, key);
      const { before, beforeTag } = planned;
      const tag = beforeTag ?? (before === undefined ? undefined : etagOf(before));
      checkPreconditions(request, tag, context.limits.strict);
      return planned.edits;
    },
  };
  const outcome = await context.editor.edit(made).catch((error: unknown) => {
    throw planned === undefined ? error : refusalOf(error, planned);
  });
  request.outcome = outcome;
  const { generation, at, parts, warnings } = outcome;
  const isDone = query["dry-run"] !== true;
  if (planned?.before === undefined && planned?.after !== undefined && isDone) reply.code(201);
  if (planned?.beforeTag !== undefined) reply.header("etag", `"generation-${generation}"`);
  else if (planned?.after !== undefined) reply.header("etag", etagOf(planned.after));
  reply.header("windrose-generation", generation);
  const receipts =
    query.wait !== undefined && isDone && context.waitFor !== undefined
      ? await context.waitFor(generation, { who: query.wait, timeoutMs, at })
      : {};
  return {
    generation,
    at,
    dryRun: !isDone,
    changes: parts.map(shownPart),
    warnings: warnings.map(itemOfFault),
    ...receipts,
  };
}

/** With pointers into what was sent, where the faults come from there. */
function refusalOf(error: unknown, { edits, locate, refused }: EditPlan): unknown {
  if (!(error instanceof WindroseError) || error.code !== "documents-invalid") return error;
  const faults = faultsOf(error);
  const named = refused?.(faults);
  if (named !== undefined) return named;
  const errors = faults.map((fault) => {
    const [kind, id, ...rest] = fault.path ?? [];
    const key = id === undefined ? undefined : parseDocumentKey(`${kind}/${id}`);
    const asked = key === undefined ? undefined : keyAsAsked(key);
    const path = asked && locate?.(asked, rest.length > 0 ? rest : pathOfWhole(asked, fault, edits));
    return path === undefined ? itemOfFault(fault) : { pointer: pointerOf(path), message: fault.message };
  });
  const others = errors.length < 2 ? "" : `, and ${errors.length - 1} more`;
  const detail = errors.length === 0 ? error.message : `${errors[0]!.message}${others}`;
  return new Problem("documents-invalid", detail, { errors, cause: error });
}

/**
 * A zone whose text is in no file (yet) is all that a store can point at when a pool is missing; the edit knows at which
 * name it was given.
 */
function pathOfWhole(key: DocumentKey, { message }: Fault, edits: readonly Edit[]): Path {
  const pool = /^unknown pool "([^"]+)";/.exec(message)?.[1];
  const body = edits.find((edit) => edit.key === key)?.body;
  if (pool === undefined || kindOf(key) !== "zones" || body === null || body === undefined) return [];
  const records = Object.entries(body.records as Readonly<Record<string, { readonly pool?: unknown }>>);
  const owner = records.find(([, entry]) => entry.pool === pool)?.[0];
  return owner === undefined ? [] : ["records", owner, "pool"];
}

/** A file may spell a zone in its own way. */
function keyAsAsked(key: DocumentKey): DocumentKey {
  try {
    return kindOf(key) === "zones" ? zoneKey(parseName(idOf(key), ROOT)) : key;
  } catch (error) {
    if (error instanceof PresentationError) return key;
    throw error;
  }
}

export function shownPart({ key, ...rest }: PartChange): ShownPart {
  return { document: key, ...rest };
}

/** Throws unless the token is for this document. */
export function requireDocument(request: FastifyRequest, key: Edit["key"]): void {
  const { caller } = request;
  if (caller !== null && mayTouch(caller, key)) return;
  const message = `the token "${caller?.name ?? ""}" is not for ${key}`;
  throw new Problem("document-forbidden", message, { members: { document: key } });
}

function timeoutOf({ timeout }: EditQueryValues): number {
  const ms = timeout === undefined ? WAIT_MS : parseDuration(timeout);
  if (ms <= WAIT_MS_MAX) return ms;
  const message = `"${timeout}" is too long; wait 60s at most`;
  throw new Problem("request-invalid", message, { errors: [{ pointer: "?timeout", message }] });
}

/** Why, as the query or the header says; "" where neither does. Throws Problem "request-invalid" for what is too long. */
export function reasonOf(request: FastifyRequest, query: Pick<EditQueryValues, "reason">): string {
  const header = request.headers["windrose-reason"];
  const reason = query.reason ?? (typeof header === "string" ? headerText(header) : "");
  if (reason.length > REASON_LENGTH_MAX || /\p{Cc}/u.test(reason)) {
    const message = `a reason is one line of at most ${REASON_LENGTH_MAX} characters`;
    throw new Problem("request-invalid", message, { errors: [{ pointer: "?reason", message }] });
  }
  return reason;
}

/** Headers come as Latin-1; what clients send is UTF-8 as a rule. */
function headerText(header: string): string {
  const octets = Buffer.from(header, "latin1");
  return isUtf8(octets) ? octets.toString() : header;
}
