/**
 * From a question to the sections of its reply: the zone that answers, the look-up in it,
 * the pool behind a steered name, and the restarts of CNAME and DNAME for as long as their
 * targets are ours (RFC 1034 section 4.3.2).
 *
 * AA is that of the first owner name (RFC 1035 section 4.1.1), the rcode that of the last
 * (RFC 6604 section 3).
 *
 * @module
 */
import type { SnapshotZone } from "../snapshot/snapshot.ts";
import type { ZoneDirectory } from "../snapshot/zone-directory.ts";
import { choose } from "../steering/choose.ts";
import { Rcode } from "../wire/dns-codes.ts";
import { NAME_OCTETS_MAX } from "../wire/name.ts";
import type { NameKey } from "../wire/name-key.ts";
import { RRType as ImportedRRType, RRClass } from "../wire/rr-type.ts";
import { Found as ImportedFound, lookup } from "../zone/lookup.ts";
import {
  HEADER as ImportedHEADER,
  NODE as ImportedNODE,
  RRSET as ImportedRRSET,
  REFERRAL,
  type ZoneImage,
} from "../zone/zone-image.ts";
import type { Client } from "./client.ts";
import { traceLookup } from "./lookup-trace.ts";
import { countDemand, raiseScope, setClient } from "./query-client.ts";
import {
  additionalCount,
  QNAME_OFFSET as ImportedQNAME_OFFSET,
  RR_FIXED_OCTETS as ImportedRR_FIXED_OCTETS,
  rrCount,
} from "./reply-writer.ts";
import { CHAIN_LINKS_MAX, type View } from "./view.ts";

// Imported bindings are looked up at every use; constants of this module are compiled in.
const Found = ImportedFound;
const NODE = ImportedNODE;
const HEADER = ImportedHEADER;
const RRSET = ImportedRRSET;
const RRType = ImportedRRType;
const RR_FIXED_OCTETS = ImportedRR_FIXED_OCTETS;
const QNAME_OFFSET = ImportedQNAME_OFFSET;

/** Where the name stands in the message that a chain goes on with; END when the reply is complete. */
const END = -1;

/** `octets` is the query's message, which view.query was read from. */
export function resolve(view: View, octets: Uint8Array, client: Client): void {
  const { query, reply, found, visited, recent } = view;
  const { directory } = view.snapshot;
  const { qtype } = query;
  let name = query.qname;
  let nameOffset = QNAME_OFFSET;
  // A trace says of each look-up how it went, so it wants all of them made.
  let zone = view.lookups === null ? recent.find(directory, name, qtype, found) : null;
  const isRecent = zone !== null;
  if (zone === null) {
    name.hashSuffixes();
    zone = zoneFor(directory, name, qtype);
    if (zone === null) {
      if (view.lookups !== null) traceLookup(view.lookups, null, name, found);
      reply.rcode = Rcode.REFUSED;
      return;
    }
  }
  reply.aa = true;
  view.dnameCount = 0;
  view.counters.zone(zone.number);
  for (let links = 0; ; links++) {
    const { image } = zone;
    const apexLabel = name.labelCount - image.apexLabels;
    const apexOffset =
      links === 0 ? QNAME_OFFSET + name.labelStart[apexLabel]! : reply.labelOffset(nameOffset, apexLabel);
    if (links > 0 || !isRecent) {
      lookup(image, name, qtype, found);
      if (view.lookups !== null) traceLookup(view.lookups, zone, name, found);
      else if (links === 0) recent.keep(zone, name, qtype, found);
    }
    switch (found.found) {
      case Found.answer:
        answer(view, image, nameOffset, apexOffset);
        return;
      case Found.nxdomain:
        reply.rcode = Rcode.NXDOMAIN;
        negative(view, image, apexOffset);
        return;
      case Found.nodata:
        negative(view, image, apexOffset);
        return;
      case Found.referral:
        if (links === 0) reply.aa = false;
        refer(view, image, nameOffset, apexOffset);
        return;
      case Found.cname: {
        const rrOffset = reply.at;
        if (!reply.rrset(image, found.rrset, nameOffset, apexOffset)) return;
        reply.answerCount++;
        nameOffset = rrOffset + RR_FIXED_OCTETS;
        break;
      }
      case Found.dname:
        nameOffset = redirect(view, zone, name, nameOffset, apexOffset);
        break;
      case Found.steered:
        setClient(view, octets, client);
        // A and AAAA of a client share their draws; other types of the name have draws of their own.
        view.request.draws.name =
          name.suffixHash[0]! ^ (qtype === RRType.A || qtype === RRType.AAAA ? 0 : qtype);
        nameOffset = steer(view, zone, nameOffset, apexOffset);
        raiseScope(view);
        if (--view.demandIn < 0) countDemand(view, client);
        break;
    }
    if (nameOffset === END || links === CHAIN_LINKS_MAX) return;

    visited[links] = name.suffixHash[0]!;
    const length = reply.expandName(nameOffset, view.targetOctets);
    name = view.target;
    name.read(view.targetOctets, 0, length);
    if (hasVisited(visited, links + 1, name.suffixHash[0]!)) return;
    zone = zoneFor(directory, name, qtype);
    if (zone === null) {
      if (view.lookups !== null) traceLookup(view.lookups, null, name, found);
      return;
    }
  }
}

