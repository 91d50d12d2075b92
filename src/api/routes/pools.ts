/**
 * Pools, whole. Their members one by one are in members.ts.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { idOf } from "../../store/document-key.ts";
import type { ApiContext } from "../context.ts";
import { showPool } from "../live/show.ts";
import { registerDocumentRoutes } from "./documents-of-kind.ts";

export function registerPools(app: FastifyInstance, context: ApiContext): void {
  registerDocumentRoutes(app, context, {
    kind: "pools",
    summaryOf(id, { configuration }) {
      const pool = configuration.pools.get(id);
      if (pool === undefined) return {};
      return {
        members: pool.members.length,
        policy: pool.policy.map(({ type }) => type),
        ...(pool.monitor === undefined ? {} : { monitor: pool.monitor }),
      };
    },
    sendOther(request, reply, key) {
      const { live } = context;
      if (live === undefined || (request.query as { health?: string }).health === undefined) return false;
      const view = live.health.pool(idOf(key));
      if (view !== undefined) reply.send(showPool(view, live.copy));
      return view !== undefined;
    },
  });
}
