/**
 * Lets in whom the tokens know, and writes into the audit what was refused and what was changed.
 *
 *   request ─► open? ─► Authorization: Bearer ─► Caller ─► scope enough? ─► the route
 *                          │                                  └─ 403
 *                          └─ 401; after many from one address 429, before anything is compared
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { EditOutcome } from "../sync/editor.ts";
import { AddressTries } from "./address-tries.ts";
import type { Access, ApiContext } from "./context.ts";
import { Problem, type ProblemCode } from "./problem.ts";
import { type Caller, isScopeWithin } from "./tokens.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Null where the route is open. */
    caller: Caller | null;
    /** Of the answer, where it is a problem. */
    problemCode: ProblemCode | null;
    /** What a change of documents came to. */
    outcome: EditOutcome | null;
  }
}

/** Wrong tokens of one address in a minute. Nobody mistypes so often, and nobody guesses 256 bits with so few. */
const WRONG_TOKENS_MAX = 20;

/** Requests without any token that are written down, of one address in a minute. */
const STRANGERS_WRITTEN_MAX = 20;

export function registerAccess(app: FastifyInstance, context: ApiContext): void {
  const { tokens, now } = context;
  const wrong = new AddressTries(WRONG_TOKENS_MAX);
  const strangers = new AddressTries(STRANGERS_WRITTEN_MAX);
  app.decorateRequest("caller", null);
  app.decorateRequest("problemCode", null);
  app.decorateRequest("outcome", null);
  app.decorateRequest("changeReason", null);

  app.addHook("onRequest", async (request) => {
    const access = accessOf(request);
    if (access === "open") return;
    const text = bearerOf(request);
    if (text === undefined) {
      throw refusal("token-missing", "this needs a token; send the header Authorization: Bearer wr_…");
    }
    const waitMs = wrong.waitMs(request.ip, now());
    if (waitMs > 0) {
      throw new Problem("tries-exhausted", "too many wrong tokens came from this address; wait a minute", {
        headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
      });
    }
    const caller = await tokens.authenticate(text);
    if (caller === "token-invalid") {
      wrong.count(request.ip, now());
      throw refusal(caller, "this token is not known here; ask for one with POST /v1/tokens");
    }
    if (caller === "token-expired") throw refusal(caller, "this token has expired; ask for another");
    if (caller === "token-revoked") throw refusal(caller, "this token was revoked; ask for another");
    request.caller = caller;
    if (!isScopeWithin(access, caller)) {
      const message = `this needs a token of scope ${access}; "${caller.name}" has ${caller.scope}`;
      throw new Problem("scope-insufficient", message, { members: { needed: access } });
    }
  });

  app.addHook("onResponse", async (request, reply) => {
    if (!isWorthWriting(request, reply)) return;
    if (request.problemCode === "token-missing" || request.problemCode === "tries-exhausted") {
      if (strangers.waitMs(request.ip, now()) > 0) return; // the file is not theirs to fill
      strangers.count(request.ip, now());
    }
    context.audit.record({
      who: request.caller?.name ?? null,
      token: request.caller?.id ?? null,
      from: request.ip,
      what: `${request.method} ${request.url.split("?", 1)[0]!.slice(0, WHAT_LENGTH_MAX)}`,
      status: reply.statusCode,
      code: request.problemCode,
      ...outcomeOf(request),
    });
  });
}

const WHAT_LENGTH_MAX = 1000;

/** Who may ask for what this request asks for. An unknown path is nobody's, and takes a token to hear of. */
function accessOf({ routeOptions: { config, schema }, method }: FastifyRequest): Access {
  if (config.access !== undefined) return config.access;
  const { security } = (schema ?? {}) as { security?: readonly unknown[] };
  if (security?.length === 0) return "open";
  return isReading(method) ? "read" : "edit";
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

function refusal(code: ProblemCode, message: string): Problem {
  return new Problem(code, message, { headers: { "www-authenticate": 'Bearer realm="windrose"' } });
}

const REFUSED = new Set([401, 403]);

function isWorthWriting(request: FastifyRequest, reply: FastifyReply): boolean {
  if (REFUSED.has(reply.statusCode) || request.problemCode === "tries-exhausted") return true;
  return !isReading(request.method);
}

function isReading(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function outcomeOf({ outcome, changeReason }: FastifyRequest): object {
  const reason = changeReason === null || changeReason === "" ? {} : { reason: changeReason };
  if (outcome === null) return reason;
  const { generation, parts } = outcome;
  return { ...reason, generation, documents: [...new Set(parts.map(({ key }) => key))] };
}
