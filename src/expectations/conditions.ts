/**
 * What an expectation says is so (`when`), made so in tables of its own: members that are down, loads that were
 * reported. Nothing is left over for the next expectation.
 *
 * @module
 */
import { nearestWord } from "../lib/nearest.ts";
import { type Snapshot, slotKey } from "../snapshot/snapshot.ts";
import { makeLiveTable, setLoad, setUp } from "../steering/live.ts";
import type { Member, Pool } from "../steering/pool.ts";
import type { MemberSpec } from "../steering/spec.ts";

/** The same snapshot with all members up and nothing remembered. */
export function freshSnapshot(snapshot: Snapshot): Snapshot {
  const { up, locks, memory } = snapshot.live;
  const live = makeLiveTable({ slots: up.length, pools: locks.length, remembered: memory.length });
  return { ...snapshot, live };
}

/** Marks a member, or all endpoints of a pool and of the pools below it, as down; or says why it cannot. */
export function takeDown(snapshot: Snapshot, item: string): string | undefined {
  const slot = snapshot.slots.get(item);
  if (slot !== undefined) {
    setUp(snapshot.live, slot, false);
    return undefined;
  }
  // A member that is a pool has no slot: it is down when what stands below it is.
  const pool = snapshot.pools.get(item) ?? memberAt(snapshot, item)?.pool;
  if (pool === undefined || pool === null) {
    const known = [...snapshot.pools.keys(), ...memberKeys(snapshot)];
    return `"${item}" is no pool and no member; ${hint(item, known, "write a pool, or a member as pool/member")}`;
  }
  takePoolDown(snapshot, pool);
  return undefined;
}

function takePoolDown(snapshot: Snapshot, pool: Pool): void {
  for (const member of pool.members) {
    if (member.pool === null) setUp(snapshot.live, member.slot, false);
    else takePoolDown(snapshot, member.pool);
  }
}

/** Writes what a member reported; or says why it cannot. */
export function reportLoad(snapshot: Snapshot, item: string, load: number): string | undefined {
  const slot = snapshot.slots.get(item);
  if (slot === undefined)
    return memberAt(snapshot, item) === undefined
      ? `"${item}" is no member; ${hint(item, snapshot.slots.keys(), "write it as pool/member")}`
      : `"${item}" is a pool, which reports no load; name members of it`;
  if (specAt(snapshot, item)?.capacity === null)
    return `"${item}" has no capacity, so its load changes nothing; give the member a capacity`;
  setLoad(snapshot.live, slot, load);
  return undefined;
}

/** The region that is meant: by its own name, or by that of a member. */
export function regionOf(snapshot: Snapshot, item: string): { region: string } | { fault: string } {
  const regions = new Set<string>();
  for (const { members } of snapshot.poolSpecs.values())
    for (const { region } of members) if (region !== null) regions.add(region);
  if (regions.has(item)) return { region: item };
  const spec = specAt(snapshot, item);
  if (spec === undefined) {
    const advice = hint(
      item,
      [...regions, ...memberKeys(snapshot)],
      "write a region, or a member as pool/member",
    );
    return { fault: `"${item}" is no region of a member, and no member; ${advice}` };
  }
  if (spec.region === null) return { fault: `"${item}" has no region; give one to it or to its pool` };
  return { region: spec.region };
}

/** What somebody probably meant: a member without its pool, or a slip. Else what is said otherwise. */
export function hint(word: string, known: Iterable<string>, otherwise: string): string {
  const words = [...known];
  const nearest = words.find((other) => other.endsWith(`/${word}`)) ?? nearestWord(word, words);
  return nearest === undefined ? otherwise : `did you mean "${nearest}"?`;
}

/** By its key, as slotKey() makes it. */
export function memberAt(snapshot: Snapshot, key: string): Member | undefined {
  const [id, name] = splitKey(key);
  return snapshot.pools.get(id)?.members.find((member) => member.name === name);
}

function specAt(snapshot: Snapshot, key: string): MemberSpec | undefined {
  const [id, name] = splitKey(key);
  return snapshot.poolSpecs.get(id)?.members.find((member) => member.name === name);
}

function splitKey(key: string): [string, string] {
  const slash = key.indexOf("/");
  return slash < 0 ? ["", key] : [key.slice(0, slash), key.slice(slash + 1)];
}

function memberKeys(snapshot: Snapshot): string[] {
  return [...snapshot.pools.values()].flatMap(({ id, members }) =>
    members.map(({ name }) => slotKey(id, name)),
  );
}
