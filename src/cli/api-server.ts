/**
 * The admin API of `serve`: its tokens, its audit, its listener.
 *
 *   --data DIR    tokens.json and audit.jsonl are there, and the first start makes a token of scope admin
 *   --data none   a token for this run alone, unless WINDROSE_ADMIN_TOKEN is set
 *   --redis URL   both are in Redis, for all nodes on it, whatever --data says
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { type ApiTls, createApi } from "../api/app.ts";
import { Audit, type AuditStore } from "../api/audit.ts";
import { API_LIMITS } from "../api/context.ts";
import { type Live, makeLive } from "../api/live/live.ts";
import type { NodeFace } from "../api/node-face.ts";
import { NodeService } from "../api/node-service.ts";
import { openTokenFile } from "../api/token-file.ts";
import { noTokens } from "../api/token-memory.ts";
import { type TokenStore, Tokens } from "../api/tokens.ts";
import { WindroseError } from "../lib/errors.ts";
import { bindError } from "../server/bind-error.ts";
import { formatListenAddress, type ListenAddress } from "../server/listen-address.ts";
import type { Editor } from "../sync/editor.ts";
import type { RoundTripsFace } from "../sync/latency/round-trips.ts";
import type { CommandIo } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";
import type { SharedRedis } from "./shared-redis.ts";

/** How often the first token is tried again while Redis is away. */
const FIRST_TOKEN_RETRY_MS = 5000;

export interface ApiServerOptions {
  readonly where: ListenAddress;
  readonly settings: SettingValues;
  readonly editor: Editor;
  readonly node: NodeFace;
  /** What nodes on the same Redis share; undefined where there is no Redis. */
  readonly shared: SharedRedis | undefined;
  readonly live: Pick<Live, "exchange" | "health">;
  readonly roundTrips: RoundTripsFace;
  readonly log: Logger;
  readonly io: CommandIo;
}

export class ApiServer {
  readonly #app: FastifyInstance;
  readonly #tokens: Tokens;
  readonly #audit: AuditStore;
  readonly #log: Logger;
  #retry: NodeJS.Timeout | undefined;

  private constructor(app: FastifyInstance, tokens: Tokens, audit: AuditStore, log: Logger) {
    this.#app = app;
    this.#tokens = tokens;
    this.#audit = audit;
    this.#log = log;
  }

  /** Resolves when it listens. Rejects with WindroseError. */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const { where, settings, editor, node, shared, roundTrips, log, io } = options;
    const tls = readTls(settings);
    const isKept = settings.data !== null || shared !== undefined;
    const given = io.env.WINDROSE_ADMIN_TOKEN ?? "";
    const passing = isKept || given !== "" ? undefined : randomBytes(32).toString("base64url");
    const now = Date.now;
    const kept = await openKept(options);
    const tokens = new Tokens(kept.tokens, { adminToken: passing ?? given, now });
    const { audit } = kept;
    const live = makeLive(options.live);
    const service = new NodeService({ node, changes: editor, live, ...(shared && { nodes: shared.nodes }) });
    const waitFor = service.nodes.waitFor.bind(service.nodes);
    const app = createApi(
      { editor, tokens, audit, log, limits: API_LIMITS, now, waitFor, live, roundTrips },
      {
        ...(tls === undefined ? {} : { tls }),
        before: (api) => service.before(api),
        more: [(api) => service.routes(api)],
      },
    );
    try {
      await app.listen({ host: where.address, port: where.port });
    } catch (cause) {
      await app.close();
      throw bindError(cause, "tcp", where, "--api");
    }
    const scheme = tls === undefined ? "http" : "https";
    const { port } = app.server.address() as { port: number };
    const url = `${scheme}://${formatListenAddress({ ...where, port })}`;
    log.info({ url }, "the admin API listens");
    if (tls === undefined && !isLoopback(where)) {
      log.warn(
        { url },
        "the admin API is open to the network without TLS: tokens can be read on the way; give --api-cert and --api-key, or a loopback address",
      );
    }
    const server = new ApiServer(app, tokens, audit, log);
    const show = (text: string) =>
      io.stdout.write(
        `\nThe admin API, with a token that is shown only now:\n\n  ${url}/docs#token=${text}\n\n`,
      );
    if (passing !== undefined) show(passing);
    else await server.#createFirst(show);
    return server;
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#app.close();
    await this.#tokens.close();
    await this.#audit.close();
  }

  /** Later, where Redis is away: a start does not need it. */
  async #createFirst(show: (text: string) => void): Promise<void> {
    try {
      const first = await this.#tokens.createFirst();
      if (first !== undefined) show(first);
    } catch (error) {
      if (!(error instanceof WindroseError) || error.code !== "store-unavailable") throw error;
      if (this.#retry === undefined)
        this.#log.warn(
          { why: error.message },
          "tokens cannot be read yet; only WINDROSE_ADMIN_TOKEN is known",
        );
      this.#retry = setTimeout(() => void this.#createFirst(show), FIRST_TOKEN_RETRY_MS).unref();
    }
  }
}

/** Where tokens and audit are. */
async function openKept({
  settings,
  shared,
  log,
}: ApiServerOptions): Promise<{ tokens: TokenStore; audit: AuditStore }> {
  const now = Date.now;
  if (shared !== undefined) return { tokens: await shared.openTokens(), audit: shared.openAudit(now) };
  const folder = settings.data ?? undefined;
  const tokens = folder === undefined ? noTokens() : await openTokenFile(folder);
  return { tokens, audit: await Audit.open(folder, { log, now }) };
}

function readTls({ apiCert, apiKey }: SettingValues): ApiTls | undefined {
  if (apiCert === null && apiKey === null) return undefined;
  if (apiCert === null || apiKey === null) {
    throw new WindroseError(
      "settings-invalid",
      "--api-cert and --api-key belong together; give both, or neither",
    );
  }
  return { cert: readPem(apiCert, "--api-cert"), key: readPem(apiKey, "--api-key") };
}

function readPem(file: string, flag: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new WindroseError("settings-invalid", `Cannot use ${flag}: ${(cause as Error).message}`, {
      file,
      cause,
    });
  }
}

function isLoopback({ address }: ListenAddress): boolean {
  return address === "::1" || address.startsWith("127.");
}
