/**
 * The snapshot: what every query reads. Put together from one generation of the configuration,
 * off the query path, then swapped in by one assignment; nothing in it changes but the live
 * table, whose columns are numbers in shared memory.
 *
 *   Configuration ─► newsBetween(previous, …) ─► SnapshotNews ─► applyNews(previous, news) ─► Snapshot
 *     control thread                              │ message       control thread
 *                                                 └─────────────► applyNews ─► Snapshot, in each worker
 *
 * News holds what is new alone: images of zones that changed (shared memory, so by reference), the
 * names of those that are gone, and the pools if any of them changed. One edit does not copy the world,
 * and every thread puts the same snapshot together from it.
 *
 * A query takes the current snapshot once, so that it sees one generation; queries that are under
 * way finish on the one that they took.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "../documents/configuration.ts";
import type { PlaceData } from "../geo/place-data.ts";
import type { LatencyTable } from "../latency/latency-table.ts";
import { carryOver, forget, type LiveTable, type LiveTableSize, makeLiveTable } from "../steering/live.ts";
import { layoutOf, rememberedBy } from "../steering/memory.ts";
import { compilePools, type Pool } from "../steering/pool.ts";
import type { PoolSpec } from "../steering/spec.ts";
import { type Name, nameKey } from "../wire/name.ts";
import { ZoneImage } from "../zone/zone-image.ts";
import { ZoneDirectory } from "./zone-directory.ts";

export interface Snapshot {
  /** From 1, and only ever up. */
  readonly generation: number;
  readonly directory: ZoneDirectory;
  readonly zones: readonly SnapshotZone[];
  readonly pools: ReadonlyMap<string, Pool>;
  /** What the pools were compiled from. */
  readonly poolSpecs: ReadonlyMap<string, PoolSpec>;
  readonly live: LiveTable;
  /** Row of the live table, by slotKey(). Kept for as long as the member is there and given to no other. */
  readonly slots: ReadonlyMap<string, number>;
  readonly clientTables: ClientTables;
  /** The next number and the next slot to be given. */
  readonly next: Numbers;
}

/** What is known of clients, by their networks; in shared memory. */
export interface ClientTables {
  readonly places: PlaceData | null;
  readonly latency: LatencyTable | null;
}

const NO_CLIENT_TABLES: ClientTables = { places: null, latency: null };

interface Numbers {
  readonly zone: number;
  readonly slot: number;
}

export interface SnapshotZone {
  /** The apex as the document spells it. */
  readonly id: string;
  /** From 0. Kept for as long as the zone is there and given to no other: counters go by it. */
  readonly number: number;
  readonly apex: Name;
  readonly image: ZoneImage;
  /** By the index that nodes of the image hold. */
  readonly pools: readonly Pool[];
}

/** What differs from the generation before; can be sent to another thread. */
export interface SnapshotNews {
  readonly generation: number;
  /** New or changed. */
  readonly zones: readonly SharedZone[];
  /** nameKey() of the apexes of zones that are gone. */
  readonly removed: readonly string[];
  /** Null when no pool changed. */
  readonly steering: SteeringNews | null;
  /** Null when they are the same. */
  readonly clientTables: ClientTables | null;
  readonly next: Numbers;
}

interface SteeringNews {
  /** All pools; or, where no pool came or went and `isWhole` is false, those that changed. */
  readonly specs: readonly PoolSpec[];
  readonly isWhole: boolean;
  /** The table with their members' numbers, and the slots of the members of `specs`. */
  readonly live: LiveTable;
  readonly slots: ReadonlyMap<string, number>;
}

interface SharedZone {
  readonly id: string;
  readonly number: number;
  readonly apex: Name;
  /** From another thread it comes without its class. */
  readonly image: Pick<ZoneImage, "buffer" | "poolIds">;
}

/** Names a member that is no pool, in the live table and wherever members are listed. */
export function slotKey(poolId: string, memberName: string): string {
  return `${poolId}/${memberName}`;
}

