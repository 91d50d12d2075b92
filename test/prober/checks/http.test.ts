import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { MonitorText } from "../../../src/documents/schema.ts";
import {
  type Certificate,
  check,
  closedPort,
  drip,
  Endpoints,
  flood,
  type Handler,
  reply,
  replyAndClose,
  said,
  say,
  trustTestCa,
} from "../../support/bad-endpoints.ts";

type HttpText = Extract<MonitorText, { type: "http" }>;

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

let endpoints: Endpoints;

beforeAll(trustTestCa);
beforeEach(() => {
  endpoints = new Endpoints();
});
afterEach(() => endpoints.close());

async function ask(handler: Handler, text: Partial<HttpText> = {}, timeoutMs = 5000): Promise<string> {
  return say({ type: "http", port: await endpoints.tcp(handler), ...text }, { timeoutMs });
}

describe("a good response", () => {
  test.each([
    ["with a length", OK],
    ["chunked, with extensions and trailers", `${CHUNKED}2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n`],
    ["with line feeds alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"],
    ["of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["after interim ones", `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`],
    ["without a body", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["without a reason phrase", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"],
    ["with the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"],
    ["with more behind it", `${OK}and some more`],
  ])("%s is ok", async (_, text) => {
    expect(await ask(reply(text))).toBe("ok");
  });

  test("octet by octet is ok, and so is one that lasts until the end of the connection", async () => {
    expect(await ask((socket) => [...OK].forEach((octet) => void socket.write(octet)))).toBe("ok");
    expect(await ask(replyAndClose("HTTP/1.1 200 OK\r\n\r\nok"), { expect: { body: "ok" } })).toBe("ok");
  });

  test("over IPv6 is ok", async () => {
    const port = await endpoints.tcp(reply(OK), "::1");
    expect(await say({ type: "http", port }, { target: { address: "::1", family: 6 } })).toBe("ok");
  });
});

describe("a bad response", () => {
  const cases: Record<string, [handler: Handler, reason: string | RegExp, text?: Partial<HttpText>]> = {
    "a bad status": [reply("HTTP/1.1 503 Busy\r\n\r\n"), "HTTP 503"],
    "a redirect": [
      reply("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"),
      'HTTP 302 to "/login"; redirects are not followed',
    ],
    "early close": [(socket) => socket.end(), "connection closed without a response"],
    "close within the headers": [
      replyAndClose("HTTP/1.1 200 OK\r\nX: "),
      "connection closed within the headers",
    ],
    reset: [(socket) => socket.once("data", () => socket.resetAndDestroy()), "connection reset"],
    "a body shorter than it says": [
      replyAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
      "body ended after 3 of 100 octets",
    ],
    "two lengths": [
      reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
      'two different Content-Lengths: "3, 4"',
    ],
    "a negative length": [
      reply("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
      'malformed Content-Length "-1"',
    ],
    "chunked garbage": [
      reply(`${CHUNKED}hello\r\n`),
      'chunked body is garbage: "hello" is no size of a chunk',
    ],
    "a chunk longer than it says": [
      reply(`${CHUNKED}2\r\nokay\r\n0\r\n\r\n`),
      "chunked body is garbage: a chunk is longer than it says",
    ],
    "a size of a chunk without end": [flood(CHUNKED, "0".repeat(1000)), /a line of more than 1024 octets/],
    "a chunked body that ends early": [
      replyAndClose(`${CHUNKED}5\r\nab`),
      "chunked body ended early, after 2 octets",
    ],
    "trailers for ever": [flood(`${CHUNKED}0\r\n`, "X: y\r\n"), "more than 100 trailers"],
    "headers for ever": [flood("HTTP/1.1 200 OK\r\n", "X-Y: z\r\n"), "headers of more than 32 KiB"],
    "one header without end": [
      flood("HTTP/1.1 200 OK\r\nX: ", "a".repeat(1000)),
      "headers of more than 32 KiB",
    ],
    "interim responses for ever": [
      flood("", "HTTP/1.1 100 Continue\r\n\r\n"),
      "more than 20 interim (1xx) responses",
    ],
    "a change of protocol": [
      reply("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
      "HTTP 101, a change of protocol that nobody asked for",
    ],
    "another protocol": [
      (socket) => socket.write("SSH-2.0-OpenSSH_9\r\n"),
      /^not HTTP\/1: begins with "SSH-2.0-OpenSSH_9/,
    ],
    "TLS where none is wanted": [
      (socket) => socket.write(Buffer.from([0x15, 3, 1, 0, 2, 2, 40])),
      /^not HTTP but TLS/,
    ],
    "a malformed status line": [reply("HTTP/1.1 OK\r\n\r\n"), 'malformed status line "HTTP/1.1 OK"'],
    "a malformed header": [reply("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), 'malformed header "no colon"'],
    "the wrong body": [reply(OK), '"well" is not in the body', { expect: { body: "well" } }],
    "a body that does not match": [
      reply(OK),
      'the body does not match "^up"',
      { expect: { "body-matches": "^up" } },
    ],
    "a pattern that takes for ever": [
      replyAndClose(`HTTP/1.1 200 OK\r\n\r\n${"a".repeat(1000)}!`),
      /^body-matches takes too long on the body/,
      { expect: { "body-matches": "^(a+)+$" } },
    ],
    "a body for ever": [
      flood("HTTP/1.1 200 OK\r\n\r\n", "a".repeat(1000)),
      '"well" is not in the first 64 KiB of the body',
      { expect: { body: "well" } },
    ],
  };
  test.each(Object.entries(cases))("%s is a failure in words", async (_, [handler, reason, text]) => {
    expect(await ask(handler, text)).toEqual(said(reason));
    await endpoints.allClosed();
  });

  test("a body for ever is ok when nothing is expected of it, and is not read further than 64 KiB", async () => {
    const port = await endpoints.tcp(flood("HTTP/1.1 200 OK\r\n\r\n", "a".repeat(1000)));
    const result = await check({ type: "http", port }, { isDetailed: true });
    expect(result).toMatchObject({ ok: true, detail: { bodyOctets: 65_536 } });
    await endpoints.allClosed();
  });
});

describe("an endpoint that takes its time", () => {
  test.each<[string, Handler, string | RegExp]>([
    ["is silent", () => {}, "response timed out after 80 ms"],
    [
      "drips the head",
      drip("HTTP/1.1 200 OK\r\nX: ".padEnd(500)),
      /^response timed out after 80 ms; \d+ octets of the headers came$/,
    ],
    [
      "stops within the body",
      reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
      "body timed out after 80 ms; 3 octets of the body came",
    ],
  ])("that %s is given up in time", async (_, handler, reason) => {
    expect(await ask(handler, {}, 80)).toEqual(said(reason));
    await endpoints.allClosed();
  });

  test("a success that takes longer than `slow` is a failure", async () => {
    const port = await endpoints.tcp((socket) => setTimeout(() => socket.write(OK), 30));
    expect(await say({ type: "http", port }, { slowMs: 10 })).toMatch(/^answered in \d+ ms, slow is 10 ms$/);
    expect(await say({ type: "http", port }, { slowMs: 4000 })).toBe("ok");
  });

  test("a cancelled check ends at once, and one that begins cancelled opens nothing", async () => {
    const port = await endpoints.tcp((socket) => socket.once("data", () => abort.abort()));
    const abort = new AbortController();
    const { signal } = abort;
    expect(await say({ type: "http", port }, { signal })).toBe("the check was cancelled");
    await endpoints.allClosed();
    expect(await say({ type: "http", port }, { signal })).toBe("the check was cancelled");
    expect(endpoints.accepted).toBe(1);
  });

  test("a closed port is refused", async () => {
    expect(await say({ type: "http", port: await closedPort() })).toBe("connection refused");
  });
});

describe("the request", () => {
  async function request(text: Partial<HttpText>, host?: string): Promise<string> {
    let received = "";
    const port = await endpoints.tcp((socket) => {
      socket.on("data", (piece) => {
        received += piece.toString("latin1");
        socket.write(OK);
      });
    });
    const target = { address: "127.0.0.1", family: 4, ...(host === undefined ? {} : { host }) } as const;
    expect(await say({ type: "http", port, ...text }, { target })).toBe("ok");
    return received.replaceAll(String(port), "PORT");
  }

  test("says what the monitor says", async () => {
    const text = await request({
      method: "POST",
      path: "/healthz?a=b",
      headers: { "X-A": "b", accept: "text/plain" },
    });
    expect(text.split("\r\n")).toEqual([
      "POST /healthz?a=b HTTP/1.1",
      "Host: 127.0.0.1:PORT",
      "User-Agent: windrose-check",
      "Connection: close",
      "Content-Length: 0",
      "X-A: b",
      "accept: text/plain",
      "",
      "",
    ]);
  });

  test("names the host of the monitor, else of the target", async () => {
    expect(await request({ host: "www.example.com" }, "other.test.")).toContain(
      "\r\nHost: www.example.com\r\n",
    );
    expect(await request({}, "other.test.")).toContain("\r\nHost: other.test\r\n");
  });

  test("of HEAD wants no body, whatever the length says", async () => {
    const port = await endpoints.tcp(reply("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
    expect(await say({ type: "http", port, method: "HEAD" })).toBe("ok");
  });
});

describe("expect", () => {
  test.each<[NonNullable<HttpText["expect"]>, string, string]>([
    [{ status: 404 }, "HTTP/1.1 404 Not Found\r\n\r\n", "ok"],
    [{ status: ["200-204", 301] }, "HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "ok"],
    [{ status: [200, 301] }, "HTTP/1.1 302 Found\r\n\r\n", "HTTP 302"],
    [{ body: "ü" }, "HTTP/1.1 200 OK\r\n\r\nfür", "ok"],
    [{ "body-matches": '"state":\\s*"(up|ready)"' }, 'HTTP/1.1 200 OK\r\n\r\n{"state": "ready"}', "ok"],
    [{ "body-matches": "^(ok|fine)+$" }, "HTTP/1.1 200 OK\r\n\r\nokfine", "ok"],
  ])("%j of %j: %s", async (wanted, text, said) => {
    expect(await ask(replyAndClose(text), { expect: wanted })).toBe(said);
  });
});

describe("TLS", () => {
  async function askTls(certificate: Certificate, text: Partial<HttpText> = {}): Promise<string> {
    return say({ type: "http", tls: true, port: await endpoints.tls(certificate, reply(OK)), ...text });
  }

  test("of a good certificate is ok, and has timings of each phase", async () => {
    const port = await endpoints.tls("good", reply(OK));
    const result = await check({ type: "http", tls: true, port, host: "good.test" });
    expect(result).toMatchObject({ ok: true, reason: "", warnings: [], agent: null, detail: null });
    expect(result.daysToExpiry).toBeGreaterThan(3650);
    const { resolveMs, connectMs, tlsMs, firstByteMs, totalMs } = result.timings;
    expect(resolveMs).toBeNull();
    expect(connectMs! + tlsMs! + firstByteMs!).toBeLessThanOrEqual(totalMs + 0.01);
    await endpoints.allClosed();
  });

  test("of a certificate with a fault fails before any request, unless it need not verify", async () => {
    expect(await askTls("stranger")).toMatch(/^certificate's issuer is unknown: "other-ca"/);
    expect(await askTls("stranger", { verify: false })).toBe("ok");
  });

  test("detail has the certificate, the response and TLS", async () => {
    const port = await endpoints.tls("good", reply(OK));
    const { detail } = await check({ type: "http", tls: true, port }, { isDetailed: true });
    expect(detail).toMatchObject({
      status: 200,
      statusText: "OK",
      headers: [["content-length", "3"]],
      body: "ok\n",
      tls: { version: "TLSv1.3", names: ["good.test", "*.good.test", "127.0.0.1", "0:0:0:0:0:0:0:1"] },
    });
    expect(detail).toMatchObject({ tls: { chain: [{ subject: "good", issuer: "ca" }, { subject: "ca" }] } });
  });

  test("detail has the body of a bad status too", async () => {
    const port = await endpoints.tcp(reply("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\noops!"));
    const result = await check({ type: "http", port }, { isDetailed: true });
    expect(result).toMatchObject({ ok: false, reason: "HTTP 500", detail: { status: 500, body: "oops!" } });
  });
});
