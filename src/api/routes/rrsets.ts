/**
 * RRsets of a zone, by owner and type: `{ "ttl": 60, "data": ["192.0.2.99"] }`, data in presentation form.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { RRsetBody } from "../../documents/schema.ts";
import type { Path } from "../../documents/source.ts";
import type { Documents } from "../../sync/editor.ts";
import { formatName } from "../../wire/name.ts";
import { parseType, typeMnemonic } from "../../wire/rr-type.ts";
import type { ApiContext } from "../context.ts";
import { badParameter } from "../documents.ts";
import { answerEdit, type EditAnswer, type EditPlan, EditQuery } from "../edit.ts";
import { sendTagged } from "../etag.ts";
import { Problem } from "../problem.ts";
import type { SentRRset } from "../records.ts";
import { type NameAt, nameOf, OWNER_PARAM, ZONE_PARAM } from "./names.ts";

const PATH = "/v1/zones/:zone/rrsets/:name/:type";

const tags = ["zones"];

const params = Type.Object({
  zone: ZONE_PARAM,
  name: OWNER_PARAM,
  type: Type.String({ description: "A mnemonic such as A, or TYPEnnn." }),
});

export function registerRRsets(app: FastifyInstance, context: ApiContext): void {
  app.get(PATH, { schema: { summary: "Read an RRset", tags, params } }, async (request, reply) => {
    const at = await rrsetOf(request, context.editor.documents);
    return sendTagged(request, reply, at.records.rrset(at.owner, at.type) ?? unknown(at));
  });

  app.put(
    PATH,
    {
      schema: { summary: "Make or replace an RRset", tags, params, querystring: EditQuery, body: RRsetBody },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) =>
        planOf(await rrsetOf(request, now), request.body as SentRRset),
      ),
  );

  app.delete(
    PATH,
    { schema: { summary: "Delete an RRset", tags, params, querystring: EditQuery } },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const at = await rrsetOf(request, now);
        if (at.records.rrset(at.owner, at.type) === undefined) unknown(at);
        return planOf(at, null);
      }),
  );
}

interface RRsetAt extends NameAt {
  readonly type: number;
}

async function rrsetOf(request: FastifyRequest, now: Documents): Promise<RRsetAt> {
  const text = (request.params as { type: string }).type;
  const type = parseType(text);
  if (type === undefined)
    throw badParameter("type", `"${text}" is no RR type; wanted a mnemonic such as A, or TYPEnnn`);
  return { ...(await nameOf(request, now)), type };
}

function planOf({ key, owner, type, records }: RRsetAt, rrset: SentRRset | null): EditPlan {
  const before = records.rrset(owner, type);
  records.setRRset(owner, type, rrset);
  const [name, typeKey] = [records.keyOf(owner), records.typeKeyOf(owner, type)];
  return {
    edits: [{ key, body: records.body }],
    before,
    after: records.rrset(owner, type),
    locate: (faulty, [part, at, of, ...rest]) =>
      faulty === key && part === "records" && at === name && of === typeKey ? pathInRRset(rest) : undefined,
  };
}

/** A document may have data alone where the API has `{ data }`. */
export function pathInRRset(path: Path): Path {
  return path[0] === "data" || path[0] === "ttl" ? path : ["data", ...path];
}

function unknown({ owner, type }: RRsetAt): never {
  throw new Problem(
    "rrset-unknown",
    `there is no ${typeMnemonic(type)} at ${formatName(owner)}; PUT makes it`,
  );
}
