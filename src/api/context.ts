/**
 * What the routes of the API work with. Made once by serve, handed to every registerX().
 *
 * @module
 */
import type { Logger } from "pino";
import type { Nodes } from "../store/nodes.ts";
import type { Editor } from "../sync/editor.ts";
import type { RoundTripsFace } from "../sync/latency/round-trips.ts";
import type { AuditStore } from "./audit.ts";
import type { Live } from "./live/live.ts";
import type { Scope, Tokens } from "./tokens.ts";

export interface ApiContext {
  readonly editor: Editor;
  readonly tokens: Tokens;
  readonly audit: AuditStore;
  readonly log: Logger;
  readonly limits: ApiLimits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For `?wait`. */
  readonly waitFor?: Nodes["waitFor"];
  /** Without it there are no routes of health, orders and loads. */
  readonly live?: Live;
  /** Without it there are no routes of round-trip times. */
  readonly roundTrips?: RoundTripsFace;
}

export interface ApiLimits {
  /** Of what is no document. */
  readonly bodyOctetsMax: number;
  /** Of zones and of whole configurations. */
  readonly documentOctetsMax: number;
  /** From the first octet of a request to the last of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first octet of a request to its last. */
  readonly requestTimeoutMs: number;
  /** Of one address, without a good token; 0 = no limit. */
  readonly requestsPerSecondMax: number;
  /** With one good token; 0 = no limit. */
  readonly requestsPerTokenPerSecondMax: number;
  /** Writes need If-Match or If-None-Match even where the client does not ask for strictness. */
  readonly strict: boolean;
}

/**
 * Bodies: a zone of a million RRsets is some 60 MB as JSON. Requests of strangers: health checks are far below. Those with a
 * token: about what one core answers at most, so it only stops what would do nothing but harm.
 */
export const API_LIMITS: ApiLimits = {
  bodyOctetsMax: 1024 * 1024,
  documentOctetsMax: 256 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 120_000,
  requestsPerSecondMax: 1000,
  requestsPerTokenPerSecondMax: 20_000,
  strict: false,
};

/** Who may ask: `open` is anybody, else a token of at least this scope. */
export type Access = "open" | Scope;

declare module "fastify" {
  /** For OpenAPI. */
  interface FastifySchema {
    summary?: string;
    description?: string;
    tags?: readonly string[];
    /** Empty: no token is needed. */
    security?: readonly Readonly<Record<string, readonly string[]>>[];
    consumes?: readonly string[];
    produces?: readonly string[];
  }
  interface FastifyContextConfig {
    /** Without it: `open` where the schema says `security: []`, else read for GET and edit for the others. */
    access?: Access;
    /** What of it is written into the audit: `refusals` alone. Without it, each request that is no GET. */
    audited?: "refusals";
  }
}
