/**
 * Sockets that speak to the transports under test: a TCP client that keeps every octet it got,
 * framing, and a respond() that needs no zone.
 */
import * as dgram from "node:dgram";
import { once } from "node:events";
import * as net from "node:net";
import pino from "pino";
import type { Respond } from "../../src/server/client.ts";
import { TcpFraming } from "../../src/server/tcp-framing.ts";

export const silentLog = pino({ level: "silent" });

/** A header and, behind it, four octets that tell messages apart. */
export function message(id: number, serial = id): Uint8Array {
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  view.setUint16(0, id & 0xffff);
  view.setUint16(4, 1);
  view.setUint32(12, serial);
  return octets;
}

export function framed(...messages: readonly Uint8Array[]): Uint8Array {
  const octets = new Uint8Array(messages.reduce((sum, one) => sum + 2 + one.length, 0));
  let at = 0;
  for (const one of messages) {
    octets[at] = one.length >>> 8;
    octets[at + 1] = one.length & 0xff;
    octets.set(one, at + 2);
    at += 2 + one.length;
  }
  return octets;
}

/** The query with QR set; silence for what has it set already. */
export const echo: Respond = (query, _client, out) => {
  if ((query.octets[2]! & 0x80) !== 0) return 0;
  out.set(query.octets.subarray(0, query.length));
  out[2]! |= 0x80;
  return query.length;
};

/** Like echo, with replies of `length` octets. */
export function padded(length: number): Respond {
  return (query, client, out) => {
    out.fill(0, 0, length);
    return echo(query, client, out) === 0 ? 0 : length;
  };
}

export function serialOf(reply: Uint8Array): number {
  return new DataView(reply.buffer, reply.byteOffset).getUint32(12);
}

export class TcpClient {
  readonly socket: net.Socket;
  readonly replies: Uint8Array[] = [];
  readonly #framing = new TcpFraming();
  readonly closed: Promise<void>;
  #waiting: (() => void) | undefined;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {}); // resets are what some of these tests provoke
    socket.on("data", (chunk) => {
      this.#onData(chunk as Buffer);
      this.#waiting?.();
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.#waiting?.());
  }

  static async connect(
    port: number,
    host = "127.0.0.1",
    options: { allowHalfOpen?: boolean } = {},
  ): Promise<TcpClient> {
    const socket = net.connect({ port, host, ...options });
    const client = new TcpClient(socket);
    await once(socket, "connect");
    return client;
  }

  write(octets: Uint8Array): void {
    this.socket.write(octets);
  }

  /** Resolves when `octets` have left for the kernel, so that the next ones are another segment. */
  async flush(octets: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(octets, () => resolve()));
  }

  #onData(chunk: Buffer): void {
    const reply = { octets: new Uint8Array(0), length: 0 };
    this.#framing.push(chunk);
    while (this.#framing.next(reply) === "message") this.replies.push(reply.octets.slice(0, reply.length));
    this.#framing.release();
  }

  /** Resolves when that many replies are there, or the connection is closed. */
  async received(count: number): Promise<Uint8Array[]> {
    while (this.replies.length < count && !this.socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.replies;
  }
}

/** One UDP query and its reply. */
export async function askUdp(
  port: number,
  query: Uint8Array,
  address = "127.0.0.1",
): Promise<{ reply: Uint8Array; from: dgram.RemoteInfo }> {
  const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    socket.send(query, port, address);
    const [reply, from] = (await once(socket, "message")) as [Buffer, dgram.RemoteInfo];
    return { reply, from };
  } finally {
    socket.close();
  }
}

/** Resolves when the claim holds, looked at after each turn of the event loop; the test's time limit bounds it. */
export async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await new Promise((resolve) => setImmediate(resolve));
}
