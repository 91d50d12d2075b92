/**
 * What is wrong with a zone that is well written: the rules that one record alone cannot
 * break. Pure; whoever knows where the records came from turns findings into faults.
 *
 *   every name ─► its own records:  CNAME alone, singletons, TTLs, duplicates, size
 *              ─► where it stands:  in the zone? below a zone cut or a DNAME?
 *   every NS, MX, SRV target ─► has it an address, or glue?
 *
 * One pass gathers the names, one checks them. A name's ancestors are only walked when there
 * is a zone cut or a DNAME in the zone, so a million records take seconds, and the time grows
 * with their number.
 *
 * RFC 1034 sections 3.6.2 and 4.2.1, 2181 sections 5 and 10, 4592 section 4, 6672 section 2, 9471.
 *
 * @module
 */
import { formatAddress } from "../lib/address.ts";
import { specialAddress } from "../lib/special-address.ts";
import { formatName, isAtOrBelow, type Name, nameKey } from "../wire/name.ts";
import { rdataNames } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";
import { isDataType, RRType, typeMnemonic } from "../wire/rr-type.ts";
import { rdataKey } from "./rdata-key.ts";
import type { SteeredName, ZoneData } from "./zone-data.ts";

export interface ZoneFinding {
  readonly severity: "error" | "warning";
  readonly owner: Name;
  /** Undefined where the finding is about the name, or about a steered name. */
  readonly type: number | undefined;
  /** `what is wrong; what would be right`, without a full stop. */
  readonly message: string;
  /** More records could cure it: where some could not be read, it may only seem so. */
  readonly isLack: boolean;
}

/** Everything that {@link checkZone} finds, names in the order of the zone. Empty for a good zone. */
export function checkZone(data: ZoneData): ZoneFinding[] {
  return new ZoneChecker(data).run();
}

/** All that stands at one owner. */
interface Node {
  readonly owner: Name;
  readonly rrs: RR[];
  steered: SteeredName | undefined;
  steeredCount: number;
  hasAddress: boolean;
  hasCname: boolean;
}

type Severity = ZoneFinding["severity"];

/** RFC 1035 section 4.2.2: the length prefix of TCP has 16 bits. */
const MESSAGE_OCTETS_MAX = 65_535;

/** What else is in a reply: header 12, type and class of the question 4, OPT without options 11. */
const MESSAGE_OCTETS_FIXED = 27;

/** Compressed owner 2, type 2, class 2, TTL 4, rdata length 2. */
const RR_OCTETS_FIXED = 12;

class ZoneChecker {
  readonly #data: ZoneData;
  readonly #apexKey: string;
  readonly #nodes = new Map<string, Node>();
  readonly #findings: ZoneFinding[] = [];
  /** Keys of the names below the apex that have NS. */
  readonly #cuts = new Set<string>();
  /** Keys of the names that have DNAME. */
  readonly #dnames = new Set<string>();
  /** Keys of all targets of NS, to tell glue from stray addresses. */
  readonly #nsTargets = new Set<string>();
  /** Made when the first target is missing: keys of the names that exist only by what is below them. */
  #emptyNonTerminals: Set<string> | undefined;

  constructor(data: ZoneData) {
    this.#data = data;
    this.#apexKey = nameKey(data.apex);
  }

  run(): ZoneFinding[] {
    for (const rr of this.#data.rrs) this.#nodeOf(rr.owner).rrs.push(rr);
    for (const steered of this.#data.steered) {
      const node = this.#nodeOf(steered.owner);
      node.steered = steered;
      node.steeredCount++;
    }
    for (const [key, node] of this.#nodes) this.#noteStructure(key, node);
    this.#checkApex();
    for (const [key, node] of this.#nodes) this.#checkNode(key, node);
    return this.#findings;
  }

  #nodeOf(owner: Name): Node {
    const key = nameKey(owner);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = { owner, rrs: [], steered: undefined, steeredCount: 0, hasAddress: false, hasCname: false };
      this.#nodes.set(key, node);
    }
    return node;
  }

  #noteStructure(key: string, node: Node): void {
    node.hasAddress = node.steered !== undefined;
    for (const rr of node.rrs) {
      if (rr.type === RRType.A || rr.type === RRType.AAAA) node.hasAddress = true;
      else if (rr.type === RRType.CNAME) node.hasCname = true;
      else if (rr.type === RRType.NS) {
        // NS at a wildcard is no zone cut (RFC 4592 section 4.2); the look-up takes it for data too.
        if (key !== this.#apexKey && !isWildcard(node.owner)) this.#cuts.add(key);
        this.#nsTargets.add(nameKey(targetOf(rr)));
      } else if (rr.type === RRType.DNAME) this.#dnames.add(key);
    }
  }

  #find(severity: Severity, owner: Name, type: number | undefined, message: string): void {
    this.#findings.push({ severity, owner, type, message, isLack: false });
  }

