/**
 * The look-up of RFC 1034 section 4.3.2 in one zone, with the wildcards of RFC 4592 and the
 * DNAMEs of RFC 6672. It says what was found; the reply is written elsewhere, and so are
 * the restarts that a CNAME or DNAME asks for.
 *
 *   1  the node of the name itself, else its closest encloser
 *   2  a zone cut there: referral, unless DS was asked for at the cut itself
 *   3  an encloser with a DNAME: dname; with a `*` below: the wildcard's node; else nxdomain
 *   4  at the node: the type, a CNAME, a pool, or nodata
 *
 * The image holds no name below a cut, so whatever is found at or below one is the cut.
 * Looking up a name that does not exist allocates nothing: such names are what an attacker
 * sends most.
 *
 * @module
 */
import type { NameKey } from "../wire/name-key.ts";
import { RRType } from "../wire/rr-type.ts";
import { NODE, NODE_HAS_CNAME, NODE_HAS_DNAME, type ZoneImage } from "./zone-image.ts";

// Constants of other modules are looked up at every use; those of this module are compiled in.
const {
  nameLengthAndFlags: NAME_LENGTH_AND_FLAGS,
  wildcard: WILDCARD,
  referral: REFERRAL,
  pool: POOL,
} = NODE;
const HAS_CNAME = NODE_HAS_CNAME;
const HAS_DNAME = NODE_HAS_DNAME;
const { A: TYPE_A, AAAA: TYPE_AAAA, ANY: TYPE_ANY, DS: TYPE_DS } = RRType;

export const Found = {
  /** `rrset` answers the question. */
  answer: 0,
  /** `rrset` is a CNAME: answer with it, and start again at its target. */
  cname: 1,
  /** `rrset` is a DNAME whose owner is the name from label `ownerLabel` on. */
  dname: 2,
  /** The name answers from a pool; `node` has its number and TTL. */
  steered: 3,
  nodata: 4,
  nxdomain: 5,
  /** `node` is a zone cut whose name is the name from label `ownerLabel` on. */
  referral: 6,
} as const;
export type Found = (typeof Found)[keyof typeof Found];

/** What a look-up found. Reused. */
export class LookupResult {
  found: Found = Found.nxdomain;
  node = 0;
  rrset = 0;
  ownerLabel = 0;
}

export function lookup(zone: ZoneImage, name: NameKey, qtype: number, result: LookupResult): void {
  const words = zone.words;
  const apexLabel = name.labelCount - zone.apexLabels;
  let label = 0;
  let node = apexLabel === 0 ? zone.apexNode : zone.findNode(name, 0);
  while (node === 0) {
    label++;
    node = label === apexLabel ? zone.apexNode : zone.findNode(name, label);
  }
  result.node = node;
  result.rrset = 0;
  result.ownerLabel = label;
  if (words[node + REFERRAL] !== 0 && (label > 0 || qtype !== TYPE_DS)) {
    result.found = Found.referral;
    return;
  }
  if (label > 0) {
    if ((words[node + NAME_LENGTH_AND_FLAGS]! & HAS_DNAME) !== 0) {
      result.found = Found.dname;
      result.rrset = zone.findRrset(node, RRType.DNAME);
      return;
    }
    node = words[node + WILDCARD]!;
    if (node === 0) {
      result.found = Found.nxdomain;
      return;
    }
    result.node = node;
  }
  lookAt(zone, node, qtype, result);
}

function lookAt(zone: ZoneImage, node: number, qtype: number, result: LookupResult): void {
  const words = zone.words;
  const isSteered = words[node + POOL] !== 0;
  if (isSteered && (qtype === TYPE_A || qtype === TYPE_AAAA || qtype === TYPE_ANY)) {
    result.found = Found.steered;
    return;
  }
  // RFC 8482 section 4.1: one RRset answers ANY, the smallest. Large ANY replies are what
  // reflection attacks feed on.
  const rrset = qtype === TYPE_ANY ? zone.smallestRrset(node) : zone.findRrset(node, qtype);
  result.rrset = rrset;
  if (rrset !== 0) {
    result.found = Found.answer;
  } else if ((words[node + NAME_LENGTH_AND_FLAGS]! & HAS_CNAME) !== 0) {
    result.found = Found.cname;
    result.rrset = zone.findRrset(node, RRType.CNAME);
  } else {
    result.found = isSteered ? Found.steered : Found.nodata;
  }
}