/**
 * What `configuration`, which parseDocuments() accepted, brings over the snapshot before it. With `before`, the
 * configuration of that snapshot, only zones that differ between the two are looked at. Without `generation` it is
 * the one after the snapshot's.
 */
export function newsBetween(
  previous: Snapshot | undefined,
  configuration: Configuration,
  {
    before,
    generation = (previous?.generation ?? 0) + 1,
  }: { before?: Configuration; generation?: number } = {},
): SnapshotNews {
  const nextBefore = previous?.next ?? { zone: 0, slot: 0 };
  let nextZone = nextBefore.zone;
  const zones: SharedZone[] = [];
  for (const { zone } of configuration.zones.since(before?.zones).changed) {
    const { id, apex, image } = zone;
    const known = previous?.directory.get(nameKey(apex));
    if (known?.image.buffer === image.buffer) continue;
    zones.push({ id, number: known?.number ?? nextZone++, apex, image });
  }
  const { directory } = previous ?? { directory: ZoneDirectory.EMPTY };
  const added = nextZone - nextBefore.zone;
  const isOneGone = directory.size + added > configuration.zones.size;
  const removed = isOneGone ? [...directory.keys()].filter((key) => !configuration.zones.has(key)) : [];
  const steering = steeringNewsBetween(previous, [...configuration.pools.values()]);
  const { slot: nextSlot } = nextBefore;
  const slots = steering === null ? [] : [...steering.slots.values()];
  const next = { zone: nextZone, slot: slots.reduce((free, slot) => Math.max(free, slot + 1), nextSlot) };
  return { generation, zones, removed, steering, clientTables: null, next };
}

function steeringNewsBetween(
  previous: Snapshot | undefined,
  specs: readonly PoolSpec[],
): SteeringNews | null {
  const before = previous?.poolSpecs ?? new Map<string, PoolSpec>();
  const changed = specs.filter((spec) => !isDeepStrictEqual(before.get(spec.id), spec));
  const isSameSet = before.size === specs.length && specs.every(({ id }) => before.has(id));
  if (previous !== undefined && isSameSet && changed.length === 0) return null;
  const isWhole =
    previous === undefined || !isSameSet || layoutOf(previous.poolSpecs.values()) !== layoutOf(specs);
  const told = isWhole ? specs : changed;
  let nextSlot = previous?.next.slot ?? 0;
  const slots = new Map<string, number>();
  for (const key of told.flatMap(slotKeysOf)) slots.set(key, previous?.slots.get(key) ?? nextSlot++);
  return { specs: told, isWhole, slots, live: continueLiveTable(previous, specs, nextSlot) };
}

/** Of the members that are no pools. */
function slotKeysOf({ id, members }: PoolSpec): string[] {
  return members.flatMap(({ kind, name }) => (kind === "pool" ? [] : [slotKey(id, name)]));
}

/** The same configuration, and so the same generation, with other tables of clients. */
export function newsOfClientTables({ generation, next }: Snapshot, clientTables: ClientTables): SnapshotNews {
  return { generation, zones: [], removed: [], steering: null, clientTables, next };
}

/** Puts a snapshot together; `news` is against `previous`. */
export function applyNews(previous: Snapshot | undefined, news: SnapshotNews): Snapshot {
  const steering = news.steering === null ? previous! : compileSteering(previous, news.steering);
  const { pools, poolSpecs, live, slots } = steering;
  const withPools = (zone: Omit<SnapshotZone, "pools">): SnapshotZone => {
    return { ...zone, pools: zone.image.poolIds.map((id) => pools.get(id)!) };
  };
  const zones = new Map<string, SnapshotZone>();
  // Zones that answer from pools that were compiled anew must know the new ones.
  if (news.steering !== null) {
    for (const zone of previous?.zones ?? []) {
      const { poolIds } = zone.image;
      if (poolIds.some((id, i) => pools.get(id) !== zone.pools[i]))
        zones.set(nameKey(zone.apex), withPools(zone));
    }
  }
  for (const { id, number, apex, image } of news.zones) {
    zones.set(nameKey(apex), withPools({ id, number, apex, image: ZoneImage.of(image) }));
  }
  for (const key of news.removed) zones.delete(key);
  const directory = (previous?.directory ?? ZoneDirectory.EMPTY).with(zones, news.removed);
  const { generation, next } = news;
  const clientTables = news.clientTables ?? previous?.clientTables ?? NO_CLIENT_TABLES;
  return { generation, directory, zones: directory.zones, pools, poolSpecs, live, slots, clientTables, next };
}

