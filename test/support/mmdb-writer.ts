/**
 * Writes MMDB files (MaxMind DB file format 2.0), small ones for tests and large ones for bench/.
 *
 * @module
 */
import { parsePrefix } from "../../src/lib/address.ts";

export interface MmdbContents {
  readonly databaseType: string;
  /** Seconds since 1970. */
  readonly buildEpoch: number;
  readonly ipVersion: 4 | 6;
  readonly recordSize: 24 | 28 | 32;
  /** Networks that do not overlap, in any order. `data` objects that are the same object are written once. */
  readonly networks: Iterable<{ readonly network: string; readonly data: object }>;
  /** IPv6 networks at which the tree of IPv4 stands again, as MaxMind's files have it. */
  readonly aliases?: readonly string[];
}

const MARKER = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");

export function writeMmdb({
  databaseType,
  buildEpoch,
  ipVersion,
  recordSize,
  networks,
  aliases = [],
}: MmdbContents): Uint8Array {
  const tree = new Tree();
  const data = new DataWriter();
  const offsets = new Map<object, number>();
  for (const { network, data: record } of networks) {
    let offset = offsets.get(record);
    if (offset === undefined) {
      offset = data.length;
      data.value(record);
      offsets.set(record, offset);
    }
    const { address, length } = parsePrefix(network)!;
    const isEmbedded = ipVersion === 6 && address.length === 4;
    const bits = isEmbedded ? Buffer.concat([Buffer.alloc(12), address]) : address;
    tree.insert(bits, length + (isEmbedded ? 96 : 0), offset);
  }
  for (const alias of aliases) {
    const { address, length } = parsePrefix(alias)!;
    tree.link(address, length, tree.nodeAt(new Uint8Array(16), 96));
  }
  // libmaxminddb, which gdnsd and Knot read files with, wants these numbers in the widths of the specification.
  const metadata = new DataWriter();
  metadata.value({
    binary_format_major_version: new Uint16(2),
    binary_format_minor_version: new Uint16(0),
    build_epoch: BigInt(buildEpoch),
    database_type: databaseType,
    description: { en: "written by a test" },
    ip_version: new Uint16(ipVersion),
    languages: ["en"],
    node_count: tree.nodeCount,
    record_size: new Uint16(recordSize),
  });
  return Buffer.concat([tree.write(recordSize), Buffer.alloc(16), data.octets(), MARKER, metadata.octets()]);
}

/** A record is a node (0 and up), a leaf (−2 − offset of its data), or EMPTY. */
const EMPTY = -1;

class Tree {
  #records = new Int32Array(2048).fill(EMPTY);
  nodeCount = 1;

  insert(address: Uint8Array, length: number, offset: number): void {
    this.link(address, length, -2 - offset);
  }

  /** Lets a network lead to a node, or to a leaf. */
  link(address: Uint8Array, length: number, target: number): void {
    const above = this.nodeAt(address, length - 1);
    this.#records[2 * above + bitAt(address, length - 1)] = target;
  }

  /** The node of a network, made where it was not there. */
  nodeAt(address: Uint8Array, length: number): number {
    let at = 0;
    for (let depth = 0; depth < length; depth++) {
      const record = 2 * at + bitAt(address, depth);
      if (this.#records[record]! < 0) {
        const node = this.#newNode();
        this.#records[record] = node;
      }
      at = this.#records[record]!;
    }
    return at;
  }

  write(recordSize: 24 | 28 | 32): Buffer {
    const out = Buffer.alloc((this.nodeCount * recordSize) / 4);
    for (let node = 0; node < this.nodeCount; node++) {
      const [left, right] = [this.#value(2 * node), this.#value(2 * node + 1)];
      const at = (node * recordSize) / 4;
      if (recordSize === 24) {
        out.writeUIntBE(left, at, 3);
        out.writeUIntBE(right, at + 3, 3);
      } else if (recordSize === 28) {
        out.writeUIntBE(left & 0xff_ffff, at, 3);
        out[at + 3] = ((left >>> 24) << 4) | (right >>> 24);
        out.writeUIntBE(right & 0xff_ffff, at + 4, 3);
      } else {
        out.writeUInt32BE(left, at);
        out.writeUInt32BE(right, at + 4);
      }
    }
    return out;
  }

  #value(record: number): number {
    const value = this.#records[record]!;
    if (value >= 0) return value;
    return value === EMPTY ? this.nodeCount : this.nodeCount + 16 + (-2 - value);
  }

  #newNode(): number {
    const node = this.nodeCount++;
    if (2 * node + 1 >= this.#records.length) {
      const larger = new Int32Array(2 * this.#records.length).fill(EMPTY);
      larger.set(this.#records);
      this.#records = larger;
    }
    return node;
  }
}

function bitAt(address: Uint8Array, depth: number): number {
  return (address[depth >> 3]! >> (7 - (depth & 7))) & 1;
}

class Uint16 {
  readonly octets: Uint8Array;

  constructor(value: number) {
    this.octets = Uint8Array.of(value >> 8, value & 0xff);
  }
}

class DataWriter {
  #out = Buffer.alloc(1024);
  length = 0;

  octets(): Buffer {
    return this.#out.subarray(0, this.length);
  }

  value(value: unknown): void {
    if (typeof value === "string") {
      const text = Buffer.from(value);
      this.#control(2, text.length);
      this.#append(text);
    } else if (typeof value === "number") {
      if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) {
        this.#control(6, 4);
        const octets = Buffer.alloc(4);
        octets.writeUInt32BE(value);
        this.#append(octets);
      } else {
        this.#control(3, 8);
        const octets = Buffer.alloc(8);
        octets.writeDoubleBE(value);
        this.#append(octets);
      }
    } else if (typeof value === "bigint") {
      this.#control(9, 8);
      const octets = Buffer.alloc(8);
      octets.writeBigUInt64BE(value);
      this.#append(octets);
    } else if (value instanceof Uint16) {
      this.#control(5, 2);
      this.#append(value.octets);
    } else if (typeof value === "boolean") {
      this.#control(14, value ? 1 : 0);
    } else if (Array.isArray(value)) {
      this.#control(11, value.length);
      for (const item of value) this.value(item);
    } else {
      const entries = Object.entries(value as object);
      this.#control(7, entries.length);
      for (const [key, item] of entries) {
        this.value(key);
        this.value(item);
      }
    }
  }

  #control(type: number, size: number): void {
    const extended = type > 7;
    const [small, more] = size < 29 ? [size, 0] : size < 285 ? [29, 1] : [30, 2];
    const head = ((extended ? 0 : type) << 5) | small;
    this.#append(extended ? Uint8Array.of(head, type - 7) : Uint8Array.of(head));
    if (more === 1) this.#append(Uint8Array.of(size - 29));
    if (more === 2) this.#append(Uint8Array.of((size - 285) >> 8, (size - 285) & 0xff));
  }

  #append(octets: Uint8Array): void {
    while (this.length + octets.length > this.#out.length) {
      this.#out = Buffer.concat([this.#out, Buffer.alloc(this.#out.length)]);
    }
    this.#out.set(octets, this.length);
    this.length += octets.length;
  }
}
