/**
 * The networks that a pool's members serve, made for finding all those that hold an address, the longest first.
 *
 *   10.0.0.0/8   ├────────────── 0 ──────────────┤     segments: starts   top
 *   10.1.0.0/16       ├─ 1 ─┤                                    0        none
 *                                                                10.0.0.0 0
 *   segments     none │  0  │  1  │      0       │ none          10.1.0.0 1
 *   parents      1 → 0 → none                                    10.2.0.0 0 …
 *
 * Networks nest or are apart, so their ends cut the addresses into segments, over each of which the same networks
 * hold: the one on top and its parents. A look-up is a table by the first bits, and a binary search in what is left.
 * Made when a pool is compiled, then only read.
 *
 * @module
 */

/** A network, 4 or 16 octets and a length in bits, and who serves it. */
export interface ServedNetwork {
  readonly address: Uint8Array;
  readonly length: number;
  /** Index into the pool's members. */
  readonly member: number;
}

/** Of one family. */
export interface ServedNetworks {
  /** 32-bit words of an address: 1 or 4. */
  readonly width: number;
  /** By segment: its first address, in `width` words. The first segment starts at 0. */
  readonly starts: Uint32Array;
  /** By segment: the longest network there; -1 = none. */
  readonly top: Int32Array;
  /** By network: the next wider one that holds it; -1 = none. */
  readonly parent: Int32Array;
  /** By network: its length in bits. */
  readonly lengths: Uint8Array;
  /** By network: who serves it, by member index, in the order written. */
  readonly members: readonly (readonly number[])[];
  /** By the first bits of an address, and one more at the end: the segment of the first address that begins so. */
  readonly index: Int32Array;
  /** How far to shift the first word for that. */
  readonly shift: number;
}

/** An address: a number for IPv4, which is some times quicker, a bigint for IPv6. */
type Whole = number | bigint;

interface Node<Address extends Whole> {
  readonly start: Address;
  /** The first address behind it. */
  readonly end: Address;
  readonly length: number;
  readonly members: number[];
}

/** 2^16 entries are 256 kB; with more segments than that, some steps of the search are left to do. */
const INDEX_BITS_MAX = 16;

export function compileNetworks(networks: readonly ServedNetwork[], family: 4 | 6): ServedNetworks {
  return family === 4
    ? compile(networks, 1, ipv4Of, (length) => 2 ** (32 - length))
    : compile(networks, 4, ipv6Of, (length) => 1n << BigInt(128 - length));
}

function compile<Address extends Whole>(
  networks: readonly ServedNetwork[],
  width: number,
  numberOf: (octets: Uint8Array) => Address,
  sizeOf: (length: number) => Address,
): ServedNetworks {
  const nodes = nodesOf(networks, numberOf, sizeOf);
  const zero = numberOf(new Uint8Array(4 * width));
  const behindAll = sizeOf(0);
  const parent = new Int32Array(nodes.length).fill(-1);
  const starts: Address[] = [];
  const top: number[] = [];
  function begin(start: Address, node: number): void {
    if (starts.at(-1) === start) top[top.length - 1] = node;
    else if (start < behindAll) {
      starts.push(start);
      top.push(node);
    }
  }

  const open: number[] = [];
  function closeUpTo(start: Address): void {
    while (open.length > 0 && nodes[open.at(-1)!]!.end <= start) {
      const { end } = nodes[open.pop()!]!;
      begin(end, open.at(-1) ?? -1);
    }
  }
  begin(zero, -1);
  nodes.forEach(({ start }, node) => {
    closeUpTo(start);
    parent[node] = open.at(-1) ?? -1;
    begin(start, node);
    open.push(node);
  });
  closeUpTo(behindAll);

  const startWords = wordsOf(starts, width);
  return {
    width,
    starts: startWords,
    top: Int32Array.from(top),
    parent,
    lengths: Uint8Array.from(nodes, ({ length }) => length),
    members: nodes.map(({ members }) => members),
    ...indexOf(startWords, width, starts.length),
  };
}

