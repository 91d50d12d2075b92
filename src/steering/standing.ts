/**
 * Which members of a pool stand: enabled, up, and able to give an address of the asked family.
 * Depends on the live table alone, so it is worked out when the table's version has grown, for
 * both families and for the pools below, and only read in between.
 *
 * A member is up when any of its addresses is, and stands for the families that are up. A pool may be up and down for one
 * family: when it has addresses of that family, and all of them are down. Then it does for that family what a pool that is down
 * does, and pools above it pass it over for that family. So A is never left without an answer because AAAA has one.
 *
 * @module
 */
import { type LiveTable, upBit } from "./live.ts";
import { markOf, regionAt } from "./memory.ts";
import type { FamilyState, Member, Pool, PoolState } from "./pool.ts";
import { markCounted, Standing } from "./standing-status.ts";
import { Families } from "./step.ts";

/**
 * Makes the pool's state that of the live table at this version. Cheap when it is already, and when nothing changed of its own
 * members and those of pools below it.
 */
export function refresh(pool: Pool, live: LiveTable, version: number): void {
  const { state } = pool;
  if (state.version === version && state.live === live) return;
  for (let index = 0; index < pool.below.length; index++) refresh(pool.below[index]!, live, version);
  // Read before what it is about: what is written in between makes it another one.
  const stamp = stampNow(pool, live);
  if (state.live !== live || state.stamp !== stamp) {
    workOut(pool, live);
    state.stamp = stamp;
    state.worked = (state.worked + 1) | 0;
  }
  state.live = live;
  state.version = version;
}

/** Another number whenever something changed; all that it adds up only grows. */
function stampNow({ stamps, below }: Pool, live: LiveTable): number {
  let sum = 0;
  for (let index = 0; index < stamps.length; index++)
    sum = (sum + Atomics.load(live.stamps, stamps[index]!)) | 0;
  for (let index = 0; index < below.length; index++) sum = (sum + below[index]!.state.worked) | 0;
  return sum;
}

function workOut(pool: Pool, live: LiveTable): void {
  const { state } = pool;
  const { candidates } = state;
  let membersUp = 0;
  for (let index = 0; index < pool.members.length; index++) {
    const member = pool.members[index]!;
    if (member.pool !== null) {
      candidates.rttsMs[index] = lowestRttMs(member.pool);
    } else {
      candidates.fullWeights[index] = member.weight * live.weight[member.slot]!;
      candidates.rttsMs[index] = live.rttMs[member.slot]!;
    }
    if (member.enabled && isMemberUp(member, live)) membersUp++;
  }
  state.membersUp = membersUp;
  state.isUp = membersUp >= pool.minUp;
  refreshFamily(pool, live, 4, state.ipv4);
  refreshFamily(pool, live, 6, state.ipv6);
  candidates.families = familiesOf(state);
  markCounted(pool, candidates.isCounted);
  candidates.loads.refresh(pool, live, candidates.fullWeights);
  if (state.live !== live) {
    const end = findMemory(pool, live, state.ipv4, pool.memoryOffset);
    findMemory(pool, live, state.ipv6, end);
  }
}

/** For any of the families that it has. */
export function isMemberUp(member: Member, live: LiveTable): boolean {
  if (member.pool !== null) return member.pool.state.isUp;
  return (live.up[member.slot]! & familyBits(member)) !== 0;
}

/** Of a member that is no pool; a target is asked for any family. */
export function isMemberUpFor(member: Member, live: LiveTable, family: 4 | 6): boolean {
  if (member.pool !== null || member.target !== null) return isMemberUp(member, live);
  return (live.up[member.slot]! & upBit(family)) !== 0;
}

function familyBits({ ipv4, ipv6, target }: Member): number {
  return (
    (ipv4 !== null || target !== null ? upBit(4) : 0) | (ipv6 !== null || target !== null ? upBit(6) : 0)
  );
}

