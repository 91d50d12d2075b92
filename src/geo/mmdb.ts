/**
 * MMDB files (MaxMind DB file format 2.0): a binary tree of networks, and the records that its leaves lead to.
 *
 *   ┌ tree: nodes of two records ┐ 16 zero octets ┌ data: maps, arrays, texts, numbers, pointers ┐ marker, metadata
 *
 * ipv4Networks() and ipv6Networks() go over the tree in the order of addresses, once, and say of each network where its
 * record stands; decode() reads a record. What is wrong with a file is a WindroseError that says where. Nothing in a file can make
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

/** Below one /64: a chain of 64 nodes for each of some hundred addresses. */
const BELOW_SITE_MAX = 10_000;
const NO_NODE = -1;

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

/** All networks of one family in the order of their addresses, without gaps; neighbours with the same record are one. */
export interface Networks {
  readonly length: number;
  /** The first 32 bits of where each begins, and of IPv6 the 32 behind. */
  readonly starts: Uint32Array;
  readonly lowStarts: Uint32Array;
  /** An offset for decode(), or NO_RECORD. */
  readonly records: Int32Array;
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
  #records: Uint32Array | null = null;

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

  /** The networks of IPv4, by themselves or in ::/96. */
  ipv4Networks(): Networks {
    return this.#walk(this.#ipv4Root(), 32, NO_NODE);
  }

  /**
   * Those of IPv6 by their first 64 bits. Where the tree of IPv4 stands again, for forms of IPv6 addresses that hold IPv4
   * ones, is no record: those are looked up as what they hold.
   */
  ipv6Networks(): Networks {
    if (this.metadata.ipVersion === 6) return this.#walk(0, IPV6_BITS, this.#ipv4Root());
    const list = new NetworkList();
    list.push(0, 0, NO_RECORD);
    return list;
  }

  /** The record at an offset that Networks have. */
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
    if (ipVersion === 4) return 0;
    const tree = this.#tree();
    let node = 0;
    for (let depth = 0; depth < IPV4_DEPTH && node < nodeCount; depth++) node = tree[2 * node]!;
    return node;
  }

  /** Depth first and left first, on a stack of right sides: one for each bit at most. */
  #walk(root: number, bits: number, except: number): Networks {
    const { nodeCount } = this.metadata;
    const tree = this.#tree();
    const list = new NetworkList();
    const nodes = new Float64Array(bits + 1);
    const highs = new Int32Array(bits + 1);
    const lows = new Int32Array(bits + 1);
    const depths = new Int32Array(bits + 1);
    let height = 0;
    let [node, high, low, depth] = [root, 0, 0, 0];
    // Each node has one above it; else a walk over a small file could take for ever.
    let visitsLeft = nodeCount;
    for (;;) {
      while (node < nodeCount && node !== except && depth < bits) {
        if (visitsLeft-- === 0)
          throw this.#fault(this.#nodeOffset(node), "its tree comes by some nodes twice");
        nodes[height] = tree[2 * node + 1]!;
        highs[height] = depth < 32 ? high | (1 << (31 - depth)) : high;
        lows[height] = depth < 32 ? low : low | (1 << (63 - depth));
        depths[height++] = ++depth;
        node = tree[2 * node]!;
      }
      list.push(high, low, this.#recordAt(node, depth, except));
      if (height === 0) return list;
      node = nodes[--height]!;
      high = highs[height]!;
      low = lows[height]!;
      depth = depths[height]!;
    }
  }

  #recordAt(node: number, depth: number, except: number): number {
    const { nodeCount } = this.metadata;
    if (node === except && node < nodeCount) return NO_RECORD;
    if (node >= nodeCount) return this.#leaf(node);
    if (depth === 32) throw this.#fault(this.#nodeOffset(node), "its tree is deeper than an IPv4 address");
    return this.#firstRecord(node, except);
  }

  /** The records of all nodes, two for each. */
  #tree(): Uint32Array {
    if (this.#records !== null) return this.#records;
    const { nodeCount, recordSize } = this.metadata;
    const octets = this.#octets;
    const records = new Uint32Array(2 * nodeCount);
    for (let node = 0, at = 0; node < nodeCount; node++, at += recordSize / 4) {
      const first = octets.readUInt32BE(at);
      if (recordSize === 24) {
        records[2 * node] = first >>> 8;
        records[2 * node + 1] = ((first & 0xff) << 16) | octets.readUInt16BE(at + 4);
      } else if (recordSize === 28) {
        // The four bits of each that do not fit stand between the two.
        records[2 * node] = ((first & 0xf0) << 20) | (first >>> 8);
        records[2 * node + 1] = octets.readUInt32BE(at + 3) & 0x0fff_ffff;
      } else {
        records[2 * node] = first;
        records[2 * node + 1] = octets.readUInt32BE(at + 4);
      }
    }
    this.#records = records;
    return records;
  }

  /** The first record below a node: networks of more than 64 bits are not told apart. */
  #firstRecord(top: number, except: number): number {
    const { nodeCount } = this.metadata;
    const tree = this.#tree();
    let visitsLeft = nodeCount;
    const visit = (node: number): number => {
      if (node === except) return NO_RECORD;
      if (node >= nodeCount) return this.#leaf(node);
      // Also what ends the recursion in a tree that goes round.
      if (visitsLeft-- === 0 || nodeCount - visitsLeft > BELOW_SITE_MAX)
        throw this.#fault(this.#nodeOffset(node), "its tree has too much below one /64");
      const left = visit(tree[2 * node]!);
      return left === NO_RECORD ? visit(tree[2 * node + 1]!) : left;
    };
    return visit(top);
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

/** Networks on their way. */
class NetworkList implements Networks {
  length = 0;
  starts = new Uint32Array(1024);
  lowStarts = new Uint32Array(1024);
  records = new Int32Array(1024);

  push(start: number, lowStart: number, record: number): void {
    const last = this.length;
    if (last > 0 && this.records[last - 1] === record) return;
    if (last === this.records.length) this.#grow();
    this.starts[last] = start;
    this.lowStarts[last] = lowStart;
    this.records[last] = record;
    this.length++;
  }

  #grow(): void {
    const { starts, lowStarts, records } = this;
    this.starts = new Uint32Array(2 * this.length);
    this.starts.set(starts);
    this.lowStarts = new Uint32Array(2 * this.length);
    this.lowStarts.set(lowStarts);
    this.records = new Int32Array(2 * this.length);
    this.records.set(records);
  }
}
