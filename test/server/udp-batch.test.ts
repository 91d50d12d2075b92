import * as dgram from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { type Client, UDP_QUERY_OCTETS_MAX } from "../../src/server/client.ts";
import type { SharedSocket } from "../../src/server/shared-socket.ts";
import { BATCH_SIZE, makeBatchBlock, packetInBlock, UdpBatch } from "../../src/server/udp-batch.ts";
import { message, serialOf, until } from "./harness.ts";
import { closeSockets, libc, serverSocket } from "./loopback.ts";

const askers: Asker[] = [];
afterEach(() => {
  for (const asker of askers.splice(0)) asker.socket.close();
  closeSockets();
});

/** A connected client: only what comes from the asked address reaches it. */
class Asker {
  readonly socket: dgram.Socket;
  readonly replies: Uint8Array[] = [];

  private constructor(type: "udp4" | "udp6") {
    this.socket = dgram.createSocket(type);
    this.socket.on("message", (reply) => this.replies.push(reply));
    askers.push(this);
  }

  static async connect(port: number, address = "127.0.0.1"): Promise<Asker> {
    const asker = new Asker(address.includes(":") ? "udp6" : "udp4");
    asker.socket.connect(port, address);
    await once(asker.socket, "connect");
    return asker;
  }

  async send(...packets: Uint8Array[]): Promise<void> {
    for (const packet of packets)
      await new Promise<void>((resolve) => this.socket.send(packet, () => resolve()));
  }

  async received(count: number): Promise<Uint8Array[]> {
    await until(() => this.replies.length >= count);
    return this.replies;
  }
}

function newClient(): Client {
  return { family: 4, address: new Uint8Array(16), port: 0, transport: "udp" };
}

/** Takes a batch and sends each query back with QR set; how many there were. */
function echoBatch(batch: UdpBatch, { fd, isWildcard }: SharedSocket, client = newClient()): number {
  const count = batch.receive(fd, false, isWildcard);
  for (let slot = 0; slot < count; slot++) {
    const query = batch.query(slot, client)!;
    const out = batch.reply(slot);
    out.set(query.octets.subarray(0, query.length));
    out[2]! |= 0x80;
    batch.put(slot, query.length, false);
  }
  batch.send(fd);
  return count;
}

