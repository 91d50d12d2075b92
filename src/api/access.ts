/**
 * Lets in whom the tokens know, and writes into the audit what was refused and what was changed.
 *
 *   request ─► too many? ─► open? ─► Authorization: Bearer ─► Caller ─► scope enough? ─► the route
 *                 └─ 429                │                       └─ 429      └─ 403
 *                                       └─ 401; after many from one address 429, before anything is hashed
 *
 * Two limits a second. Requests without a good token count for their address, and are looked at before anything else is
 * done. Those with one count for the token, and for no address, as many people may share one.
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { EditOutcome } from "../sync/editor.ts";
import type { Access, ApiContext } from "./context.ts";
import { Problem, type ProblemCode } from "./problem.ts";
import { clientOf, RateWindow } from "./rate-window.ts";
import { type Caller, isScopeWithin } from "./tokens.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Null where the route is open. */
    caller: Caller | null;
    /** Of the answer, where it is a problem. */
    problemCode: ProblemCode | null;
    /** What a change of documents came to. */
    outcome: EditOutcome | null;
    /** For the audit, beside the path: what was done. */
    auditNote: string | null;
  }
}

/** Wrong tokens of one address in a minute. Nobody mistypes so often, and nobody guesses 256 bits with so few. */
const WRONG_TOKENS_MAX = 20;

/** Requests without a good token that are written down, of one address in a minute and for each code. */
const STRANGERS_WRITTEN_MAX = 20;

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

export function registerAccess(app: FastifyInstance, context: ApiContext): void {
  const { tokens, now, limits } = context;
  const strange = new RateWindow(limits.requestsPerSecondMax, SECOND_MS);
  const known = new RateWindow(limits.requestsPerTokenPerSecondMax, SECOND_MS);
  const wrong = new RateWindow(WRONG_TOKENS_MAX, MINUTE_MS);
  const written = new RateWindow(STRANGERS_WRITTEN_MAX, MINUTE_MS);
  app.decorateRequest("caller", null);
  app.decorateRequest("problemCode", null);
  app.decorateRequest("outcome", null);
  app.decorateRequest("changeReason", null);
  app.decorateRequest("auditNote", null);

  app.addHook("onRequest", async (request) => {
    const client = clientOf(request.ip);
    refuseWhile(strange.waitMs(client, now()), "rate-limited", "too many requests came from this address");
    strange.count(client, now());
    const access = accessOf(request);
    if (access === "open") return;
    const text = bearerOf(request);
    if (text === undefined) {
      throw refusal("token-missing", "this needs a token; send the header Authorization: Bearer wr_…");
    }
    refuseWhile(
      wrong.waitMs(client, now()),
      "tries-exhausted",
      "too many wrong tokens came from this address",
    );
    const caller = await tokens.authenticate(text);
    if (caller === "token-invalid") {
      wrong.count(client, now());
      throw refusal(caller, "this token is not known here; ask for one with POST /v1/tokens");
    }
    if (caller === "token-expired") throw refusal(caller, "this token has expired; ask for another");
    if (caller === "token-revoked") throw refusal(caller, "this token was revoked; ask for another");
    strange.takeBack(client);
    request.caller = caller;
    refuseWhile(known.waitMs(caller.id, now()), "rate-limited", "too many requests came with this token");
    known.count(caller.id, now());
    if (!isScopeWithin(access, caller)) {
      const message = `this needs a token of scope ${access}; "${caller.name}" has ${caller.scope}`;
      throw new Problem("scope-insufficient", message, { members: { needed: access } });
    }
  });

  app.addHook("onResponse", async (request, reply) => {
    if (!isWorthWriting(request, reply)) return;
    if (request.caller === null) {
      // By code, so that what is harmless does not hide what is not.
      const what = `${clientOf(request.ip)} ${request.problemCode}`;
      if (written.waitMs(what, now()) > 0) return; // the file is not theirs to fill
      written.count(what, now());
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
function accessOf({ routeOptions: { config, schema }, method, is404 }: FastifyRequest): Access {
  if (is404) return "read";
  if (config.access !== undefined) return config.access;
  const { security } = (schema ?? {}) as { security?: readonly unknown[] };
  if (security?.length === 0) return "open";
  return isReading(method) ? "read" : "edit";
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** Nothing, when the wait is over. */
function refuseWhile(waitMs: number, code: "rate-limited" | "tries-exhausted", what: string): void {
  if (waitMs <= 0) return;
  const seconds = Math.ceil(waitMs / SECOND_MS);
  throw new Problem(code, `${what}; wait ${seconds === 1 ? "a second" : `${seconds} seconds`}`, {
    headers: { "retry-after": String(seconds) },
  });
}

function refusal(code: ProblemCode, message: string): Problem {
  return new Problem(code, message, { headers: { "www-authenticate": 'Bearer realm="windrose"' } });
}

const REFUSED = new Set([401, 403]);

function isWorthWriting(request: FastifyRequest, reply: FastifyReply): boolean {
  if (REFUSED.has(reply.statusCode) || request.problemCode === "tries-exhausted") return true;
  if (request.routeOptions.config.audited === "refusals") return false;
  return !isReading(request.method);
}

function isReading(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function outcomeOf({ outcome, changeReason, auditNote }: FastifyRequest): object {
  const reason = {
    ...(changeReason === null || changeReason === "" ? {} : { reason: changeReason }),
    ...(auditNote === null ? {} : { note: auditNote }),
  };
  if (outcome === null) return reason;
  const { generation, parts } = outcome;
  return { ...reason, generation, documents: [...new Set(parts.map(({ key }) => key))] };
}
