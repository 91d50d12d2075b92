/**
 * The admin API of `serve`: its tokens, its audit, its listener.
 *
 *   --data DIR    tokens.json and audit.jsonl are there, and the first start makes a token of scope admin
 *   --data none   a token for this run alone, unless WINDROSE_ADMIN_TOKEN is set
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { type ApiTls, createApi } from "../api/app.ts";
import { Audit } from "../api/audit.ts";
import { API_LIMITS } from "../api/context.ts";
import type { NodeFace } from "../api/node-face.ts";
import { NodeService } from "../api/node-service.ts";
import { openTokenFile } from "../api/token-file.ts";
import { noTokens } from "../api/token-memory.ts";
import { Tokens } from "../api/tokens.ts";
import { WindroseError } from "../lib/errors.ts";
import { bindError } from "../server/bind-error.ts";
import { formatListenAddress, type ListenAddress } from "../server/listen-address.ts";
import type { Nodes } from "../store/nodes.ts";
import type { Editor } from "../sync/editor.ts";
import type { CommandIo } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";

export interface ApiServerOptions {
  readonly where: ListenAddress;
  readonly settings: SettingValues;
  readonly editor: Editor;
  readonly node: NodeFace;
  /** Those on the same Redis; this one alone, when left out. */
  readonly nodes?: Nodes | undefined;
  readonly log: Logger;
  readonly io: CommandIo;
}

export class ApiServer {
  readonly #app: FastifyInstance;
  readonly #tokens: Tokens;
  readonly #audit: Audit;

  private constructor(app: FastifyInstance, tokens: Tokens, audit: Audit) {
    this.#app = app;
    this.#tokens = tokens;
    this.#audit = audit;
  }

  /** Resolves when it listens. Rejects with WindroseError. */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const { where, settings, editor, node, nodes, log, io } = options;
    const tls = readTls(settings);
    const dataFolder = settings.data ?? undefined;
    const given = io.env.WINDROSE_ADMIN_TOKEN ?? "";
    const passing =
      dataFolder === undefined && given === "" ? randomBytes(32).toString("base64url") : undefined;
    const now = Date.now;
    const tokens = new Tokens(dataFolder === undefined ? noTokens() : await openTokenFile(dataFolder), {
      adminToken: passing ?? given,
      now,
    });
    const audit = await Audit.open(dataFolder, { log, now });
    const service = new NodeService({ node, changes: editor, ...(nodes && { nodes }) });
    const waitFor = service.nodes.waitFor.bind(service.nodes);
    const app = createApi(
      { editor, tokens, audit, log, limits: API_LIMITS, now, waitFor },
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
    const first = passing ?? (await tokens.createFirst());
    if (first !== undefined)
      io.stdout.write(
        `\nThe admin API, with a token that is shown only now:\n\n  ${url}/docs#token=${first}\n\n`,
      );
    return new ApiServer(app, tokens, audit);
  }

  async close(): Promise<void> {
    await this.#app.close();
    await this.#tokens.close();
    await this.#audit.close();
  }
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
