/**
 * An API over a MemoryEditor, and a client of it.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { pino } from "pino";
import { expect } from "vitest";
import { createApi } from "../../src/api/app.ts";
import { Audit } from "../../src/api/audit.ts";
import { API_LIMITS, type ApiContext } from "../../src/api/context.ts";
import { openTokenFile } from "../../src/api/token-file.ts";
import { Tokens } from "../../src/api/tokens.ts";
import type { DocumentBody } from "../../src/store/change.ts";
import type { DocumentKey } from "../../src/store/document-key.ts";
import { openLive, type TestLive } from "./live.ts";
import { MemoryEditor } from "./memory-editor.ts";

export const ADMIN_TOKEN = "admin-token-of-tests";

export const NOW_MS = Date.UTC(2026, 10, 21);

export const BODIES: Readonly<Record<DocumentKey, DocumentBody>> = {
  "monitors/alive": { type: "tcp", port: 443 },
  "pools/web": { monitor: "alive", members: ["192.0.2.1", { name: "b", address: "192.0.2.2", weight: 3 }] },
  "pools/spare": { members: [{ target: "spare.example.net" }] },
  "zones/0/25.2.0.192.in-addr.arpa": {
    records: { "@": { NS: "ns1.example.com." }, "1": { PTR: "www.example.com." } },
  },
  "zones/example.com": {
    ttl: 600,
    records: {
      "@": { NS: "ns1" },
      ns1: { A: "192.0.2.53" },
      www: { pool: "web", ttl: 30 },
      Mail: { A: ["192.0.2.25", "192.0.2.26"], TXT: { ttl: 60, data: "hello" } },
      old: { pool: "spare" },
    },
  },
};

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Of a JSON body. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  readonly json: any;
}

export interface ApiServer {
  readonly app: FastifyInstance;
  readonly editor: MemoryEditor;
  readonly context: ApiContext;
  readonly live: TestLive;
  readonly dataFolder: string;
  /** Asks with the admin token, unless `headers` have another or `authorization: ""`. */
  ask(
    method: InjectOptions["method"],
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<ApiReply>;
  close(): Promise<void>;
}

export async function startApi(more: Partial<ApiContext> = {}): Promise<ApiServer> {
  const dataFolder = await mkdtemp(join(tmpdir(), "windrose-api-"));
  const log = pino({ level: "silent" });
  const now = more.now ?? (() => NOW_MS);
  const editor = new MemoryEditor(BODIES);
  const live = await openLive();
  const context: ApiContext = {
    editor,
    tokens: new Tokens(await openTokenFile(dataFolder), { adminToken: ADMIN_TOKEN, now }),
    audit: await Audit.open(dataFolder, { log, now }),
    log,
    limits: { ...API_LIMITS, requestsPerSecondMax: 0 },
    now,
    live,
    ...more,
  };
  const app = createApi(context);
  await app.ready();
  return {
    app,
    editor,
    context,
    live,
    dataFolder,
    async ask(method, url, body, headers = {}) {
      const isText = typeof body === "string" || Buffer.isBuffer(body);
      const reply = await app.inject({
        method: method!,
        url,
        headers: {
          authorization: `Bearer ${ADMIN_TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: isText ? (body as string) : JSON.stringify(body) }),
      });
      const isJson = String(reply.headers["content-type"]).includes("json");
      return {
        status: reply.statusCode,
        headers: reply.headers,
        text: reply.body,
        json: isJson && reply.body !== "" ? reply.json() : undefined,
      };
    },
    async close() {
      await app.close();
      await live.exchange.close();
      await context.tokens.close();
      await context.audit.close();
      await rm(dataFolder, { recursive: true });
    },
  };
}

/** The header of a new token; `body` as POST /v1/tokens takes it. */
export async function tokenFor(api: ApiServer, body: object): Promise<Record<string, string>> {
  const { json } = await api.ask("POST", "/v1/tokens", { name: "some", ...body });
  return { authorization: `Bearer ${json.token}` };
}

/** With a sentence, and where `pointer` is given, a fault there. */
export function expectProblem(reply: ApiReply, status: number, code: string, pointer?: string): void {
  expect([reply.status, reply.json.code]).toEqual([status, code]);
  expect(reply.json.detail.length).toBeGreaterThan(10);
  if (pointer !== undefined) expect(reply.json.errors).toContainEqual(expect.objectContaining({ pointer }));
}
