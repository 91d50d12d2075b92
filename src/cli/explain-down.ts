/**
 * `--at-down`: what if these were down?
 *
 * @module
 */
import { nearestWord } from "../lib/nearest.ts";
import { type Snapshot, slotKey } from "../snapshot/snapshot.ts";
import { setUp } from "../steering/live.ts";
import type { Pool } from "../steering/pool.ts";
import { usage } from "./explain-request.ts";

/** Marks a member, or all endpoints of a pool and of the pools below it, as down. */
export function takeDown(snapshot: Snapshot, item: string): void {
  const slot = snapshot.slots.get(item);
  if (slot !== undefined) {
    setUp(snapshot.live, slot, false);
    return;
  }
  // A member that is a pool has no slot: it is down when what stands below it is.
  const slash = item.indexOf("/");
  const pool =
    slash < 0
      ? snapshot.pools.get(item)
      : snapshot.pools
          .get(item.slice(0, slash))
          ?.members.find((member) => member.name === item.slice(slash + 1))?.pool;
  if (pool === undefined || pool === null) throw usage(unknown(snapshot, item));
  takePoolDown(snapshot, pool);
}

function takePoolDown(snapshot: Snapshot, pool: Pool): void {
  for (const member of pool.members) {
    if (member.pool === null) setUp(snapshot.live, member.slot, false);
    else takePoolDown(snapshot, member.pool);
  }
}

function unknown(snapshot: Snapshot, item: string): string {
  const known = [...snapshot.pools.values()].flatMap((each) => [
    each.id,
    ...each.members.map((member) => slotKey(each.id, member.name)),
  ]);
  const nearest = nearestWord(item, known);
  const hint =
    nearest === undefined
      ? `pools are: ${[...snapshot.pools.keys()].join(", ")}`
      : `did you mean "${nearest}"?`;
  return `--at-down "${item}" is no pool and no member; ${hint}`;
}
