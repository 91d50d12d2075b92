import { afterEach, beforeEach, expect, test } from "vitest";
import {
  check,
  closedPort,
  drip,
  Endpoints,
  flood,
  replyAndClose,
  said,
  say,
} from "../../support/bad-endpoints.ts";

let endpoints: Endpoints;

beforeEach(() => {
  endpoints = new Endpoints();
});
afterEach(() => endpoints.close());

test("a connection is ok, and a closed port is refused", async () => {
  expect(await say({ type: "tcp", port: await endpoints.tcp(() => {}) })).toBe("ok");
  await endpoints.allClosed();
  expect(await say({ type: "tcp", port: await closedPort() })).toBe("connection refused");
});

test("what is sent arrives, though nothing is expected", async () => {
  const received = new Promise<string>((resolve) => {
    void endpoints
      .tcp((socket) => socket.on("data", (piece) => resolve(piece.toString())))
      .then((port) => say({ type: "tcp", port, send: "QUIT\r\n" }));
  });
  expect(await received).toBe("QUIT\r\n");
});

test("what is expected may come in pieces, and shows in detail", async () => {
  const port = await endpoints.tcp(drip("220 mail ready\r\n"));
  const result = await check({ type: "tcp", port, expect: "ready" }, { isDetailed: true });
  expect(result).toMatchObject({ ok: true, detail: { reply: "220 mail ready" } });
  await endpoints.allClosed();
});

test.each([
  ["closes", replyAndClose("-ERR\r\n"), 'connection closed; "+PONG" is not in the 6 octets that came'],
  ["floods", flood("", "x".repeat(1000)), '"+PONG" is not in the 65536 octets that came'],
  ["is silent", () => {}, "response timed out after 80 ms"],
  ["drips", drip("no"), /^response timed out after 80 ms; "\+PONG" is not in the \d+ octets that came$/],
] as const)("an endpoint that %s fails in words", async (_, handler, reason) => {
  const port = await endpoints.tcp(handler);
  const text = { type: "tcp", port, send: "PING\r\n", expect: "+PONG" } as const;
  expect(await say(text, { timeoutMs: _ === "floods" ? 5000 : 80 })).toEqual(said(reason));
  await endpoints.allClosed();
});
