/**
 * What an answer came to, and whether that is what an expectation names: a pool that had a say, a member, an
 * address, or NODATA.
 *
 *   web ── eu ── eu-1: 192.0.2.10      is  web, eu, web/eu, eu/eu-1 and 192.0.2.10
 *
 * @module
 */
import { formatAddress, parseAddress } from "../lib/address.ts";
import { slotKey } from "../snapshot/snapshot.ts";
import type { Member, Pool } from "../steering/pool.ts";
import type { ChoiceTrace, PoolTrace } from "../steering/trace.ts";
import { hint } from "./conditions.ts";

export const NODATA = "NODATA";

/** One record of an answer, and all that it can be called. */
export interface Origin {
  /** The address or the target. */
  readonly answer: string;
  /** The member that has it, as pool/member. */
  readonly member: string;
  readonly names: ReadonlySet<string>;
}

/** In the order of the answer; empty for NODATA. */
export function originsOf(choice: ChoiceTrace): Origin[] {
  const origins: Origin[] = [];
  function visit(trace: PoolTrace, above: readonly string[]): void {
    const names = [...above, trace.pool];
    if (trace.lastResort !== null) visit(trace.lastResort, names);
    for (const kept of trace.kept) {
      const member = slotKey(trace.pool, kept.member);
      if (kept.pool !== null) visit(kept.pool, [...names, member]);
      else
        for (const answer of kept.added)
          origins.push({ answer, member, names: new Set([...names, member, answer]) });
    }
  }
  visit(choice.pool, []);
  return origins;
}

/** What a name can be answered from. */
export interface Reachable {
  readonly pools: ReadonlySet<string>;
  /** As pool/member. */
  readonly members: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
}

export function reachableFrom(roots: Iterable<Pool>): Reachable {
  const pools = new Set<string>();
  const members = new Set<string>();
  const addresses = new Set<string>();
  const waiting = [...roots];
  for (let pool = waiting.pop(); pool !== undefined; pool = waiting.pop()) {
    if (pools.has(pool.id)) continue;
    pools.add(pool.id);
    if (typeof pool.whenDown === "object") waiting.push(pool.whenDown);
    for (const member of pool.members) {
      members.add(slotKey(pool.id, member.name));
      if (member.pool !== null) waiting.push(member.pool);
      for (const address of addressesOf(member)) addresses.add(address);
    }
  }
  return { pools, members, addresses };
}

export function addressesOf({ ipv4, ipv6 }: Member): string[] {
  return [ipv4, ipv6].filter((octets) => octets !== null).map(formatAddress);
}

/** The name by which an Origin knows an outcome; a member may be written without its pool where that is clear. */
export function resolveOutcome(
  written: string,
  reachable: Reachable,
  qname: string,
): { name: string } | { fault: string } {
  const { pools, members, addresses } = reachable;
  if (written === NODATA || pools.has(written) || members.has(written)) return { name: written };
  const octets = parseAddress(written);
  if (octets !== undefined) {
    const address = formatAddress(octets);
    if (addresses.has(address)) return { name: address };
    const advice = hint(address, addresses, "name an address that one has");
    return { fault: `no member that ${qname} can be answered from has ${address}; ${advice}` };
  }
  const called = [...members].filter((key) => key.slice(key.indexOf("/") + 1) === written);
  if (called.length === 1) return { name: called[0]! };
  if (called.length > 1)
    return { fault: `"${written}" may be ${called.join(" or ")}; write which of them is meant` };
  const some = [...pools].sort().slice(0, POOLS_SHOWN_MAX);
  const advice = hint(written, [...pools, ...members, NODATA], `it can be from ${some.join(", ")}`);
  return { fault: `${qname} is never answered from "${written}"; ${advice}` };
}

const POOLS_SHOWN_MAX = 20;
