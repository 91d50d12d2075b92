/**
 * Whom the members of a pool serve, turned around: from a place to the members that serve it. Made once for the members
 * of a pool, whatever steps it has, and only read.
 *
 * @module
 */
import type { ServedPlace } from "../geo/served-place.ts";
import { compileNetworks, type ServedNetwork, type ServedNetworks } from "./served-networks.ts";
import type { MemberSpec } from "./spec.ts";

/** Of what a member may serve by, all but networks and "*". */
type CodedKind = "as" | "subdivision" | "country" | "continent";

/** Codes to members: open addressing, at most half full. Null where no member serves by such a code. */
export interface CodeTable {
  /** Signed; 0 = empty, which is the code of nobody. */
  readonly codes: Int32Array;
  /** Beside each code, who serves it, by member index in the order written. */
  readonly members: readonly (readonly number[])[];
}

export interface ServedPlaces extends Readonly<Record<CodedKind, CodeTable | null>> {
  readonly ipv4: ServedNetworks | null;
  readonly ipv6: ServedNetworks | null;
  /** Who serves everybody. */
  readonly all: readonly number[];
}

const NOBODY: readonly number[] = [];

/** Policies are compiled more than once for the same members: to be run, and to ask them what they remember. */
const compiled = new WeakMap<readonly MemberSpec[], ServedPlaces>();

export function servedPlacesOf(members: readonly MemberSpec[]): ServedPlaces {
  let places = compiled.get(members);
  if (places === undefined) {
    places = compile(members);
    compiled.set(members, places);
  }
  return places;
}

/** Who serves the place with this code; nobody does for 0. */
export function membersServing({ codes, members }: CodeTable, code: number): readonly number[] {
  const key = code | 0;
  if (key === 0) return NOBODY;
  const mask = codes.length - 1;
  for (let slot = slotOf(key, mask); codes[slot] !== 0; slot = (slot + 1) & mask) {
    if (codes[slot] === key) return members[slot]!;
  }
  return NOBODY;
}

function compile(members: readonly MemberSpec[]): ServedPlaces {
  const ipv4: ServedNetwork[] = [];
  const ipv6: ServedNetwork[] = [];
  const all: number[] = [];
  const coded: Record<CodedKind, Map<number, number[]>> = {
    as: new Map(),
    subdivision: new Map(),
    country: new Map(),
    continent: new Map(),
  };
  function add(place: ServedPlace, member: number): void {
    if (place.kind === "network") {
      const { address, length } = place;
      (address.length === 4 ? ipv4 : ipv6).push({ address, length, member });
    } else if (place.kind === "all") {
      if (all.at(-1) !== member) all.push(member);
    } else {
      const code = place.kind === "as" ? place.number : place.code;
      const serving = coded[place.kind].get(code);
      if (serving === undefined) coded[place.kind].set(code, [member]);
      else if (serving.at(-1) !== member) serving.push(member);
    }
  }
  members.forEach(({ serves }, member) => {
    for (const place of serves) add(place, member);
  });
  return {
    ipv4: ipv4.length === 0 ? null : compileNetworks(ipv4, 4),
    ipv6: ipv6.length === 0 ? null : compileNetworks(ipv6, 6),
    as: codeTable(coded.as),
    subdivision: codeTable(coded.subdivision),
    country: codeTable(coded.country),
    continent: codeTable(coded.continent),
    all,
  };
}

function codeTable(serving: ReadonlyMap<number, number[]>): CodeTable | null {
  if (serving.size === 0) return null;
  let size = 2;
  while (size < 2 * serving.size) size *= 2;
  const codes = new Int32Array(size);
  const members: (readonly number[])[] = new Array(size).fill(NOBODY);
  for (const [code, list] of serving) {
    let slot = slotOf(code | 0, size - 1);
    while (codes[slot] !== 0) slot = (slot + 1) & (size - 1);
    codes[slot] = code | 0;
    members[slot] = list;
  }
  return { codes, members };
}

/** Codes are small and near each other: a multiplication spreads them. */
function slotOf(code: number, mask: number): number {
  return (Math.imul(code, 0x9e3779b1) >>> 16) & mask;
}
