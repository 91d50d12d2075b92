import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { EXCHANGES, exchange, rootQuery } from "../../../src/prober/rtt/exchange.ts";
import { decodeMessage } from "../../../src/wire/message.ts";
import { formatName } from "../../../src/wire/name.ts";
import { typeMnemonic } from "../../../src/wire/rr-type.ts";

const open: (Socket | Server)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function udp(answer?: (query: Buffer) => Buffer): Promise<number> {
  const socket = createSocket("udp4");
  open.push(socket);
  socket.on("message", (query, from) => {
    if (answer !== undefined) socket.send(answer(query), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

const at = (port: number, more: { timeoutMs?: number; signal?: AbortSignal } = {}) => ({
  port,
  timeoutMs: 5000,
  signal: new AbortController().signal,
  ...more,
});
const refused = (query: Buffer) =>
  Buffer.concat([query.subarray(0, 2), Buffer.from([0x80, 5]), query.subarray(4)]);

describe("exchange()", () => {
  test("of dns takes any reply, also one that refuses", async () => {
    expect(await exchange("dns", "127.0.0.1", at(await udp(refused)))).toBeGreaterThan(0);
  });

  test("of dns takes a port that is closed", async () => {
    expect(await exchange("dns", "127.0.0.1", at(await closedPort()))).toBeGreaterThan(0);
  });

  test("of dns takes no reply to another query, and no stump", async () => {
    const stump = await udp((query) => query.subarray(0, 5));
    const other = await udp((query) =>
      Buffer.concat([Buffer.from([query[0]! ^ 1]), refused(query).subarray(1)]),
    );
    expect(await exchange("dns", "127.0.0.1", at(stump, { timeoutMs: 100 }))).toBeNull();
    expect(await exchange("dns", "127.0.0.1", at(other, { timeoutMs: 100 }))).toBeNull();
  });

  test("of dns gives up where nobody answers", async () => {
    expect(await exchange("dns", "127.0.0.1", at(await udp(), { timeoutMs: 50 }))).toBeNull();
  });

  test("of tcp takes a connection, and one that is refused", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    open.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    expect(await exchange("tcp", "127.0.0.1", at(port))).toBeGreaterThan(0);
    expect(await exchange("tcp", "127.0.0.1", at(await closedPort()))).toBeGreaterThan(0);
  });

  test("ends when it is told to", async () => {
    const abort = new AbortController();
    const waiting = exchange("dns", "127.0.0.1", at(await udp(), { signal: abort.signal }));
    abort.abort();
    expect(await waiting).toBeNull();
    for (const kind of EXCHANGES)
      expect(await exchange(kind, "127.0.0.1", at(1, { signal: abort.signal }))).toBeNull();
  });

  test("never rejects, also where there is no route", async () => {
    for (const kind of EXCHANGES) {
      for (const address of ["240.0.0.1", "100::1", "::ffff:0:0:1"]) {
        const ms = await exchange(kind, address, at(1, { timeoutMs: 50 }));
        expect(ms === null || ms > 0).toBe(true);
      }
    }
  });

  test("asks for the SOA of the root, in 17 octets and without recursion", () => {
    const query = rootQuery(0x1234);
    expect(query).toHaveLength(17);
    const message = decodeMessage(query);
    if ("malformed" in message) throw new Error(message.malformed);
    expect(message).toMatchObject({ id: 0x1234, rd: false, qr: false });
    expect(message.question.map(({ name, type }) => [formatName(name), typeMnemonic(type)])).toEqual([
      [".", "SOA"],
    ]);
  });
});
