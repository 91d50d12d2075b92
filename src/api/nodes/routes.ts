/**
 * GET /v1/nodes: which nodes answer from this store, and by which generation.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { Nodes } from "../../store/nodes.ts";

const NodeSchema = Type.Object({
  id: Type.String(),
  version: Type.String(),
  region: Type.Union([Type.String(), Type.Null()]),
  addresses: Type.Array(Type.String(), { description: "where it answers DNS" }),
  pid: Type.Integer(),
  generation: Type.Integer({ description: "what all its threads answer from" }),
  stateAgeSeconds: Type.Integer({
    description: "how long its store could not be asked, when it was last heard of",
  }),
  startedAt: Type.String({ format: "date-time" }),
  seenAt: Type.String({
    format: "date-time",
    description: "when it was last heard of, by the clock of the store",
  }),
  self: Type.Boolean({ description: "the one that answers this request" }),
});

export function registerNodes(app: FastifyInstance, nodes: Nodes): void {
  app.get(
    "/v1/nodes",
    {
      schema: {
        summary: "The nodes and their generations",
        tags: ["node"],
        response: { 200: Type.Object({ nodes: Type.Array(NodeSchema) }) },
      },
    },
    async () => ({ nodes: await nodes.list() }),
  );
}
