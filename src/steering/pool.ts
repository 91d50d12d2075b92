/**
 * Pools as queries read them: linked to each other, with the steps of their policy compiled.
 *
 *   web ─┬─ eu ─┬─ eu-1  192.0.2.10, 2001:db8::10
 *        │      └─ eu-2  192.0.2.11
 *        └─ us ─── us-1  198.51.100.10        when down: cloud ── cdn.example.net.
 *
 * Compiled with the snapshot, once in each worker, and dropped with it. All but `state` is
 * fixed; `state` belongs to the thread that compiled the pool.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Name } from "../wire/name.ts";
import { type LiveTable, stampOf } from "./live.ts";
import { type Region, rememberedPerFamily } from "./memory.ts";
import type { Capacity, MemberSpec, PoolSpec } from "./spec.ts";
import { Candidates, type Step } from "./step.ts";
import { STEP_TYPES } from "./step-table.ts";

export interface Member {
  readonly name: string;
  readonly weight: number;
  readonly enabled: boolean;
  /** Index in the live table; -1 for a member that is a pool. */
  readonly slot: number;
  /** 4 octets. */
  readonly ipv4: Uint8Array | null;
  /** 16 octets. */
  readonly ipv6: Uint8Array | null;
  /** Answered as CNAME. */
  readonly target: Name | null;
  readonly pool: Pool | null;
  readonly capacity: Capacity | null;
}

export interface Pool {
  readonly id: string;
  /** From 0, in the order of the ids: the same in every thread that compiles the same specs. */
  readonly number: number;
  readonly members: readonly Member[];
  readonly steps: readonly Step[];
  readonly answers: number;
  /** 1 or more. */
  readonly minUp: number;
  readonly whenDown: "open" | "closed" | Pool;
  /** Where this pool's part of `live.memory` begins; the half for IPv6 is behind that for IPv4. */
  readonly memoryOffset: number;
  /** May a choice give a CNAME target, here or in a pool that this one leads to? */
  readonly canTarget: boolean;
  /** Pools that it leads to, as members or as its last resort, each once. */
  readonly below: readonly Pool[];
  /** Which of `live.stamps` are about its members, each once. */
  readonly stamps: Int32Array;
  readonly state: PoolState;
}

/** What follows from the live table, kept until its version grows. See standing.ts. */
export interface PoolState {
  /** The table and the version that the rest was worked out from. */
  live: LiveTable | null;
  version: number;
  /** What stampNow() was, and how often the rest was worked out. */
  stamp: number;
  worked: number;
  membersUp: number;
  isUp: boolean;
  readonly ipv4: FamilyState;
  readonly ipv6: FamilyState;
  /** Scratch of choose(). */
  readonly candidates: Candidates;
}

export interface FamilyState {
  /** Indexes of the members that stand, in document order; the first `count` are valid. */
  readonly standing: Int32Array;
  count: number;
  /** Are there enabled members with such addresses, here or below? */
  hasAddresses: boolean;
  /** The pool is down, or has such addresses and all of them are. */
  isDown: boolean;
  /** Would a choice give an answer, with `when-down` taken into account? */
  gives: boolean;
  /** By member index: a value of Standing, in standing-status.ts. */
  readonly status: Uint8Array;
  /** By step: what it remembers, in the table in use; null for steps that remember nothing. */
  readonly memory: (Region | null)[];
  /** Of the members that stand, for the regions of `memory`. */
  mark: number;
}

/**
 * Links and compiles pools, by id. `slotOf` gives the row of the live table for each member
 * that is no pool. The specs are checked already: a cycle, an unknown pool or an unknown step
 * here is our own mistake. Edges of a cycle are members and `when-down` alike.
 *
 * `before` are pools of the same ids and the same layout of what they remember: of those `isChanged` does not name, the ones that
 * lead to none of these are taken over as they are.
 */
