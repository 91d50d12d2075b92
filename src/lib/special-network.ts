/**
 * Networks that are nobody's place on the internet: private, documentation, loopback, multicast and
 * the like, by the IANA special-purpose address registries (RFC 6890). A client there has no country,
 * and an ECS prefix there says nothing (RFC 7871 section 11.1).
 *
 * Both functions give the length of an aligned block of addresses around the one asked about, and the sign says of what:
 *
 *   10.1.2.3       8    special: 10.0.0.0/8 is private
 *   192.0.3.1    -24    ordinary, and so is all of 192.0.3.0/24; the next wider block has 192.0.2.0/24 in it
 *   8.8.8.8       -7    ordinary, and so is all of 8.0.0.0/7
 *
 * So a choice that asks whether a client is special holds for that block, and for no more.
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

const IPV4_STARTS = Int32Array.from(IPV4, ([start]) => start);
const IPV4_LENGTHS = Int32Array.from(IPV4, ([, length]) => length);

/** The block by the first octet alone; 0 where the octets behind it matter, as in 192. Spares most clients the search. */
const IPV4_BY_OCTET = Int8Array.from({ length: 256 }, (_, octet) => {
  const mixed = IPV4.some(([start, length]) => length > 8 && start >>> 24 === octet);
  return mixed ? 0 : searchIPv4(octet << 24);
});

/** First 32 bits, and length, inside of 2000::/3. */
const IPV6: readonly (readonly [number, number])[] = [
  [0x20010010, 28], // ORCHID
  [0x20010020, 28], // ORCHIDv2
  [0x20010db8, 32], // documentation
  [0x3fff0000, 20], // documentation
];
const IPV6_STARTS = Int32Array.from(IPV6, ([start]) => start);
const IPV6_LENGTHS = Int32Array.from(IPV6, ([, length]) => length);
/** 2001:2::/48, benchmarks: the only one whose length goes beyond 32 bits. */
const BENCHMARKS_WORD = 0x20010002;
/** First 32 bits of Teredo and of 6to4. They hold IPv4 addresses, special ones among them, so no ordinary block reaches into them. */
const TEREDO_WORD = 0x20010000;
const SIX_TO_FOUR_WORD = 0x20020000;
/** 64:ff9b::/96. It and ::ffff:0:0/96 hold IPv4 addresses, which count then: all else below 2000:: is special. */
const NAT64_WORD = 0x0064ff9b;

/** By its 32 bits, signed or not. */
export function blockOfIPv4(address: number): number {
  return IPV4_BY_OCTET[address >>> 24]! || searchIPv4(address);
}

function searchIPv4(address: number): number {
  let block = 0;
  // By index: an iterator would be made for each query.
  for (let i = 0; i < IPV4.length; i++) {
    const common = Math.clz32(address ^ IPV4_STARTS[i]!);
    const length = IPV4_LENGTHS[i]!;
    if (common >= length) return length;
    if (common >= -block) block = -1 - common;
  }
  return block;
}

/**
 * By its four words. Of an address that holds an IPv4 address (RFC 6052's well-known prefix, IPv4-mapped,
 * 6to4, Teredo) that one is to be asked about, not this.
 */
export function blockOfIPv6(words: Uint32Array): number {
  const first = words[0]!;
  if (first >>> 31 === 1) return 1; // local, multicast, and nobody's
  if (first >>> 30 === 1) return 2; // nobody's
  if (first >>> 29 === 0) {
    const nat64 = commonBits(words, NAT64_WORD, 0, 0);
    const mapped = commonBits(words, 0, 0, 0xffff);
    return Math.max(3, nat64 + 1, mapped + 1);
  }
  let longest = 2;
  for (let i = 0; i < IPV6.length; i++) {
    const common = Math.clz32(first ^ IPV6_STARTS[i]!);
    const length = IPV6_LENGTHS[i]!;
    if (common >= length) return length;
    if (common > longest) longest = common;
  }
  const benchmarks =
    first === BENCHMARKS_WORD ? 32 + Math.clz32(words[1]!) : Math.clz32(first ^ BENCHMARKS_WORD);
  if (benchmarks >= 48) return 48;
  const forms = Math.max(Math.clz32(first ^ TEREDO_WORD), Math.clz32(first ^ SIX_TO_FOUR_WORD));
  return -1 - Math.max(longest, benchmarks, forms);
}

/** How many leading bits are those of the 96-bit prefix. */
function commonBits(words: Uint32Array, first: number, second: number, third: number): number {
  if (words[0] !== first) return Math.clz32(words[0]! ^ first);
  if (words[1] !== second) return 32 + Math.clz32(words[1]! ^ second);
  return 64 + Math.clz32(words[2]! ^ third);
}
