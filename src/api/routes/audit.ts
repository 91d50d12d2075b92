/**
 * The audit, for those of scope admin.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import type { ApiContext } from "../context.ts";

const LIMIT = 100;

const AuditQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: `Entries in a page. Default ${LIMIT}.`,
        errorMessage: "a whole number from 1 to 1000",
      }),
    ),
    before: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: "Only older ones than this entry; what `next` of the page before says.",
        errorMessage: "the id of an entry",
      }),
    ),
  },
  { additionalProperties: false },
);

export function registerAudit(app: FastifyInstance, { audit }: ApiContext): void {
  app.get(
    "/v1/audit",
    {
      config: { access: "admin" },
      schema: {
        summary: "List changes and refused attempts, newest first",
        tags: ["audit"],
        querystring: AuditQuery,
      },
    },
    async (request) => {
      const { limit = LIMIT, before } = request.query as { limit?: number; before?: number };
      const items = await audit.list(limit, before);
      return { items, next: items.length < limit ? null : items.at(-1)!.id };
    },
  );
}
