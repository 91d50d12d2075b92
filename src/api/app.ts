/**
 * The admin API: a Fastify instance that listens to nobody yet. serve lets it listen; tests inject() into it.
 *
 *   request ─► access ─► body (body.ts) ─► schema (request-schema.ts) ─► a route of routes/ ─► Editor
 *                 └────────────┴──────────────────┴──────────────────────────┴─► Problem ─► problem+json
 *
 * A resource is one file in routes/ with one registerX(app, context), and a line in the list below. What may ask for a
 * route is said by `config: { access }`; see access.ts for what holds without.
 *
 * @module
 */
import type { Socket } from "node:net";
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import { registerAccess } from "./access.ts";
import { AllowedMethods } from "./allowed-methods.ts";
import { registerBodies } from "./body.ts";
import type { ApiContext } from "./context.ts";
import { registerIdempotency } from "./idempotency.ts";
import { registerLive } from "./live/register.ts";
import { PROBLEMS, Problem, type ProblemCode, toProblem } from "./problem.ts";
import { compileRequestSchema } from "./request-schema.ts";
import { registerAudit } from "./routes/audit.ts";
import { registerChanges } from "./routes/changes.ts";
import { registerChangesOfZone } from "./routes/changes-of-zone.ts";
import { registerDocuments } from "./routes/documents.ts";
import { registerMembers } from "./routes/members.ts";
import { registerMonitors } from "./routes/monitors.ts";
import { registerNames } from "./routes/names.ts";
import { registerPools } from "./routes/pools.ts";
import { registerRoundTrips } from "./routes/round-trips.ts";
import { registerRRsets } from "./routes/rrsets.ts";
import { registerTokens } from "./routes/tokens.ts";
import { registerZones } from "./routes/zones.ts";

/** Registers routes on an instance that has all that is common to them. */
export type Register = (app: FastifyInstance, context: ApiContext) => void;

/** The routes of the core. */
const REGISTERS: readonly Register[] = [
  registerZones,
  registerNames,
  registerRRsets,
  registerChangesOfZone,
  registerPools,
  registerMembers,
  registerMonitors,
  registerRoundTrips,
  registerDocuments,
  registerChanges,
  registerTokens,
  registerAudit,
];

/** TLS of the API, PEM. */
export interface ApiTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ApiOptions {
  readonly tls?: ApiTls;
  /** Before all routes, so that it sees them: OpenAPI. */
  readonly before?: (app: FastifyInstance) => void;
  /** Routes of others. */
  readonly more?: readonly ((app: FastifyInstance) => void)[];
}

/** Zone names can be this long when every octet is escaped and every backslash is percent-encoded. */
const PARAM_LENGTH_MAX = 8192;

/** How often connections are looked at for requests that take too long. */
const TIMEOUT_CHECK_MS = 1000;

export function createApi(context: ApiContext, options: ApiOptions = {}): FastifyInstance {
  const { limits, log } = context;
  const server = {
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, limits.headersTimeoutMs),
    headersTimeout: limits.headersTimeoutMs,
  };
  const common = {
    // What it says of itself at level info is "Server listening", which whoever lets it listen says better.
    loggerInstance: log.isLevelEnabled("info") ? log.child({}, { level: "warn" }) : log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyOctetsMax,
    requestTimeout: limits.requestTimeoutMs,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    exposeHeadRoutes: true,
    // A stop must not wait for whoever keeps a connection open.
    forceCloseConnections: true,
    clientErrorHandler: answerBrokenClient,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      void sendProblem(error, request, reply),
  } as const;
  const app: unknown =
    options.tls === undefined
      ? fastify({ ...common, http: server })
      : fastify({ ...common, https: { ...server, ...options.tls } });
  // One type for both: routes do not see the difference.
  prepare(app as FastifyInstance, context, options);
  return app as FastifyInstance;
}

function prepare(app: FastifyInstance, context: ApiContext, options: ApiOptions): void {
  const { log } = context;
  const allowed = new AllowedMethods();
  allowed.follow(app);

  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500) log.error({ err: error, url: request.url }, "A request to the API failed");
    return sendProblem(problem, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0]!;
    const methods = allowed.of(path);
    const problem =
      methods.length === 0
        ? new Problem("route-unknown", `there is no ${path}; /openapi.json lists what there is`)
        : new Problem(
            "method-not-allowed",
            `there is no ${request.method} of ${path}, but ${methods.join(", ")}`,
            { headers: { allow: methods.join(", ") } },
          );
    return sendProblem(problem, request, reply);
  });
  app.setValidatorCompiler(compileRequestSchema);
  registerAccess(app, context);
  registerBodies(app);
  registerIdempotency(app, context);
  options.before?.(app);
  // Behind the plugins above: they only see routes that come later.
  app.register(async (routes) => {
    for (const register of REGISTERS) register(routes, context);
    if (context.live !== undefined) registerLive(routes, context, context.live);
    for (const register of options.more ?? []) register(routes);
  });
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error);
  // What a framework error comes with has no decorations.
  request.problemCode = problem.code;
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type("application/problem+json")
    .send(JSON.stringify(problem));
}

/** What is no HTTP, or does not come to an end, never becomes a request. */
function answerBrokenClient(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail]: [ProblemCode, string] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ["request-timeout", "the request did not come to its end in time; send it faster"]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ["headers-too-large", "the headers are larger than 16 KiB; send fewer or shorter ones"]
        : ["request-malformed", "this is no HTTP/1.1 request"];
  const problem = new Problem(code, detail);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${PROBLEMS[code]} ${String(problem.toJSON().title)}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
