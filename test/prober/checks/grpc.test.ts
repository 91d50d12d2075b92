import { once } from "node:events";
import { createSecureServer, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { MonitorText } from "../../../src/documents/schema.ts";
import { decodeHealthResponse, encodeHealthRequest } from "../../../src/prober/checks/grpc-message.ts";
import {
  check,
  drip,
  Endpoints,
  flood,
  readPem,
  said,
  say,
  trustTestCa,
} from "../../support/bad-endpoints.ts";

type GrpcText = Extract<MonitorText, { type: "grpc" }>;
type Answer = (stream: ServerHttp2Stream, request: Buffer, path: string) => void;

let endpoints: Endpoints;
let servers: Http2Server[];

beforeAll(trustTestCa);
beforeEach(() => {
  endpoints = new Endpoints();
  servers = [];
});
afterEach(async () => {
  await endpoints.close();
  for (const server of servers) server.close();
});

async function serve(answer: Answer, isTls = false): Promise<number> {
  const server = isTls
    ? createSecureServer({ key: readPem("good-key"), cert: readPem("good") })
    : createServer();
  servers.push(server);
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    stream.once("data", (request: Buffer) => answer(stream, request, String(headers[":path"])));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A message, and a status in the trailers. */
function status(message: readonly number[], grpcStatus = "0"): Answer {
  return (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
    stream.end(Uint8Array.of(0, 0, 0, 0, message.length, ...message));
  };
}

function statusAlone(grpcStatus: string, message?: string): Answer {
  return (stream) => {
    const said = message === undefined ? {} : { "grpc-message": message };
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": grpcStatus, ...said },
      { endStream: true },
    );
  };
}

async function ask(answer: Answer, text: Partial<GrpcText> = {}): Promise<string> {
  return say({ type: "grpc", port: await serve(answer), ...text });
}

test.each<[string, Answer, string]>([
  ["SERVING", status([8, 1]), "ok"],
  ["NOT_SERVING", status([8, 2]), 'the health of "shop" is NOT_SERVING'],
  ["SERVICE_UNKNOWN", status([8, 3]), 'the health of "shop" is SERVICE_UNKNOWN'],
  ["no status, which is UNKNOWN", status([]), 'the health of "shop" is UNKNOWN'],
  ["a status of later", status([8, 9]), 'the health of "shop" is status 9'],
  ["UNIMPLEMENTED", statusAlone("12"), "the server does not implement grpc.health.v1 (UNIMPLEMENTED)"],
  ["NOT_FOUND", statusAlone("5"), 'the server does not know the service "shop" (NOT_FOUND)'],
  ["another failure", statusAlone("14", "busy"), 'gRPC status UNAVAILABLE: "busy"'],
  ["a number of later", statusAlone("99"), 'gRPC status "99"'],
  ["a message that is none", status([255, 255]), "the reply is no message of grpc.health.v1"],
  [
    "HTTP without gRPC",
    (stream) => stream.respond({ ":status": 404 }, { endStream: true }),
    "HTTP 404, not gRPC",
  ],
  [
    "a long reply",
    (stream) => {
      stream.respond({ ":status": 200 });
      stream.write(Buffer.alloc(5000));
    },
    "a reply of 4096 octets and more",
  ],
])("%s is said so", async (_, answer, reason) => {
  expect(await ask(answer, { service: "shop" })).toBe(reason);
});

test("asks for the service by the method of grpc.health.v1", async () => {
  let seen = "";
  const port = await serve((stream, request, path) => {
    seen = `${path} ${request.toString("latin1")}`;
    status([8, 1])(stream, request, path);
  });
  expect(await check({ type: "grpc", port, service: "shop" }, { isDetailed: true })).toMatchObject({
    ok: true,
    detail: { serving: "SERVING" },
  });
  expect(seen).toBe("/grpc.health.v1.Health/Check \0\0\0\0\x06\n\x04shop");
});

test("over TLS, the certificate must be good", async () => {
  const port = await serve(status([8, 1]), true);
  expect(await say({ type: "grpc", port, tls: true, "server-name": "good.test" })).toBe("ok");
  expect(await say({ type: "grpc", port, tls: true, "server-name": "bad.test" })).toMatch(/wrong name/);
});

test.each<[string, Parameters<Endpoints["tcp"]>[0], string | RegExp]>([
  ["is silent", () => {}, "response timed out after 200 ms"],
  ["drips", drip("\0"), /Protocol error|response timed out after 200 ms/],
  [
    "closes",
    (socket) => socket.end(),
    /^(connection closed without a reply|the stream was closed without a reply)$/,
  ],
  ["resets", (socket) => socket.resetAndDestroy(), /connection (reset|closed)|stream was closed/],
  [
    "speaks HTTP/1.1",
    (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
    /not HTTP\/2|closed|Protocol error/,
  ],
  ["floods", flood("", "garbage".repeat(100)), /not HTTP\/2|closed|reset|Protocol error/],
])("an endpoint that %s fails in words", async (_, handler, reason) => {
  const port = await endpoints.tcp(handler);
  expect(await say({ type: "grpc", port }, { timeoutMs: 200 })).toEqual(said(reason));
  await endpoints.allClosed();
});

describe("messages", () => {
  test("encodeHealthRequest() leaves out the service when it is empty, and takes long names", () => {
    expect([...encodeHealthRequest("")]).toEqual([0, 0, 0, 0, 0]);
    const long = encodeHealthRequest("s".repeat(300));
    expect([...long.subarray(0, 8)]).toEqual([0, 0, 0, 1, 47, 0x0a, 0xac, 2]);
  });

  test("decodeHealthResponse() passes over fields that it does not know", () => {
    const fields = [0x12, 2, 65, 66, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1];
    expect(decodeHealthResponse(Uint8Array.of(0, 0, 0, 0, fields.length, ...fields))).toBe(1);
  });

  test("decodeHealthResponse() says something of any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        expect(["number", "string"]).toContain(typeof decodeHealthResponse(octets));
      }),
    );
  });
});
