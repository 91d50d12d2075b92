/**
 * What zones, pools and monitors have in common: a list in pages, and GET, PUT, PATCH and DELETE of one.
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Type, { type TSchema } from "typebox";
import { hasErrors } from "../../lib/fault.ts";
import type { DocumentBody } from "../../store/change.ts";
import { type DocumentKey, type DocumentKind, documentKey, idOf } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import { MERGE_PATCH_TYPE } from "../body.ts";
import type { ApiContext } from "../context.ts";
import { checkAgainst, DOCUMENT_SCHEMAS, existingBody, KIND_WORDS, keyOf } from "../documents.ts";
import { answerEdit, type EditAnswer, type EditPlan, EditQuery, requireDocument } from "../edit.ts";
import { sendTaggedText } from "../etag.ts";
import { patched } from "../merge-patch.ts";
import { PageQuery, type PageRequest, pageOf } from "../paging.ts";
import { itemOfFault, Problem, type ProblemCode } from "../problem.ts";
import { readDocument } from "../read-cache.ts";
import { DOCUMENT_BODY } from "../request-schema.ts";
import { mayTouch } from "../tokens.ts";

export interface DocumentRoutes {
  readonly kind: DocumentKind;
  /** What the list says of each, besides its id. */
  readonly summaryOf: (id: string, now: Documents) => object;
  /** Instead of the JSON of a body, where the client wants something else; true when it was sent. */
  readonly sendOther?: (
    request: FastifyRequest,
    reply: FastifyReply,
    key: DocumentKey,
    body: DocumentBody,
  ) => boolean;
  /** Instead of JSON as it was sent: a body from what the text says. */
  readonly readText?: (text: string, key: DocumentKey, before: DocumentBody | null) => DocumentBody;
  /** What PUT takes besides JSON. */
  readonly consumes?: readonly string[];
}

export function registerDocumentRoutes(
  app: FastifyInstance,
  context: ApiContext,
  routes: DocumentRoutes,
): void {
  const { kind, summaryOf, sendOther, readText } = routes;
  const word = KIND_WORDS[kind];
  const schema: TSchema = DOCUMENT_SCHEMAS[kind];
  const tags = [kind];
  const params = Type.Object({ [word]: Type.String({ description: `Id of the ${word}, percent-encoded.` }) });
  const path = `/v1/${kind}/:${word}`;
  const bodyLimit = context.limits.documentOctetsMax;

  function keyIn(request: FastifyRequest): DocumentKey {
    const key = keyOf(kind, (request.params as Record<string, string>)[word]!);
    requireDocument(request, key);
    return key;
  }

  app.get(
    `/v1/${kind}`,
    {
      schema: {
        summary: `List ${kind}`,
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const now = context.editor.documents;
      const { caller } = request;
      const ids = now.ids(kind).filter((id) => caller !== null && mayTouch(caller, documentKey(kind, id)));
      return pageOf(ids, request.query as PageRequest, (id) => ({ id, ...summaryOf(id, now) }));
    },
  );

  app.get(path, { schema: { summary: `Read a ${word}`, tags, params } }, async (request, reply) => {
    const key = keyIn(request);
    const document = await readDocument(context.editor.documents, key);
    if (sendOther?.(request, reply, key, document.body) === true) return reply;
    return sendTaggedText(request, reply, document);
  });

  app.put(
    path,
    {
      bodyLimit,
      schema: {
        summary: `Make or replace a ${word}`,
        tags,
        params,
        querystring: EditQuery,
        consumes: ["application/json", ...(routes.consumes ?? [])],
        body: { ...schema, ...DOCUMENT_BODY },
      },
    },
    async (request, reply): Promise<EditAnswer> => {
      const key = keyIn(request);
      return answerEdit(context, request, reply, async (now) => {
        const before = await now.body(key);
        const after = bodyOf(request, key, before);
        return planOf(key, before, after);
      });
    },
  );

  function bodyOf(request: FastifyRequest, key: DocumentKey, before: DocumentBody | null): DocumentBody {
    if (typeof request.body !== "string") return request.body as DocumentBody;
    if (readText !== undefined) return readText(request.body, key, before);
    throw new Problem("media-type-unsupported", `a ${word} comes as application/json`);
  }

  app.patch(
    path,
    {
      bodyLimit,
      schema: {
        summary: `Change parts of a ${word} (JSON merge patch)`,
        tags,
        params,
        querystring: EditQuery,
        consumes: [MERGE_PATCH_TYPE, "application/json"],
        body: Type.Object({}),
      },
    },
    async (request, reply): Promise<EditAnswer> => {
      const key = keyIn(request);
      return answerEdit(context, request, reply, async (now) => {
        const before = await existingBody(now, key);
        return planOf(key, before, checkAgainst(schema, patched(before, request.body)));
      });
    },
  );

  app.delete(
    path,
    { schema: { summary: `Delete a ${word}`, tags, params, querystring: EditQuery } },
    async (request, reply): Promise<EditAnswer> => {
      const key = keyIn(request);
      return answerEdit(context, request, reply, async (now) => ({
        edits: [{ key, body: null }],
        before: await existingBody(now, key),
        after: undefined,
        refused: (faults) => usersOf(key, word, faults),
      }));
    },
  );
}

function planOf(key: DocumentKey, before: DocumentBody | null, after: DocumentBody): EditPlan {
  return {
    edits: [{ key, body: after }],
    before: before ?? undefined,
    after,
    locate: (faulty, path) => (faulty === key ? path : undefined),
  };
}

/** What is deleted is missed: then its users are what there is to tell. */
function usersOf(
  key: DocumentKey,
  word: "zone" | "pool" | "monitor",
  faults: readonly Parameters<typeof itemOfFault>[0][],
): Problem | undefined {
  if (word === "zone" || !hasErrors(faults)) return undefined;
  // The only reference to it that can be wrong is one to what is not there any more.
  if (!faults.every(({ message }) => message.startsWith(`unknown ${word} "${idOf(key)}"`))) return undefined;
  const users = faults.map((fault) => {
    const { document, pointer } = itemOfFault(fault);
    return { document, pointer };
  });
  const names = [...new Set(users.map(({ document }) => document))];
  const shown = names.length > 5 ? `${names.slice(0, 5).join(", ")}, …` : names.join(", ");
  const code: ProblemCode = word === "pool" ? "pool-in-use" : "monitor-in-use";
  return new Problem(code, `${word} "${idOf(key)}" is used by ${shown}; take it out there first`, {
    members: { users },
  });
}
