/**
 * Tokens: made, listed and revoked by those of scope admin. A token's text is in the answer that makes it, and nowhere else.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { DURATION_PATTERN, parseDuration } from "../../documents/duration.ts";
import { idOf } from "../../store/document-key.ts";
import type { ApiContext } from "../context.ts";
import { keyOf } from "../documents.ts";
import { Problem } from "../problem.ts";
import { SCOPES, type Scope } from "../tokens.ts";

const tags = ["tokens"];

const TokenBody = Type.Object(
  {
    name: Type.String({
      pattern: "^[^\\p{Cc}]{1,64}$",
      description: "Who or what has it; the author of its changes.",
      errorMessage: "a text of 1 to 64 characters in one line",
    }),
    scope: Type.Enum([...SCOPES], {
      description: "Each may do what those before it may.",
      errorMessage: `one of ${SCOPES.join(", ")}`,
    }),
    zones: Type.Optional(
      Type.Array(Type.String({ errorMessage: "the name of a zone" }), {
        minItems: 1,
        maxItems: 1000,
        description: "Only for these zones. With zones and without pools: for no pools.",
        errorMessage: "a list of 1 to 1000 zones",
      }),
    ),
    pools: Type.Optional(
      Type.Array(Type.String({ errorMessage: "the id of a pool" }), {
        minItems: 1,
        maxItems: 1000,
        description: "Only for these pools.",
        errorMessage: "a list of 1 to 1000 pools",
      }),
    ),
    expires: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description: "From now, such as 720h. Without it: never.",
        errorMessage: "a duration such as 720h",
      }),
    ),
  },
  { additionalProperties: false, errorMessage: "a map with name and scope" },
);

interface TokenBodyValues {
  readonly name: string;
  readonly scope: Scope;
  readonly zones?: readonly string[];
  readonly pools?: readonly string[];
  readonly expires?: string;
}

export function registerTokens(app: FastifyInstance, { tokens, now }: ApiContext): void {
  const config = { access: "admin" } as const;

  app.get("/v1/tokens", { config, schema: { summary: "List tokens", tags } }, async () => ({
    items: await tokens.list(),
  }));

  app.get("/v1/tokens/self", { schema: { summary: "What may this token?", tags } }, async ({ caller }) => {
    const { id, name, scope, zones, pools } = caller!;
    return { id, name, scope, ...(zones && { zones }), ...(pools && { pools }) };
  });

  app.post(
    "/v1/tokens",
    { config, schema: { summary: "Make a token", tags, body: TokenBody } },
    async (request, reply) => {
      const { name, scope, zones, pools, expires } = request.body as TokenBodyValues;
      if (scope === "admin" && (zones !== undefined || pools !== undefined)) {
        const message =
          "a token of scope admin is for everything; leave zones and pools out, or take scope edit";
        const pointer = zones === undefined ? "/pools" : "/zones";
        throw new Problem("body-invalid", message, { errors: [{ pointer, message }] });
      }
      const made = await tokens.create(
        {
          name,
          scope,
          ...(zones && { zones: zones.map((zone, index) => idIn("zones", zone, index)) }),
          ...(pools && { pools: pools.map((pool, index) => idIn("pools", pool, index)) }),
          ...(expires && { expiresAt: new Date(now() + parseDuration(expires)).toISOString() }),
        },
        request.caller!.name,
      );
      return reply
        .code(201)
        .header("location", `/v1/tokens/${made.token.id}`)
        .header("cache-control", "no-store")
        .send({ ...made.token, token: made.text });
    },
  );

  app.delete(
    "/v1/tokens/:id",
    {
      config,
      schema: { summary: "Revoke a token", tags, params: Type.Object({ id: Type.String() }) },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const result = await tokens.revoke(id);
      if (result === "unknown") throw new Problem("token-unknown", `there is no token "${id}" to revoke`);
      if (result === "last") {
        const message = `"${id}" is the last token of scope admin; make another one first`;
        throw new Problem("token-last", message);
      }
      return reply.code(204).send();
    },
  );
}

function idIn(kind: "zones" | "pools", text: string, index: number): string {
  try {
    return idOf(keyOf(kind, text));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const errors = [{ pointer: `/${kind}/${index}`, message: error.message }];
    throw new Problem("body-invalid", error.message, { errors });
  }
}
