/**
 * What watches over a node ask: /livez, /readyz and /metrics.
 *
 *   /livez     200 while the process turns; restart it where that does not come
 *   /readyz    200 while answers are good, 503 while it starts and stops; with detail in the body
 *   /metrics   Prometheus text
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { NodeFace } from "../node-face.ts";
import { Problem } from "../problem.ts";
import { collectMetrics, type LiveCounts } from "./collect.ts";
import { EXPOSITION_TYPE } from "./exposition.ts";
import { healthReadinessOf, readinessOf } from "./readiness.ts";
import type { RequestCounts } from "./request-counts.ts";

const ReadinessSchema = Type.Object({
  status: Type.Union([Type.Literal("ready"), Type.Literal("not-ready")]),
  node: Type.String(),
  version: Type.String(),
  generation: Type.Integer({ description: "what every thread answers from" }),
  newest: Type.Integer({ description: "above generation while threads are taking it" }),
  zones: Type.Integer(),
  pools: Type.Integer(),
  uptimeSeconds: Type.Integer(),
  store: Type.Object({ kind: Type.String(), up: Type.Boolean(), ageSeconds: Type.Integer() }),
  health: Type.Optional(
    Type.Object({
      endpoints: Type.Object({ up: Type.Integer(), down: Type.Integer(), unknown: Type.Integer() }),
      probers: Type.Integer(),
      ageSeconds: Type.Union([Type.Integer(), Type.Null()]),
      awaySeconds: Type.Union([Type.Integer(), Type.Null()]),
      incidentsOpen: Type.Integer(),
      alarms: Type.Integer(),
    }),
  ),
  placeData: Type.Array(Type.Object({ file: Type.String(), ageSeconds: Type.Integer() })),
  warnings: Type.Array(Type.String()),
});

export interface MonitoringContext {
  readonly node: NodeFace;
  readonly requests: RequestCounts;
  readonly eventClients: () => number;
  readonly live?: () => LiveCounts;
}

export function registerMonitoring(app: FastifyInstance, context: MonitoringContext): void {
  const { node, requests, eventClients, live } = context;
  app.get(
    "/livez",
    {
      schema: {
        summary: "Is the process alive?",
        tags: ["node"],
        security: [],
        response: { 200: Type.Object({ status: Type.Literal("live") }) },
      },
    },
    async () => ({ status: "live" as const }),
  );
  app.get(
    "/readyz",
    {
      schema: {
        summary: "Are answers good, and what are they from?",
        tags: ["node"],
        security: [],
        response: { 200: ReadinessSchema, 503: ReadinessSchema },
      },
    },
    async (_request, reply) => {
      const known = live?.();
      const health = known && healthReadinessOf(known.health, known.exchange.nowMs());
      const readiness = readinessOf(node, Date.now(), health);
      return reply.code(readiness.status === "ready" ? 200 : 503).send(readiness);
    },
  );
  app.get(
    "/metrics",
    {
      schema: {
        summary: "Prometheus metrics",
        tags: ["node"],
        produces: ["text/plain"],
        response: { 200: Type.String() },
      },
    },
    async ({ caller }, reply) => {
      if (caller?.zones !== undefined || caller?.pools !== undefined)
        throw new Problem(
          "document-forbidden",
          "metrics name all zones and pools; this token is for some alone",
        );
      const api = { requests: requests.samples, eventClients: eventClients() };
      return reply.type(EXPOSITION_TYPE).send(await collectMetrics(node, api, Date.now(), live?.()));
    },
  );
}
