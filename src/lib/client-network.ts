/**
 * The network that a query is answered for: an ECS prefix or the resolver's own address, and how much of it
 * the answer depended on. One for each thread, filled in anew for each steered name; allocates nothing.
 *
 *   2002:c633:6401::/48     words          2002c633 64010000 0 0
 *   (6to4)                  ipv4           198.51.100.1, 16 bits in (ipv4Offset)
 *
 * IPv4 addresses stand in IPv6 ones in four forms: IPv4-mapped (RFC 4291 section 2.5.5.2), NAT64's well-known
 * prefix (RFC 6052), 6to4 (RFC 3056) and Teredo's client (RFC 4380 section 4). Place, round-trip time and hash are
 * then those of the IPv4 address, and a prefix of it is a longer prefix of the whole.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { mixBits } from "./hash.ts";
import { blockOfIPv4, blockOfIPv6 } from "./special-network.ts";

export class ClientNetwork {
  family: 4 | 6 = 4;
  /** The address, 32 bits a word; IPv4 in the first. Bits beyond `prefixLength` are 0. */
  readonly words = new Uint32Array(4);
  /** Bits that are known: the source prefix length of ECS, or all. */
  prefixLength = 0;
  source: "ecs" | "resolver" = "resolver";
  /** `ipv4` holds an address: the client's own, or one inside of an IPv6 form. */
  hasIPv4 = false;
  /** Bits beyond `prefixLength` are 0. */
  ipv4 = 0;
  /** Bits in front of the IPv4 address. */
  ipv4Offset = 0;
  /** The longest prefix of the client that the answer depended on so far; 0 = none. */
  scopePrefixLength = 0;

  /** Takes an address in: 4 or 16 octets from `offset` on, or only those that the prefix reaches; bits beyond it count as 0. */
  set(
    family: 4 | 6,
    octets: Uint8Array,
    offset: number,
    prefixLength: number,
    source: "ecs" | "resolver",
  ): void {
    const { words } = this;
    this.source = source;
    this.prefixLength = prefixLength;
    this.scopePrefixLength = 0;
    words[0] = wordAt(octets, offset, prefixLength);
    if (family === 4) {
      if (this.family === 6) words.fill(0, 1);
      this.family = 4;
      this.hasIPv4 = true;
      this.ipv4 = words[0]!;
      this.ipv4Offset = 0;
      return;
    }
    this.family = 6;
    for (let word = 1; word < 4; word++)
      words[word] = wordAt(octets, offset + 4 * word, prefixLength - 32 * word);
    this.#findIPv4();
  }

  /**
   * The answer depends on so many bits of the client's address; 0 = it is the same for every one. Whoever looks at
   * any does so because the network is no special one, so the scope reaches into none.
   */
  lookAt(bits: number): void {
    if (bits <= this.scopePrefixLength) return;
    if (this.scopePrefixLength === 0) this.scopePrefixLength = Math.max(0, -this.#block());
    if (bits > this.scopePrefixLength) this.scopePrefixLength = bits;
  }

  /** The answer depends on so many bits of the IPv4 address. */
  lookAtIPv4(bits: number): void {
    this.lookAt(this.ipv4Offset + bits);
  }

  /** Length of the special-purpose network that the client is in, in bits of its own family; 0 = it is an ordinary one. */
  specialLength(): number {
    return Math.max(0, this.#block());
  }

  /**
   * 32 bits that stand for the client's network of this length and for nothing else of it, the same on every node and
   * after every restart; signed, since a number of 2^31 and more would be an object. Looks at so many bits; lengths are 1 or
   * more. An IPv4 address inside of an IPv6 one has the hash that it has by itself.
   */
  hash(lengthOfIPv4: number, lengthOfIPv6: number): number {
    if (this.hasIPv4) {
      this.lookAtIPv4(lengthOfIPv4);
      return mixBits(mixBits(4) ^ (this.ipv4 & maskOf(lengthOfIPv4))) | 0;
    }
    const { words } = this;
    this.lookAt(lengthOfIPv6);
    let hash = mixBits(6);
    for (let word = 0; 32 * word < lengthOfIPv6; word++) {
      hash = mixBits(hash ^ (words[word]! & maskOf(lengthOfIPv6 - 32 * word)));
    }
    return hash | 0;
  }

  /** As in special-network.ts, in bits of the client's own family. */
  #block(): number {
    if (!this.hasIPv4) return blockOfIPv6(this.words);
    const block = blockOfIPv4(this.ipv4);
    return block > 0 ? this.ipv4Offset + block : block - this.ipv4Offset;
  }

  /** The network of this length around the client, as text: `198.51.100.0/24`. For people; allocates. */
  format(length: number = this.prefixLength): string {
    const octets = new Uint8Array(this.family === 4 ? 4 : 16);
    for (let i = 0; i < octets.length; i++) {
      octets[i] = (this.words[i >> 2]! & maskOf(length - 32 * (i >> 2))) >>> (24 - 8 * (i & 3));
    }
    return `${formatAddress(octets)}/${length}`;
  }

  /** In an IPv6 address. */
  #findIPv4(): void {
    const { words } = this;
    this.hasIPv4 = true;
    this.ipv4Offset = 96;
    if (words[0]! >>> 16 === 0x2002) {
      this.ipv4 = ((words[0]! << 16) | (words[1]! >>> 16)) >>> 0;
      this.ipv4Offset = 16;
    } else if (words[1] === 0 && words[2] === 0xffff && words[0] === 0) {
      this.ipv4 = words[3]!;
    } else if (words[0] === 0x0064ff9b && words[1] === 0 && words[2] === 0) {
      this.ipv4 = words[3]!;
    } else if (words[0] === 0x20010000) {
      this.ipv4 = (~words[3]! & maskOf(this.prefixLength - 96)) >>> 0; // kept from translators by inversion
    } else {
      this.hasIPv4 = false;
      this.ipv4 = 0;
      this.ipv4Offset = 0;
    }
  }
}

/** The word at `offset`, of which the first `bits` count and the others are 0; octets that hold none of those are not read. */
function wordAt(octets: Uint8Array, offset: number, bits: number): number {
  if (bits >= 32) {
    return (
      (octets[offset]! << 24) | (octets[offset + 1]! << 16) | (octets[offset + 2]! << 8) | octets[offset + 3]!
    );
  }
  let word = 0;
  for (let octet = 0; 8 * octet < bits; octet++) word |= octets[offset + octet]! << (24 - 8 * octet);
  return word & maskOf(bits);
}

/** The first bits of a word; all of them from 32 on, none of them below 1. */
function maskOf(bits: number): number {
  return bits >= 32 ? -1 : bits <= 0 ? 0 : -1 << (32 - bits);
}
