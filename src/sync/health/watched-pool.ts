/**
 * One pool under watch: its documents, the rows of the live table that its members have, and what its health makes of them.
 *
 * Made anew when its documents change, and then takes over what the one before knew. A pool without a monitor and without
 * orders has no health: all of it is up.
 *
 * @module
 */
import type { MonitorDocument, PoolDocument } from "../../documents/configuration.ts";
import { type MemberEffect, type Order, type PoolEffect, PoolHealth } from "../../health/effective.ts";
import { endpointKey } from "../../health/opinion.ts";
import type { Verdict } from "../../health/verdict.ts";
import { formatAddress } from "../../lib/address.ts";
import { type LiveChange, upBit } from "../../steering/live.ts";
import type { MemberSpec } from "../../steering/spec.ts";

export interface WatchedMember {
  readonly name: string;
  readonly enabled: boolean;
  /** Row of the live table; -1 for a member that is a pool. */
  readonly slot: number;
  /** Keys of its endpoints; null where it has none of the family, or nobody checks it. */
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

const BOTH = upBit(4) | upBit(6);

export class WatchedPool {
  readonly document: PoolDocument;
  readonly monitor: MonitorDocument | null;
  readonly members: readonly WatchedMember[];
  readonly #region: string | null;
  #health: PoolHealth | null = null;
  #effect: PoolEffect | null = null;

  constructor(
    document: PoolDocument,
    monitor: MonitorDocument | null,
    { slotOf, region }: { slotOf: (member: string) => number; region: string | null },
  ) {
    this.document = document;
    this.monitor = monitor;
    this.#region = region;
    this.members = document.members.map((member) => ({
      name: member.name,
      enabled: member.enabled,
      slot: member.kind === "pool" ? -1 : slotOf(member.name),
      ...endpointsOf(member, monitor),
    }));
    if (monitor !== null) this.#health = this.#makeHealth();
  }

  /** Null where everything is up because nothing is checked or ordered. */
  get effect(): PoolEffect | null {
    return this.#effect;
  }

  get endpoints(): string[] {
    return this.members.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].filter((key) => key !== null));
  }

  /** Takes over what the same pool knew under other documents. */
  adopt(before: WatchedPool): void {
    if (before.#health === null) return;
    this.#health ??= this.#makeHealth();
    this.#health.adopt(before.#health);
    this.#effect = before.#effect;
  }

  see(endpoint: string, verdict: Verdict, nowMs: number): void {
    this.#health?.see(endpoint, verdict, nowMs);
  }

  order(member: string, order: Order | null): void {
    if (order !== null) this.#health ??= this.#makeHealth();
    this.#health?.order(member, order);
  }

  /** Works out anew what its members get. Those that went in or out since, with what they get now. */
  work(nowMs: number): MemberEffect[] {
    const before = new Map(this.#effect?.members.map((member) => [member.name, member]));
    this.#effect = this.#health?.effect(nowMs) ?? null;
    // Before anything was known, everything was in.
    const bitsBefore = (name: string) => {
      const effect = before.get(name);
      return effect === undefined ? BOTH : bitsOf(effect);
    };
    const members = this.#effect?.members ?? [];
    return members.filter(
      (now, index) => this.members[index]!.enabled && bitsOf(now) !== bitsBefore(now.name),
    );
  }

  /** What the live table has to say, by the last work(). */
  liveChanges(): LiveChange[] {
    const changes: LiveChange[] = [];
    for (const [index, { slot, enabled }] of this.members.entries()) {
      if (slot < 0) continue;
      const effect = this.#effect?.members[index];
      // What is disabled does not stand, whatever is written here; but it is not down.
      if (effect === undefined || !enabled) changes.push({ slot, up: BOTH, weight: 1 });
      else changes.push({ slot, up: bitsOf(effect), weight: effect.weightPart });
    }
    return changes;
  }

  /** Is no member with this endpoint answered any more for its family? */
  isWithout(endpoint: string): boolean {
    return this.members.every(({ ipv4, ipv6, enabled }, index) => {
      const effect = this.#effect?.members[index];
      if (!enabled || effect === undefined) return !enabled || (ipv4 !== endpoint && ipv6 !== endpoint);
      return !(ipv4 === endpoint && effect.ipv4 === true) && !(ipv6 === endpoint && effect.ipv6 === true);
    });
  }

  #makeHealth(): PoolHealth {
    const { minUp, warmUpMs = 0, maxOut = null, healthView = "quorum" } = this.document;
    const observe = this.monitor?.observe ?? false;
    return new PoolHealth({ minUp, warmUpMs, maxOut, healthView, observe }, this.members, this.#region);
  }
}

function endpointsOf(
  member: MemberSpec,
  monitor: MonitorDocument | null,
): Pick<WatchedMember, "ipv4" | "ipv6"> {
  if (member.kind !== "endpoint" || monitor === null) return { ipv4: null, ipv6: null };
  const key = (octets: Uint8Array | null) =>
    octets === null ? null : endpointKey(monitor.id, formatAddress(octets));
  return { ipv4: key(member.ipv4), ipv6: key(member.ipv6) };
}

/** A family that nobody checks is as the member is; what it has no address for is never asked. */
function bitsOf({ isUp, ipv4, ipv6 }: MemberEffect): number {
  return ((ipv4 ?? isUp) ? upBit(4) : 0) | ((ipv6 ?? isUp) ? upBit(6) : 0);
}
