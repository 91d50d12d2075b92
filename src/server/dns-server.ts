/**
 * The server: UDP and TCP on every address, in front of one function that answers.
 *
 *   --dns 192.0.2.53:53   ─► udp + tcp ┐
 *   --dns [2001:db8::53]  ─► udp + tcp ┼─► guardRespond(respond)
 *   --dns 0.0.0.0:53      ─► udp for each local address, tcp once ┘
 *
 * Both transports of an address have the same port, also when it is 0 and the kernel chooses.
 *
 * @module
 */
import type { Logger } from "pino";
import { WindroseError } from "../lib/errors.ts";
import type { Respond } from "./client.ts";
import type { ListenAddress } from "./listen-address.ts";
import type { TcpCounts } from "./tcp-connection.ts";
import type { TcpLimits } from "./tcp-limits.ts";
import { TcpServer } from "./tcp-server.ts";
import { type Interfaces, UdpServer } from "./udp-server.ts";
import type { UdpCounts } from "./udp-socket.ts";

/** A port that the kernel finds free for TCP may be taken for UDP; each try is another port. */
const FREE_PORT_TRIES = 20;

export interface DnsServerOptions {
  readonly respond: Respond;
  readonly log: Logger;
  readonly tcpLimits?: Partial<TcpLimits>;
  /** os.networkInterfaces, unless a test has its own. */
  readonly interfaces?: Interfaces;
}

export class DnsServer {
  readonly #udp: UdpServer;
  readonly #tcp: TcpServer;

  constructor(options: DnsServerOptions) {
    const { respond, log } = options;
    this.#udp = new UdpServer({
      respond,
      log,
      ...(options.interfaces !== undefined && { interfaces: options.interfaces }),
    });
    this.#tcp = new TcpServer({
      respond,
      ...(options.tcpLimits !== undefined && { limits: options.tcpLimits }),
    });
  }

  get counts(): { readonly udp: Readonly<UdpCounts>; readonly tcp: Readonly<TcpCounts> } {
    return { udp: this.#udp.counts, tcp: this.#tcp.counts };
  }

  /** Where UDP answers now; with a wildcard address, each local one. */
  get udpAddresses(): string[] {
    return this.#udp.addresses;
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
