import * as dgram from "node:dgram";
import { EventEmitter, once } from "node:events";
import type { NetworkInterfaceInfo } from "node:os";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import type { Client, Respond } from "../../src/server/client.ts";
import { UdpServer, type UdpServerOptions } from "../../src/server/udp-server.ts";
import { newUdpCounts, UdpSocket } from "../../src/server/udp-socket.ts";
import { askUdp, echo, message, serialOf, silentLog, until } from "./harness.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function newServer(respond: Respond, options: Partial<UdpServerOptions> = {}): UdpServer {
  const server = new UdpServer({ respond, log: silentLog, ...options });
  stops.push(() => server.stop(performance.now() + 1000));
  return server;
}

const loopback4 = { family: 4, address: "127.0.0.1", port: 0 } as const;
const loopback6 = { family: 6, address: "::1", port: 0 } as const;

function local(address: string, family: "IPv4" | "IPv6" = "IPv4"): NetworkInterfaceInfo {
  const rest = { address, netmask: "", mac: "", internal: true, cidr: null };
  return family === "IPv4" ? { ...rest, family } : { ...rest, family, scopeid: 0 };
}

test("UdpServer answers over IPv4 and says who asked", async () => {
  const clients: Client[] = [];
  const server = newServer((query, client, out) => {
    clients.push({ ...client, address: client.address.slice(0, 4) });
    return echo(query, client, out);
  });
  const port = await server.listen(loopback4);
  const { reply, from } = await askUdp(port, message(0xabcd));
  expect(reply[2]).toBe(0x80);
  expect([reply[0], reply[1]]).toEqual([0xab, 0xcd]);
  expect(from).toMatchObject({ address: "127.0.0.1", port });
  expect(clients[0]).toMatchObject({ family: 4, transport: "udp", address: Uint8Array.of(127, 0, 0, 1) });
  expect(clients[0]!.port).toBeGreaterThan(0);
  await until(() => server.counts.replies === 1);
  expect(server.counts).toEqual({ queries: 1, replies: 1, ignored: 0, sendErrors: 0 });
});

test("UdpServer answers over IPv6", async () => {
  const addresses: Uint8Array[] = [];
  const server = newServer((query, client, out) => {
    addresses.push(client.address.slice());
    return echo(query, client, out);
  });
  const port = await server.listen(loopback6);
  const { from } = await askUdp(port, message(1), "::1");
  expect(from).toMatchObject({ address: "::1", port });
  expect(addresses[0]).toEqual(Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)));
});

test("UdpServer gives 10,000 interleaved queries of 20 clients each its own reply", async () => {
  const server = newServer(echo);
  const port = await server.listen(loopback4);
  const answered = await exchange(port, 10_000, 20);
  expect(answered.wrong).toBe(0);
  expect(answered.right).toBe(10_000);
});

/** Keeps a window of queries under way from each client; every reply must be what was asked of it. */
async function exchange(
  port: number,
  total: number,
  clientCount: number,
): Promise<{ right: number; wrong: number }> {
  const result = { right: 0, wrong: 0 };
  let serial = 0;
  const clients = await Promise.all(
    Array.from({ length: clientCount }, async () => {
      const socket = dgram.createSocket("udp4");
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
      return { socket, open: new Set<number>() };
    }),
  );
  await new Promise<void>((resolve) => {
    for (const { socket, open } of clients) {
      const ask = () => {
        if (serial === total) return;
        open.add(++serial);
        socket.send(message(serial & 0xffff, serial), port, "127.0.0.1");
      };
      socket.on("message", (reply) => {
        const isRight = open.delete(serialOf(reply)) && reply.length === 16 && reply[2] === 0x80;
        if (isRight) result.right++;
        else result.wrong++;
        if (result.right + result.wrong === total) resolve();
        ask();
      });
      for (let i = 0; i < 5; i++) ask();
    }
  });
  for (const { socket } of clients) socket.close();
  return result;
}

/** A socket whose kernel buffer is full: what is sent waits, by reference, until flush(). */
class FullSocket extends EventEmitter {
  readonly queue: {
    octets: Uint8Array;
    offset: number;
    length: number;
    done: (error: Error | null) => void;
  }[] = [];
  bind(_options: unknown, done: () => void): void {
    done();
  }
  setRecvBufferSize(): void {
    throw new Error("ENOBUFS");
  }
  address(): { port: number } {
    return { port: 5300 };
  }
  send(
    octets: Uint8Array,
    offset: number,
    length: number,
    _port: number,
    _to: string,
    done: () => void,
  ): void {
    this.queue.push({ octets, offset, length, done });
  }
  getSendQueueCount(): number {
    return this.queue.length;
  }
  close(done: () => void): void {
    done();
  }
}

async function openOn(fake: FullSocket) {
  const counts = newUdpCounts();
  await UdpSocket.open(loopback4, {
    respond: echo,
    counts,
    createSocket: () => fake as unknown as dgram.Socket,
  });
  return counts;
}

const from = { address: "192.0.2.1", family: "IPv4", port: 4000, size: 16 };

test("UdpSocket leaves a reply alone that the kernel has not taken yet", async () => {
  const fake = new FullSocket();
  const counts = await openOn(fake);
  for (let i = 1; i <= 1000; i++) fake.emit("message", message(i), from);
  const sent = fake.queue.map(({ octets, offset, length }) =>
    serialOf(octets.subarray(offset, offset + length)),
  );
  expect(sent).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  for (const { done } of fake.queue.splice(0)) done(null);
  expect(counts).toEqual({ queries: 1000, replies: 1000, ignored: 0, sendErrors: 0 });
});