/**
 * The zone that answers. DS at an apex is for the parent side to answer, when we are that too
 * (RFC 4035 section 3.1.4.1); else the child says NODATA.
 */
function zoneFor(directory: ZoneDirectory, name: NameKey, qtype: number): SnapshotZone | null {
  const zone = directory.find(name, 0);
  if (qtype !== RRType.DS || zone === null || name.labelCount === 0 || !zone.image.isApex(name, 0))
    return zone;
  return directory.find(name, 1) ?? zone;
}

/** Two names of one 32-bit hash would end a chain too early: one in hundreds of millions of chains. */
function hasVisited(visited: Int32Array, count: number, hash: number): boolean {
  for (let i = 0; i < count; i++) if (visited[i] === hash) return true;
  return false;
}

/** NODATA and NXDOMAIN carry the SOA, by whose TTL they are cached (RFC 2308 section 3). */
function negative(view: View, image: ZoneImage, apexOffset: number): void {
  const { reply } = view;
  if (reply.rrset(image, image.words[HEADER.negativeSoa]!, apexOffset, apexOffset)) reply.authorityCount++;
}

/** The RRset, and the addresses that go with it where they fit. */
function answer(view: View, image: ZoneImage, nameOffset: number, apexOffset: number): void {
  const { reply, found } = view;
  const { rrset } = found;
  const { words } = image;
  const start = reply.at;
  const additional = additionalCount(image, rrset);
  if (additional > 0 && reply.run(image, rrset, words[rrset + RRSET.fullLength]!, apexOffset)) {
    reply.additionalCount += additional;
    reply.setOwners(start, rrCount(image, rrset), nameOffset);
  } else if (!reply.rrset(image, rrset, nameOffset, apexOffset)) {
    return;
  }
  reply.answerCount += rrCount(image, rrset);
}

/** NS of the cut, all in-domain glue or else TC, and the other addresses where they fit (RFC 9471). */
function refer(view: View, image: ZoneImage, nameOffset: number, apexOffset: number): void {
  const { reply, found } = view;
  const { words } = image;
  const referral = words[found.node + NODE.referral]!;
  const rrset = words[referral + REFERRAL.rrset]!;
  const start = reply.at;
  if (reply.run(image, rrset, words[rrset + RRSET.fullLength]!, apexOffset)) {
    reply.additionalCount += additionalCount(image, rrset);
  } else if (reply.run(image, rrset, words[referral + REFERRAL.inDomainLength]!, apexOffset)) {
    reply.additionalCount += words[referral + REFERRAL.inDomainCount]!;
  } else {
    reply.tc = true;
    if (!reply.run(image, rrset, words[rrset + RRSET.length]!, apexOffset)) return;
  }
  const nsCount = rrCount(image, rrset);
  reply.setOwners(start, nsCount, reply.labelOffset(nameOffset, found.ownerLabel));
  reply.authorityCount += nsCount;
}

/**
 * The DNAME and the CNAME that it makes of this name (RFC 6672 section 3.1). A DNAME that applies
 * again, as one whose target is below its owner does, is not written again: a section has no RR
 * twice (RFC 2181 section 5), and RFC 6672 asks for the CNAME each time, not for the DNAME.
 * Answers where the CNAME's target stands, or END.
 */
