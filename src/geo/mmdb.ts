/**
 * MMDB files (MaxMind DB file format 2.0): a binary tree of networks, and the records that its leaves lead to.
 *
 *   ┌ tree: nodes of two records ┐ 16 zero octets ┌ data: maps, arrays, texts, numbers, pointers ┐ marker, metadata
 *
 * walk() goes over all networks in the order of their addresses, once, and gives for each where its record stands;
 * decode() reads a record. What is wrong with a file is a WindroseError that says where. Nothing in a file can make
 * either run for ever: the tree is at most as deep as an address, and pointers are followed to a depth.
 *
 * @module
 */
import { WindroseError } from "../lib/errors.ts";

const MARKER = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");
const METADATA_OCTETS_MAX = 128 * 1024;
const SEPARATOR_OCTETS = 16;
const DEPTH_MAX = 64;
/** A record has some tens of values; pointers could make it endless. */
const VALUES_MAX = 100_000;
/** IPv4 stands in the IPv6 tree behind so many zero bits. */
const IPV4_DEPTH = 96;
/** Networks of IPv6 are told apart to so many bits. */
const IPV6_BITS = 64;

/** No record: a leaf without data. */
export const NO_RECORD = -1;

export interface MmdbMetadata {
  readonly databaseType: string;
  readonly builtMs: number;
  readonly nodeCount: number;
  /** 24, 28 or 32 bits. */
  readonly recordSize: number;
  readonly ipVersion: 4 | 6;
}

/** Takes the networks, which follow each other without gaps; the record is an offset for decode(), or NO_RECORD. */
export interface NetworkVisitor {
  ipv4(start: number, record: number): void;
  /** By the first 64 bits. */
  ipv6(high32: number, low32: number, record: number): void;
}

export class Mmdb {
  readonly metadata: MmdbMetadata;
  readonly #file: string;
  readonly #octets: Buffer;
  readonly #dataStart: number;
  readonly #dataEnd: number;
  /** Where the next value stands. */
  #at = 0;
  #valuesLeft = 0;
  #visitsLeft = 0;