export function familyState(pool: Pool, family: 4 | 6): FamilyState {
  return family === 4 ? pool.state.ipv4 : pool.state.ipv6;
}

function refreshFamily(pool: Pool, live: LiveTable, family: 4 | 6, familyOfPool: FamilyState): void {
  const isOpen = pool.whenDown === "open";
  familyOfPool.hasAddresses = pool.members.some((member) => hasAddresses(member, family));
  stand(pool, live, family, isOpen && !pool.state.isUp);
  familyOfPool.isDown = !pool.state.isUp || (familyOfPool.hasAddresses && familyOfPool.count === 0);
  if (familyOfPool.isDown && pool.state.isUp && isOpen) stand(pool, live, family, true);
  familyOfPool.mark = markOf(pool.members, familyOfPool.standing, familyOfPool.count);
  if (!familyOfPool.isDown || isOpen) familyOfPool.gives = familyOfPool.count > 0;
  else familyOfPool.gives = typeof pool.whenDown === "object" && familyState(pool.whenDown, family).gives;
}

/** Fills in who stands; with `assumeUp` whatever their health. */
function stand(pool: Pool, live: LiveTable, family: 4 | 6, assumeUp: boolean): void {
  const familyOfPool = familyState(pool, family);
  const { standing, status } = familyOfPool;
  let count = 0;
  for (let index = 0; index < pool.members.length; index++) {
    const now = standingOf(pool.members[index]!, live, family, assumeUp);
    status[index] = now;
    if (now === Standing.Stands) standing[count++] = index;
  }
  familyOfPool.count = count;
}

/** Would it have something of the family, were all up? */
function hasAddresses({ enabled, pool, target, ipv4, ipv6 }: Member, family: 4 | 6): boolean {
  if (!enabled) return false;
  if (pool !== null) return familyState(pool, family).hasAddresses;
  return target !== null || (family === 4 ? ipv4 : ipv6) !== null;
}

/** Of the members that count; NaN when none of those was measured. */
function lowestRttMs({ state }: Pool): number {
  const { rttsMs, isCounted } = state.candidates;
  let lowest = Number.NaN;
  for (let index = 0; index < rttsMs.length; index++) {
    if (isCounted[index] === 1 && !(rttsMs[index]! >= lowest) && !Number.isNaN(rttsMs[index]))
      lowest = rttsMs[index]!;
  }
  return lowest;
}

function familiesOf({ ipv4, ipv6 }: PoolState): number {
  if (!ipv4.gives || !ipv6.gives) return Families.One;
  if (ipv4.count !== ipv6.count) return Families.Differ;
  for (let place = 0; place < ipv4.count; place++) {
    if (ipv4.standing[place] !== ipv6.standing[place]) return Families.Differ;
  }
  return Families.Same;
}

/** Finds the regions of one family in a table that is new to this pool, from `offset` on; answers where they end. */
function findMemory(pool: Pool, live: LiveTable, { memory }: FamilyState, offset: number): number {
  let at = offset;
  pool.steps.forEach((step, i) => {
    if (!step.remembers) return;
    memory[i] = regionAt(live, at, pool.members.length);
    at += 1 + pool.members.length;
  });
  return at;
}

function standingOf(member: Member, live: LiveTable, family: 4 | 6, assumeUp: boolean): number {
  if (!member.enabled) return Standing.Disabled;
  if (!assumeUp && !isMemberUp(member, live)) return Standing.Down;
  if (member.pool !== null) {
    const { gives, isDown } = familyState(member.pool, family);
    if (isDown && !assumeUp) return Standing.Down;
    return gives ? Standing.Stands : Standing.GivesNothing;
  }
  const has = member.target !== null || (family === 4 ? member.ipv4 : member.ipv6) !== null;
  if (!has) return Standing.NoAddress;
  return assumeUp || isMemberUpFor(member, live, family) ? Standing.Stands : Standing.Down;
}
