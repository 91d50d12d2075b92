/**
 * ZoneData to ZoneImage: what depends on the records alone is worked out here, once, so that
 * a query only looks up and copies.
 *
 *   1  a tree of all names, empty non-terminals included
 *   2  the topmost zone cut above each name; what is below a cut goes into its referral
 *   3  nodes, RRsets and referrals written to words and octets
 *   4  the hash table of names
 *
 * The data has passed checkZone(): one SOA at the apex, no owner outside the zone, no name
 * with CNAME and other data.
 *
 * @module
 */
import assert from "node:assert/strict";
import { isAtOrBelow, lowercaseName, type Name, nameKey, parentName } from "../wire/name.ts";
import { NameKey } from "../wire/name-key.ts";
import { OctetWriter } from "../wire/octet-writer.ts";
import { rdataNames } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";
import { RRType } from "../wire/rr-type.ts";
import { GrowingWords } from "./growing-words.ts";
import { RrsetEncoder } from "./rrset-encoder.ts";
import type { SteeredName, ZoneData } from "./zone-data.ts";
import { HEADER, NODE, NODE_HAS_CNAME, NODE_HAS_DNAME, REFERRAL, RRSET, ZoneImage } from "./zone-image.ts";

const TYPES_WITH_TARGETS = new Set<number>([RRType.NS, RRType.MX, RRType.SRV, RRType.SVCB, RRType.HTTPS]);

interface BuildNode {
  readonly name: Name;
  readonly parent: BuildNode | null;
  readonly rrsets: Map<number, RR[]>;
  steered: SteeredName | null;
  /** The name `*` right below this one. */
  wildcard: BuildNode | null;
  /** The zone cut at or above this name that is nearest to the apex. */
  cut: BuildNode | null;
  /** Word offset; 0 until it is written. */
  offset: number;
}

export function compileZone(data: ZoneData): ZoneImage {
  return new ZoneCompiler(data).compile();
}

class ZoneCompiler {
  readonly #apex: Name;
  readonly #nodes = new Map<string, BuildNode>();
  readonly #words = new GrowingWords();
  readonly #octets = new OctetWriter();
  readonly #poolIndexes = new Map<string, number>();

  constructor(data: ZoneData) {
    this.#apex = lowercaseName(data.apex);
    this.#node(this.#apex);
    for (const rr of data.rrs) {
      const { rrsets } = this.#node(rr.owner);
      const rrset = rrsets.get(rr.type);
      if (rrset === undefined) rrsets.set(rr.type, [rr]);
      else rrset.push(rr);
    }
    for (const steered of data.steered) this.#node(steered.owner).steered = steered;
  }

