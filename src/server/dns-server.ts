/**
 * The server: UDP and TCP on every address.
 *
 * Both transports of an address have the same port, also when it is 0 and the kernel chooses.
 *
 * @module
 */
import { WindroseError } from "../lib/errors.ts";
import type { ListenAddress } from "./listen-address.ts";
import type { TcpServer } from "./tcp-server.ts";

/** A port that the kernel finds free for TCP may be taken for UDP; each try is another port. */
const FREE_PORT_TRIES = 20;

/** What answers over UDP: sockets of node:dgram, or worker threads. */
export interface UdpPlane {
  /** Resolves to the port, which for port 0 the kernel chose. On failure nothing stays open. */
  listen(where: ListenAddress): Promise<number>;
  /** Answers what has been received by now, then closes; `deadlineMs` is on performance.now(). */
  stop(deadlineMs: number): Promise<void>;
}

export interface DnsServerOptions {
  readonly udp: UdpPlane;
  readonly tcp: TcpServer;
}

export class DnsServer {
  readonly #udp: UdpPlane;
  readonly #tcp: TcpServer;

  constructor({ udp, tcp }: DnsServerOptions) {
    this.#udp = udp;
    this.#tcp = tcp;
  }

  /**
   * Listens on all of them, or throws the WindroseError of the first that fails; then stop()
   * closes those before it. Resolves to the addresses with the ports in use.
   */
  async listen(addresses: readonly ListenAddress[]): Promise<ListenAddress[]> {
    const bound: ListenAddress[] = [];
    for (const where of addresses) bound.push(await this.#listenBoth(where));
    return bound;
  }

  async #listenBoth(where: ListenAddress): Promise<ListenAddress> {
    for (let tries = 1; ; tries++) {
      const bound = { ...where, port: await this.#tcp.listen(where) };
      try {
        await this.#udp.listen(bound);
        return bound;
      } catch (error) {
        await this.#tcp.unlisten(bound);
        const isTaken = error instanceof WindroseError && error.code === "address-in-use";
        if (where.port !== 0 || !isTaken || tries === FREE_PORT_TRIES) throw error;
      }
    }
  }

  /** Answers what has been received, then closes everything, within the time given. */
  async stop(options: { withinMs: number }): Promise<void> {
    const deadlineMs = performance.now() + options.withinMs;
    await Promise.all([this.#udp.stop(deadlineMs), this.#tcp.stop(deadlineMs)]);
  }
}
