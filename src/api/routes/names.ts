/**
 * Names of a zone: all that stands at an owner, as the document has it. `@` is the apex.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { NameEntry } from "../../documents/schema.ts";
import { type DocumentKey, idOf } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import { formatName, type Name } from "../../wire/name.ts";
import { MERGE_PATCH_TYPE } from "../body.ts";
import type { ApiContext } from "../context.ts";
import { apexOf, badParameter, checkAgainst, existingBody, keyOf } from "../documents.ts";
import { answerEdit, type EditAnswer, type EditPlan, EditQuery, requireDocument } from "../edit.ts";
import { sendTagged } from "../etag.ts";
import { patched } from "../merge-patch.ts";
import { PageQuery, type PageRequest, pageOf } from "../paging.ts";
import { Problem } from "../problem.ts";
import { type Entry, parseOwner, Records } from "../records.ts";
import { DOCUMENT_BODY } from "../request-schema.ts";

const PATH = "/v1/zones/:zone/names/:name";

const tags = ["zones"];

export const OWNER_PARAM = Type.String({
  description: "The owner, relative to the zone as in documents; @ is the apex. Percent-encoded.",
});
export const ZONE_PARAM = Type.String({ description: "The zone, percent-encoded." });

const params = Type.Object({ zone: ZONE_PARAM, name: OWNER_PARAM });

export function registerNames(app: FastifyInstance, context: ApiContext): void {
  app.get(
    "/v1/zones/:zone/names",
    {
      schema: {
        summary: "List names of a zone",
        tags,
        params: Type.Object({ zone: ZONE_PARAM }),
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { records } = await zoneOf(request, context.editor.documents);
      const owners = [...records.owners].sort();
      return pageOf(owners, request.query as PageRequest, (owner) => ({ name: owner, ...records.at(owner) }));
    },
  );

  app.get(PATH, { schema: { summary: "Read a name", tags, params } }, async (request, reply) => {
    const { owner, records } = await nameOf(request, context.editor.documents);
    return sendTagged(request, reply, records.entry(owner) ?? unknown(owner));
  });

  app.put(
    PATH,
    {
      schema: {
        summary: "Make or replace a name",
        tags,
        params,
        querystring: EditQuery,
        body: { ...NameEntry, ...DOCUMENT_BODY },
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) =>
        planOf(await nameOf(request, now), request.body as Entry),
      ),
  );

  app.patch(
    PATH,
    {
      schema: {
        summary: "Change parts of a name (JSON merge patch)",
        tags,
        params,
        querystring: EditQuery,
        consumes: [MERGE_PATCH_TYPE, "application/json"],
        body: Type.Object({}),
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const at = await nameOf(request, now);
        const before = at.records.entry(at.owner) ?? unknown(at.owner);
        return planOf(at, checkAgainst(NameEntry, patched(before, request.body)));
      }),
  );

  app.delete(
    PATH,
    { schema: { summary: "Delete a name", tags, params, querystring: EditQuery } },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const at = await nameOf(request, now);
        if (at.records.entry(at.owner) === undefined) unknown(at.owner);
        return planOf(at, null);
      }),
  );
}

export interface ZoneAt {
  readonly key: DocumentKey;
  readonly apex: Name;
  readonly records: Records;
}

export interface NameAt extends ZoneAt {
  readonly owner: Name;
}

/** The zone that a path names, for whoever may see it. */
export async function zoneOf(request: FastifyRequest, now: Documents): Promise<ZoneAt> {
  const key = keyOf("zones", (request.params as { zone: string }).zone);
  requireDocument(request, key);
  const apex = apexOf(idOf(key));
  return { key, apex, records: new Records(apex, await existingBody(now, key)) };
}

export async function nameOf(request: FastifyRequest, now: Documents): Promise<NameAt> {
  const zone = await zoneOf(request, now);
  const owner = parseOwner((request.params as { name: string }).name, zone.apex);
  if ("fault" in owner) throw badParameter("name", owner.fault);
  return { ...zone, owner };
}

function planOf({ key, owner, records }: NameAt, entry: Entry | null): EditPlan {
  const name = records.keyOf(owner);
  const before = records.entry(owner);
  records.setEntry(owner, entry);
  return {
    edits: [{ key, body: records.body }],
    before,
    after: entry ?? undefined,
    locate: (faulty, [part, at, ...rest]) =>
      faulty === key && part === "records" && at === name ? rest : undefined,
  };
}

function unknown(owner: Name): never {
  throw new Problem("name-unknown", `nothing stands at ${formatName(owner)}; PUT makes it`);
}
