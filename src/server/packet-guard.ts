/**
 * Refuses packets that killed a worker twice. Once may be chance (memory ran out just then); the second time
 * it is the packet, and answering it again would let one client take all workers down in turn.
 *
 * A refused packet is one that is the same to the octet but for its ID. While none is known, a query costs one
 * comparison.
 *
 * @module
 */
import { Rcode } from "../wire/dns-codes.ts";
import { type Datagram, HEADER_OCTETS } from "./client.ts";

/** Deaths of a worker with the same packet in hand after which the packet is refused. */
const KILLS_MAX = 2;

export interface Suspect {
  readonly packet: Uint8Array;
  readonly kills: number;
}

export class PacketGuard {
  #refused: readonly Uint8Array[] = [];

  know(suspects: readonly Suspect[]): void {
    this.#refused = suspects.filter(({ kills }) => kills >= KILLS_MAX).map(({ packet }) => packet);
  }

  isRefused(query: Datagram): boolean {
    return this.#refused.length !== 0 && this.#refused.some((packet) => isSamePacket(packet, query));
  }

  /** Writes REFUSED with the header alone; no part of the packet is read any more. */
  refuse({ octets, length }: Datagram, out: Uint8Array): number {
    if (length < HEADER_OCTETS) return 0;
    out.fill(0, 0, HEADER_OCTETS);
    out[0] = octets[0]!;
    out[1] = octets[1]!;
    out[2] = 0x80 | (octets[2]! & 0x79);
    out[3] = Rcode.REFUSED;
    return HEADER_OCTETS;
  }
}

/** The same packet, whatever its ID is. */
export function isSamePacket(packet: Uint8Array, { octets, length }: Datagram): boolean {
  if (packet.length !== length) return false;
  for (let i = 2; i < length; i++) if (packet[i] !== octets[i]) return false;
  return true;
}
