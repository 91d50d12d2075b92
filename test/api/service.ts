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
import type { AnsweringPlane } from "../../src/api/node-face.ts";
import { NodeService } from "../../src/api/node-service.ts";
import { noTokens } from "../../src/api/token-memory.ts";
import { Tokens } from "../../src/api/tokens.ts";
import type { Change } from "../../src/store/change.ts";
import type { Editor } from "../../src/sync/editor.ts";
import { configurationOf } from "../support/answers.ts";
import { openLive, type TestLive } from "./live.ts";
import { TestNode } from "./node.ts";

export const ADMIN_TOKEN = "test-token-of-many-characters";
export const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

const NO_DOCUMENTS: Pick<Editor, "documents"> = {
  documents: { generation: 1, configuration: configurationOf([]), ids: () => [], body: async () => null },
};

export interface TestEditing {
  readonly editor: Editor;
  readonly plane: AnsweringPlane;
}

export interface TestService {
  readonly app: FastifyInstance;
  readonly node: TestNode;
  readonly service: NodeService;
  readonly live: TestLive;
  readonly tokens: Tokens;
  /** Known changes, by generation. */
  readonly changes: Map<number, Change>;
  close(): Promise<void>;
}

/** `editor` and `plane` for tests that edit; without, there are no documents. */
export async function startService({ editor, plane }: Partial<TestEditing> = {}): Promise<TestService> {
  const node = new TestNode(plane);
  const changes = new Map<number, Change>();
  const log = pino({ level: "silent" });
  const now = () => Date.now();
  const tokens = new Tokens(noTokens(), { adminToken: ADMIN_TOKEN, now });
  const audit = await Audit.open(undefined, { log, now });
  const live = await openLive();
  const service = new NodeService({
    node,
    live,
    changes: {
      change: async (generation) => changes.get(generation),
      edit: async (request) => editor!.edit(request),
    },
  });
  const context = {
    editor: editor ?? (NO_DOCUMENTS as Editor),
    tokens,
    audit,
    log,
    limits: API_LIMITS,
    now,
    live,
  };
  const app = createApi(context, {
    before: (each) => service.before(each),
    more: [(each) => service.routes(each)],
  });
  await app.ready();
  return {
    app,
    node,
    service,
    live,
    tokens,
    changes,
    async close() {
      await app.close();
      await live.exchange.close();
    },
  };
}
