import { once } from "node:events";
import * as net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Client, Respond } from "../../src/server/client.ts";
import type { TcpLimits } from "../../src/server/tcp-limits.ts";
import { TcpServer } from "../../src/server/tcp-server.ts";
import { echo, framed, message, padded, serialOf, TcpClient, until } from "./harness.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function start(
  limits: Partial<TcpLimits> = {},
  respond: Respond = echo,
): Promise<{ server: TcpServer; port: number }> {
  const server = new TcpServer({ respond, limits });
  stops.push(() => server.stop(performance.now()));
  return { server, port: await server.listen({ family: 4, address: "127.0.0.1", port: 0 }) };
}

/** Connected, and known to the server. */
async function connect(
  server: TcpServer,
  port: number,
  options: { allowHalfOpen?: boolean } = {},
): Promise<TcpClient> {
  const { accepted } = server.counts;
  const client = await TcpClient.connect(port, "127.0.0.1", options);
  await until(() => server.counts.accepted > accepted);
  return client;
}

const serials = (replies: readonly Uint8Array[]) => replies.map(serialOf);
const queries = (count: number) => Array.from({ length: count }, (_, i) => message(i + 1));

test("TcpServer answers, says who asked, and keeps the connection for the next query", async () => {
  const clients: Client[] = [];
  const { server, port } = await start({}, (query, client, out) => {
    clients.push({ ...client, address: client.address.slice(0, 4) });
    return echo(query, client, out);
  });
  const client = await connect(server, port);
  for (let i = 1; i <= 3; i++) {
    client.write(framed(message(i)));
    expect(serialOf((await client.received(i))[i - 1]!)).toBe(i);
  }
  expect(clients[0]).toEqual({
    family: 4,
    address: Uint8Array.of(127, 0, 0, 1),
    port: client.socket.localPort,
    transport: "tcp",
  });
  expect(server.counts).toMatchObject({ queries: 3, replies: 3, connections: 1, accepted: 1 });
  client.socket.destroy();
});

test("TcpServer answers over IPv6", async () => {
  const server = new TcpServer({ respond: echo });
  stops.push(() => server.stop(performance.now()));
  const port = await server.listen({ family: 6, address: "::1", port: 0 });
  const client = await TcpClient.connect(port, "::1");
  client.write(framed(message(1)));
  expect(serials(await client.received(1))).toEqual([1]);
  client.socket.destroy();
});

