/**
 * The real API over a real store, on a port of loopback, and a client that keeps its connection: for the proofs of editing.
 *
 * @module
 */
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import { createApi } from "../../../src/api/app.ts";
import { Audit } from "../../../src/api/audit.ts";
import { API_LIMITS } from "../../../src/api/context.ts";
import { noTokens } from "../../../src/api/token-memory.ts";
import { Tokens } from "../../../src/api/tokens.ts";
import type { Ask } from "./editors.ts";
import { openEditor, type Place } from "./work.ts";

const TOKEN = "a-token-of-the-proofs-of-editing";

export interface EditingApi {
  readonly ask: Ask;
  close(): Promise<void>;
}

export async function startEditingApi(place: Place): Promise<EditingApi> {
  const { editor, close } = await openEditor(place);
  const log = pino({ level: "silent" });
  const now = Date.now;
  const tokens = new Tokens(noTokens(), { adminToken: TOKEN, now });
  const audit = await Audit.open(undefined, { log, now });
  // Of one address, some hundreds of requests a second: here they are thousands.
  const limits = { ...API_LIMITS, requestsPerSecondMax: 0 };
  const app = createApi({ editor, tokens, audit, log, limits, now });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const client = new ApiClient({ port, token: TOKEN });
  return {
    ask: client.ask,
    async close() {
      client.close();
      await app.close();
      await tokens.close();
      await audit.close();
      await close();
    },
  };
}

/** Keeps as many connections as there are requests at a time. */
export class ApiClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #token: string;

  constructor({ port, token }: { readonly port: number; readonly token: string }) {
    this.#port = port;
    this.#token = token;
  }

  readonly ask: Ask = (method, path, body, etag) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(text === "" ? {} : { "content-length": Buffer.byteLength(text) }),
      ...(text === ""
        ? {}
        : { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" }),
      ...(etag === undefined ? {} : { "if-match": etag }),
    };
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: "127.0.0.1", port: this.#port, method, path, headers, agent: this.#agent },
        (reply) => {
          let answer = "";
          reply.setEncoding("utf8");
          reply.on("data", (part: string) => {
            answer += part;
          });
          reply.on("error", reject);
          reply.on("end", () => {
            const parsed = answer === "" ? {} : (JSON.parse(answer) as Record<string, unknown>);
            resolve({ status: reply.statusCode!, etag: reply.headers.etag, body: parsed });
          });
        },
      );
      asked.on("error", reject);
      asked.end(text);
    });
  };

  close(): void {
    this.#agent.destroy();
  }
}
