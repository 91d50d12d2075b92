/**
 * All routes over what happens while documents stay as they are.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { ApiContext } from "../context.ts";
import { registerHealth } from "./health-routes.ts";
import { registerIncidents } from "./incident-routes.ts";
import type { Live } from "./live.ts";
import { registerLoads } from "./load-routes.ts";
import { registerOrders } from "./order-routes.ts";
import { registerTry } from "./try-route.ts";

export function registerLive(app: FastifyInstance, context: ApiContext, live: Live): void {
  registerHealth(app, context, live);
  registerIncidents(app, context, live);
  registerOrders(app, context, live);
  registerLoads(app, context, live);
  registerTry(app, context);
  app.addHook("onReady", () => live.copy.start());
  app.addHook("onClose", () => live.copy.stop());
}
