/**
 * A TCP port that passes on to another one, which may change: an address that moves to another server, or a line that is cut.
 *
 * @module
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class TcpFront {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Undefined: cut. */
  #target: number | undefined;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    this.#target = target;
    server.on("connection", (near) => this.#pass(near));
  }

  /** On a free port of loopback. */
  static async open(target: number): Promise<TcpFront> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpFront(server, target);
  }

  /** Ends what is open, and lets nobody in. */
  cut(): void {
    this.#target = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on; what is open ends. */
  passTo(target: number): void {
    this.cut();
    this.#target = target;
  }

  /** What is open stays open, and nothing comes through any more, as when a line is dead or a server hangs. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pass(near: Socket): void {
    if (this.#target === undefined) {
      near.destroy();
      return;
    }
    const far = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    near.setNoDelay(true);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on("error", () => {}); // "close" follows
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
