/**
 * A client of the API that keeps its connections.
 *
 * @module
 */
import { Agent, request } from "node:http";
import type { Ask } from "./editors.ts";

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