  /** Throws WindroseError "place-data-invalid". */
  constructor(file: string, octets: Buffer) {
    this.#file = file;
    this.#octets = octets;
    const from = Math.max(0, octets.length - METADATA_OCTETS_MAX);
    const marker = octets.subarray(from).lastIndexOf(MARKER);
    if (marker < 0)
      throw this.#fault(
        octets.length,
        "there is no MMDB metadata at its end; is it an .mmdb file, and whole?",
      );
    this.#dataStart = from + marker + MARKER.length;
    this.#dataEnd = octets.length;
    this.metadata = this.#readMetadata();
    const { nodeCount, recordSize } = this.metadata;
    this.#dataStart = (nodeCount * recordSize) / 4 + SEPARATOR_OCTETS;
    this.#dataEnd = from + marker;
    if (this.#dataStart > this.#dataEnd) {
      throw this.#fault(
        this.#dataEnd,
        `its tree of ${nodeCount} nodes would end at octet ${this.#dataStart}, behind its data`,
      );
    }
  }

  walk(visitor: NetworkVisitor): void {
    this.#visitsLeft = this.metadata.nodeCount + 1;
    const ipv4Root = this.#ipv4Root();
    this.#walkIPv4(ipv4Root, visitor);
    if (this.metadata.ipVersion === 6) this.#walkIPv6(ipv4Root, visitor);
  }

  /** The record at an offset that walk() gave. */
  decode(record: number): unknown {
    return this.#decodeAt(this.#dataStart + record);
  }

  #decodeAt(offset: number): unknown {
    this.#at = offset;
    this.#valuesLeft = VALUES_MAX;
    return this.#value(0);
  }

  #readMetadata(): MmdbMetadata {
    const metadata = this.#decodeAt(this.#dataStart);
    const { node_count, record_size, ip_version, database_type, build_epoch } = (metadata ?? {}) as Record<
      string,
      unknown
    >;
    if (
      typeof node_count !== "number" ||
      typeof build_epoch !== "number" ||
      typeof database_type !== "string"
    ) {
      throw this.#fault(this.#dataStart, "its metadata lacks node_count, build_epoch or database_type");
    }
    if (record_size !== 24 && record_size !== 28 && record_size !== 32) {
      throw this.#fault(
        this.#dataStart,
        `its record_size is ${String(record_size)}; known are 24, 28 and 32`,
      );
    }
    if (ip_version !== 4 && ip_version !== 6) {
      throw this.#fault(this.#dataStart, `its ip_version is ${String(ip_version)}; known are 4 and 6`);
    }
    return {
      databaseType: database_type,
      builtMs: 1000 * build_epoch,
      nodeCount: node_count,
      recordSize: record_size,
      ipVersion: ip_version,
    };
  }

  /** The node that IPv4 begins at, or a leaf. */
  #ipv4Root(): number {
    const { ipVersion, nodeCount } = this.metadata;
    let node = 0;
    for (let depth = 0; ipVersion === 6 && depth < IPV4_DEPTH && node < nodeCount; depth++)
      node = this.#record(node, 0);
    return node;
  }

  #walkIPv4(root: number, visitor: NetworkVisitor): void {
    const visit = (node: number, start: number, depth: number): void => {
      if (node >= this.metadata.nodeCount) visitor.ipv4(start, this.#leaf(node));
      else if (depth === 32)
        throw this.#fault(this.#nodeOffset(node), "its tree is deeper than an IPv4 address");
      else {
        this.#enter(node);
        visit(this.#record(node, 0), start, depth + 1);
        visit(this.#record(node, 1), start + 2 ** (31 - depth), depth + 1);
      }
    };
    visit(root, 0, 0);
  }

  #walkIPv6(ipv4Root: number, visitor: NetworkVisitor): void {
    const { nodeCount } = this.metadata;
    const visit = (node: number, high32: number, low32: number, depth: number): void => {
      // The tree of IPv4 once more, where IPv6 addresses hold IPv4 ones: those are looked up as what they hold.
      if (node === ipv4Root && node < nodeCount) visitor.ipv6(high32, low32, NO_RECORD);
      else if (node >= nodeCount) visitor.ipv6(high32, low32, this.#leaf(node));
      else if (depth === IPV6_BITS) visitor.ipv6(high32, low32, this.#firstLeaf(node, ipv4Root));
      else {
        this.#enter(node);
        visit(this.#record(node, 0), high32, low32, depth + 1);
        const right = this.#record(node, 1);
        if (depth < 32) visit(right, high32 + 2 ** (31 - depth), low32, depth + 1);
        else visit(right, high32, low32 + 2 ** (63 - depth), depth + 1);
      }
    };
    visit(0, 0, 0, 0);
  }

  /** The first record below a node; networks of more than 64 bits are not told apart. */
  #firstLeaf(top: number, ipv4Root: number): number {
    const { nodeCount } = this.metadata;
    const visit = (node: number, depth: number): number => {
      if (node === ipv4Root) return NO_RECORD;
      if (node >= nodeCount) return this.#leaf(node);
      if (depth === 128) throw this.#fault(this.#nodeOffset(node), "its tree is deeper than an IPv6 address");
      this.#enter(node);
      const left = visit(this.#record(node, 0), depth + 1);
      return left === NO_RECORD ? visit(this.#record(node, 1), depth + 1) : left;
    };
    return visit(top, IPV6_BITS);
  }

  #leaf(node: number): number {
    const { nodeCount } = this.metadata;
    if (node === nodeCount) return NO_RECORD;
    const record = node - nodeCount - SEPARATOR_OCTETS;
    if (record < 0 || this.#dataStart + record >= this.#dataEnd) {
      throw this.#fault(
        this.#dataEnd,
        `its tree leads to octet ${this.#dataStart + record}, where no record is`,
      );
    }
    return record;
  }

  #nodeOffset(node: number): number {
    return (node * this.metadata.recordSize) / 4;
  }

  /** Each node has one above it; else a walk over a small file could take for ever. */
  #enter(node: number): void {
    if (--this.#visitsLeft < 0)
      throw this.#fault(this.#nodeOffset(node), "its tree comes by some nodes twice");
  }

  #record(node: number, side: 0 | 1): number {
    const octets = this.#octets;
    const at = this.#nodeOffset(node);
    switch (this.metadata.recordSize) {
      case 24: {
        const from = at + 3 * side;
        return (octets[from]! << 16) | (octets[from + 1]! << 8) | octets[from + 2]!;
      }
      case 28: {
        const from = at + 4 * side;
        const rest = (octets[from]! << 16) | (octets[from + 1]! << 8) | octets[from + 2]!;
        // The four bits between the two belong to both: the upper to the left one.
        return side === 0
          ? ((octets[at + 3]! & 0xf0) << 20) | rest
          : ((octets[at + 3]! & 0x0f) << 24) |
              (octets[at + 4]! << 16) |
              (octets[at + 5]! << 8) |
              octets[at + 6]!;
      }
      default:
        return octets.readUInt32BE(at + 4 * side);
    }
  }

  #value(depth: number): unknown {
    if (depth > DEPTH_MAX) throw this.#fault(this.#at, "its data is nested too deep");
    if (--this.#valuesLeft < 0) throw this.#fault(this.#at, "a record has too many values");
    const control = this.#octet();
    let type = control >>> 5;
    if (type === 1) return this.#pointed(control, depth);
    if (type === 0) type = 7 + this.#octet();
    const size = this.#size(control);
    switch (type) {
      case 2: {
        const at = this.#take(size);
        return this.#octets.toString("utf8", at, at + size);
      }
      case 3:
        if (size !== 8) throw this.#fault(this.#at, `a double of ${size} octets`);
        return this.#octets.readDoubleBE(this.#take(8));
      case 4: {
        const at = this.#take(size);
        return this.#octets.subarray(at, at + size);
      }
      case 5:
      case 6:
      case 9:
      case 10:
        return this.#unsigned(size);
      case 7:
        return this.#map(size, depth);
      case 8:
        return this.#unsigned(size) | 0;
      case 11: {
        const items: unknown[] = [];
        for (let i = 0; i < size; i++) items.push(this.#value(depth + 1));
        return items;
      }
      case 14:
        return size !== 0;
      case 15:
        if (size !== 4) throw this.#fault(this.#at, `a float of ${size} octets`);
        return this.#octets.readFloatBE(this.#take(4));
      default:
        throw this.#fault(this.#at, `${type} is no type of a value`);
    }
  }

  #pointed(control: number, depth: number): unknown {
    const length = (control >>> 3) & 3;
    let target = length === 3 ? 0 : control & 7;
    for (let i = 0; i <= length; i++) target = target * 256 + this.#octet();
    const offset = target + [0, 2048, 526_336, 0][length]!;
    const back = this.#at;
    this.#at = this.#dataStart + offset;
    const value = this.#value(depth + 1);
    this.#at = back;
    return value;
  }

  #map(size: number, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (let i = 0; i < size; i++) {
      const key = this.#value(depth + 1);
      entries.push([String(key), this.#value(depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  #size(control: number): number {
    const size = control & 31;
    if (size < 29) return size;
    const length = size - 28;
    let more = 0;
    for (let i = 0; i < length; i++) more = more * 256 + this.#octet();
    return more + [29, 285, 65_821][length - 1]!;
  }

  #unsigned(size: number): number {
    let value = 0;
    const at = this.#take(size);
    for (let i = 0; i < size; i++) value = value * 256 + this.#octets[at + i]!;
    return value;
  }

  #octet(): number {
    return this.#octets[this.#take(1)]!;
  }

  /** Moves over so many octets, and gives where they began. */
  #take(count: number): number {
    const at = this.#at;
    if (at < 0 || at + count > this.#dataEnd)
      throw this.#fault(at, "a value goes beyond the end of its data");
    this.#at += count;
    return at;
  }

  #fault(offset: number, why: string): WindroseError {
    return new WindroseError(
      "place-data-invalid",
      `Cannot read place data from "${this.#file}": ${why} (octet ${offset})`,
      {
        file: this.#file,
        offset,
      },
    );
  }
}
