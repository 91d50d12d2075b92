/**
 * Round-trip times that the kernel has measured already: of the handshakes of TCP clients, by TCP_INFO (Linux). Nothing is sent
 * for it. By network, as few connections say much and nobody needs to know whose they were.
 *
 *   first query of a connection ─► getsockopt ─► the lowest of its /24 or /48 ─► take()
 *
 * @module
 */
import type { Socket } from "node:net";
import { ClientNetwork } from "../lib/client-network.ts";
import type { Client } from "./client.ts";
import type { Libc } from "./libc.ts";

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** Of struct tcp_info (linux/tcp.h), whose beginning never changes: up to tcpi_rttvar. */
const INFO_OCTETS = 76;
/** tcpi_rtt, in µs. By the first query it is that of the handshake; 0 where the handshake had to be sent again. */
const RTT_OFFSET = 68;
/** Between two take()s. More are passed over. */
const NETWORKS_MAX = 4096;

export interface NetworkRoundTrip {
  /** A /24 or /48. */
  readonly network: string;
  /** The lowest: what is above it was waiting. */
  readonly rttMs: number;
  /** Connections. */
  readonly count: number;
}

export class TcpRoundTrips {
  readonly #libc: Libc;
  readonly #info = new Uint8Array(INFO_OCTETS);
  readonly #length = new Uint8Array(4);
  readonly #network = new ClientNetwork();
  #taken = new Map<string, { rttMs: number; count: number }>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Of a connection whose first octets have come. */
  look(socket: Socket, { family, address }: Client): void {
    const rttMs = this.#rttMsOf(socket);
    if (rttMs === undefined) return;
    const network = this.#network;
    network.set(family, address, 0, family === 4 ? 32 : 128, "resolver");
    const text = network.format(family === 4 ? 24 : 48);
    const known = this.#taken.get(text);
    if (known !== undefined) {
      known.rttMs = Math.min(known.rttMs, rttMs);
      known.count++;
    } else if (this.#taken.size < NETWORKS_MAX) this.#taken.set(text, { rttMs, count: 1 });
  }

  /** What came since the last time. */
  take(): NetworkRoundTrip[] {
    const taken = [...this.#taken].map(([network, { rttMs, count }]) => ({ network, rttMs, count }));
    if (taken.length > 0) this.#taken = new Map();
    return taken;
  }

  /** Undefined where the kernel does not say. */
  #rttMsOf(socket: Socket): number | undefined {
    // Not in its types, and not on every system.
    const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
    if (fd < 0) return undefined;
    this.#length.set([INFO_OCTETS, 0, 0, 0]);
    if (this.#libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, this.#info, this.#length) !== 0) return undefined;
    if (this.#length[0]! < INFO_OCTETS) return undefined;
    const info = this.#info;
    const us = info[RTT_OFFSET]! + 256 * (info[RTT_OFFSET + 1]! + 256 * info[RTT_OFFSET + 2]!);
    return us === 0 ? undefined : us / 1000;
  }
}