describe("RFC 7766", () => {
  test("several queries in one segment are answered, in order", async () => {
    const { server, port } = await start();
    const client = await connect(server, port);
    client.write(framed(...queries(50)));
    expect(serials(await client.received(50))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    client.socket.destroy();
  });

  test("two queries split at every octet are answered", async () => {
    const { server, port } = await start();
    const stream = framed(message(1), message(2));
    for (let at = 1; at < stream.length; at++) {
      const client = await connect(server, port);
      await client.flush(stream.subarray(0, at));
      await client.flush(stream.subarray(at));
      expect(serials(await client.received(2))).toEqual([1, 2]);
      client.socket.destroy();
    }
  });

  test("a query that comes octet by octet is answered", async () => {
    const { server, port } = await start();
    const client = await connect(server, port);
    for (const octet of framed(message(7))) await client.flush(Uint8Array.of(octet));
    expect(serials(await client.received(1))).toEqual([7]);
    client.socket.destroy();
  });

  test("a client that closes its half still gets every answer, then the connection is closed", async () => {
    const { server, port } = await start();
    const client = await connect(server, port, { allowHalfOpen: true });
    client.socket.end(framed(...queries(500)));
    await client.closed;
    expect(client.replies.length).toBe(500);
    await until(() => server.counts.connections === 0);
    expect(server.counts.ended.closed).toBe(1);
  });

  test("a reply of 65,535 octets arrives whole", async () => {
    const { server, port } = await start({}, padded(65_535));
    const client = await connect(server, port);
    client.write(framed(message(1), message(2)));
    const replies = await client.received(2);
    expect(replies.map((reply) => reply.length)).toEqual([65_535, 65_535]);
    client.socket.destroy();
  });
});

describe("states of a connection", () => {
  const quick = { idleTimeoutMs: 60, messageTimeoutMs: 60, writeTimeoutMs: 60 };
  const slow = { idleTimeoutMs: 60_000, messageTimeoutMs: 60_000, writeTimeoutMs: 60_000 };

  /** What the client sends and then leaves open, and how that ends. */
  test.each<[string, Uint8Array, string, number]>([
    ["nothing at all", Uint8Array.of(), "idle", 0],
    ["one octet of a length", Uint8Array.of(0), "message-timeout", 0],
    ["a length alone", Uint8Array.of(0, 16), "message-timeout", 0],
    ["a length and half of the query", framed(message(1)).subarray(0, 10), "message-timeout", 0],
    ["all but the last octet", framed(message(1)).subarray(0, 17), "message-timeout", 0],
    ["a length of 65,535 and a little", Uint8Array.of(255, 255, 1, 2, 3), "message-timeout", 0],
    ["a query and then nothing", framed(message(1)), "idle", 1],
    ["a query and half of the next", framed(message(1), message(2)).subarray(0, 25), "message-timeout", 1],
  ])("%s: closed in time", async (_what, sent, why, replies) => {
    const limits = why === "idle" ? { ...slow, idleTimeoutMs: 60 } : { ...slow, messageTimeoutMs: 60 };
    const { server, port } = await start(limits);
    const client = await connect(server, port);
    client.write(sent);
    await client.closed;
    expect(client.replies.length).toBe(replies);
    await until(() => server.counts.connections === 0);
    expect(server.counts.ended).toMatchObject({ [why]: 1 });
  });

  test.each<[string, Uint8Array, number]>([
    ["a length of 0", Uint8Array.of(0, 0), 0],
    ["a length of 11", Uint8Array.of(0, 11), 0],
    ["a query and then a length of 5", Uint8Array.of(...framed(message(1)), 0, 5, 1, 2, 3, 4, 5), 1],
  ])("%s: closed at once, after the answers before it", async (_what, sent, replies) => {
    const { server, port } = await start(slow);
    const client = await connect(server, port);
    client.write(sent);
    await client.closed;
    expect(client.replies.length).toBe(replies);
    expect(server.counts.ended.malformed).toBe(1);
  });

  test("a response instead of a query: closed at once", async () => {
    const { server, port } = await start(slow);
    const client = await connect(server, port);
    const response = message(1);
    response[2]! |= 0x80;
    client.write(framed(response));
    await client.closed;
    expect(server.counts.ended.malformed).toBe(1);
  });

  test("a query that drips in is cut off: later octets do not wind the clock again", async () => {
    const { server, port } = await start({ ...slow, messageTimeoutMs: 100 });
    const client = await connect(server, port);
    const drip = setInterval(() => client.write(Uint8Array.of(0)), 10);
    client.write(Uint8Array.of(255, 255));
    await client.closed;
    clearInterval(drip);
    expect(server.counts.ended["message-timeout"]).toBe(1);
  });

  test("half a query, then the client's half is closed: closed", async () => {
    const { server, port } = await start(slow);
    const client = await connect(server, port, { allowHalfOpen: true });
    client.socket.end(framed(message(1), message(2)).subarray(0, 25));
    await client.closed;
    expect(serials(client.replies)).toEqual([1]);
    expect(server.counts.ended.closed).toBe(1);
  });

  test("a client that resets: forgotten", async () => {
    const { server, port } = await start(slow);
    const client = await connect(server, port);
    client.write(framed(message(1)));
    await client.received(1);
    client.socket.resetAndDestroy();
    await until(() => server.counts.connections === 0);
    expect(server.counts.ended.failed + server.counts.ended.closed).toBe(1);
  });

  test("a client that reads nothing is not read from either, and is cut off", async () => {
    const { server, port } = await start({ ...slow, writeTimeoutMs: 100 }, padded(60_000));
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.pause();
    socket.write(framed(...queries(3000)));
    await until(() => server.counts.ended["write-timeout"] === 1);
    // 3,000 replies would be 180 MB; what was made is what kernel buffers and our own limit hold.
    expect(server.counts.queries).toBeLessThan(1000);
    expect(server.counts.connections).toBe(0);
    socket.destroy();
  });

  test("a client that reads late gets all of its answers", async () => {
    const { server, port } = await start({ ...slow, queuedOctetsMax: 1000 }, padded(20_000));
    const client = await connect(server, port);
    client.socket.pause();
    client.write(framed(...queries(1000)));
    let before = -1;
    while (server.counts.queries !== before || before === 0) {
      before = server.counts.queries;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.counts.queries).toBeLessThan(1000);
    client.socket.resume();
    expect(serials(await client.received(1000))).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    client.socket.destroy();
  });

  test("no more replies are under way than the limit, and still all queries are answered", async () => {
    const { server, port } = await start({ ...slow, inFlightMax: 3 });
    const client = await connect(server, port);
    client.write(framed(...queries(1000)));
    expect((await client.received(1000)).length).toBe(1000);
    client.socket.destroy();
  });

  test("1,000 hostile connections leave nothing behind", async () => {
    const { server, port } = await start(
      { ...quick, connectionsMax: 60, connectionsPerClientMax: 60 },
      padded(9000),
    );
    const kinds: ((client: TcpClient) => void)[] = [
      () => {},
      (client) => client.write(Uint8Array.of(0)),
      (client) => client.write(framed(message(1)).subarray(0, 9)),
      (client) => client.write(Uint8Array.of(0, 3, 1, 2, 3)),
      (client) => client.socket.resetAndDestroy(),
      (client) => client.socket.destroy(),
      (client) => client.socket.end(framed(message(1))),
      (client) => client.socket.pause().write(framed(...queries(400))),
      (client) => {
        client.write(framed(...queries(20)));
        client.socket.resetAndDestroy();
      },
      (client) => client.write(framed(message(1), message(2)).subarray(0, 30)),
    ];
    for (let i = 0; i < 1000; i += 20) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, () => TcpClient.connect(port).catch(() => undefined)),
      );
      for (const [n, client] of clients.entries())
        if (client !== undefined) kinds[(i + n) % kinds.length]!(client);
      for (const client of clients) client?.socket.unref();
    }
    await until(() => server.counts.connections === 0);
    const ended = Object.values(server.counts.ended).reduce((sum, count) => sum + count, 0);
    expect(ended).toBe(server.counts.accepted);
    // It still serves, and closes to the last descriptor: stop() resolves only then.
    const client = await TcpClient.connect(port);
    client.write(framed(message(5)));
    expect(serials(await client.received(1))).toEqual([5]);
    await server.stop(performance.now() + 5000);
    expect(server.counts.connections).toBe(0);
  });
});