describe("UdpBatch", () => {
  test("put() sends what was written over the query, or beside it, slot by slot", async () => {
    const socket = serverSocket();
    const asker = await Asker.connect(socket.where.port);
    const batch = new UdpBatch(libc, makeBatchBlock());
    for (let round = 0; round < 2; round++) {
      await asker.send(...Array.from({ length: 8 }, (_, i) => message(8 * round + i + 1)));
      const count = batch.receive(socket.fd, false, false);
      expect(count).toBe(8);
      for (let slot = 0; slot < count; slot++) {
        const query = batch.query(slot, newClient())!;
        const isInPlace = slot % 2 === round;
        const out = isInPlace ? query.octets : batch.reply(slot);
        out.set(query.octets.subarray(0, query.length));
        out[2]! |= 0x80;
        batch.put(slot, query.length, isInPlace);
      }
      batch.send(socket.fd);
      const serials = (await asker.received(8 * (round + 1))).map(serialOf);
      expect(serials.slice(-8)).toEqual(Array.from({ length: 8 }, (_, i) => 8 * round + i + 1));
    }
  });

  test("receive() takes what has come, 64 at most, in order", async () => {
    const socket = serverSocket();
    const asker = await Asker.connect(socket.where.port);
    await asker.send(...Array.from({ length: 70 }, (_, i) => message(i + 1)));
    const batch = new UdpBatch(libc, makeBatchBlock());
    expect(echoBatch(batch, socket)).toBe(BATCH_SIZE);
    expect(echoBatch(batch, socket)).toBe(6);
    expect(echoBatch(batch, socket)).toBe(0);
    const replies = await asker.received(70);
    expect(replies.map(serialOf)).toEqual(Array.from({ length: 70 }, (_, i) => i + 1));
    expect([batch.receiveErrors, batch.sendErrors]).toEqual([0, 0]);
  });

  test("receive() with `wait` comes back after the socket's time limit, with nothing", () => {
    expect(new UdpBatch(libc, makeBatchBlock()).receive(serverSocket().fd, true, false)).toBe(0);
  });

  test("query() says who asked, over IPv4 and IPv6 from one block", async () => {
    const batch = new UdpBatch(libc, makeBatchBlock());
    for (const [address, family, octets] of [
      ["127.0.0.1", 4, [127, 0, 0, 1]],
      ["::1", 6, [...new Array(15).fill(0), 1]],
      ["127.0.0.1", 4, [127, 0, 0, 1]],
    ] as const) {
      const socket = serverSocket({ family, address });
      const asker = await Asker.connect(socket.where.port, address);
      await asker.send(message(7));
      const client = newClient();
      expect(echoBatch(batch, socket, client)).toBe(1);
      expect(client).toMatchObject({ family, port: asker.socket.address().port, transport: "udp" });
      expect([...client.address.subarray(0, octets.length)]).toEqual(octets);
      expect((await asker.received(1)).map(serialOf)).toEqual([7]);
    }
  });

  test("a reply goes to whom it is for, and slots without one are left out", async () => {
    const socket = serverSocket();
    const [a, b] = [await Asker.connect(socket.where.port), await Asker.connect(socket.where.port)];
    for (let i = 0; i < 6; i++) await (i % 2 === 0 ? a : b).send(message(i + 1));
    const batch = new UdpBatch(libc, makeBatchBlock());
    const client = newClient();
    expect(batch.receive(socket.fd, false, false)).toBe(6);
    for (const slot of [1, 2, 5]) {
      const query = batch.query(slot, client)!;
      const out = batch.reply(slot);
      out.set(query.octets.subarray(0, query.length));
      batch.put(slot, query.length + slot, false); // each of its own length
    }
    batch.send(socket.fd);
    expect((await a.received(1)).map((reply) => [serialOf(reply), reply.length])).toEqual([[3, 18]]);
    expect((await b.received(2)).map((reply) => [serialOf(reply), reply.length])).toEqual([
      [2, 17],
      [6, 21],
    ]);
  });

  test("an empty packet and the longest one come whole, and longer ones cut", async () => {
    const socket = serverSocket();
    const asker = await Asker.connect(socket.where.port);
    const long = Uint8Array.from({ length: 6000 }, (_, i) => i & 0xff);
    await asker.send(new Uint8Array(0), long.slice(0, UDP_QUERY_OCTETS_MAX), long);
    const block = makeBatchBlock();
    const batch = new UdpBatch(libc, block);
    expect(batch.receive(socket.fd, false, false)).toBe(3);
    const lengths = [0, UDP_QUERY_OCTETS_MAX, UDP_QUERY_OCTETS_MAX];
    expect([0, 1, 2].map((slot) => batch.query(slot, newClient())!.length)).toEqual(lengths);
    const { octets, length } = batch.query(2, newClient())!;
    expect([...octets.subarray(0, length)]).toEqual([...long.subarray(0, UDP_QUERY_OCTETS_MAX)]);
    expect([0, 1, 2].map((slot) => packetInBlock(block, slot).length)).toEqual(lengths);
  });

  test("on a wildcard socket the reply leaves from the address that was asked", async () => {
    const wild4 = serverSocket({ address: "0.0.0.0" });
    const wild6 = serverSocket({ family: 6, address: "::" });
    const plain = serverSocket();
    const batch = new UdpBatch(libc, makeBatchBlock());
    for (let round = 0; round < 3; round++) {
      for (const [socket, address] of [
        [wild4, "127.0.0.1"],
        [wild4, "127.0.0.2"],
        [wild6, "::1"],
        [plain, "127.0.0.1"],
        [wild4, "127.3.2.1"],
      ] as const) {
        const asker = await Asker.connect(socket.where.port, address);
        await asker.send(message(round + 1), message(round + 100));
        expect(echoBatch(batch, socket)).toBe(2);
        expect((await asker.received(2)).map(serialOf)).toEqual([round + 1, round + 100]);
      }
    }
  });

  test("packetInBlock() shows main what a worker has in hand", async () => {
    const socket = serverSocket();
    const asker = await Asker.connect(socket.where.port);
    await asker.send(message(1), message(2), message(3));
    const block = makeBatchBlock();
    expect(new UdpBatch(libc, block).receive(socket.fd, false, false)).toBe(3);
    expect([...packetInBlock(block, 1)]).toEqual([...message(2)]);
  });

  test("send() passes over a reply that cannot be sent, counts it, and sends the others", async () => {
    const socket = serverSocket();
    const asker = await Asker.connect(socket.where.port);
    await asker.send(message(1), message(2), message(3));
    const batch = new UdpBatch(libc, makeBatchBlock());
    const client = newClient();
    expect(batch.receive(socket.fd, false, false)).toBe(3);
    for (let slot = 0; slot < 3; slot++) {
      const query = batch.query(slot, client)!;
      batch.reply(slot).set(query.octets.subarray(0, query.length));
      // The kernel takes no more than 65,507 octets for one datagram.
      batch.put(slot, slot === 1 ? 70_000 : query.length, false);
    }
    batch.send(socket.fd);
    expect((await asker.received(2)).map(serialOf)).toEqual([1, 3]);
    expect(batch.sendErrors).toBe(1);
  });
});
