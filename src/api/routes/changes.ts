/**
 * The log of accepted changes, newest first, and taking one back.
 *
 * A revert is a change like any other. It takes back the parts that its change made, and is refused where
 * something changed one of them since: 409 with a list of these.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { type Change, type Edit, type PartChange, withoutParts } from "../../store/change.ts";
import type { DocumentKey } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import type { ApiContext } from "../context.ts";
import { badParameter } from "../documents.ts";
import { answerEdit, type EditAnswer, type EditPlan, EditQuery, shownPart } from "../edit.ts";
import { Problem, pointerOf } from "../problem.ts";
import { mayTouch } from "../tokens.ts";

const LIMIT = 20;

const tags = ["changes"];

const params = Type.Object({
  generation: Type.String({ description: "The generation that the change made." }),
});

const ChangesQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 200,
        description: `Changes in a page. Default ${LIMIT}.`,
        errorMessage: "a whole number from 1 to 200",
      }),
    ),
    before: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: "Only older ones than this generation; what `next` of the page before says.",
        errorMessage: "a generation",
      }),
    ),
  },
  { additionalProperties: false },
);

export function registerChanges(app: FastifyInstance, context: ApiContext): void {
  const { editor } = context;
  app.get(
    "/v1/changes",
    { schema: { summary: "List changes, newest first", tags, querystring: ChangesQuery } },
    async (request) => {
      const { limit = LIMIT, before } = request.query as { limit?: number; before?: number };
      const changes = await editor.changes(limit, before);
      const next = changes.length < limit ? null : changes.at(-1)!.generation;
      return { items: changes.map((change) => shown(change, request)), next };
    },
  );

  app.get(
    "/v1/changes/:generation",
    { schema: { summary: "Read a change", tags, params } },
    async (request) => shown(await changeOf(request, context), request),
  );

  app.post(
    "/v1/changes/:generation/revert",
    { schema: { summary: "Take a change back", tags, params, querystring: EditQuery } },
    async (request, reply): Promise<EditAnswer> => {
      const change = await changeOf(request, context, true);
      if (change.namesOnly) {
        const message = `what generation ${change.generation} changed is not kept (any more), as it was so much; mend that by hand`;
        throw new Problem("change-not-kept", message);
      }
      const reason = `revert of generation ${change.generation}`;
      return answerEdit(context, request, reply, (now) => planOf(change, now), reason);
    },
  );
}

async function planOf({ generation, parts }: Change, now: Documents): Promise<EditPlan> {
  const edits: Edit[] = [];
  const conflicts: { document: DocumentKey; pointer: string }[] = [];
  for (const [document, own] of Map.groupBy(parts, ({ key }) => key)) {
    const taken = withoutParts(await now.body(document), own);
    for (const path of taken.conflicts) conflicts.push({ document, pointer: pointerOf(path) });
    edits.push({ key: document, body: taken.body });
  }
  if (conflicts.length > 0) {
    const places = [...new Set(conflicts.map(({ document }) => document))].join(", ");
    const message = `what generation ${generation} changed was changed again since, in ${places}; mend that by hand`;
    throw new Problem("revert-conflict", message, { members: { conflicts } });
  }
  return { edits, before: {}, after: {}, beforeTag: `"generation-${now.generation}"` };
}

async function changeOf(request: FastifyRequest, { editor }: ApiContext, whole = false): Promise<Change> {
  const text = (request.params as { generation: string }).generation;
  if (!/^[0-9]{1,15}$/.test(text)) throw badParameter("generation", `"${text}" is no generation`);
  const change = await editor.change(Number(text), whole);
  if (change !== undefined) return change;
  throw new Problem("change-unknown", `the change that made generation ${text} is not known (any more)`);
}

/** Without what the token is not for. */
function shown({ parts, ...change }: Change, { caller }: FastifyRequest): object {
  const visible = parts.filter(({ key }: PartChange) => caller !== null && mayTouch(caller, key));
  return { ...change, changes: visible.map(shownPart) };
}