describe("limits", () => {
  const patient = { idleTimeoutMs: 60_000, messageTimeoutMs: 60_000, writeTimeoutMs: 60_000 };

  test("over the limit the connection that is idle longest makes way", async () => {
    const { server, port } = await start({ ...patient, connectionsMax: 3 });
    const first = await connect(server, port);
    const second = await connect(server, port);
    const third = await connect(server, port);
    first.write(framed(message(1))); // used last of the three, so not idle longest any more
    await first.received(1);
    const fourth = await connect(server, port);
    await second.closed;
    for (const client of [first, third, fourth]) {
      client.write(framed(message(9)));
      expect(serialOf((await client.received(client === first ? 2 : 1)).at(-1)!)).toBe(9);
      client.socket.destroy();
    }
    expect(server.counts.ended.evicted).toBe(1);
  });

  test("half a query does not hold a place against a newcomer, but an idle one goes first", async () => {
    const { server, port } = await start({ ...patient, connectionsMax: 2 });
    const half = await connect(server, port);
    await half.flush(Uint8Array.of(0, 16, 1));
    const idle = await connect(server, port);
    const third = await connect(server, port);
    await idle.closed;
    await third.flush(Uint8Array.of(0, 16, 1));
    await until(() => server.counts.connections === 2);
    const fourth = await connect(server, port);
    await half.closed;
    third.socket.destroy();
    fourth.socket.destroy();
  });

  test("a client over its own limit loses its own connection, not somebody else's", async () => {
    const { server, port } = await start({ ...patient, connectionsMax: 10, connectionsPerClientMax: 2 });
    const first = await connect(server, port);
    const second = await connect(server, port);
    const other = net.connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    await once(other, "connect");
    await until(() => server.counts.accepted === 3);
    const third = await connect(server, port);
    await first.closed;
    expect(server.counts.connections).toBe(3);
    expect(other.destroyed).toBe(false);
    for (const socket of [second.socket, third.socket, other]) socket.destroy();
  });

  test("a newcomer is refused when all others have answers under way", async () => {
    const { server, port } = await start({ ...patient, connectionsMax: 1 }, padded(60_000));
    const greedy = await connect(server, port);
    greedy.socket.pause();
    greedy.write(framed(...queries(1000)));
    let before = -1;
    while (server.counts.queries !== before || before === 0) {
      before = server.counts.queries;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    const late = await connect(server, port);
    await late.closed;
    expect(server.counts).toMatchObject({ refused: 1, connections: 1 });
    greedy.socket.destroy();
  });
});

test("a connection that has ended and still sends counts until it is closed", async () => {
  const patient = { idleTimeoutMs: 60_000, messageTimeoutMs: 60_000, writeTimeoutMs: 60_000 };
  const wide = { inFlightMax: 10_000, queuedOctetsMax: 1 << 30 };
  const { server, port } = await start({ ...patient, ...wide, connectionsMax: 1 }, padded(60_000));
  const deaf = await connect(server, port);
  deaf.socket.pause();
  deaf.write(Uint8Array.of(...framed(...queries(600)), 0, 5));
  await until(() => server.counts.ended.malformed === 1);
  expect(server.counts.connections).toBe(1);
  const late = await connect(server, port);
  await late.closed;
  expect(server.counts).toMatchObject({ refused: 1, connections: 1 });
  deaf.socket.destroy();
  await until(() => server.counts.connections === 0);
  const next = await connect(server, port);
  next.write(framed(message(1)));
  expect(serials(await next.received(1))).toEqual([1]);
  next.socket.destroy();
});

describe("listen() and stop()", () => {
  test("listen() says that a port is in use", async () => {
    const { server, port } = await start();
    await expect(server.listen({ family: 4, address: "127.0.0.1", port })).rejects.toMatchObject({
      code: "address-in-use",
      fields: { transport: "tcp", address: "127.0.0.1", port },
    });
  });

  test("stop() answers what has been sent, closes, and accepts no more", async () => {
    const { server, port } = await start();
    const idle = await connect(server, port);
    const busy = await connect(server, port);
    await busy.flush(framed(...queries(100)));
    await server.stop(performance.now() + 5000);
    await Promise.all([idle.closed, busy.closed]);
    expect(busy.replies.length).toBe(100);
    await expect(TcpClient.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("stop() waits for the rest of a query, answers it, and closes", async () => {
    const { server, port } = await start();
    const client = await connect(server, port);
    const stream = framed(message(3));
    await client.flush(stream.subarray(0, 10));
    await until(() => client.socket.bytesWritten === 10);
    const stopped = server.stop(performance.now() + 5000);
    await client.flush(stream.subarray(10));
    await stopped;
    await client.closed;
    expect(serials(client.replies)).toEqual([3]);
  });

  test("stop() cuts off at its deadline who neither reads nor finishes", async () => {
    const { server, port } = await start({}, padded(60_000));
    const half = await connect(server, port);
    await half.flush(Uint8Array.of(0));
    const deaf = await connect(server, port);
    deaf.socket.pause();
    deaf.write(framed(...queries(1000)));
    await until(() => server.counts.queries > 0);
    await server.stop(performance.now() + 100);
    expect(server.counts.connections).toBe(0);
    deaf.socket.destroy();
    half.socket.destroy();
  });
});
