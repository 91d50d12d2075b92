/**
 * With which TTLs a pool is answered: those of the names that lead to it, directly or through pools above it. Off the query
 * path, worked out when it is first asked for.
 *
 * @module
 */
import type { PoolSpec } from "../steering/spec.ts";
import { steeredTtls } from "../zone/steered-names.ts";
import type { ZoneImage } from "../zone/zone-image.ts";
import type { Snapshot } from "./snapshot.ts";

/** How many names have a TTL, by the TTL in seconds. */
export type NamesByTtl = ReadonlyMap<number, number>;

/** Zones of a million names are gone through once. */
const byImage = new WeakMap<ZoneImage, ReturnType<typeof steeredTtls>>();
const bySnapshot = new WeakMap<Snapshot, ReadonlyMap<string, NamesByTtl>>();

export function servedTtls(snapshot: Snapshot, pool: string): NamesByTtl {
  let all = bySnapshot.get(snapshot);
  if (all === undefined) {
    all = workOut(snapshot);
    bySnapshot.set(snapshot, all);
  }
  return all.get(pool) ?? new Map();
}

function workOut({ zones, poolSpecs }: Snapshot): Map<string, NamesByTtl> {
  const direct = new Map<string, Map<number, number>>();
  for (const { image } of zones) {
    if (image.poolIds.length === 0) continue;
    let ttls = byImage.get(image);
    if (ttls === undefined) {
      ttls = steeredTtls(image);
      byImage.set(image, ttls);
    }
    for (const { pool, ttl, names } of ttls) add(direct, pool, ttl, names);
  }
  const served = new Map<string, Map<number, number>>();
  for (const [pool, ttls] of direct) {
    for (const below of reach(poolSpecs, pool)) {
      for (const [ttl, names] of ttls) add(served, below, ttl, names);
    }
  }
  return served;
}

function add(to: Map<string, Map<number, number>>, pool: string, ttl: number, names: number): void {
  const known = to.get(pool) ?? new Map<number, number>();
  known.set(ttl, (known.get(ttl) ?? 0) + names);
  to.set(pool, known);
}

/** A pool and all that it may answer from. */
function reach(specs: ReadonlyMap<string, PoolSpec>, pool: string): Set<string> {
  const reached = new Set([pool]);
  for (const id of reached) {
    const spec = specs.get(id);
    if (spec === undefined) continue;
    for (const member of spec.members) if (member.kind === "pool") reached.add(member.pool);
    if (typeof spec.whenDown === "object") reached.add(spec.whenDown.pool);
  }
  return reached;
}
