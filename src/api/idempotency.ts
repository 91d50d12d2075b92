/**
 * Idempotency-Key: a write that is sent again with the same key is not done again, but answered as it was the first
 * time. In memory of this node, for a day, and bounded: the oldest answers go first.
 *
 *   new key      ─► done, and the answer kept (not of a 5xx: there is nothing to repeat)
 *   known key    ─► the kept answer, with Idempotency-Replayed: true
 *   … other body ─► 422
 *   … not done yet ─► 409
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiContext } from "./context.ts";
import { Problem } from "./problem.ts";

const AGE_MS_MAX = 24 * 3_600_000;
const KEYS_MAX = 10_000;
const OCTETS_MAX = 64 * 1024 * 1024;
const KEY_LENGTH_MAX = 255;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

interface Known {
  readonly fingerprint: string;
  readonly atMs: number;
  /** Undefined while it is being done. */
  answer: Answer | undefined;
}

/** Of an answer, these are kept. */
const KEPT_HEADERS = ["content-type", "etag", "location", "windrose-generation", "retry-after"];

declare module "fastify" {
  interface FastifyRequest {
    /** The key that this request is the first with. */
    idempotencyKey: string | null;
  }
}

export function registerIdempotency(app: FastifyInstance, { now }: ApiContext): void {
  const answers = new KeptAnswers();
  app.decorateRequest("idempotencyKey", null);

  app.addHook("preHandler", async (request, reply) => {
    const key = keyOf(request);
    if (key === undefined) return;
    const fingerprint = `${request.method} ${request.url} ${request.headers["if-match"] ?? ""} ${request.bodyHash}`;
    const known = answers.find(key, now());
    if (known === undefined) {
      answers.begin(key, fingerprint, now());
      request.idempotencyKey = key;
      return;
    }
    if (known.fingerprint !== fingerprint) {
      throw new Problem(
        "idempotency-reused",
        "this Idempotency-Key was used for another request; take a new one",
      );
    }
    const { answer } = known;
    if (answer === undefined) {
      throw new Problem(
        "idempotency-in-flight",
        "the first request with this Idempotency-Key is not done yet",
        {
          headers: { "retry-after": "1" },
        },
      );
    }
    reply.code(answer.status).headers(answer.headers).header("idempotency-replayed", "true");
    return reply.send(answer.payload);
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const { idempotencyKey } = request;
    if (idempotencyKey === null) return;
    request.idempotencyKey = null;
    if (
      reply.statusCode >= 500 ||
      (payload !== null && payload !== undefined && typeof payload !== "string")
    ) {
      answers.forget(idempotencyKey);
      return;
    }
    const headers = KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)] as const];
    });
    answers.keep(idempotencyKey, {
      status: reply.statusCode,
      headers: Object.fromEntries(headers),
      payload: payload ?? "",
    });
  });
}

/** Of one token, so that nobody sees what others were told. */
function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined || request.caller === null || request.method === "GET" || request.method === "HEAD")
    return undefined;
  if (typeof key !== "string" || key === "" || key.length > KEY_LENGTH_MAX) {
    throw new Problem("request-malformed", `Idempotency-Key has 1 to ${KEY_LENGTH_MAX} characters`);
  }
  return `${request.caller.id} ${key}`;
}

class KeptAnswers {
  /** Oldest first. */
  readonly #known = new Map<string, Known>();
  #octets = 0;

  find(key: string, nowMs: number): Known | undefined {
    const known = this.#known.get(key);
    if (known === undefined || nowMs - known.atMs <= AGE_MS_MAX) return known;
    this.forget(key);
    return undefined;
  }

  begin(key: string, fingerprint: string, nowMs: number): void {
    this.#known.set(key, { fingerprint, atMs: nowMs, answer: undefined });
    this.#shrink();
  }

  keep(key: string, answer: Answer): void {
    const known = this.#known.get(key);
    if (known === undefined) return; // there were many since
    known.answer = answer;
    this.#octets += answer.payload.length;
    this.#shrink();
  }

  forget(key: string): void {
    this.#octets -= this.#known.get(key)?.answer?.payload.length ?? 0;
    this.#known.delete(key);
  }

  #shrink(): void {
    while (this.#known.size > KEYS_MAX || this.#octets > OCTETS_MAX)
      this.forget(this.#known.keys().next().value!);
  }
}
