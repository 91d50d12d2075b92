/**
 * Monitors.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { ApiContext } from "../context.ts";
import { registerDocumentRoutes } from "./documents-of-kind.ts";

export function registerMonitors(app: FastifyInstance, context: ApiContext): void {
  registerDocumentRoutes(app, context, {
    kind: "monitors",
    summaryOf(id, { configuration }) {
      const monitor = configuration.monitors.get(id);
      return monitor === undefined ? {} : { type: monitor.type };
    },
  });
}
