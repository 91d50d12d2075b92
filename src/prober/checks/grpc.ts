/**
 * Checks of type grpc: grpc.health.v1.Health/Check, one call over an HTTP/2 connection of its own.
 *
 * @module
 */
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import type { Socket } from "node:net";
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { MonitorText } from "../../documents/schema.ts";
import { type Attempt, runAttempt } from "./attempt.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { openConnection, type TlsSettings, tlsSettings } from "./connection.ts";
import { decodeHealthResponse, encodeHealthRequest, SERVING_STATUSES } from "./grpc-message.ts";
import { OctetBuffer } from "./octet-buffer.ts";
import { quote, sayError } from "./words.ts";

type GrpcText = Extract<MonitorText, { type: "grpc" }>;

/** The reply has 7 octets; a later version of it may have some more. */
const REPLY_OCTETS_MAX = 4096;
const HEADER_OCTETS_MAX = 16 * 1024;
const SERVING = SERVING_STATUSES.indexOf("SERVING");

/** Status codes of gRPC, by their numbers. */
const GRPC_STATUSES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

export class GrpcCheck implements Check {
  readonly #monitor: MonitorDocument;
  readonly #text: GrpcText;
  readonly #tls: TlsSettings | undefined;
  readonly #request: Buffer;

  constructor(monitor: MonitorDocument, text: GrpcText) {
    this.#monitor = monitor;
    this.#text = text;
    this.#tls = text.tls === true ? tlsSettings(text, ["h2"]) : undefined;
    this.#request = encodeHealthRequest(text.service ?? "");
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#monitor, options, (attempt) => {
      openConnection(attempt, target, this.#text.port, this.#tls, (socket) => {
        this.#call(attempt, target, socket);
      });
    });
  }

  #call(attempt: Attempt, target: CheckTarget, socket: Socket): void {
    const address = target.family === 6 ? `[${target.address}]` : target.address;
    const authority = this.#text["server-name"] ?? target.host ?? `${address}:${this.#text.port}`;
    const scheme = this.#tls === undefined ? "http" : "https";
    socket.allowHalfOpen = false; // else a session does not notice that the server ended it
    const session = connectHttp2(`${scheme}://${address}:${this.#text.port}`, {
      createConnection: () => socket,
      maxSessionMemory: 1, // MB
      settings: { enablePush: false, maxHeaderListSize: HEADER_OCTETS_MAX, initialWindowSize: 65_535 },
    });
    attempt.onEnd(() => session.destroy());
    failOnErrors(attempt, session);
    const stream = session.request({
      ":method": "POST",
      ":scheme": scheme,
      ":authority": authority,
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "windrose-check",
    });
    const reply = new OctetBuffer(REPLY_OCTETS_MAX);
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on("error", (error) => attempt.fail(sayHttp2Error(error)));
    stream.on("response", (received) => {
      attempt.replied("response");
      headers = received;
    });
    stream.on("trailers", (received: IncomingHttpHeaders) => {
      trailers = received;
    });
    stream.on("data", (piece: Buffer) => {
      if (attempt.isOver) return;
      reply.push(piece);
      if (reply.isFull) attempt.fail(`a reply of ${REPLY_OCTETS_MAX} octets and more`);
    });
    stream.on("end", () => {
      if (attempt.isOver) return;
      if (attempt.detail !== null) attempt.detail.headers = { ...headers, ...trailers };
      this.#judge(attempt, headers, trailers, reply.octets);
    });
    stream.on("close", () => attempt.fail("the stream was closed without a reply"));
    stream.end(this.#request);
  }

  #judge(attempt: Attempt, headers: IncomingHttpHeaders, trailers: IncomingHttpHeaders, reply: Buffer): void {
    // Without a message, the trailers are the headers: gRPC's "Trailers-Only".
    const status = trailers["grpc-status"] ?? headers["grpc-status"];
    const httpStatus = (headers as IncomingHttpStatusHeader)[":status"];
    if (httpStatus === undefined) {
      attempt.fail("connection closed without a reply");
      return;
    }
    if (status === undefined) {
      attempt.fail(httpStatus === 200 ? "HTTP 200, but no gRPC status" : `HTTP ${httpStatus}, not gRPC`);
      return;
    }
    const said = trailers["grpc-message"] ?? headers["grpc-message"];
    if (status !== "0") {
      attempt.fail(this.#sayStatus(String(status), said === undefined ? "" : `: ${quote(String(said))}`));
      return;
    }
    const serving = decodeHealthResponse(reply);
    const service = this.#text.service ?? "";
    const of = service === "" ? "" : ` of ${quote(service)}`;
    if (attempt.detail !== null) attempt.detail.serving = sayServing(serving);
    if (serving === SERVING) attempt.succeed();
    else if (typeof serving === "string") attempt.fail(serving);
    else attempt.fail(`the health${of} is ${sayServing(serving)}`);
  }

  #sayStatus(status: string, said: string): string {
    const name = GRPC_STATUSES[Number(status)] ?? quote(status);
    switch (name) {
      case "UNIMPLEMENTED":
        return "the server does not implement grpc.health.v1 (UNIMPLEMENTED)";
      case "NOT_FOUND":
        return `the server does not know the service ${quote(this.#text.service ?? "")} (NOT_FOUND)`;
      default:
        return `gRPC status ${name}${said}`;
    }
  }
}

function failOnErrors(attempt: Attempt, session: ClientHttp2Session): void {
  session.on("error", (error) => attempt.fail(sayHttp2Error(error)));
  session.on("goaway", (code) => attempt.fail(`the server sent GOAWAY ${code}`));
  session.on("close", () => attempt.fail("connection closed without a reply"));
}

function sayServing(serving: number | string): string {
  return typeof serving === "string" ? serving : (SERVING_STATUSES[serving] ?? `status ${serving}`);
}

function sayHttp2Error(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_HTTP2_ERROR" || code === "ERR_HTTP2_SESSION_ERROR") {
    return `not HTTP/2, or broken: ${error.message}`;
  }
  return sayError(error);
}