function redirect(
  view: View,
  zone: SnapshotZone,
  name: NameKey,
  nameOffset: number,
  apexOffset: number,
): number {
  const { reply, found, targetOctets } = view;
  const { out } = reply;
  let dname = writtenDname(view, zone.number, found.rrset);
  if (dname < 0) {
    dname = reply.at;
    const ownerOffset = reply.labelOffset(nameOffset, found.ownerLabel);
    if (!reply.rrset(zone.image, found.rrset, ownerOffset, apexOffset)) return END;
    reply.answerCount++;
    const entry = 3 * view.dnameCount++;
    view.dnames[entry] = zone.number;
    view.dnames[entry + 1] = found.rrset;
    view.dnames[entry + 2] = dname;
  }

  // The labels in front of the DNAME's owner, in the case they came in, then its target.
  reply.expandName(nameOffset, targetOctets);
  const kept = name.labelStart[found.ownerLabel]!;
  const targetLength = (out[dname + 10]! << 8) | out[dname + 11]!;
  if (kept + targetLength > NAME_OCTETS_MAX) {
    reply.rcode = Rcode.YXDOMAIN;
    return END;
  }
  for (let i = 0; i < targetLength; i++) targetOctets[kept + i] = out[dname + RR_FIXED_OCTETS + i]!;
  const ttl =
    ((out[dname + 6]! << 24) | (out[dname + 7]! << 16) | (out[dname + 8]! << 8) | out[dname + 9]!) >>> 0;
  return cname(view, nameOffset, ttl, targetOctets, kept + targetLength);
}

/** Where this reply has the DNAME, or -1. */
function writtenDname({ dnames, dnameCount }: View, zoneNumber: number, rrset: number): number {
  for (let entry = 0; entry < 3 * dnameCount; entry += 3) {
    if (dnames[entry] === zoneNumber && dnames[entry + 1] === rrset) return dnames[entry + 2]!;
  }
  return -1;
}

/** Answers a steered name from its pool. Returns where a CNAME's target stands, or END. */
function steer(view: View, zone: SnapshotZone, nameOffset: number, apexOffset: number): number {
  const { found, picks, request } = view;
  const { qtype } = view.query;
  const { image } = zone;
  const pool = zone.pools[image.words[found.node + NODE.pool]! - 1]!;
  const ttl = image.words[found.node + NODE.poolTtl]!;
  request.live = view.snapshot.live;
  request.latency = view.snapshot.clientTables.latency;
  // A name whose pool may answer with a CNAME has that for every type; other names have
  // their addresses alone.
  const asksAddress = qtype === RRType.A || qtype === RRType.AAAA || qtype === RRType.ANY;
  if (asksAddress || pool.canTarget) {
    request.family = qtype === RRType.AAAA ? 6 : 4;
    choose(pool, request, picks, view.trace);
    if (qtype === RRType.ANY && picks.count === 0) {
      request.family = 6;
      choose(pool, request, picks, view.trace);
    }
    const target = picks.target;
    if (target !== null) {
      countPicks(view);
      return cname(view, nameOffset, ttl, target, target.length);
    }
    if (asksAddress && picks.count > 0) {
      countPicks(view);
      writeAddresses(view, nameOffset, ttl);
      return END;
    }
  }
  negative(view, image, apexOffset);
  return END;
}

function countPicks({ picks, counters }: View): void {
  for (let i = 0; i < picks.count; i++) counters.member(picks.members[i]!.slot);
}

function writeAddresses(view: View, nameOffset: number, ttl: number): void {
  const { reply, picks, request } = view;
  const type = request.family === 4 ? RRType.A : RRType.AAAA;
  const octets = RR_FIXED_OCTETS + (request.family === 4 ? 4 : 16);
  if (reply.at + picks.count * octets > reply.limit) {
    reply.tc = true;
    return;
  }
  for (let i = 0; i < picks.count; i++) {
    const member = picks.members[i]!;
    const address = (request.family === 4 ? member.ipv4 : member.ipv6)!;
    reply.rr(nameOffset, type, RRClass.IN, ttl, address, address.length);
  }
  reply.answerCount += picks.count;
}

/** Writes a CNAME. Returns where its target stands, or END when nothing follows it. */
function cname(view: View, nameOffset: number, ttl: number, target: Uint8Array, length: number): number {
  const { reply } = view;
  const { qtype } = view.query;
  const rrOffset = reply.at;
  if (!reply.rr(nameOffset, RRType.CNAME, RRClass.IN, ttl, target, length)) return END;
  reply.answerCount++;
  return qtype === RRType.CNAME || qtype === RRType.ANY ? END : rrOffset + RR_FIXED_OCTETS;
}