/** The segment that holds an IPv4 address, unsigned. */
export function segmentOfIPv4({ starts, index, shift }: ServedNetworks, address: number): number {
  const slot = address >>> shift;
  let low = index[slot]!;
  let high = index[slot + 1]!;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The segment that holds an IPv6 address, by its four words. */
export function segmentOfIPv6(networks: ServedNetworks, words: Uint32Array): number {
  const { index, shift } = networks;
  const slot = words[0]! >>> shift;
  let low = index[slot]!;
  let high = index[slot + 1]!;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (startsAtOrBefore(networks, middle, words)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Length of the widest block around an IPv4 address that lies in its segment. */
export function blockInIPv4({ starts }: ServedNetworks, segment: number, address: number): number {
  let bits = 0;
  if (segment > 0) bits = Math.clz32(address ^ (starts[segment]! - 1)) + 1;
  if (segment + 1 < starts.length) {
    bits = Math.max(bits, Math.clz32(address ^ starts[segment + 1]!) + 1);
  }
  return bits;
}

/** The same for an IPv6 address. */
export function blockInIPv6({ starts }: ServedNetworks, segment: number, words: Uint32Array): number {
  let bits = 0;
  // The neighbour is the last address of the segment before: one less than the start of this one.
  if (segment > 0) bits = commonBits(starts, 4 * segment, 1, words) + 1;
  if (4 * (segment + 1) < starts.length) {
    bits = Math.max(bits, commonBits(starts, 4 * (segment + 1), 0, words) + 1);
  }
  return bits;
}

/** How many leading bits the words share with those at an offset, less `borrow`: 0 or 1. */
function commonBits(starts: Uint32Array, offset: number, borrow: 0 | 1, words: Uint32Array): number {
  for (let word = 0; word < 4; word++) {
    let other = starts[offset + word]!;
    if (borrow === 1 && isZeroAfter(starts, offset, word)) other = (other - 1) >>> 0;
    const common = Math.clz32(other ^ words[word]!);
    if (common < 32) return 32 * word + common;
  }
  return 128;
}

/** Are the words behind this one 0, so that taking 1 from the last borrows from it? */
function isZeroAfter(starts: Uint32Array, offset: number, word: number): boolean {
  for (let later = word + 1; later < 4; later++) if (starts[offset + later] !== 0) return false;
  return true;
}

function startsAtOrBefore({ starts }: ServedNetworks, segment: number, words: Uint32Array): boolean {
  for (let word = 0; word < 4; word++) {
    const start = starts[4 * segment + word]!;
    if (start !== words[word]!) return start < words[word]!;
  }
  return true;
}

/** The networks by start, wider ones first; each once, with all who serve it. */
function nodesOf<Address extends Whole>(
  networks: readonly ServedNetwork[],
  numberOf: (octets: Uint8Array) => Address,
  sizeOf: (length: number) => Address,
): Node<Address>[] {
  const nodes: Node<Address>[] = [];
  const sorted = networks
    .map(({ address, length, member }) => ({ start: numberOf(address), length, member }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.length - b.length));
  for (const { start, length, member } of sorted) {
    const last = nodes.at(-1);
    if (last !== undefined && last.start === start && last.length === length) {
      if (!last.members.includes(member)) last.members.push(member);
    } else {
      nodes.push({ start, end: plus(start, sizeOf(length)), length, members: [member] });
    }
  }
  return nodes;
}

/** Both are of one kind, which the language adds alike; its types do not know. */
function plus<Address extends Whole>(a: Address, b: Address): Address {
  return ((a as number) + (b as number)) as Address;
}

function ipv4Of(octets: Uint8Array): number {
  return ((octets[0]! << 24) | (octets[1]! << 16) | (octets[2]! << 8) | octets[3]!) >>> 0;
}

function ipv6Of(octets: Uint8Array): bigint {
  const view = new DataView(octets.buffer, octets.byteOffset, 16);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

function wordsOf(addresses: readonly Whole[], width: number): Uint32Array {
  const words = new Uint32Array(width * addresses.length);
  addresses.forEach((address, i) => {
    if (typeof address === "number") words[i] = address;
    else
      for (let word = 0; word < 4; word++)
        words[4 * i + word] = Number((address >> BigInt(96 - 32 * word)) & 0xffff_ffffn);
  });
  return words;
}

function indexOf(
  starts: Uint32Array,
  width: number,
  segments: number,
): Pick<ServedNetworks, "index" | "shift"> {
  const bits = Math.min(INDEX_BITS_MAX, Math.max(1, Math.ceil(Math.log2(segments))));
  const shift = 32 - bits;
  const index = new Int32Array((1 << bits) + 1).fill(segments - 1);
  let segment = 0;
  for (let slot = 0; slot < 1 << bits; slot++) {
    const first = slot * 2 ** shift;
    while (segment + 1 < segments && isAtOrBefore(starts, width * (segment + 1), width, first)) segment++;
    index[slot] = segment;
  }
  return { index, shift };
}

/** Does the address at an offset stand at or before the first address with this first word? */
function isAtOrBefore(starts: Uint32Array, offset: number, width: number, first: number): boolean {
  if (starts[offset]! !== first) return starts[offset]! < first;
  for (let word = 1; word < width; word++) if (starts[offset + word] !== 0) return false;
  return true;
}
