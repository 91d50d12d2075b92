/**
 * Incidents, each with its stopwatch.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { documentKey } from "../../store/document-key.ts";
import type { ApiContext } from "../context.ts";
import { badParameter } from "../documents.ts";
import { requireDocument } from "../edit.ts";
import { Problem } from "../problem.ts";
import { mayTouchSome, poolsOf } from "./endpoint-pools.ts";
import type { Live } from "./live.ts";
import { showIncident, summarizeIncident } from "./show.ts";

const tags = ["health"];

const LIMIT = 100;

const IncidentQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: `Incidents in a page. Default ${LIMIT}.`,
        errorMessage: "a whole number from 1 to 1000",
      }),
    ),
    before: Type.Optional(
      Type.String({ description: "Only older ones than this; what `next` of the page before says." }),
    ),
    open: Type.Optional(
      Type.Boolean({
        description: "Only those that last (true), or are over (false).",
        errorMessage: "true or false",
      }),
    ),
    pool: Type.Optional(Type.String({ description: "Only those of endpoints of this pool." })),
  },
  { additionalProperties: false },
);

interface IncidentQueryValues {
  readonly limit?: number;
  readonly before?: string;
  readonly open?: boolean;
  readonly pool?: string;
}

export function registerIncidents(app: FastifyInstance, { editor }: ApiContext, { health }: Live): void {
  app.get(
    "/v1/incidents",
    { schema: { summary: "Incidents, the latest first", tags, querystring: IncidentQuery } },
    async (request) => {
      const { limit = LIMIT, before, open, pool } = request.query as IncidentQueryValues;
      if (before !== undefined && health.incident(before) === undefined)
        throw badParameter("before", `there is no incident "${before}" (any more); begin with the latest`);
      if (pool !== undefined) requireDocument(request, documentKey("pools", pool));
      const { configuration } = editor.documents;
      if (pool !== undefined && !configuration.pools.has(pool))
        throw badParameter("pool", `there is no pool "${pool}"`);
      const found = health.incidents(Number.POSITIVE_INFINITY, before).filter((incident) => {
        const pools = poolsOf(configuration, incident.endpoint);
        return (
          (open === undefined || open === (incident.closedMs === null)) &&
          (pool === undefined || pools.includes(pool)) &&
          mayTouchSome(request.caller!, pools)
        );
      });
      const items = found.slice(0, limit);
      return {
        items: items.map(summarizeIncident),
        next: items.length < found.length ? items.at(-1)!.id : null,
      };
    },
  );

  app.get(
    "/v1/incidents/:incident",
    {
      schema: {
        summary: "An incident: evidence, nodes, and how caches drain",
        tags,
        params: Type.Object({ incident: Type.String({ description: "Id of the incident." }) }),
      },
    },
    async (request) => {
      const { incident: id } = request.params as { incident: string };
      const incident = health.incident(id);
      const pools = incident === undefined ? [] : poolsOf(editor.documents.configuration, incident.endpoint);
      if (incident === undefined || !mayTouchSome(request.caller!, pools))
        throw new Problem("incident-unknown", `there is no incident "${id}" (any more)`);
      return { ...showIncident(incident), pools };
    },
  );
}
