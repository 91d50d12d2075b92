/**
 * The live table: numbers about endpoints that change while a configuration stays. One thread
 * writes it, every worker reads it without locks; all of it stands in shared memory.
 *
 *   version   [0] grows, after the other columns were written, with each change
 *   stamps    by slot / 64: grows with each change of one of these slots, before the version does
 *   up        by slot (one for each member that is no pool): bit 0 up for IPv4, bit 1 up for IPv6
 *   weight    by slot: what part of the document's weight counts now, 0 to 1
 *   load      by slot: as last reported, in the member's own unit; NaN = never
 *   rttMs     by slot: response time of its checks; NaN = never measured
 *   rotation  by rotationSlot(): turns that round-robin took, wraps at 2^32
 *   memory    what steps remember from one answer to the next: see memory.ts
 *   locks     by pool number: 1 while a thread is at the pool's memory
 *   pairs     numbers that A and AAAA of one client share: see pairs.ts
 *
 * The last four are written by all threads that answer. It lives as long as the configuration whose slots it numbers. A reader that sees a change
 * half written works with it for one answer and looks again when the version has grown.
 *
 * @module
 */
import { makePairs } from "./pairs.ts";

/**
 * Slots that share a stamp: 2 to this. A stamp for each slot would make pools read as much as when they work all out anew; with few,
 * each change is one of many pools.
 */
const STAMP_BITS = 6;

/** Up for both families. A member has only the bits of its own that count; a target is up when any is. */
const UP = 3;

export interface LiveTable {
  readonly version: Int32Array;
  readonly stamps: Int32Array;
  readonly up: Uint8Array;
  readonly weight: Float64Array;
  readonly load: Float64Array;
  readonly rttMs: Float64Array;
  readonly rotation: Uint32Array;
  readonly memory: Float64Array;
  readonly locks: Int32Array;
  readonly pairs: Int32Array;
}

/** How much a table has room for; `remembered` is rememberedBy() of the pools. */
export interface LiveTableSize {
  readonly slots: number;
  readonly pools: number;
  readonly remembered: number;
}

/** A table in which everything is up, at its full weight, and nothing was measured. */
export function makeLiveTable({ slots, pools, remembered }: LiveTableSize): LiveTable {
  return {
    version: new Int32Array(new SharedArrayBuffer(4)),
    stamps: new Int32Array(new SharedArrayBuffer(4 * (stampOf(slots) + 1))),
    up: new Uint8Array(new SharedArrayBuffer(slots)).fill(UP),
    weight: new Float64Array(new SharedArrayBuffer(8 * slots)).fill(1),
    load: new Float64Array(new SharedArrayBuffer(8 * slots)).fill(Number.NaN),
    rttMs: new Float64Array(new SharedArrayBuffer(8 * slots)).fill(Number.NaN),
    rotation: new Uint32Array(new SharedArrayBuffer(2 * 4 * pools)),
    ...makeMemory(pools, remembered),
    pairs: makePairs(),
  };
}

/** A table of its own with the same numbers. Locks are free in it, whoever holds them in the first. */
export function copyLive(live: LiveTable): LiveTable {
  return {
    version: copied(live.version, new Int32Array(sharedFor(live.version))),
    stamps: copied(live.stamps, new Int32Array(sharedFor(live.stamps))),
    up: copied(live.up, new Uint8Array(sharedFor(live.up))),
    weight: copied(live.weight, new Float64Array(sharedFor(live.weight))),
    load: copied(live.load, new Float64Array(sharedFor(live.load))),
    rttMs: copied(live.rttMs, new Float64Array(sharedFor(live.rttMs))),
    rotation: copied(live.rotation, new Uint32Array(sharedFor(live.rotation))),
    memory: copied(live.memory, new Float64Array(sharedFor(live.memory))),
    locks: new Int32Array(sharedFor(live.locks)),
    pairs: copied(live.pairs, new Int32Array(sharedFor(live.pairs))),
  };
}

type Column = LiveTable[keyof LiveTable];

function sharedFor({ byteLength }: Column): SharedArrayBuffer {
  return new SharedArrayBuffer(byteLength);
}

function copied<Of extends Column>(from: Of, to: Of): Of {
  to.set(from);
  return to;
}

/** The same table with nothing remembered, and with room for so much. */
export function forget(live: LiveTable, { pools, remembered }: Omit<LiveTableSize, "slots">): LiveTable {
  return { ...live, ...makeMemory(pools, remembered) };
}

function makeMemory(pools: number, remembered: number): Pick<LiveTable, "memory" | "locks"> {
  return {
    memory: new Float64Array(new SharedArrayBuffer(8 * remembered)),
    locks: new Int32Array(new SharedArrayBuffer(4 * pools)),
  };
}

/** Copies what is known of the member at one slot of one table to a slot of another. */
export function carryOver(from: LiveTable, fromSlot: number, to: LiveTable, toSlot: number): void {
  for (const column of ["up", "weight", "load", "rttMs"] as const)
    to[column][toSlot] = from[column][fromSlot]!;
}

/**
 * Where a pool's turns are counted: IPv4 and IPv6 each have their own count. With one count for both, a pool of two
 * members would give every A to the first and every AAAA to the second wherever questions of both come by turns.
 */
export function rotationSlot(poolNumber: number, family: 4 | 6): number {
  return 2 * poolNumber + (family === 4 ? 0 : 1);
}

/** Writes what part of its weight a member has now. Only the thread that owns the table does this. */
export function setWeight(live: LiveTable, slot: number, part: number): void {
  changeLive(live, [{ slot, weight: part }]);
}

/** Writes what a member carries now, in the unit of its capacity. Only the thread that owns the table does this. */
export function setLoad(live: LiveTable, slot: number, load: number): void {
  changeLive(live, [{ slot, load }]);
}

/** Writes the response time of a member's checks. Only the thread that owns the table does this. */
export function setRtt(live: LiveTable, slot: number, rttMs: number): void {
  changeLive(live, [{ slot, rttMs }]);
}

/** Writes whether a member is up, for one family or both. Only the thread that owns the table does this. */
export function setUp(live: LiveTable, slot: number, isUp: boolean, family?: 4 | 6): void {
  const bits = family === undefined ? UP : upBit(family);
  changeLive(live, [{ slot, up: isUp ? live.up[slot]! | bits : live.up[slot]! & ~bits }]);
}

/** Which of `live.stamps` is about a slot. */
export function stampOf(slot: number): number {
  return slot >> STAMP_BITS;
}

/** The bit of `live.up` that is about a family. */
export function upBit(family: 4 | 6): number {
  return family === 4 ? 1 : 2;
}

/** What is new of one slot; what is left out stays. NaN = nothing is known, for load and round trips. */
export interface LiveChange {
  readonly slot: number;
  /** Bits: see LiveTable. */
  readonly up?: number;
  readonly weight?: number;
  readonly load?: number;
  readonly rttMs?: number;
}

/**
 * Writes many changes as one: readers work the pools out anew that have one of these slots or one near it, once for all of them, and
 * none where nothing differs.
 * False = nothing did. Only the thread that owns the table does this.
 */
export function changeLive(live: LiveTable, changes: Iterable<LiveChange>): boolean {
  let isNew = false;
  for (const change of changes) {
    for (const column of ["up", "weight", "load", "rttMs"] as const) {
      const value = change[column];
      if (value === undefined || Object.is(live[column][change.slot], value)) continue;
      live[column][change.slot] = value;
      Atomics.add(live.stamps, stampOf(change.slot), 1);
      isNew = true;
    }
  }
  if (isNew) Atomics.add(live.version, 0, 1);
  return isNew;
}