export function compilePools(
  specs: Iterable<PoolSpec>,
  slotOf: (poolId: string, memberName: string) => number,
  before?: { readonly pools: ReadonlyMap<string, Pool>; readonly isChanged: (id: string) => boolean },
): Map<string, Pool> {
  const byId = new Map<string, PoolSpec>();
  for (const spec of specs) {
    assert(!byId.has(spec.id), `pool "${spec.id}" is given twice`);
    byId.set(spec.id, spec);
  }
  const numbers = new Map([...byId.keys()].sort().map((id, number) => [id, number]));
  const memoryOffsets = new Map<string, number>();
  let remembered = 0;
  for (const id of numbers.keys()) {
    memoryOffsets.set(id, remembered);
    remembered += 2 * rememberedPerFamily(byId.get(id)!);
  }
  const pools = new Map<string, Pool>();
  const open = new Set<string>();

  function compile(id: string): Pool {
    const done = pools.get(id);
    if (done !== undefined) return done;
    const known = before?.isChanged(id) === false ? before.pools.get(id) : undefined;
    if (known !== undefined && isLinkedAsBefore(known)) {
      pools.set(id, known);
      return known;
    }
    const spec = byId.get(id);
    assert(spec !== undefined, `pool "${id}" is not given`);
    assert(!open.has(id), `pool "${id}" stands below itself`);
    open.add(id);
    const steps = spec.policy.map(({ type, options }, i) => {
      const stepType = STEP_TYPES.get(type);
      assert(stepType !== undefined, `step "${type}" is not in the table`);
      // Copied into one shape, so that the call of run() on the query path stays quick.
      const { remembers, run } = stepType.compile(
        options,
        spec.members,
        spec.policy.slice(i + 1).map((step) => step.type),
      );
      return { type, options, remembers, run };
    });
    const members = spec.members.map((member) => compileMember(spec.id, member));
    const whenDown = typeof spec.whenDown === "string" ? spec.whenDown : compile(spec.whenDown.pool);
    const linked = [...members.map((member) => member.pool), typeof whenDown === "object" ? whenDown : null];
    const slots = members.map(({ slot }) => slot).filter((slot) => slot >= 0);
    const pool: Pool = {
      id,
      number: numbers.get(id)!,
      members,
      steps,
      answers: spec.answers,
      minUp: Math.max(1, spec.minUp),
      whenDown,
      memoryOffset: memoryOffsets.get(id)!,
      canTarget:
        members.some((member) => member.target !== null || member.pool?.canTarget === true) ||
        (typeof whenDown === "object" && whenDown.canTarget),
      below: [...new Set(linked.filter((each) => each !== null))],
      stamps: Int32Array.from(new Set(slots.map(stampOf))),
      state: makeState(spec, steps, numbers.get(id)!),
    };
    open.delete(id);
    pools.set(id, pool);
    return pool;
  }

  /** Are the pools that it leads to those of before? */
  function isLinkedAsBefore({ members, whenDown }: Pool): boolean {
    return (
      members.every(({ pool }) => pool === null || compile(pool.id) === pool) &&
      (typeof whenDown === "string" || compile(whenDown.id) === whenDown)
    );
  }

  function compileMember(poolId: string, spec: MemberSpec): Member {
    return {
      name: spec.name,
      weight: spec.weight,
      enabled: spec.enabled,
      slot: spec.kind === "pool" ? -1 : slotOf(poolId, spec.name),
      ipv4: spec.kind === "endpoint" ? spec.ipv4 : null,
      ipv6: spec.kind === "endpoint" ? spec.ipv6 : null,
      target: spec.kind === "target" ? spec.target : null,
      pool: spec.kind === "pool" ? compile(spec.pool) : null,
      capacity: spec.capacity,
    };
  }

  for (const id of numbers.keys()) compile(id);
  return pools;
}

function makeState(spec: PoolSpec, steps: readonly Step[], number: number): PoolState {
  return {
    live: null,
    version: 0,
    stamp: 0,
    worked: 0,
    membersUp: 0,
    isUp: false,
    ipv4: makeFamilyState(spec.members.length, steps),
    ipv6: makeFamilyState(spec.members.length, steps),
    candidates: new Candidates(spec, number),
  };
}

function makeFamilyState(members: number, steps: readonly Step[]): FamilyState {
  return {
    standing: new Int32Array(members),
    count: 0,
    hasAddresses: false,
    isDown: false,
    gives: false,
    status: new Uint8Array(members),
    memory: steps.map(() => null),
    mark: 0,
  };
}
