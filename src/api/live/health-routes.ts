/**
 * What is held of endpoints, members and pools, and by whom:
 *
 *   GET /v1/health              endpoints with their verdicts, and what each region sees
 *   GET /v1/pools/{pool}/health members: in or out, why, by which order, with which load
 *   GET /v1/probers             who checks, from where, and whether it is believed
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import type { OpinionState } from "../../health/opinion.ts";
import type { Verdict } from "../../health/verdict.ts";
import { nearestWord } from "../../lib/nearest.ts";
import { documentKey } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import type { EndpointHealth } from "../../sync/health/health-face.ts";
import type { ApiContext } from "../context.ts";
import { badParameter, existingBody, keyOf } from "../documents.ts";
import { requireDocument } from "../edit.ts";
import { inSlices } from "../in-slices.ts";
import { PageQuery, type PageRequest, pageOf } from "../paging.ts";
import { type Grant, mayTouch } from "../tokens.ts";
import { isForAll, mayTouchSome, poolsOf } from "./endpoint-pools.ts";
import type { Live } from "./live.ts";
import { showEndpoint, showPool, showProber, timeOf } from "./show.ts";

const tags = ["health"];

const STATES = ["up", "down", "unknown"] as const;

const HealthQuery = Type.Object(
  {
    ...PageQuery,
    pool: Type.Optional(Type.String({ description: "Only endpoints of members of this pool." })),
    monitor: Type.Optional(Type.String({ description: "Only endpoints that this monitor checks." })),
    state: Type.Optional(
      Type.Enum([...STATES], {
        description: "Only endpoints of this verdict; with region, only those that it sees so.",
        errorMessage: `one of ${STATES.join(", ")}`,
      }),
    ),
    region: Type.Optional(
      Type.String({ description: "Only endpoints of which this region has been heard." }),
    ),
  },
  { additionalProperties: false },
);

interface HealthQueryValues extends PageRequest {
  readonly pool?: string;
  readonly monitor?: string;
  readonly state?: OpinionState;
  readonly region?: string;
}

const params = Type.Object({ pool: Type.String({ description: "Id of the pool." }) });

export function registerHealth(app: FastifyInstance, { editor }: ApiContext, live: Live): void {
  const { health, copy } = live;

  app.get(
    "/v1/health",
    { schema: { summary: "Endpoints and what is held of them", tags, querystring: HealthQuery } },
    async (request) => {
      const query = request.query as HealthQueryValues;
      requireKnown(request, query, editor.documents, live);
      const caller = request.caller!;
      const { pool, monitor, state, region } = query;
      const filter = {
        ...(pool === undefined ? {} : { pool }),
        ...(monitor === undefined ? {} : { monitor }),
        ...(state === undefined || region !== undefined ? {} : { state }),
      };
      const { configuration } = editor.documents;
      const isOwn = (key: string) => isForAll(caller) || mayTouchSome(caller, poolsOf(configuration, key));
      const own = health.endpoints(filter).filter(isOwn).sort();
      const seen =
        region === undefined
          ? own
          : await inSlices(own, (key) => {
              return isSeenFrom(health.verdict(key), region, state) ? [key] : [];
            });
      const page = pageOf(seen, query, (key) => {
        const endpoint = health.endpoint(key);
        return endpoint === undefined ? [] : [showEndpoint(ownPart(endpoint, caller))];
      });
      return { ...stateOf(live, caller), ...page, items: page.items.flat() };
    },
  );

  app.get(
    "/v1/pools/:pool/health",
    { schema: { summary: "Members of a pool, in or out, and why", tags, params } },
    async (request) => {
      const { pool } = request.params as { pool: string };
      const key = keyOf("pools", pool);
      requireDocument(request, key);
      const view = health.pool(pool);
      if (view !== undefined) return showPool(view, copy);
      await existingBody(editor.documents, key); // says that there is none
      return { pool, monitor: null, membersUp: 0, minUp: 0, alarms: [], up: true, members: [] };
    },
  );

  app.get("/v1/probers", { schema: { summary: "Probers, and what they see", tags } }, async () => {
    const heard = new Map(copy.probers.map((prober) => [prober.name, prober]));
    return { probers: health.probers().map((prober) => showProber(prober, heard.get(prober.name))) };
  });
}

/** What is said beside the endpoints. Counts and alarms speak of all pools. */
function stateOf({ health }: Live, caller: Grant) {
  const { ageMs, awaySinceMs } = health;
  return {
    ageSeconds: ageMs === null ? null : Math.round(ageMs / 1000),
    awaySince: timeOf(awaySinceMs),
    ...(isForAll(caller) ? { counts: health.counts(), alarms: health.alarms() } : {}),
  };
}

/** With the members that the token may see. */
function ownPart(endpoint: EndpointHealth, caller: Grant): EndpointHealth {
  const members = endpoint.members.filter(({ pool }) => mayTouch(caller, documentKey("pools", pool)));
  return { ...endpoint, members };
}

function isSeenFrom({ regions }: Verdict, region: string, state: OpinionState | undefined): boolean {
  const view = regions.find((each) => each.region === region);
  return view !== undefined && (state === undefined || view.state === state);
}

/** A filter by what is not there would find nothing, which reads as if all were well. */
function requireKnown(
  request: FastifyRequest,
  { pool, monitor, region }: HealthQueryValues,
  now: Documents,
  live: Live,
): void {
  if (pool !== undefined) requireDocument(request, keyOf("pools", pool));
  // A hint names others, which a token for some pools does not see.
  const mayHint = isForAll(request.caller!);
  requireOneOf("pool", pool, now.ids("pools"), mayHint);
  requireOneOf("monitor", monitor, now.ids("monitors"), mayHint);
  if (region !== undefined) requireOneOf("region", region, regionsOf(now, live), mayHint);
}

function requireOneOf(
  name: string,
  value: string | undefined,
  known: readonly string[],
  mayHint: boolean,
): void {
  if (value === undefined || known.includes(value)) return;
  const nearest = mayHint ? nearestWord(value, known) : undefined;
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw badParameter(name, `there is no ${name} "${value}"${hint}`);
}

/** Those in which probers stand, and those that documents name. */
function regionsOf({ configuration }: Documents, { health, copy }: Live): string[] {
  const regions = new Set([...health.probers(), ...copy.probers].map(({ region }) => region));
  for (const pool of configuration.pools.values()) {
    for (const { region } of [pool, ...pool.members]) if (region != null) regions.add(region);
  }
  return [...regions];
}
