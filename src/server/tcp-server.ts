/**
 * TCP on any number of addresses, with one set of limits over all of them.
 *
 * When there is no room for a new connection, the one that has been idle longest makes way;
 * failing that, the one with half a message that was heard of least recently. Refusing the newcomer would
 * be simpler, but then whoever opens connections and says nothing keeps everybody else out,
 * while a client that loses an idle connection just opens another (RFC 7766 section 6.2.2
 * lets a server close at any time). A connection whose replies are on their way is never
 * taken; when all are like that, the newcomer is refused.
 *
 * @module
 */
import * as net from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { bindError } from "./bind-error.ts";
import type { Client, Respond } from "./client.ts";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";
import { TcpConnection, type TcpCounts, type TcpHost } from "./tcp-connection.ts";
import { TCP_LIMITS, type TcpLimits } from "./tcp-limits.ts";
import type { TcpRoundTrips } from "./tcp-round-trips.ts";

/** Connections that the kernel holds for us to accept; at most net.core.somaxconn. */
const BACKLOG = 1024;

export interface TcpServerOptions {
  readonly respond: Respond;
  readonly limits?: Partial<TcpLimits>;
  /** Where round-trip times of clients are gathered; nowhere when left out. */
  readonly roundTrips?: TcpRoundTrips | undefined;
}

export class TcpServer {
  readonly counts: TcpCounts = newTcpCounts();
  readonly #limits: TcpLimits;
  readonly #host: TcpHost;
  readonly #servers = new Map<string, net.Server>();
  /** Also those that have ended and still send. With whom each counts for, see clientKey(). */
  readonly #connections = new Map<TcpConnection, string>();
  readonly #perClient = new Map<string, number>();

  constructor(options: TcpServerOptions) {
    this.#limits = { ...TCP_LIMITS, ...options.limits };
    this.#host = {
      respond: options.respond,
      limits: this.#limits,
      counts: this.counts,
      onHeard: options.roundTrips?.look.bind(options.roundTrips),
      onGone: (connection) => this.#onGone(connection),
    };
  }

  /** Resolves to the port, which for port 0 the kernel chose. A WindroseError says why not. */
  async listen(where: ListenAddress): Promise<number> {
    const server = net.createServer(
      // Half-closed clients still get their answers (RFC 7766 section 6.2.4); replies do not
      // wait for more to fill a segment.
      { allowHalfOpen: true, noDelay: true },
      (socket) => this.#onConnection(socket),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(
          {
            host: where.address,
            port: where.port,
            ipv6Only: where.family === 6,
            backlog: BACKLOG,
            exclusive: true,
          },
          () => {
            server.off("error", reject);
            resolve();
          },
        );
      });
    } catch (error) {
      throw bindError(error, "tcp", where);
    }
    // An accept that fails (no descriptors, say) costs one connection, never the server.
    server.on("error", () => this.counts.refused++);
    const { port } = server.address() as net.AddressInfo;
    this.#servers.set(formatListenAddress({ ...where, port }), server);
    return port;
  }

  /** Stops listening on an address that listen() was given, with the port that it gave. */
  async unlisten(where: ListenAddress): Promise<void> {
    const key = formatListenAddress(where);
    const server = this.#servers.get(key);
    this.#servers.delete(key);
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #onConnection(socket: net.Socket): void {
    // A client that is gone already has no address any more.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    this.counts.accepted++;
    const connection = new TcpConnection(socket, this.#host);
    const key = clientKey(connection.client);
    const ofClient = this.#perClient.get(key) ?? 0;
    const hasRoom =
      (ofClient < this.#limits.connectionsPerClientMax || this.#makeRoom(key)) &&
      (this.#connections.size < this.#limits.connectionsMax || this.#makeRoom(undefined));
    this.#connections.set(connection, key);
    this.counts.connections = this.#connections.size;
    this.#perClient.set(key, (this.#perClient.get(key) ?? 0) + 1);
    if (hasRoom) return;
    this.counts.refused++;
    connection.destroy("evicted");
  }

  /** Ends one connection, of this client if one is named. False when every one is being answered. */
  #makeRoom(key: string | undefined): boolean {
    let chosen: TcpConnection | undefined;
    for (const [connection, owner] of this.#connections) {
      if (connection.isAnswering || (key !== undefined && owner !== key)) continue;
      if (chosen === undefined || isBetterToEnd(connection, chosen)) chosen = connection;
    }
    chosen?.destroy("evicted");
    return chosen !== undefined;
  }

  #onGone(connection: TcpConnection): void {
    const key = this.#connections.get(connection) ?? "";
    this.#connections.delete(connection);
    this.counts.connections = this.#connections.size;
    const left = (this.#perClient.get(key) ?? 1) - 1;
    if (left > 0) this.#perClient.set(key, left);
    else this.#perClient.delete(key);
  }

  /**
   * Accepts no more, answers what has been received, closes each connection after its last
   * answer, and at the deadline (on performance.now()) all that are left.
   */
  async stop(deadlineMs: number): Promise<void> {
    // What waits in the backlog and in receive buffers was sent before we stopped: two turns of
    // the event loop accept and read it.
    await setImmediate();
    await setImmediate();
    const closed = [...this.#servers.values()].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    this.#servers.clear();
    await setImmediate();
    for (const connection of this.#connections.keys()) connection.drain();
    const done = new AbortController();
    const late = setTimeout(Math.max(0, deadlineMs - performance.now()), undefined, { signal: done.signal })
      .then(() => {
        for (const connection of this.#connections.keys()) connection.destroy("drained");
      })
      .catch(() => {}); // aborted: all were closed in time
    await Promise.all(closed);
    // net.Server is closed when every socket is destroyed; their own events come a turn later.
    while (this.#connections.size > 0) await setImmediate();
    done.abort();
    await late;
  }
}

function newTcpCounts(): TcpCounts {
  return {
    queries: 0,
    replies: 0,
    connections: 0,
    accepted: 0,
    refused: 0,
    ended: {
      closed: 0,
      failed: 0,
      idle: 0,
      "message-timeout": 0,
      "write-timeout": 0,
      malformed: 0,
      evicted: 0,
      drained: 0,
    },
  };
}

function isBetterToEnd(one: TcpConnection, other: TcpConnection): boolean {
  if (one.isIdle !== other.isIdle) return one.isIdle;
  return one.activeMs < other.activeMs;
}

/** Whom a connection counts for: an IPv4 address, or an IPv6 /64, which is what one host is given. */
function clientKey(client: Client): string {
  const length = client.family === 4 ? 4 : 8;
  return String.fromCharCode(...client.address.subarray(0, length));
}
