import { readdirSync, readlinkSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import {
  check,
  closedPort,
  drip,
  Endpoints,
  flood,
  type Handler,
  reply,
  replyAndClose,
  trustTestCa,
} from "../../support/bad-endpoints.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const HANDLERS: Handler[] = [
  () => {},
  reply(OK),
  replyAndClose(OK),
  replyAndClose("HTTP/1.1 200 OK\r\n\r\nok"),
  replyAndClose("garbage"),
  drip("garbage"),
  flood("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(1000)),
  (socket) => socket.end(),
  (socket) => socket.end("75%\n"),
  (socket) => socket.destroy(),
  (socket) => socket.write(Uint8Array.of(0x16, 3, 3, 0x10, 0, 2)),
];

beforeAll(trustTestCa);

/** Open sockets of this process. */
function socketCount(): number {
  let count = 0;
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:")) count++;
    } catch {
      // closed since
    }
  }
  return count;
}

test("no check leaves a socket or a timer behind, whatever came", async () => {
  const before = socketCount();
  const endpoints = new Endpoints();
  const plain = await Promise.all(HANDLERS.map((handler) => endpoints.tcp(handler)));
  const secure = await Promise.all(HANDLERS.map((handler) => endpoints.tls("good", handler)));
  const stranger = await endpoints.tls("stranger", reply(OK));
  const closed = await closedPort();
  for (let round = 0; round < 3; round++) {
    const options = { timeoutMs: 60 + 20 * round, isDetailed: round === 1 };
    await Promise.all(
      [...plain, ...secure, stranger, closed].flatMap((port) => [
        check({ type: "http", port }, options),
        check({ type: "http", port, tls: true }, options),
        check({ type: "tcp", port, send: "hello", expect: "world" }, options),
        check({ type: "tcp", port, send: "hello" }, options),
        check({ type: "tls", port }, options),
        check({ type: "agent", port, send: "hello" }, options),
        check({ type: "grpc", port }, options),
        check({ type: "grpc", port, tls: true }, options),
        check({ type: "dns", port, name: "a.test", transport: "tcp" }, options),
        check({ type: "dns", port, name: "a.test" }, options),
        check({ type: "icmp" }, options),
      ]),
    );
  }
  await endpoints.close();
  // What is closed in the last callbacks is closed when the loop has gone round.
  await expect.poll(socketCount, { timeout: 5000 }).toBe(before);
  expect(process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap")).toEqual([]);
}, 60_000);
