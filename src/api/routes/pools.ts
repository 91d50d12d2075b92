/**
 * Pools, whole. Their members one by one are in members.ts.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { ApiContext } from "../context.ts";
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
  });
}
