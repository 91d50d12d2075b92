/**
 * The API with what it says of its node, for tests: tokens in memory, a node without sockets.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { createApi } from "../../src/api/app.ts";
import { Audit } from "../../src/api/audit.ts";
import { API_LIMITS } from "../../src/api/context.ts";
import { NodeService } from "../../src/api/node-service.ts";
import { type KeptToken, type TokenStore, Tokens } from "../../src/api/tokens.ts";
import type { Change } from "../../src/store/change.ts";
import type { Editor } from "../../src/sync/editor.ts";
import { TestNode } from "./node.ts";

export const ADMIN_TOKEN = "test-token-of-many-characters";
export const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

export interface TestService {
  readonly app: FastifyInstance;
  readonly node: TestNode;
  readonly service: NodeService;
  readonly tokens: Tokens;
  /** Known changes, by generation. */
  readonly changes: Map<number, Change>;
  close(): Promise<void>;
}

export async function startService(): Promise<TestService> {
  const node = new TestNode();
  const changes = new Map<number, Change>();
  const log = pino({ level: "silent" });
  const now = () => Date.now();
  const tokens = new Tokens(new TokensInMemory(), { adminToken: ADMIN_TOKEN, now });
  const audit = await Audit.open(undefined, { log, now });
  const service = new NodeService({
    node,
    changes: { change: async (generation) => changes.get(generation) },
  });
  const editor = {} as Editor; // these routes edit nothing
  const app = createApi(
    { editor, tokens, audit, log, limits: API_LIMITS, now },
    { before: (each) => service.before(each), more: [(each) => service.routes(each)] },
  );
  await app.ready();
  return {
    app,
    node,
    service,
    tokens,
    changes,
    async close() {
      await app.close();
    },
  };
}

class TokensInMemory implements TokenStore {
  readonly #tokens = new Map<string, KeptToken>();

  async list(): Promise<readonly KeptToken[]> {
    return [...this.#tokens.values()];
  }

  async find(id: string): Promise<KeptToken | undefined> {
    return this.#tokens.get(id);
  }

  async put(token: KeptToken): Promise<void> {
    this.#tokens.set(token.id, token);
  }

  touch(): void {}

  async close(): Promise<void> {}
}