/** A snapshot of a configuration, for whoever has no other threads to tell. */
export function compileSnapshot(
  configuration: Configuration,
  previous?: Snapshot,
  generation?: number,
): Snapshot {
  const options = generation === undefined ? {} : { generation };
  return applyNews(previous, newsBetween(previous, configuration, options));
}

/** All that another thread needs to put this very snapshot together from nothing. */
export function newsOfAll(snapshot: Snapshot): SnapshotNews {
  const { generation, zones, poolSpecs, live, slots, clientTables, next } = snapshot;
  return {
    generation,
    zones: zones.map(({ id, number, apex, image }) => {
      return { id, number, apex, image: { buffer: image.buffer, poolIds: image.poolIds } };
    }),
    removed: [],
    steering: { specs: [...poolSpecs.values()], isWhole: true, live, slots },
    clientTables,
    next,
  };
}

type Steering = Pick<Snapshot, "pools" | "poolSpecs" | "live" | "slots">;

function compileSteering(previous: Snapshot | undefined, news: SteeringNews): Steering {
  const { specs, isWhole, live } = news;
  const kept = isWhole ? undefined : previous;
  const poolSpecs = new Map(kept?.poolSpecs);
  const slots = new Map(kept?.slots);
  const changed = new Set<string>();
  for (const spec of specs) {
    const before = poolSpecs.get(spec.id);
    if (before !== undefined) for (const key of slotKeysOf(before)) slots.delete(key);
    poolSpecs.set(spec.id, spec);
    changed.add(spec.id);
  }
  for (const [key, slot] of news.slots) slots.set(key, slot);
  const pools = compilePools(
    poolSpecs.values(),
    (poolId, memberName) => slots.get(slotKey(poolId, memberName))!,
    kept && { pools: kept.pools, isChanged: (id) => changed.has(id) },
  );
  return { pools, poolSpecs, live, slots };
}

/**
 * A table for these pools that knows what the one before knew: the very same while it has room. What steps
 * remember goes along only where it stands in the same places.
 */
function continueLiveTable(
  previous: Snapshot | undefined,
  specs: readonly PoolSpec[],
  slots: number,
): LiveTable {
  const size = { slots, pools: specs.length, remembered: rememberedBy(specs) };
  if (previous === undefined) return makeLiveTable(roomy(size));
  const { live } = previous;
  const isSameLayout = layoutOf(previous.poolSpecs.values()) === layoutOf(specs);
  const isRoomy =
    slots <= live.up.length && 2 * size.pools <= live.rotation.length && size.pools <= live.locks.length;
  if (isRoomy) return isSameLayout ? live : forget(live, roomy(size));
  const larger = { ...makeLiveTable(roomy(size)), pairs: live.pairs };
  for (let slot = 0; slot < Math.min(slots, live.up.length); slot++) carryOver(live, slot, larger, slot);
  larger.rotation.set(live.rotation.subarray(0, larger.rotation.length));
  if (isSameLayout) larger.memory.set(live.memory.subarray(0, size.remembered));
  return larger;
}

/** Twice the room that is needed, so that one pool more seldom means a new table. */
function roomy({ slots, pools, remembered }: LiveTableSize): LiveTableSize {
  return { slots: Math.max(2 * slots, 64), pools: Math.max(2 * pools, 64), remembered };
}
