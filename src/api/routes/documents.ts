/**
 * The whole configuration at once: what GET gives, PUT takes. What is not in the body of a PUT goes; a PATCH (JSON merge
 * patch) leaves it, and so changes several documents in one generation.
 *
 * Its ETag is that of its generation, as its hash would cost a walk over all zones.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { Documents as DocumentsSchema } from "../../documents/schema.ts";
import type { DocumentBody, Edit } from "../../store/change.ts";
import { DOCUMENT_KINDS, type DocumentKey, documentKey, idOf, kindOf } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import { MERGE_PATCH_TYPE } from "../body.ts";
import type { ApiContext } from "../context.ts";
import { checkAgainst, keyOf } from "../documents.ts";
import { answerEdit, type EditAnswer, type EditPlan, EditQuery } from "../edit.ts";
import { sendTagged } from "../etag.ts";
import { patched } from "../merge-patch.ts";
import { Problem, pointerOf } from "../problem.ts";
import { DOCUMENT_BODY } from "../request-schema.ts";
import { mayTouch } from "../tokens.ts";

const PATH = "/v1/documents";

const tags = ["documents"];

type Bodies = Readonly<Record<string, Readonly<Record<string, DocumentBody>> | null>>;

export function registerDocuments(app: FastifyInstance, context: ApiContext): void {
  const bodyLimit = context.limits.documentOctetsMax;

  app.get(PATH, { schema: { summary: "Read all documents", tags } }, async (request, reply) => {
    const now = context.editor.documents;
    reply.header("windrose-generation", now.generation);
    return sendTagged(request, reply, await allOf(request, now), generationTag(now));
  });

  app.put(
    PATH,
    {
      bodyLimit,
      schema: {
        summary: "Replace all documents",
        tags,
        querystring: EditQuery,
        body: { ...DocumentsSchema, ...DOCUMENT_BODY },
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const sent = documentsIn(request.body as Bodies);
        if (sent.size === 0) {
          const message =
            "there is no document in it, so nothing would be left; delete documents one by one for that";
          throw new Problem("documents-invalid", message, { errors: [{ pointer: "", message }] });
        }
        const gone = DOCUMENT_KINDS.flatMap((kind) =>
          now
            .ids(kind)
            .map((id) => documentKey(kind, id))
            .filter((key) => !sent.has(key))
            .map((key) => ({ key, body: null })),
        );
        return planOf(now, [...gone, ...[...sent].map(([key, { body }]) => ({ key, body }))], sent);
      }),
  );

  app.patch(
    PATH,
    {
      bodyLimit,
      schema: {
        summary: "Change several documents at once (JSON merge patch)",
        tags,
        querystring: EditQuery,
        consumes: [MERGE_PATCH_TYPE, "application/json"],
        body: Type.Object({}),
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const patch = documentsIn(withoutNulls(request.body as Bodies));
        // What stands of these documents alone, so that a small patch of a large configuration is a small edit.
        const standing: Record<string, Record<string, DocumentBody>> = {};
        for (const [key, { id }] of patch) {
          const body = await now.body(key);
          standing[kindOf(key)] ??= {};
          if (body !== null)
            Object.defineProperty(standing[kindOf(key)], id, { value: body, enumerable: true });
        }
        const after = checkAgainst(DocumentsSchema, patched(standing, request.body)) as Bodies;
        const kept = documentsIn(after);
        const edits = [...patch.keys()].map((key) => ({ key, body: kept.get(key)?.body ?? null }));
        return planOf(now, edits, patch);
      }),
  );
}

/** Taking all of a kind away would be one slip of the hand. */
function withoutNulls(patch: Bodies): Bodies {
  const kind = DOCUMENT_KINDS.find((each) => patch[each] === null);
  if (kind === undefined) return patch;
  const message = `${kind} is null, which would delete all of them; give null to those that are to go`;
  throw new Problem("documents-invalid", message, { errors: [{ pointer: pointerOf([kind]), message }] });
}

interface Sent {
  /** As it was sent. */
  readonly id: string;
  readonly body: DocumentBody;
}

/** By key. Throws Problem for two spellings of one zone. */
function documentsIn(bodies: Bodies): Map<DocumentKey, Sent> {
  const sent = new Map<DocumentKey, Sent>();
  for (const kind of DOCUMENT_KINDS) {
    for (const [id, body] of Object.entries(bodies[kind] ?? {})) {
      const pointer = pointerOf([kind, id]);
      const key = keyAt(kind, id, pointer);
      const twin = sent.get(key);
      if (twin !== undefined) {
        const message = `"${id}" is the same zone as "${twin.id}"; put both into one`;
        throw new Problem("documents-invalid", message, { errors: [{ pointer, message }] });
      }
      sent.set(key, { id, body });
    }
  }
  return sent;
}

function keyAt(kind: (typeof DOCUMENT_KINDS)[number], id: string, pointer: string): DocumentKey {
  try {
    return keyOf(kind, id);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem("documents-invalid", error.message, { errors: [{ pointer, message: error.message }] });
  }
}

function planOf(now: Documents, edits: readonly Edit[], sent: ReadonlyMap<DocumentKey, Sent>): EditPlan {
  return {
    edits,
    before: {},
    after: {},
    beforeTag: generationTag(now),
    locate: (key, path) => {
      const id = sent.get(key)?.id;
      return id === undefined ? undefined : [kindOf(key), id, ...path];
    },
  };
}

function generationTag({ generation }: Documents): string {
  return `"generation-${generation}"`;
}

/** Those that the token is for. */
async function allOf({ caller }: FastifyRequest, now: Documents): Promise<Bodies> {
  const kinds = await Promise.all(
    DOCUMENT_KINDS.map(async (kind) => {
      const entries: [string, DocumentBody][] = [];
      for (const id of now.ids(kind)) {
        const key = documentKey(kind, id);
        if (caller === null || !mayTouch(caller, key)) continue;
        const body = await now.body(key);
        if (body !== null) entries.push([idOf(key), body]);
      }
      return [kind, Object.fromEntries(entries)] as const;
    }),
  );
  return Object.fromEntries(kinds);
}
