/**
 * A UDP client on a connected socket: only what comes from the address that it asked reaches it. All
 * its queries are met by one worker, which answers in order; so a reply tells that all that was
 * asked before it and has no reply will never have one.
 *
 * @module
 */
import * as dgram from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeMessage, encodeMessage, type Message } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { parseType } from "../../src/wire/rr-type.ts";

/** How long one reply may take before a test is told that there is none. */
const ASK_TIMEOUT_MS = 10_000;

export class UdpClient {
  readonly socket: dgram.Socket;
  /** Gets every datagram that comes. */
  onReply: (reply: Uint8Array) => void = () => {};
  /** Errors of the socket, such as ECONNREFUSED when nobody listens (any more). */
  readonly errors: Error[] = [];
  #nextId = 1;

  private constructor(family: 4 | 6) {
    this.socket = dgram.createSocket({ type: family === 4 ? "udp4" : "udp6" });
    this.socket.on("message", (reply) => this.onReply(reply));
    this.socket.on("error", (error) => this.errors.push(error));
  }

  static async connect(port: number, address = "127.0.0.1"): Promise<UdpClient> {
    const client = new UdpClient(address.includes(":") ? 6 : 4);
    client.socket.connect(port, address);
    await once(client.socket, "connect");
    return client;
  }

  /** Resolves when the kernel has it; loopback has put it into the server's socket by then. */
  send(octets: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.send(octets, () => resolve()));
  }

  /** Sends one packet, and resolves to the next datagram that comes. */
  async exchange(octets: Uint8Array, timeoutMs = ASK_TIMEOUT_MS): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no reply within ${timeoutMs} ms`)), timeoutMs);
      this.onReply = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
      this.socket.send(octets);
    });
  }

  /** Asks `NAME TYPE`. */
  async ask(question: string): Promise<Message> {
    const id = this.#nextId++ & 0xffff;
    const message = decodeReply(await this.exchange(encodeQuery(question, id)));
    if (message.id !== id) throw new Error(`reply with ID ${message.id} to ${question} with ID ${id}`);
    return message;
  }

  close(): void {
    this.socket.close();
  }
}

export function encodeQuery(question: string, id: number): Uint8Array {
  const [name, type] = question.split(" ") as [string, string];
  return encodeMessage({ id, question: [{ name: parseName(name), type: parseType(type)! }] });
}

function decodeReply(octets: Uint8Array): Message {
  const message = decodeMessage(octets);
  if ("malformed" in message) throw new Error(`malformed reply: ${message.malformed}`);
  return message;
}

/** Keeps so many queries of one client on their way, until it is stopped. */
export class Load {
  sent = 0;
  answered = 0;
  lost = 0;
  readonly #client: UdpClient;
  readonly #query: Uint8Array;
  readonly #window: number;
  readonly #check: (reply: Uint8Array) => void;
  /** Numbers of queries without a reply, in the order they were sent. The low 16 bits are the ID. */
  readonly #open: number[] = [];
  #isStopped = false;

  /** `window` is more than a worker has in hand (64), or its death would stop the load. */
  constructor(
    client: UdpClient,
    { question, window, check }: { question: string; window: number; check?: (reply: Uint8Array) => void },
  ) {
    this.#client = client;
    this.#query = encodeQuery(question, 0);
    this.#window = window;
    this.#check = check ?? (() => {});
    client.onReply = (reply) => this.#onReply(reply);
    this.#fill();
  }

  #fill(): void {
    while (!this.#isStopped && this.#open.length < this.#window) {
      const query = this.#query.slice();
      query[0] = this.sent >>> 8;
      query[1] = this.sent;
      this.#open.push(this.sent++);
      this.#client.socket.send(query);
    }
  }

  #onReply(reply: Uint8Array): void {
    const id = (reply[0]! << 8) | reply[1]!;
    const place = this.#open.findIndex((number) => (number & 0xffff) === id);
    if (place < 0) throw new Error(`a reply with ID ${id}, which nobody waits for`);
    this.lost += place;
    this.answered++;
    this.#open.splice(0, place + 1);
    this.#check(reply);
    this.#fill();
  }

  /** Sends no more, and does not care for what is on its way. */
  end(): void {
    this.#isStopped = true;
  }

  /** Sends no more; resolves when all that was sent is answered or known to be lost. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const deadlineMs = performance.now() + ASK_TIMEOUT_MS;
    while (this.#open.length > 0 && performance.now() < deadlineMs) {
      // The last ones of all may be lost: one more query, answered in its turn, tells.
      const query = this.#query.slice();
      query[0] = this.sent >>> 8;
      query[1] = this.sent;
      this.#open.push(this.sent++);
      this.#client.socket.send(query);
      await sleep(50);
    }
    this.lost += this.#open.length;
    this.#open.length = 0;
  }
}