test("UdpSocket drops replies while 1,024 wait, and goes on when they have left", async () => {
  const fake = new FullSocket();
  const counts = await openOn(fake);
  for (let i = 1; i <= 1100; i++) fake.emit("message", message(i), from);
  expect(fake.queue.length).toBe(1024);
  expect(counts.sendErrors).toBe(1100 - 1024);
  fake.queue.length = 0;
  fake.emit("message", message(1), from);
  expect(fake.queue.length).toBe(1);
});

test("UdpSocket counts a reply that cannot be sent, and drops queries from port 0", async () => {
  const fake = new FullSocket();
  const counts = await openOn(fake);
  fake.emit("message", message(1), from);
  fake.queue.pop()!.done(new Error("ENETUNREACH"));
  fake.emit("message", message(2), { ...from, port: 0 });
  fake.emit("error", new Error("ECONNREFUSED"));
  expect(fake.queue).toEqual([]);
  expect(counts).toEqual({ queries: 2, replies: 0, ignored: 1, sendErrors: 2 });
});

test("UdpServer is silent where respond() is", async () => {
  const server = newServer(echo);
  const port = await server.listen(loopback4);
  const socket = dgram.createSocket("udp4");
  const got: number[] = [];
  socket.on("message", (reply) => got.push(serialOf(reply)));
  const response = message(1);
  response[2]! |= 0x80;
  socket.send(response, port, "127.0.0.1");
  socket.send(new Uint8Array(0), port, "127.0.0.1");
  socket.send(message(2), port, "127.0.0.1");
  await until(() => got.length === 1);
  socket.close();
  expect(got).toEqual([2]);
  expect(server.counts.ignored).toBe(2);
});

test("UdpServer on a wildcard address replies from the address that was asked", async () => {
  const interfaces = () => ({ lo: [local("127.0.0.1"), local("127.0.0.2"), local("::1", "IPv6")] });
  const server = newServer(echo, { interfaces });
  const port = await server.listen({ family: 4, address: "0.0.0.0", port: 0 });
  expect(server.addresses).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`]);
  for (const address of ["127.0.0.1", "127.0.0.2"]) {
    expect((await askUdp(port, message(1), address)).from).toMatchObject({ address, port });
  }
});

test("UdpServer on [::] leaves IPv4 alone and answers link-local addresses on their interface", async () => {
  const server = newServer(echo);
  const port = await server.listen({ family: 6, address: "::", port: 0 });
  expect(server.addresses).toContain(`[::1]:${port}`);
  expect(server.addresses.every((address) => address.startsWith("["))).toBe(true);
  expect((await askUdp(port, message(1), "::1")).from.address).toBe("::1");
});

test("UdpServer.rescan() takes up new local addresses and lets go of old ones", async () => {
  let addresses = [local("127.0.0.1"), local("127.0.0.3")];
  const server = newServer(echo, { interfaces: () => ({ lo: addresses }) });
  const port = await server.listen({ family: 4, address: "0.0.0.0", port: 0 });
  addresses = [local("127.0.0.1"), local("127.0.0.2"), local("198.51.100.99")]; // the last cannot be bound yet
  await server.rescan();
  expect(server.addresses).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`]);
  expect((await askUdp(port, message(1), "127.0.0.2")).from.address).toBe("127.0.0.2");
});

test("UdpServer.rescan() keeps its sockets while the interfaces cannot be listed, says so once, and recovers", async () => {
  const said: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => said.push(JSON.parse(line).msg) });
  let addresses = [local("127.0.0.1")];
  let isOut = false;
  const interfaces = () => {
    if (isOut) throw Object.assign(new Error("uv_interface_addresses EMFILE"), { code: "EMFILE" });
    return { lo: addresses };
  };
  const server = newServer(echo, { interfaces, log });
  const port = await server.listen({ family: 4, address: "0.0.0.0", port: 0 });
  isOut = true;
  await server.rescan();
  await server.rescan();
  expect(server.addresses).toEqual([`127.0.0.1:${port}`]);
  expect(said).toEqual(["local addresses cannot be listed; those open stay"]);
  isOut = false;
  addresses = [local("127.0.0.1"), local("127.0.0.2")];
  await server.rescan();
  expect(server.addresses).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`]);
  expect(said.slice(1)).toEqual(["listening on a new address", "local addresses can be listed again"]);
});

test("UdpServer.listen() says that a port is in use and that an address is not local", async () => {
  const server = newServer(echo);
  const port = await server.listen(loopback4);
  await expect(server.listen({ ...loopback4, port })).rejects.toMatchObject({
    code: "address-in-use",
    message: expect.stringContaining(`Cannot listen on udp 127.0.0.1:${port}: the port is in use`),
  });
  await expect(server.listen({ family: 4, address: "198.51.100.99", port: 0 })).rejects.toMatchObject({
    code: "address-not-local",
    message: expect.stringContaining("198.51.100.99 is not an address of this machine"),
  });
  await expect(server.listen({ family: 6, address: "2001:db8::99", port: 0 })).rejects.toMatchObject({
    code: "address-not-local",
  });
});

test("UdpServer.stop() answers what the kernel has already received", async () => {
  const server = newServer(echo);
  const port = await server.listen(loopback4);
  const socket = dgram.createSocket("udp4");
  const got: number[] = [];
  socket.on("message", (reply) => got.push(serialOf(reply)));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  let sent = 0;
  for (let i = 1; i <= 200; i++) socket.send(message(i), port, "127.0.0.1", () => sent++);
  await until(() => sent === 200);
  await server.stop(performance.now() + 5000);
  await until(() => got.length === 200);
  socket.close();
  expect(server.counts.queries).toBe(200);
});
