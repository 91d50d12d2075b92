/**
 * GET /v1/explain: what `windrose explain --json` says, from the snapshot and the live table that this node answers from.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { type Explanation, explain } from "../explain/explain.ts";
import { type Complain, type QuestionTexts, readQuestion } from "../explain/question.ts";
import type { PoolTrace } from "../steering/trace.ts";
import { documentKey, zoneKey } from "../store/document-key.ts";
import { parseName, ROOT } from "../wire/name.ts";
import type { Live } from "./live/live.ts";
import { showPool } from "./live/show.ts";
import type { NodeFace } from "./node-face.ts";
import { Problem } from "./problem.ts";
import { type Grant, mayTouch } from "./tokens.ts";

const PARAMETER_OF: Readonly<Record<keyof QuestionTexts, string>> = {
  name: "name",
  type: "type",
  client: "client",
  resolver: "resolver",
  atDown: "at-down",
  seed: "seed",
};

interface ExplainQuery extends Omit<QuestionTexts, "atDown"> {
  readonly "at-down"?: string;
}

const QuerySchema = Type.Object(
  {
    name: Type.String({ examples: ["www.demo.test"] }),
    type: Type.Optional(Type.String({ default: "A" })),
    client: Type.Optional(
      Type.String({
        description: "an address or a network, as the client's resolver tells it (ECS)",
        examples: ["203.0.113.7"],
      }),
    ),
    resolver: Type.Optional(
      Type.String({ description: "where the query comes from; alone, it sends no ECS" }),
    ),
    "at-down": Type.Optional(
      Type.String({
        description: "pools (eu) and members (eu/eu-1) that are taken for down, with commas",
      }),
    ),
    seed: Type.Optional(Type.String({ description: "repeats the draws of an explanation" })),
  },
  { additionalProperties: false },
);

/** Described in docs/reference/explain.md rather than here: it is deep, and for people first. */
const ExplanationSchema = Type.Object(
  {
    name: Type.String(),
    type: Type.String(),
    seed: Type.Integer(),
    client: Type.Unknown(),
    lookups: Type.Array(Type.Unknown()),
    trace: Type.Unknown(),
    health: Type.Array(Type.Unknown()),
    unreached: Type.Array(Type.String()),
    reply: Type.Unknown(),
  },
  { description: "as windrose explain --json prints it" },
);

export function registerExplain(app: FastifyInstance, node: Pick<NodeFace, "plane">, live?: Live): void {
  const healthOf = (pool: string) => {
    const view = live?.health.pool(pool);
    const isSilent = view?.monitor === null && view.members.every(({ notes }) => notes.length === 0);
    return view === undefined || isSilent ? undefined : showPool(view, live!.copy);
  };

  app.get<{ Querystring: ExplainQuery; Reply: Explanation }>(
    "/v1/explain",
    {
      schema: {
        summary: "Why a name is answered as it is",
        tags: ["steering"],
        querystring: QuerySchema,
        response: { 200: ExplanationSchema },
      },
    },
    async ({ query, caller }) => {
      const { "at-down": atDown = "", ...texts } = query;
      const question = readQuestion({ ...texts, atDown: [atDown] }, complain);
      const explanation = explain(node.plane.snapshot, question, { complain, nowMs: Date.now(), healthOf });
      if (caller !== null) forbidOthers(caller, explanation);
      return explanation;
    },
  );
}

const complain: Complain = (field, message) => {
  const parameter = PARAMETER_OF[field];
  return new Problem("request-invalid", `${parameter} ${message}`, {
    errors: [{ pointer: `?${parameter}`, message }],
  });
};

/** A token for some documents is told of nothing that others had a say in. */
function forbidOthers(grant: Grant, { lookups, trace }: Explanation): void {
  const zones = lookups.flatMap(({ zone }) => (zone === null ? [] : [zoneKey(parseName(zone, ROOT))]));
  const pools = trace.choices.flatMap(({ pool }) => poolsOf(pool)).map((id) => documentKey("pools", id));
  const forbidden = [...zones, ...pools].find((key) => !mayTouch(grant, key));
  if (forbidden === undefined) return;
  throw new Problem(
    "document-forbidden",
    `${forbidden} has a say in this answer, and this token is not for it`,
  );
}

function poolsOf(pool: PoolTrace): string[] {
  const below = [...pool.kept.map((kept) => kept.pool), pool.lastResort].filter((each) => each !== null);
  return [pool.pool, ...below.flatMap(poolsOf)];
}
