/**
 * Which networks round-trip times may be measured in, and taken of, besides a file: none of special use (RFC 6890) unless it is
 * allowed by name, and for probes none that has opted out.
 *
 * @module
 */
import { BlockList } from "node:net";
import { formatAddress, parsePrefix } from "../lib/address.ts";
import { ClientNetwork } from "../lib/client-network.ts";

export interface NetworkRulesOptions {
  /** Special networks that count all the same, in CIDR form. */
  readonly allow: readonly string[];
  /** Networks that are not to be probed, in CIDR form. */
  readonly optOut: readonly string[];
}

export class NetworkRules {
  readonly #allow: BlockList;
  readonly #optOut: BlockList;
  readonly #network = new ClientNetwork();

  constructor({ allow, optOut }: NetworkRulesOptions) {
    this.#allow = listOf(allow);
    this.#optOut = listOf(optOut);
  }

  /** Do samples of this network (or address) count? `length` is in bits. */
  counts(address: Uint8Array, length: number): boolean {
    const network = this.#network;
    network.set(address.length === 4 ? 4 : 6, address, 0, length, "ecs");
    return network.specialLength() === 0 || has(this.#allow, address);
  }

  /** May this address be sent packets? */
  mayProbe(address: Uint8Array): boolean {
    return this.counts(address, 8 * address.length) && !has(this.#optOut, address);
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new RangeError(`"${text}" is no network`);
    list.addSubnet(formatAddress(prefix.address), prefix.length, familyOf(prefix.address));
  }
  return list;
}

function has(list: BlockList, address: Uint8Array): boolean {
  return list.check(formatAddress(address), familyOf(address));
}

function familyOf(address: Uint8Array): "ipv4" | "ipv6" {
  return address.length === 4 ? "ipv4" : "ipv6";
}