  #findLack(severity: Severity, owner: Name, type: number, message: string): void {
    this.#findings.push({ severity, owner, type, message, isLack: true });
  }

  #checkApex(): void {
    const { apex } = this.#data;
    const rrs = this.#nodes.get(this.#apexKey)?.rrs ?? [];
    const soaCount = countType(rrs, RRType.SOA);
    const nsCount = countType(rrs, RRType.NS);
    if (soaCount === 0) {
      this.#findLack(
        "error",
        apex,
        RRType.SOA,
        `zone ${formatName(apex)} has no SOA; give it one at the apex`,
      );
    }
    if (nsCount === 0) {
      this.#findLack(
        "error",
        apex,
        RRType.NS,
        `zone ${formatName(apex)} has no NS; name its servers at the apex`,
      );
    } else if (nsCount === 1) {
      const message = `zone ${formatName(apex)} has one NS; two or more keep it reachable (RFC 2182 section 5)`;
      this.#findLack("warning", apex, RRType.NS, message);
    }
  }

  #checkNode(key: string, node: Node): void {
    const { owner, rrs } = node;
    if (!isAtOrBelow(owner, this.#data.apex)) {
      const message = `${formatName(owner)} is not in zone ${formatName(this.#data.apex)}; move it to its own zone, or mend the name`;
      this.#find("error", owner, rrs[0]?.type, message);
      return;
    }
    this.#checkRRsets(owner, rrs);
    this.#checkCombination(key, node);
    this.#checkSteered(key, node);
    this.#checkPlace(key, node);
    for (const rr of rrs) this.#checkTarget(key, rr);
  }

  #checkRRsets(owner: Name, rrs: readonly RR[]): void {
    if (rrs.length === 1) this.#checkRRset(owner, rrs);
    else for (const rrset of groupByType(rrs).values()) this.#checkRRset(owner, rrset);
  }

  #checkRRset(owner: Name, rrset: readonly RR[]): void {
    const { type, ttl } = rrset[0]!;
    const mnemonic = typeMnemonic(type);
    if (!isDataType(type)) {
      const message = `${mnemonic} at ${formatName(owner)} is a type of questions or of single messages, not of zones; remove it`;
      this.#find("error", owner, type, message);
      return;
    }
    let octets = MESSAGE_OCTETS_FIXED + owner.length;
    for (const rr of rrset) octets += RR_OCTETS_FIXED + rr.rdata.length;
    if (octets > MESSAGE_OCTETS_MAX) {
      const message = `the ${rrset.length} ${mnemonic} records of ${formatName(owner)} need ${octets} octets; a DNS message holds ${MESSAGE_OCTETS_MAX}`;
      this.#find("error", owner, type, message);
    }
    if (type === RRType.A || type === RRType.AAAA) this.#checkAddresses(owner, rrset);
    if (rrset.length === 1) return;

    // Signatures have the TTLs of what they cover (RFC 4034 section 3).
    if (type !== RRType.RRSIG && rrset.some((rr) => rr.ttl !== ttl)) {
      const ttls = [...new Set(rrset.map((rr) => rr.ttl))].sort((a, b) => a - b);
      const shown = ttls.length > 4 ? `${ttls.slice(0, 4).join(", ")}, …` : ttls.join(", ");
      const message = `the ${mnemonic} records of ${formatName(owner)} have TTLs ${shown}; one RRset has one TTL (RFC 2181 section 5.2)`;
      this.#find("error", owner, type, message);
    }
    const distinct = new Set<string>();
    for (const rr of rrset) distinct.add(rdataKey(rr));
    if (distinct.size < rrset.length) {
      const message = `${mnemonic} at ${formatName(owner)} says the same ${rrset.length - distinct.size + 1} times; write each record once`;
      this.#find("error", owner, type, message);
    }
    if (distinct.size > 1 && isSingleton(type)) {
      const message = `${formatName(owner)} has ${rrset.length} ${mnemonic} records; it can have one`;
      this.#find("error", owner, type, message);
    }
  }

  #checkAddresses(owner: Name, rrset: readonly RR[]): void {
    for (const { type, rdata } of rrset) {
      const special = specialAddress(rdata);
      if (special === undefined) continue;
      const message = `${typeMnemonic(type)} ${formatAddress(rdata)} of ${formatName(owner)} ${special.message}`;
      this.#find(special.severity, owner, type, message);
    }
  }

  /** What may not stand together at one name, and what may stand only at some. */
  #checkCombination(key: string, { owner, rrs, steered }: Node): void {
    if (!rrs.some((rr) => isParticular(rr.type))) return;
    const isApex = key === this.#apexKey;
    const name = formatName(owner);
    if (hasType(rrs, RRType.SOA) && !isApex) {
      const message = `SOA at ${name}, which is not the apex; a zone of its own goes into its own file`;
      this.#find("error", owner, RRType.SOA, message);
    }
    if (hasType(rrs, RRType.CNAME)) {
      const other = rrs.find((rr) => rr.type !== RRType.CNAME && !isAllowedBesideCname(rr.type));
      if (isApex) {
        const message = `CNAME at the apex ${name}, where SOA and NS have to be; use addresses or a pool there`;
        this.#find("error", owner, RRType.CNAME, message);
      } else if (other !== undefined || steered !== undefined) {
        const what = other === undefined ? `the pool "${steered!.pool}"` : typeMnemonic(other.type);
        const message = `CNAME beside ${what} at ${name}; an alias has no other data (RFC 1034 section 3.6.2)`;
        this.#find("error", owner, RRType.CNAME, message);
      }
    }
    if (hasType(rrs, RRType.DNAME) && hasType(rrs, RRType.NS) && !isApex) {
      const message = `DNAME beside NS at ${name}; only an apex can have both (RFC 6672 section 2.3)`;
      this.#find("error", owner, RRType.DNAME, message);
    }
    for (const rr of rrs) {
      if (rr.type !== RRType.DNAME || !isAtOrBelow(rr.rdata as Name, owner)) continue;
      const message = `DNAME at ${name} leads to ${formatName(rr.rdata as Name)}, which it redirects again; no name below it is ever found, so give it a target elsewhere`;
      this.#find("warning", owner, RRType.DNAME, message);
    }
    if (hasType(rrs, RRType.DS)) {
      if (isApex) {
        const message = `DS at the apex ${name}; it belongs to the parent zone, beside the delegation (RFC 4034 section 5)`;
        this.#find("error", owner, RRType.DS, message);
      } else if (!hasType(rrs, RRType.NS)) {
        const message = `DS without NS at ${name}; DS speaks for a delegation, so name its servers too`;
        this.#findLack("error", owner, RRType.DS, message);
      }
    }
    if (isWildcard(owner)) {
      for (const type of [RRType.NS, RRType.DNAME]) {
        if (!hasType(rrs, type)) continue;
        const message = `${typeMnemonic(type)} at the wildcard ${name}; servers disagree on what it means (RFC 4592 section 4), so write the names out`;
        this.#find("warning", owner, type, message);
      }
    }
  }

  #checkSteered(key: string, { owner, rrs, steered, steeredCount }: Node): void {
    if (steered === undefined) return;
    const name = formatName(owner);
    if (steeredCount > 1) {
      const message = `${name} is steered ${steeredCount} times; give it one pool, which may hold others`;
      this.#find("error", owner, undefined, message);
    }
    for (const type of [RRType.A, RRType.AAAA]) {
      if (!hasType(rrs, type)) continue;
      const message = `${typeMnemonic(type)} beside the pool "${steered.pool}" at ${name}; make the address a member of the pool`;
      this.#find("error", owner, type, message);
    }
    if (this.#cuts.has(key)) {
      const message = `${name} is steered and delegated; its own servers answer for it, so remove one of the two`;
      this.#find("error", owner, undefined, message);
    }
  }

  /** Data that no query can reach: below a zone cut or a DNAME. */
  #checkPlace(key: string, { owner, rrs, steered }: Node): void {
    if (this.#cuts.size === 0 && this.#dnames.size === 0) return;
    const above = this.#findAbove(key);
    if (above === undefined && !this.#cuts.has(key)) return;
    const name = formatName(owner);
    if (above !== undefined && this.#dnames.has(above) && !this.#cuts.has(above)) {
      const message = `${name} is below the DNAME at ${this.#show(above)}, which hides it (RFC 6672 section 2.4); remove one of the two`;
      this.#find("error", owner, rrs[0]?.type, message);
      return;
    }
    if (above !== undefined) {
      const cut = this.#show(above);
      const hidden = rrs.find((rr) => rr.type !== RRType.A && rr.type !== RRType.AAAA);
      if (hidden !== undefined || steered !== undefined) {
        const what = hidden === undefined ? `the pool "${steered!.pool}"` : typeMnemonic(hidden.type);
        const message = `${what} at ${name} is occluded by the delegation of ${cut}; below it only glue (A, AAAA) is of use`;
        this.#find("error", owner, hidden?.type, message);
      } else if (!this.#nsTargets.has(key)) {
        const message = `the addresses of ${name} are below the delegation of ${cut} and glue for no NS; they are never answered`;
        this.#findLack("warning", owner, rrs[0]!.type, message);
      }
      return;
    }
    const hidden = rrs.find(
      (rr) => !isAllowedAtCut(rr.type) && rr.type !== RRType.CNAME && rr.type !== RRType.DNAME,
    );
    if (hidden !== undefined && hidden.type !== RRType.SOA) {
      const message = `${typeMnemonic(hidden.type)} at ${name} is occluded by its delegation; beside NS only DS and glue are of use`;
      this.#find("error", owner, hidden.type, message);
      return;
    }
    const address = rrs.find((rr) => rr.type === RRType.A || rr.type === RRType.AAAA);
    if (address !== undefined && !this.#nsTargets.has(key)) {
      const message = `the addresses of ${name} stand at its delegation and are glue for no NS; they are never answered`;
      this.#findLack("warning", owner, address.type, message);
    }
  }

  /** NS, MX and SRV want the name of a host: one with addresses and not an alias. */
  #checkTarget(key: string, rr: RR): void {
    if (rr.type !== RRType.NS && rr.type !== RRType.MX && rr.type !== RRType.SRV) return;
    const target = targetOf(rr);
    // The root as target says "no such service" in MX (RFC 7505) and SRV (RFC 2782).
    if (target.length === 1 || !isAtOrBelow(target, this.#data.apex)) return;
    const targetKey = nameKey(target);
    const node = this.#nodes.get(targetKey);
    const hasAddress = node?.hasAddress === true;

    const type = typeMnemonic(rr.type);
    const name = formatName(target);
    const cut = this.#cuts.has(targetKey) ? targetKey : this.#findAbove(targetKey);
    if (cut !== undefined && this.#cuts.has(cut)) {
      if (hasAddress) return;
      if (rr.type === RRType.NS && cut === key) {
        const message = `${type} ${name} of the delegation ${formatName(rr.owner)} has no glue; add its A or AAAA, or nobody can reach it (RFC 9471)`;
        this.#findLack("error", rr.owner, rr.type, message);
      } else if (rr.type === RRType.NS) {
        const message = `${type} ${name} of ${formatName(rr.owner)} is below the delegation of ${this.#show(cut)} and has no address here; add its A or AAAA as glue`;
        this.#findLack("warning", rr.owner, rr.type, message);
      }
      return;
    }
    const alias = this.#aliasAt(targetKey, node, cut);
    if (alias !== undefined) {
      const message = `${type} of ${formatName(rr.owner)} points at ${name}, which is ${alias}; name the host itself (RFC 2181 section 10.3)`;
      this.#find("warning", rr.owner, rr.type, message);
      return;
    }
    if (hasAddress || (node === undefined && this.#wildcardFor(targetKey)?.hasAddress === true)) return;
    const message = `${type} of ${formatName(rr.owner)} points at ${name}, which has no address; add its A or AAAA`;
    this.#findLack("warning", rr.owner, rr.type, message);
  }

  #aliasAt(key: string, node: Node | undefined, above: string | undefined): string | undefined {
    if (above !== undefined) return `below the DNAME at ${this.#show(above)}`;
    const standing = node ?? this.#wildcardFor(key);
    return standing?.hasCname === true ? "an alias (CNAME)" : undefined;
  }

  /** The wildcard that answers for a name that is not there (RFC 4592 section 3.3.1). */
  #wildcardFor(key: string): Node | undefined {
    this.#emptyNonTerminals ??= this.#findEmptyNonTerminals();
    if (this.#emptyNonTerminals.has(key)) return undefined;
    for (let at = parentKey(key); at.length >= this.#apexKey.length; at = parentKey(at)) {
      const isEncloser = this.#nodes.has(at) || this.#emptyNonTerminals.has(at) || at === this.#apexKey;
      if (isEncloser) return this.#nodes.get(`\u0001*${at}`);
    }
    return undefined;
  }

  #findEmptyNonTerminals(): Set<string> {
    const found = new Set<string>();
    for (const key of this.#nodes.keys()) {
      for (let at = parentKey(key); at.length > this.#apexKey.length; at = parentKey(at)) {
        if (found.has(at) || this.#nodes.has(at)) break;
        found.add(at);
      }
    }
    return found;
  }

  /** The zone cut or DNAME nearest to the apex among the proper ancestors: the one that a query meets first. */
  #findAbove(key: string): string | undefined {
    if (this.#cuts.size === 0 && this.#dnames.size === 0) return undefined;
    let found: string | undefined;
    for (let at = key; at.length > this.#apexKey.length; ) {
      at = parentKey(at);
      if (this.#cuts.has(at) || this.#dnames.has(at)) found = at;
    }
    return found;
  }

  #show(key: string): string {
    return formatName(this.#nodes.get(key)!.owner);
  }
}

/** A key is a name in wire form, so its first character is the length of its first label. */
function parentKey(key: string): string {
  return key.slice(1 + key.charCodeAt(0));
}

function targetOf(rr: RR): Name {
  // NS, MX and SRV have exactly one name, and it is the last thing in the rdata.
  return rr.rdata.subarray(rdataNames(rr.type, rr.rdata)[0]) as Name;
}

function groupByType(rrs: readonly RR[]): Map<number, RR[]> {
  const groups = new Map<number, RR[]>();
  for (const rr of rrs) {
    const group = groups.get(rr.type);
    if (group === undefined) groups.set(rr.type, [rr]);
    else group.push(rr);
  }
  return groups;
}

function hasType(rrs: readonly RR[], type: number): boolean {
  return rrs.some((rr) => rr.type === type);
}

function countType(rrs: readonly RR[], type: number): number {
  return rrs.reduce((count, rr) => (rr.type === type ? count + 1 : count), 0);
}

function isWildcard(owner: Name): boolean {
  return owner[0] === 1 && owner[1] === 0x2a;
}

/** Types that do not stand just anywhere, or beside just anything. */
function isParticular(type: number): boolean {
  return isSingleton(type) || type === RRType.NS || type === RRType.DS;
}

function isSingleton(type: number): boolean {
  return type === RRType.SOA || type === RRType.CNAME || type === RRType.DNAME;
}

/** RFC 4035 section 2.5: what signing puts beside everything. */
function isAllowedBesideCname(type: number): boolean {
  return type === RRType.RRSIG || type === RRType.NSEC;
}

function isAllowedAtCut(type: number): boolean {
  return (
    type === RRType.NS ||
    type === RRType.DS ||
    type === RRType.A ||
    type === RRType.AAAA ||
    isAllowedBesideCname(type)
  );
}
