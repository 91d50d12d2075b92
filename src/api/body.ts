/**
 * From the octets of a body to a value: JSON, or the text of a master file. The hash of the octets is kept where the
 * client gave an Idempotency-Key, to know the same request again.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** SHA-256 of the body's octets; empty without a body or Idempotency-Key. */
    bodyHash: string;
  }
}

export const MERGE_PATCH_TYPE = "application/merge-patch+json";
export const MASTER_FILE_TYPE = "text/dns";

export function registerBodies(app: FastifyInstance): void {
  app.decorateRequest("bodyHash", "");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ["application/json", MERGE_PATCH_TYPE],
    { parseAs: "buffer" },
    async (request: FastifyRequest, body: Buffer) => parseJson(textOf(request, body)),
  );
  app.addContentTypeParser(
    MASTER_FILE_TYPE,
    { parseAs: "buffer" },
    async (request: FastifyRequest, body: Buffer) => textOf(request, body),
  );
}

function textOf(request: FastifyRequest, body: Buffer): string {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new Problem(
      "media-type-unsupported",
      `the body is in Content-Encoding "${encoding}"; send it as it is`,
    );
  }
  if (request.headers["idempotency-key"] !== undefined) request.bodyHash = hash("sha256", body, "base64");
  if (isUtf8(body)) return body.toString();
  throw new Problem("body-not-utf8", "the body is not UTF-8; convert it");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const detail = text === "" ? "the body is empty" : `the body is no JSON: ${error.message}`;
    throw new Problem("body-not-json", detail, { cause: error });
  }
}
