/**
 * Members of a pool, by name. A member without a name goes by its first address, its target or its pool.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { listOf, Member, type MemberText } from "../../documents/schema.ts";
import type { DocumentBody } from "../../store/change.ts";
import type { DocumentKey } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import { MERGE_PATCH_TYPE } from "../body.ts";
import type { ApiContext } from "../context.ts";
import { checkAgainst, existingBody, keyOf } from "../documents.ts";
import { answerEdit, type EditAnswer, type EditPlan, EditQuery, requireDocument } from "../edit.ts";
import { sendTagged } from "../etag.ts";
import { patched } from "../merge-patch.ts";
import { Problem } from "../problem.ts";
import { readDocument } from "../read-cache.ts";
import { DOCUMENT_BODY } from "../request-schema.ts";

const PATH = "/v1/pools/:pool/members/:member";

const tags = ["pools"];

const params = Type.Object({
  pool: Type.String({ description: "Id of the pool." }),
  member: Type.String({ description: "Name of the member, percent-encoded." }),
});

type MemberMap = Exclude<MemberText, string>;

export function registerMembers(app: FastifyInstance, context: ApiContext): void {
  app.get(PATH, { schema: { summary: "Read a member", tags, params } }, async (request, reply) => {
    const at = await memberOf(request, context.editor.documents, async (now, key) => {
      return (await readDocument(now, key)).body;
    });
    return sendTagged(request, reply, existing(at));
  });

  app.put(
    PATH,
    {
      schema: {
        summary: "Make or replace a member; a new one comes last",
        tags,
        params,
        querystring: EditQuery,
        body: { ...Member, ...DOCUMENT_BODY },
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) =>
        planOf(await memberOf(request, now), asMap(request.body as MemberText)),
      ),
  );

  app.patch(
    PATH,
    {
      schema: {
        summary: "Change parts of a member (JSON merge patch)",
        tags,
        params,
        querystring: EditQuery,
        consumes: [MERGE_PATCH_TYPE, "application/json"],
        body: Type.Object({}),
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const at = await memberOf(request, now);
        return planOf(at, checkAgainst(Member, patched(existing(at), request.body)));
      }),
  );

  app.delete(
    PATH,
    { schema: { summary: "Delete a member", tags, params, querystring: EditQuery } },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const at = await memberOf(request, now);
        existing(at);
        return planOf(at, null);
      }),
  );
}

interface MemberAt {
  readonly key: DocumentKey;
  readonly pool: DocumentBody;
  readonly members: readonly MemberText[];
  readonly name: string;
  /** Of `members`; -1 where there is none of this name. */
  readonly index: number;
}

/** `read` is another way to the pool where the newest will do that this node answers by. */
async function memberOf(
  request: FastifyRequest,
  now: Documents,
  read: (now: Documents, key: DocumentKey) => Promise<DocumentBody> = existingBody,
): Promise<MemberAt> {
  const { pool: id, member: name } = request.params as { pool: string; member: string };
  const key = keyOf("pools", id);
  requireDocument(request, key);
  const pool = await read(now, key);
  const members = pool.members as MemberText[];
  return { key, pool, members, name, index: members.findIndex((member) => nameOf(asMap(member)) === name) };
}

function existing({ members, index, name }: MemberAt): MemberMap {
  const member = members[index];
  if (member !== undefined) return asMap(member);
  const names = members.slice(0, 20).map((each) => nameOf(asMap(each)));
  throw new Problem("member-unknown", `there is no member "${name}"; the pool has ${names.join(", ")}`);
}

function asMap(member: MemberText): MemberMap {
  return typeof member === "string" ? { address: member } : member;
}

/** As documents name it. */
function nameOf(member: MemberMap): string | undefined {
  return member.name ?? listOf(member.address)[0] ?? member.target ?? member.pool;
}

function planOf(
  { key, pool, members, name, index }: MemberAt,
  sent: Readonly<Record<string, unknown>> | null,
): EditPlan {
  const place = index < 0 ? members.length : index;
  // The path names it, unless it says another name, which renames it.
  const member =
    sent === null || nameOf(sent as MemberMap) === name || sent.name !== undefined ? sent : { name, ...sent };
  if (index < 0 && member !== null && nameOf(member as MemberMap) !== name) {
    const message = `the path names the member "${name}", the body "${nameOf(member as MemberMap)}"; name it once`;
    throw new Problem("documents-invalid", message, { errors: [{ pointer: "/name", message }] });
  }
  const others: unknown[] = [...members];
  others.splice(place, 1, ...(member === null ? [] : [member]));
  return {
    edits: [{ key, body: { ...pool, members: others } }],
    before: index < 0 ? undefined : asMap(members[index]!),
    after: member ?? undefined,
    locate: (faulty, [part, at, ...rest]) =>
      faulty === key && part === "members" && at === place && member !== null ? rest : undefined,
  };
}
