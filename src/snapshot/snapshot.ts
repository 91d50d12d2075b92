/**
 * The snapshot: what every query reads. Compiled from one generation of the configuration,
 * off the query path, then swapped in by one assignment; nothing in it changes but the live
 * table, whose columns are numbers in shared memory.
 *
 *   Configuration ──► zone images (shared memory; kept where a zone is unchanged)
 *                 ──► pools, linked, with their steps
 *                 ──► zone directory, live table
 *
 * A query takes the current snapshot once, so that it sees one generation; queries that are under
 * way finish on the one that they took.
 *
 * @module
 */
import type { Configuration, ZoneDocument } from "../documents/configuration.ts";
import { allUp, type LiveTable } from "../steering/live.ts";
import { compilePools, type Pool } from "../steering/pool.ts";
import type { Name } from "../wire/name.ts";
import type { ZoneImage } from "../zone/zone-image.ts";
import { ZoneDirectory } from "./zone-directory.ts";

export interface Snapshot {
  /** From 1, and only ever up. */
  readonly generation: number;
  readonly zones: readonly SnapshotZone[];
  readonly directory: ZoneDirectory;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly live: LiveTable;
  /** Row of the live table, by slotKey(). */
  readonly slots: ReadonlyMap<string, number>;
}

export interface SnapshotZone {
  /** The apex as the document spells it. */
  readonly id: string;
  readonly apex: Name;
  readonly image: ZoneImage;
  /** By the index that nodes of the image hold. */
  readonly pools: readonly Pool[];
  /** What the image was compiled from; the same object in the next generation means no change. */
  readonly source: ZoneDocument;
}

/** Names a member that is no pool, in the live table and wherever members are listed. */
export function slotKey(poolId: string, memberName: string): string {
  return `${poolId}/${memberName}`;
}

/** Compiles a configuration that parseDocuments() accepted. */
export function compileSnapshot(configuration: Configuration, previous?: Snapshot): Snapshot {
  const slots = new Map<string, number>();
  for (const pool of configuration.pools.values()) {
    for (const member of pool.members) {
      if (member.kind !== "pool") slots.set(slotKey(pool.id, member.name), slots.size);
    }
  }
  const pools = compilePools(configuration.pools.values(), (poolId, memberName) => {
    return slots.get(slotKey(poolId, memberName))!;
  });
  const zones = [...configuration.zones.values()].map((source): SnapshotZone => {
    const { image } = source;
    return {
      id: source.id,
      apex: source.apex,
      image,
      pools: image.poolIds.map((id) => pools.get(id)!),
      source,
    };
  });
  return {
    generation: (previous?.generation ?? 0) + 1,
    zones,
    directory: new ZoneDirectory(zones),
    pools,
    live: allUp(slots.size, pools.size),
    slots,
  };
}
