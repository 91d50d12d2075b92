import * as dgram from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { PollSet } from "../../src/server/poll-set.ts";
import { makeBatchBlock, UdpBatch } from "../../src/server/udp-batch.ts";
import { message } from "./harness.ts";
import { closeSockets, libc, serverSocket } from "./loopback.ts";

afterEach(closeSockets);

async function sendTo(port: number, count = 1): Promise<void> {
  const socket = dgram.createSocket("udp4");
  for (let i = 1; i <= count; i++) {
    await new Promise<void>((resolve) => socket.send(message(i), port, "127.0.0.1", () => resolve()));
  }
  socket.close();
  await once(socket, "close");
}

test("PollSet.wait() says that nothing has come, and isReady() that no socket has", () => {
  const sockets = [serverSocket(), serverSocket()];
  const poll = new PollSet(
    libc,
    sockets.map(({ fd }) => fd),
  );
  expect(poll.wait(0)).toBe(false);
  expect([poll.isReady(0), poll.isReady(1)]).toEqual([false, false]);
});

test("PollSet.isReady() names the sockets that have something to read, until it is read", async () => {
  const sockets = Array.from({ length: 5 }, () => serverSocket());
  const poll = new PollSet(
    libc,
    sockets.map(({ fd }) => fd),
  );
  const ready = () => sockets.map((_, i) => poll.isReady(i));
  await sendTo(sockets[1]!.where.port);
  await sendTo(sockets[4]!.where.port, 3);
  expect(poll.wait(1000)).toBe(true);
  expect(ready()).toEqual([false, true, false, false, true]);

  const batch = new UdpBatch(libc, makeBatchBlock());
  expect(batch.receive(sockets[4]!.fd, false, false)).toBe(3);
  expect(poll.wait(1000)).toBe(true);
  expect(ready()).toEqual([false, true, false, false, false]);
  expect(batch.receive(sockets[1]!.fd, false, false)).toBe(1);
  expect(poll.wait(0)).toBe(false);
});

test("PollSet of no sockets is never ready", () => {
  expect(new PollSet(libc, []).wait(0)).toBe(false);
});

test("PollSet.isReady() tells of a socket that is no longer one, so that its error is met", () => {
  const { fd } = serverSocket();
  const poll = new PollSet(libc, [fd]);
  closeSockets();
  expect(poll.wait(0)).toBe(true);
  expect(poll.isReady(0)).toBe(true);
  const batch = new UdpBatch(libc, makeBatchBlock());
  expect(batch.receive(fd, false, false)).toBe(0);
  expect(batch.receiveErrors).toBe(1);
});
