/**
 * Loads that members report, or whoever measures them, in the unit of their capacity. They change no document, and hold until
 * others are reported or they are taken back.
 *
 *   PUT    /v1/pools/{pool}/members/{member}/load   {"load": 812}
 *   DELETE                                          what the document says holds again
 *   POST   /v1/loads                                many at once, all or none
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import type { MemberLoad } from "../../store/live/live-exchange.ts";
import type { Documents } from "../../sync/editor.ts";
import type { ApiContext } from "../context.ts";
import { keyOf } from "../documents.ts";
import { requireDocument } from "../edit.ts";
import { Problem, type ProblemItem, pointerOf } from "../problem.ts";
import type { Live } from "./live.ts";
import { memberKeyOf, memberParams, requireMember } from "./members.ts";
import { requireOrderable } from "./order-routes.ts";

const PATH = "/v1/pools/:pool/members/:member/load";

const tags = ["health"];

/** As many as changes of RRsets. */
const LOADS_MAX = 10_000;
/** Sent before the first of them is answered. */
const LOADS_AT_ONCE = 500;

/** A report is no change that somebody made: only refusals are in the audit, for else it would be full of them within the hour. */
const config = { audited: "refusals" } as const;

const load = Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
  description: "In the unit of the member's capacity; null = nothing is reported any more.",
  errorMessage: "a number from 0 on, or null",
});

const LoadsBody = Type.Object(
  {
    loads: Type.Array(
      Type.Object(
        { pool: Type.String(), member: Type.String(), load },
        { additionalProperties: false, errorMessage: "a map with pool, member and load" },
      ),
      { minItems: 1, maxItems: LOADS_MAX, errorMessage: `a list of 1 to ${LOADS_MAX} loads` },
    ),
  },
  { additionalProperties: false, errorMessage: "a map with loads" },
);

export function registerLoads(app: FastifyInstance, { editor }: ApiContext, live: Live): void {
  const { exchange, copy } = live;

  app.get(
    PATH,
    { schema: { summary: "The load of a member", tags, params: memberParams } },
    async (request) => {
      const member = memberKeyOf(request);
      const { capacity } = requireMember(editor.documents, member);
      const reported = copy.loadOf(member) ?? null;
      return {
        ...member,
        load: reported ?? capacity?.load ?? null,
        reported,
        capacity: capacity?.capacity ?? null,
      };
    },
  );

  app.put(
    PATH,
    {
      config,
      schema: {
        summary: "Report the load of a member",
        tags,
        params: memberParams,
        body: Type.Object({ load }, { additionalProperties: false, errorMessage: "a map with load" }),
      },
    },
    async (request) => {
      const member = { ...memberKeyOf(request), load: (request.body as { load: number | null }).load };
      requireOrderable(editor.documents, member);
      await exchange.reportLoad(member, member.load);
      return { ...member, warnings: warningsOf(editor.documents, [member], () => ["load"]) };
    },
  );

  app.delete(
    PATH,
    { config, schema: { summary: "Take the report of a load back", tags, params: memberParams } },
    async (request, reply) => {
      const member = memberKeyOf(request);
      if (copy.loadOf(member) === undefined) requireMember(editor.documents, member);
      await exchange.reportLoad(member, null);
      return reply.code(204).send();
    },
  );

  app.post(
    "/v1/loads",
    { config, schema: { summary: "Report the loads of many members", tags, body: LoadsBody } },
    async (request) => {
      const { loads } = request.body as { loads: MemberLoad[] };
      const now = editor.documents;
      for (const pool of new Set(loads.map((each) => each.pool)))
        requireDocument(request, keyOf("pools", pool));
      const errors = loads.flatMap((each, index) => faultOf(now, each, index));
      if (errors.length > 0) {
        const others = errors.length === 1 ? "" : `, and ${errors.length - 1} more`;
        throw new Problem("body-invalid", `${errors[0]!.message}${others}`, { errors });
      }
      for (let at = 0; at < loads.length; at += LOADS_AT_ONCE) {
        const some = loads.slice(at, at + LOADS_AT_ONCE);
        await Promise.all(some.map((each) => exchange.reportLoad(each, each.load)));
      }
      return { loads: loads.length, warnings: warningsOf(now, loads, (index) => ["loads", index, "load"]) };
    },
  );
}

function faultOf(now: Documents, load: MemberLoad, index: number): ProblemItem[] {
  try {
    requireOrderable(now, load);
    return [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const key = error.code === "document-unknown" ? "pool" : "member";
    return [{ pointer: pointerOf(["loads", index, key]), message: error.message }];
  }
}

/** Where nobody will ask for the load. */
function warningsOf(
  now: Documents,
  loads: readonly MemberLoad[],
  pathOf: (index: number) => (string | number)[],
): ProblemItem[] {
  return loads.flatMap((each, index) => {
    if (requireMember(now, each).capacity !== null) return [];
    const message = `"${each.member}" of "${each.pool}" has no capacity, so its load has no effect; say capacity in the pool`;
    return [{ pointer: pointerOf(pathOf(index)), message }];
  });
}
