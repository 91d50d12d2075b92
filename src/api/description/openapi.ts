/**
 * The description of the API: OpenAPI 3.1 at /openapi.json, made from the very schemas that requests are checked with, and
 * the page /docs made from that.
 *
 * Both are open: they are the same for everyone who runs this program, and say nothing of this node, nor which version it
 * runs. What is asked on the page needs a token, as anywhere.
 *
 * @module
 */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { type ApiDescription, formatPage } from "./page.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page-assets.ts";

const DESCRIPTION = `Edits zones, pools and monitors, and says what this node knows. Every accepted change is one new generation of the whole
configuration: checked as a whole, atomic, with an author and a reason. What goes wrong is answered as
application/problem+json with a stable code.`;

/** Of what the page may do: run our script, look like our style, ask this very server. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Before the routes that it is to describe. */
export function collectDescription(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Windrose", description: DESCRIPTION, version: "1", license: { name: "Apache-2.0" } },
      components: {
        securitySchemes: {
          token: {
            type: "http",
            scheme: "bearer",
            description: "a token of this API: windrose token create",
          },
        },
      },
      security: [{ token: [] }],
    },
  });
}

export function registerDescription(app: FastifyInstance): void {
  // They never change while a process runs, and are not small.
  let text: string | undefined;
  let page: string | undefined;
  const describe = () => app.swagger() as unknown as ApiDescription;
  const hidden = { schema: { hide: true, security: [] } };

  app.get("/openapi.json", hidden, async (_request, reply) => {
    text ??= JSON.stringify(describe());
    return reply.type("application/json; charset=utf-8").send(text);
  });
  app.get("/docs", hidden, async (_request, reply) => {
    page ??= formatPage(describe());
    return reply
      .headers({
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      })
      .type("text/html; charset=utf-8")
      .send(page);
  });
  app.get("/docs/page.js", hidden, async (_request, reply) => {
    return reply
      .header("x-content-type-options", "nosniff")
      .type("text/javascript; charset=utf-8")
      .send(PAGE_SCRIPT);
  });
  app.get("/docs/page.css", hidden, async (_request, reply) => {
    return reply.header("x-content-type-options", "nosniff").type("text/css; charset=utf-8").send(PAGE_STYLE);
  });
}
