/**
 * UDP on any number of addresses.
 *
 * A reply has to leave from the address that was asked (RFC 2181 section 4), or resolvers drop
 * it. On a wildcard address node:dgram cannot tell which one that was, so there is one socket
 * for each local address, and every few seconds a look at whether addresses came or went.
 * The price: 127.0.0.2 and the like, which Linux answers for without listing them, must be
 * named with --dns.
 *
 * @module
 */
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import type { Logger } from "pino";
import type { WindroseError } from "../lib/errors.ts";
import { formatListenAddress, isWildcard, type ListenAddress } from "./listen-address.ts";
import { newUdpCounts, type UdpCounts, UdpSocket, type UdpSocketOptions } from "./udp-socket.ts";

/** How soon a new local address answers. Listing the interfaces costs some 100 µs. */
const RESCAN_INTERVAL_MS = 3000;

export type Interfaces = () => Record<string, NetworkInterfaceInfo[] | undefined>;

export interface UdpServerOptions extends Omit<UdpSocketOptions, "counts"> {
  readonly log: Logger;
  /** os.networkInterfaces, unless a test has its own. */
  readonly interfaces?: Interfaces;
}

export class UdpServer {
  readonly counts: UdpCounts = newUdpCounts();
  readonly #options: UdpSocketOptions;
  readonly #log: Logger;
  readonly #interfaces: Interfaces;
  /** By formatListenAddress(). */
  readonly #sockets = new Map<string, UdpSocket>();
  readonly #wildcards: ListenAddress[] = [];
  /** Local addresses that could not be opened, so that each is logged once. */
  readonly #unusable = new Set<string>();
  /** The last look at the interfaces failed, and that is logged. */
  #isBlind = false;
  #timer: NodeJS.Timeout | undefined;
  #rescanning: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: UdpServerOptions) {
    this.#options = { ...options, counts: this.counts };
    this.#log = options.log;
    this.#interfaces = options.interfaces ?? networkInterfaces;
  }

  /** Resolves to the port, which for port 0 the kernel chose. On failure nothing stays open. */
  async listen(where: ListenAddress): Promise<number> {
    if (!isWildcard(where)) {
      const socket = await UdpSocket.open(where, this.#options);
      const port = socket.port;
      this.#sockets.set(formatListenAddress({ ...where, port }), socket);
      return port;
    }
    const opened: UdpSocket[] = [];
    let port = where.port;
    try {
      for (const address of this.#localAddresses(where.family)) {
        const socket = await this.#openLocal({ family: where.family, address, port });
        if (socket === undefined) continue;
        opened.push(socket);
        port = socket.port;
        this.#sockets.set(formatListenAddress({ family: where.family, address, port }), socket);
      }
    } catch (error) {
      await Promise.all(opened.map((socket) => this.#drop(socket)));
      throw error;
    }
    if (port !== 0) this.#wildcards.push({ ...where, port });
    this.#timer ??= setInterval(() => this.rescan(), RESCAN_INTERVAL_MS).unref();
    return port;
  }

  /** The addresses that answer now. */
  get addresses(): string[] {
    return [...this.#sockets.keys()];
  }

  /**
   * Opens sockets for local addresses that are new, and closes those of addresses that are gone.
   * Never rejects: when the interfaces cannot be listed (no descriptors, say), all stays as it is.
   */
  rescan(): Promise<void> {
    this.#rescanning = this.#rescanning.then(() => this.#rescan());
    return this.#rescanning;
  }

  async #rescan(): Promise<void> {
    try {
      await this.#followInterfaces();
    } catch (error) {
      if (!this.#isBlind) this.#log.warn({ err: error }, "local addresses cannot be listed; those open stay");
      this.#isBlind = true;
      return;
    }
    if (this.#isBlind) this.#log.info("local addresses can be listed again");
    this.#isBlind = false;
  }

  async #followInterfaces(): Promise<void> {
    for (const wildcard of this.#wildcards) {
      const { family, port } = wildcard;
      const addresses = this.#localAddresses(family);
      const local = new Set(addresses.map((address) => formatListenAddress({ family, address, port })));
      for (const [key, socket] of this.#sockets) {
        if (local.has(key) || !isUnder(key, wildcard)) continue;
        await this.#drop(socket);
        this.#log.info({ transport: "udp", address: key }, "address gone");
      }
      for (const address of addresses) {
        if (this.#isStopped) return;
        const where = { family, address, port };
        const key = formatListenAddress(where);
        if (this.#sockets.has(key)) continue;
        try {
          const socket = await this.#openLocal(where);
          if (socket === undefined) continue;
          this.#sockets.set(key, socket);
          this.#unusable.delete(key);
          this.#log.info({ transport: "udp", address: key }, "listening on a new address");
        } catch (error) {
          if (!this.#unusable.has(key)) this.#log.warn({ err: error, address: key }, "address not usable");
          this.#unusable.add(key);
        }
      }
    }
  }

  /**
   * Undefined when the address is not usable yet or any more: IPv6 addresses are listed while
   * the kernel still looks whether another machine has them. The next look finds them.
   */
  async #openLocal(where: ListenAddress): Promise<UdpSocket | undefined> {
    try {
      return await UdpSocket.open(where, this.#options);
    } catch (error) {
      if ((error as WindroseError).code !== "address-not-local") throw error;
      return undefined;
    }
  }

  #localAddresses(family: 4 | 6): string[] {
    const found: string[] = [];
    for (const [name, addresses] of Object.entries(this.#interfaces())) {
      for (const local of addresses ?? []) {
        if (local.family !== `IPv${family}`) continue;
        found.push(local.scopeid ? `${local.address}%${name}` : local.address);
      }
    }
    return [...new Set(found)];
  }

  async #drop(socket: UdpSocket): Promise<void> {
    for (const [key, open] of this.#sockets) if (open === socket) this.#sockets.delete(key);
    await socket.close();
  }

  /** Answers what has been received by now, then closes; `deadlineMs` is on performance.now(). */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#rescanning;
    await Promise.all([...this.#sockets.values()].map((socket) => socket.stop(deadlineMs)));
    this.#sockets.clear();
  }
}

/** Whether the socket was opened for this wildcard: same family, same port. */
function isUnder(key: string, wildcard: ListenAddress): boolean {
  return key.startsWith("[") === (wildcard.family === 6) && key.endsWith(`:${wildcard.port}`);
}
