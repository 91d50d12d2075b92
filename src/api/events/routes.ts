/**
 * GET /v1/events: what happens, as it happens.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { Problem } from "../problem.ts";
import { eventFor } from "./event-for.ts";
import type { EventStreams } from "./event-streams.ts";

/** How long who found no room should stay away. */
const FULL_RETRY_S = 10;

export function registerEvents(app: FastifyInstance, streams: EventStreams): void {
  app.get<{ Headers: { "last-event-id"?: string }; Querystring: { "last-event-id"?: string } }>(
    "/v1/events",
    {
      exposeHeadRoute: false,
      schema: {
        summary: "Server-sent events: generation, health, incident",
        description:
          "A stream that does not end. Each event has an id; send the last one seen as Last-Event-ID to be given what came since. Where that is not known any more, the first event is `reset`: read anew what you show.",
        tags: ["node"],
        produces: ["text/event-stream"],
        querystring: Type.Object(
          {
            "last-event-id": Type.Optional(
              Type.String({ description: "the same, for clients that cannot set headers" }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.String({ description: "text/event-stream" }) },
      },
    },
    (request, reply) => {
      if (streams.isFull)
        throw new Problem(
          "rate-limited",
          "as many streams of events are open as this node takes; close some",
          {
            headers: { "retry-after": String(FULL_RETRY_S) },
          },
        );
      const lastId = request.headers["last-event-id"] ?? request.query["last-event-id"];
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      reply.hijack();
      const grant = request.caller;
      streams.open(reply.raw, {
        lastId,
        headers,
        show: (event) => (grant === null ? event : eventFor(event, grant)),
      });
    },
  );
  app.addHook("preClose", async () => streams.close());
}
