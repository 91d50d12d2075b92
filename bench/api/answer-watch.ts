/**
 * Sees when every worker of a node answers by an edit. The kernel gives each client port to one worker, for good; with so many
 * sockets none is left out. Until the first answer is new, one of them asks in each millisecond, in turn, so that the server has
 * little to do but the edit; then all others do until theirs are new.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** All on one of two workers: once in 32,768 times. */
const SOCKETS = 16;
const INTERVAL_MS = 1;
/** A query that was lost is asked again. */
const LOST_MS = 100;
const TIMEOUT_MS = 10_000;

interface Asking {
  readonly socket: Socket;
  sentMs: number;
  isNew: boolean;
}

export class AnswerWatch {
  readonly #all: readonly Asking[];
  #onReply: (asking: Asking, reply: Uint8Array) => void = () => {};

  private constructor(sockets: readonly Socket[]) {
    this.#all = sockets.map((socket) => ({ socket, sentMs: 0, isNew: true }));
    for (const asking of this.#all) asking.socket.on("message", (reply) => this.#onReply(asking, reply));
  }

  static async open(port: number): Promise<AnswerWatch> {
    const sockets = Array.from({ length: SOCKETS }, () => createSocket("udp4"));
    for (const socket of sockets) {
      socket.connect(port, "127.0.0.1");
      await once(socket, "connect");
    }
    return new AnswerWatch(sockets);
  }

  /** Resolves, to the time of performance.now(), when all sockets were answered with these last octets of a reply. */
  until(query: Uint8Array, octets: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      let left = this.#all.length;
      let turn = 0;
      const startedMs = performance.now();
      for (const asking of this.#all) Object.assign(asking, { sentMs: 0, isNew: false });
      const timer = setInterval(() => {
        const nowMs = performance.now();
        if (nowMs - startedMs > TIMEOUT_MS) {
          clearInterval(timer);
          reject(new Error(`${left} of ${this.#all.length} sockets are not answered anew after 10 s`));
        }
        const isNewSomewhere = left < this.#all.length;
        for (const asking of isNewSomewhere ? this.#all : [this.#all[turn++ % this.#all.length]!]) {
          if (asking.isNew || nowMs - asking.sentMs < LOST_MS) continue;
          asking.sentMs = nowMs;
          asking.socket.send(query);
        }
      }, INTERVAL_MS);
      this.#onReply = (asking, reply) => {
        asking.sentMs = 0;
        if (asking.isNew || Buffer.compare(reply.subarray(-octets.length), octets) !== 0) return;
        asking.isNew = true;
        if (--left > 0) return;
        clearInterval(timer);
        resolve(performance.now());
      };
    });
  }

  close(): void {
    for (const { socket } of this.#all) socket.close();
  }
}