  compile(): ZoneImage {
    // Names come after their parents in the map, so one pass settles the cuts.
    for (const node of this.#nodes.values()) {
      node.cut = node.parent?.cut ?? (this.#isCut(node) ? node : null);
    }
    this.#words.append(HEADER.words);
    const kept = [...this.#nodes.values()].filter((node) => node.cut === null || node.cut === node);
    for (const node of kept) this.#writeNode(node);
    for (const node of kept) {
      if (node.wildcard !== null) this.#words.set(node.offset + NODE.wildcard, node.wildcard.offset);
    }
    this.#writeHeader();
    this.#writeHashTable(kept);

    this.#words.set(HEADER.wordCount, this.#words.length);
    const words = this.#words.view();
    const octets = this.#octets.toOctets();
    const buffer = new SharedArrayBuffer(words.byteLength + octets.length);
    new Int32Array(buffer, 0, words.length).set(words);
    new Uint8Array(buffer, words.byteLength).set(octets);
    return new ZoneImage(buffer, [...this.#poolIndexes.keys()]);
  }

  #node(owner: Name): BuildNode {
    const key = nameKey(owner);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const name = lowercaseName(owner);
    const parent = name.length === this.#apex.length ? null : this.#node(parentName(name)!);
    const node: BuildNode = {
      name,
      parent,
      rrsets: new Map(),
      steered: null,
      wildcard: null,
      cut: null,
      offset: 0,
    };
    if (parent !== null && isWildcard(name)) parent.wildcard = node;
    this.#nodes.set(key, node);
    return node;
  }

  /** NS below the apex make a cut; at a wildcard they are data like other data (RFC 4592 section 4.2). */
  #isCut(node: BuildNode): boolean {
    return node.parent !== null && node.rrsets.has(RRType.NS) && !isWildcard(node.name);
  }

  #writeNode(node: BuildNode): void {
    const words = this.#words;
    const isCut = node.cut === node;
    // At a cut the parent side has authority over DS alone (RFC 4035 section 3.1.4.1).
    const rrsets = [...node.rrsets].filter(([type]) => !isCut || type === RRType.DS);
    const at = words.append(NODE.rrsets + rrsets.length * 2);
    node.offset = at;
    const nameLength = node.name.length - this.#apex.length;
    let flags = 0;
    if (node.rrsets.has(RRType.CNAME)) flags |= NODE_HAS_CNAME;
    if (node.rrsets.has(RRType.DNAME)) flags |= NODE_HAS_DNAME;
    words.set(at + NODE.name, this.#octets.length);
    words.set(at + NODE.nameLengthAndFlags, nameLength | flags);
    this.#octets.octets(node.name.subarray(0, nameLength));
    if (node.steered !== null) {
      words.set(at + NODE.pool, this.#poolIndex(node.steered.pool) + 1);
      words.set(at + NODE.poolTtl, node.steered.ttl);
    }
    words.set(at + NODE.rrsetCount, rrsets.length);
    let pair = at + NODE.rrsets;
    for (const [type, rrs] of rrsets) {
      words.set(pair++, type);
      words.set(pair++, this.#writeRrset(rrs, lowestTtl(rrs), this.#additional(node, rrs)));
    }
    if (isCut) words.set(at + NODE.referral, this.#writeReferral(node));
  }

  #writeRrset(rrs: readonly RR[], ttl: number, additional: readonly RR[]): number {
    const octetsAt = this.#octets.length;
    const encoder = new RrsetEncoder(this.#octets, this.#apex);
    for (const rr of rrs) encoder.addOwnedByQname(rr, ttl);
    const { length } = encoder;
    for (const rr of additional) encoder.add(rr, rr.ttl);
    return this.#writeEncoded(encoder, octetsAt, length, rrs.length);
  }

  /** `length` octets and `count` RRs are the RRset; what was encoded after them goes into additional. */
  #writeEncoded(encoder: RrsetEncoder, octetsAt: number, length: number, count: number): number {
    const words = this.#words;
    const at = words.append(RRSET.fixups);
    words.set(at + RRSET.length, length);
    words.set(at + RRSET.fullLength, encoder.length);
    words.set(at + RRSET.counts, count | ((encoder.rrCount - count) << 16));
    words.set(at + RRSET.octets, octetsAt);
    words.set(at + RRSET.fixupCount, encoder.fixups.length);
    for (const fixup of encoder.fixups) words.push(fixup);
    return at;
  }

  #writeReferral(cut: BuildNode): number {
    const ns = cut.rrsets.get(RRType.NS)!;
    const octetsAt = this.#octets.length;
    const encoder = new RrsetEncoder(this.#octets, this.#apex);
    for (const rr of ns) encoder.addOwnedByQname(rr, lowestTtl(ns));
    const nsLength = encoder.length;

    const targets = ns.map(({ rdata }) => rdata as Name);
    const inDomain = targets
      .filter((target) => isAtOrBelow(target, cut.name))
      .flatMap((target) => this.#addresses(target));
    const other = targets
      .filter((target) => !isAtOrBelow(target, cut.name))
      .flatMap((target) => this.#addresses(target));
    for (const rr of inDomain) encoder.add(rr, rr.ttl);
    const inDomainLength = encoder.length;
    for (const rr of other) encoder.add(rr, rr.ttl);

    const rrset = this.#writeEncoded(encoder, octetsAt, nsLength, ns.length);
    const words = this.#words;
    const at = words.append(REFERRAL.words);
    words.set(at + REFERRAL.rrset, rrset);
    words.set(at + REFERRAL.inDomainCount, inDomain.length);
    words.set(at + REFERRAL.inDomainLength, inDomainLength);
    return at;
  }

  /**
   * The addresses that go along with an RRset: those of its targets in this zone (RFC 1035
   * sections 3.3.9 and 3.3.11, RFC 2782, RFC 9460 section 4.1). Steered targets are left
   * out: their addresses of today would be stale tomorrow.
   */
  #additional(node: BuildNode, rrs: readonly RR[]): RR[] {
    const { type } = rrs[0]!;
    if (!TYPES_WITH_TARGETS.has(type)) return [];
    const seen = new Set<string>();
    return rrs.flatMap(({ rdata }) => {
      const start = rdataNames(type, rdata)[0]!;
      const target = nameAt(rdata, start);
      // "." is the owner itself in SVCB and HTTPS, and nobody elsewhere.
      const holder =
        target.length > 1 ? target : type === RRType.SVCB || type === RRType.HTTPS ? node.name : null;
      if (holder === null || seen.has(nameKey(holder))) return [];
      seen.add(nameKey(holder));
      // Glue goes into referrals alone; here it would look like data of ours.
      return this.#nodes.get(nameKey(holder))?.cut == null ? this.#addresses(holder) : [];
    });
  }

  /** The A and AAAA at a name of this zone, be they glue. */
  #addresses(name: Name): RR[] {
    const holder = this.#nodes.get(nameKey(name));
    return [...(holder?.rrsets.get(RRType.A) ?? []), ...(holder?.rrsets.get(RRType.AAAA) ?? [])];
  }

  #poolIndex(id: string): number {
    const known = this.#poolIndexes.get(id);
    if (known !== undefined) return known;
    this.#poolIndexes.set(id, this.#poolIndexes.size);
    return this.#poolIndexes.size - 1;
  }

  #writeHeader(): void {
    const words = this.#words;
    const apexNode = this.#nodes.get(nameKey(this.#apex))!;
    words.set(HEADER.apexNode, apexNode.offset);
    words.set(HEADER.apexOctets, this.#octets.length);
    words.set(HEADER.apexLength, this.#apex.length);
    this.#octets.octets(this.#apex);
    const soa = apexNode.rrsets.get(RRType.SOA)?.[0];
    assert(soa !== undefined, "a zone has a SOA");
    const { rdata } = soa;
    const minimum = new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 4).getUint32(0);
    words.set(HEADER.negativeSoa, this.#writeRrset([soa], Math.min(soa.ttl, minimum), []));
  }

  #writeHashTable(kept: readonly BuildNode[]): void {
    const words = this.#words;
    let slots = 4;
    while (slots < kept.length * 2) slots *= 2;
    const mask = slots - 1;
    const table = words.append(slots * 2);
    words.set(HEADER.hashMask, mask);
    words.set(HEADER.hashTable, table);
    const key = new NameKey();
    for (const node of kept) {
      key.read(node.name, 0, node.name.length);
      if (node.parent === null) words.set(HEADER.apexLabels, key.labelCount);
      const hash = key.suffixHash[0]!;
      let slot = hash & mask;
      while (words.get(table + slot * 2 + 1) !== 0) slot = (slot + 1) & mask;
      words.set(table + slot * 2, hash);
      words.set(table + slot * 2 + 1, node.offset);
    }
  }
}

/** The uncompressed name at an offset of rdata. */
function nameAt(rdata: Uint8Array, start: number): Name {
  let end = start;
  while (rdata[end] !== 0) end += rdata[end]! + 1;
  return rdata.subarray(start, end + 1) as Name;
}

function isWildcard(name: Name): boolean {
  return name[0] === 1 && name[1] === 0x2a;
}

/** All RRs of an RRset go out with one TTL, the lowest (RFC 2181 section 5.2). */
function lowestTtl(rrs: readonly RR[]): number {
  let lowest = rrs[0]!.ttl;
  for (const rr of rrs) if (rr.ttl < lowest) lowest = rr.ttl;
  return lowest;
}
