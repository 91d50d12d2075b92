/**
 * Checks of type http: one request over HTTP/1.1 on a connection of its own, then status and body are looked at.
 *
 * Not node:http: a bare request by it costs half as much CPU again as a whole check of this one (`npm run bench:checks`; some 200 µs
 * to 140, with a limit of time, timings and a body looked at), and 3,000 checks a second on one core leave 333 µs for all that a
 * prober does for each. The price is a reader of our own: http-response.ts.
 *
 * @module
 */
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { MonitorText } from "../../documents/schema.ts";
import { type Attempt, runAttempt } from "./attempt.ts";
import { BoundedPattern } from "./bounded-pattern.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { openConnection, type TlsSettings, tlsSettings } from "./connection.ts";
import { BODY_OCTETS_MAX, HttpResponseReader, type ReadState } from "./http-response.ts";
import { quote, textOf } from "./words.ts";

type HttpText = Extract<MonitorText, { type: "http" }>;

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
/** Of the body, in `detail`. */
const DETAIL_OCTETS_MAX = 4096;
const DETAIL_HEADERS_MAX = 100;

export class HttpCheck implements Check {
  readonly #monitor: MonitorDocument;
  readonly #text: HttpText;
  readonly #port: number;
  readonly #tls: TlsSettings | undefined;
  readonly #statuses: readonly (readonly [low: number, high: number])[];
  readonly #part: Buffer | undefined;
  readonly #pattern: BoundedPattern | undefined;
  readonly #method: string;

  constructor(monitor: MonitorDocument, text: HttpText) {
    this.#monitor = monitor;
    this.#text = text;
    this.#port = text.port ?? (text.tls === true ? HTTPS_PORT : HTTP_PORT);
    this.#tls = text.tls === true ? tlsSettings(text, ["http/1.1"]) : undefined;
    this.#statuses = [text.expect?.status ?? "200-299"].flat().map(readRange);
    const { body, "body-matches": pattern } = text.expect ?? {};
    this.#part = body === undefined ? undefined : Buffer.from(body);
    this.#pattern = pattern === undefined ? undefined : new BoundedPattern(pattern);
    this.#method = text.method ?? "GET";
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#monitor, options, (attempt) => {
      openConnection(attempt, target, this.#port, this.#tls, (socket) => {
        const reader = new HttpResponseReader(this.#method);
        attempt.progress = () => reader.progress;
        socket.on("data", (piece: Buffer) => {
          if (attempt.isOver) return;
          attempt.replied("response");
          this.#goOn(attempt, reader, reader.feed(piece));
        });
        socket.on("end", () => {
          if (!attempt.isOver) this.#goOn(attempt, reader, reader.end());
        });
        socket.write(this.#request(target));
      });
    });
  }

  #goOn(attempt: Attempt, reader: HttpResponseReader, state: ReadState): void {
    if (reader.hasHead && attempt.phase === "response") attempt.phase = "body";
    if (state === "more") {
      // A bad status needs no body, unless somebody wants to see it.
      if (reader.hasHead && attempt.detail === null && !this.#isWanted(reader.status)) {
        attempt.fail(sayStatus(reader));
      }
      return;
    }
    if (attempt.detail !== null && reader.hasHead) describe(attempt.detail, reader);
    if (reader.hasHead && !this.#isWanted(reader.status)) attempt.fail(sayStatus(reader));
    else if (state !== "done") attempt.fail(state.fault);
    else this.#judgeBody(attempt, reader.body.octets);
  }

  #isWanted(status: number): boolean {
    return this.#statuses.some(([low, high]) => low <= status && status <= high);
  }

  #judgeBody(attempt: Attempt, body: Buffer): void {
    const where =
      body.length === BODY_OCTETS_MAX ? `the first ${BODY_OCTETS_MAX / 1024} KiB of the body` : "the body";
    if (this.#part !== undefined && !body.includes(this.#part)) {
      attempt.fail(`${quote(this.#part.toString())} is not in ${where}`);
      return;
    }
    const matched = this.#pattern?.test(textOf(body)) ?? true;
    if (matched === true) {
      attempt.succeed();
    } else if (matched === "too-slow") {
      attempt.fail(`body-matches takes too long on ${where}; write a pattern without nested repetitions`);
    } else {
      attempt.fail(`${where} does not match ${quote(this.#pattern!.source)}`);
    }
  }

  #request(target: CheckTarget): string {
    const { headers = {}, host, path = "/" } = this.#text;
    const lines = [`${this.#method} ${path} HTTP/1.1`];
    const own: Readonly<Record<string, string | undefined>> = {
      Host: host ?? target.host?.replace(/\.$/, "") ?? this.#authority(target),
      "User-Agent": "windrose-check",
      Accept: "*/*",
      Connection: "close",
      "Content-Length": this.#method === "POST" || this.#method === "PUT" ? "0" : undefined,
    };
    const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
    for (const [name, value] of Object.entries(own)) {
      if (value !== undefined && !given.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
    }
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    return `${lines.join("\r\n")}\r\n\r\n`;
  }

  #authority({ address, family }: CheckTarget): string {
    const host = family === 6 ? `[${address}]` : address;
    const usual = this.#tls === undefined ? HTTP_PORT : HTTPS_PORT;
    return this.#port === usual ? host : `${host}:${this.#port}`;
  }
}

function readRange(range: number | string): readonly [low: number, high: number] {
  const [low, high = low] = String(range).split("-").map(Number);
  return [low!, high!];
}

function sayStatus(reader: HttpResponseReader): string {
  const location = reader.header("location");
  if (location === undefined || reader.status < 300 || reader.status > 399) return `HTTP ${reader.status}`;
  return `HTTP ${reader.status} to ${quote(location)}; redirects are not followed`;
}

function describe(detail: Record<string, unknown>, reader: HttpResponseReader): void {
  detail.status = reader.status;
  detail.statusText = reader.statusText;
  detail.headers = reader.headers.slice(0, DETAIL_HEADERS_MAX);
  detail.bodyOctets = reader.body.length;
  detail.body = textOf(reader.body.octets.subarray(0, DETAIL_OCTETS_MAX));
}
