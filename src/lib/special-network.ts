/**
 * Networks that are nobody's place on the internet: private, documentation, loopback, multicast and
 * the like, by the IANA special-purpose address registries (RFC 6890). A client there has no country,
 * and an ECS prefix there says nothing (RFC 7871 section 11.1).
 *
 * @module
 */

/** Start as 32 bits, and length; none lies in another. */
const IPV4: readonly (readonly [number, number])[] = [
  [0x00000000, 8], // this network
  [0x0a000000, 8], // private
  [0x64400000, 10], // shared address space of carriers
  [0x7f000000, 8], // loopback
  [0xa9fe0000, 16], // link-local
  [0xac100000, 12], // private
  [0xc0000000, 24], // protocol assignments
  [0xc0000200, 24], // documentation
  [0xc0a80000, 16], // private
  [0xc6120000, 15], // benchmarks
  [0xc6336400, 24], // documentation
  [0xcb007100, 24], // documentation
  [0xe0000000, 4], // multicast
  [0xf0000000, 4], // reserved, broadcast
];

/** First 32 bits, and length, inside of 2000::/3; what must match beyond 32 bits is not there. */
const IPV6: readonly (readonly [number, number])[] = [
  [0x20010010, 28], // ORCHID
  [0x20010020, 28], // ORCHIDv2
  [0x20010db8, 32], // documentation
  [0x3fff0000, 20], // documentation
];

/** 64:ff9b::/96 and ::ffff:0:0/96 hold IPv4 addresses, which count then: the only blocks below 2000:: that are not special. */
const NAT64_WORD = 0x0064ff9b;

/** Length of the special network that the address is in; 0 when it is an ordinary one. */
export function specialLengthOfIPv4(address: number): number {
  for (const [start, length] of IPV4) if ((address ^ start) >>> (32 - length) === 0) return length;
  return 0;
}

/**
 * The same for IPv6, by its four words. For an address that holds an IPv4 address (RFC 6052's well-known
 * prefix, IPv4-mapped, 6to4, Teredo) that one is to be asked about, not this.
 */
export function specialLengthOfIPv6(words: Uint32Array): number {
  const first = words[0]!;
  if (first >>> 29 === 1) {
    for (const [start, length] of IPV6) if ((first ^ start) >>> (32 - length) === 0) return length;
    return first === 0x20010002 && words[1]! >>> 16 === 0 ? 48 : 0; // benchmarks
  }
  if (first >>> 31 === 1) return 1;
  if (first >>> 30 === 1) return 2;
  // Below 2000::, all but the two blocks that hold IPv4 addresses.
  const nat64 = commonBits(words, NAT64_WORD, 0, 0);
  const mapped = commonBits(words, 0, 0, 0xffff);
  return Math.max(3, nat64 + 1, mapped + 1);
}

/** How many leading bits are those of the 96-bit prefix. */
function commonBits(words: Uint32Array, first: number, second: number, third: number): number {
  if (words[0] !== first) return Math.clz32(words[0]! ^ first);
  if (words[1] !== second) return 32 + Math.clz32(words[1]! ^ second);
  return 64 + Math.clz32(words[2]! ^ third);
}
