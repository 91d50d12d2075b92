/**
 * A batch of changes to RRsets of one zone: all of them, or none.
 *
 *   CREATE   the RRset is not there yet
 *   UPSERT   makes it, or replaces it
 *   DELETE   it is there; with `data`, just this data
 *
 * Each is made on what those before it left, so an RRset may be deleted and created in one batch.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { listOf, RRsetBody } from "../../documents/schema.ts";
import type { Path } from "../../documents/source.ts";
import { formatName, type Name } from "../../wire/name.ts";
import { parseType, typeMnemonic } from "../../wire/rr-type.ts";
import type { ApiContext } from "../context.ts";
import { existingBody } from "../documents.ts";
import { answerEdit, type EditAnswer, EditQuery } from "../edit.ts";
import { Problem, type ProblemCode, pointerOf } from "../problem.ts";
import { parseOwner, type Records, type SentRRset } from "../records.ts";
import { ZONE_PARAM, zoneOf } from "./names.ts";
import { pathInRRset } from "./rrsets.ts";

const CHANGES_MAX = 10_000;

const ZoneChange = Type.Object(
  {
    action: Type.Enum(["CREATE", "UPSERT", "DELETE"], { errorMessage: "CREATE, UPSERT or DELETE" }),
    name: Type.String({ minLength: 1, errorMessage: "an owner, such as www or @" }),
    type: Type.String({ minLength: 1, errorMessage: "an RR type, such as A" }),
    ttl: RRsetBody.properties.ttl,
    data: Type.Optional(RRsetBody.properties.data),
  },
  { additionalProperties: false, errorMessage: "a map with action, name, type and data" },
);

const ZoneChanges = Type.Object(
  {
    changes: Type.Array(ZoneChange, {
      minItems: 1,
      maxItems: CHANGES_MAX,
      errorMessage: `a list of 1 to ${CHANGES_MAX} changes`,
    }),
  },
  { additionalProperties: false, errorMessage: "a map with changes" },
);

type ZoneChangeText = Type.Static<typeof ZoneChange>;

export function registerChangesOfZone(app: FastifyInstance, context: ApiContext): void {
  app.post(
    "/v1/zones/:zone/changes",
    {
      bodyLimit: context.limits.documentOctetsMax,
      schema: {
        summary: "Change RRsets of a zone, all or none",
        tags: ["zones"],
        params: Type.Object({ zone: ZONE_PARAM }),
        querystring: EditQuery,
        body: ZoneChanges,
      },
    },
    async (request, reply): Promise<EditAnswer> =>
      answerEdit(context, request, reply, async (now) => {
        const { key, apex, records } = await zoneOf(request, now);
        const before = await existingBody(now, key);
        const { changes } = request.body as { changes: ZoneChangeText[] };
        /** Which change made what stands at a name and type of the document, by JSON of both. */
        const madeBy = new Map<string, number>();
        for (const [index, change] of changes.entries()) {
          const owner = ownerOf(change, index, apex);
          const type = typeOf(change, index);
          apply(change, index, { records, owner, type });
          madeBy.set(JSON.stringify([records.keyOf(owner), records.typeKeyOf(owner, type)]), index);
        }
        const after = records.body;
        return {
          edits: [{ key, body: after }],
          before,
          after,
          locate(faulty, [part, name, type, ...rest]): Path | undefined {
            if (faulty !== key || part !== "records") return undefined;
            const index = madeBy.get(JSON.stringify([name, type]));
            return index === undefined ? undefined : ["changes", index, ...pathInRRset(rest)];
          },
        };
      }),
  );
}

function apply(
  { action, ttl, data }: ZoneChangeText,
  index: number,
  { records, owner, type }: { records: Records; owner: Name; type: number },
): void {
  const before = records.rrset(owner, type);
  const what = `${typeMnemonic(type)} at ${formatName(owner)}`;
  if (action === "DELETE") {
    if (before === undefined) throw refusal("rrset-unknown", index, "name", `there is no ${what} to delete`);
    if (data !== undefined && !isDeepStrictEqual([...listOf(data)].sort(), [...before.data].sort()))
      throw refusal("rrset-differs", index, "data", `the data of ${what} is not as this says any more`);
    records.setRRset(owner, type, null);
    return;
  }
  if (data === undefined) throw refusal("body-invalid", index, "data", `${action} needs data`);
  if (action === "CREATE" && before !== undefined)
    throw refusal("rrset-exists", index, "name", `there is ${what} already; use UPSERT to replace it`);
  const rrset: SentRRset = ttl === undefined ? { data } : { ttl, data };
  records.setRRset(owner, type, rrset);
}

function ownerOf({ name }: ZoneChangeText, index: number, apex: Name): Name {
  const owner = parseOwner(name, apex);
  if ("fault" in owner) throw refusal("body-invalid", index, "name", owner.fault);
  return owner;
}

function typeOf({ type: text }: ZoneChangeText, index: number): number {
  const type = parseType(text);
  if (type !== undefined) return type;
  const message = `"${text}" is no RR type; wanted a mnemonic such as A, or TYPEnnn`;
  throw refusal("body-invalid", index, "type", message);
}

function refusal(code: ProblemCode, index: number, field: string, message: string): Problem {
  return new Problem(code, message, { errors: [{ pointer: pointerOf(["changes", index, field]), message }] });
}
