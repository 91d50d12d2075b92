/**
 * What a pool makes of verdicts: which members are in, by family, and with what part of their weight. This is what the live
 * table gets.
 *
 *   verdict ─► damping ─► agent ─► an operator's order ─► max-out ─► min-up ─► in or out, part of the weight
 *
 * An operator's word comes before every machine's: `enabled: false`, then orders (forced up, forced down, drain). What
 * machines take out (verdicts, holds, agents) is limited by `max-out`, for each family by itself: what is beyond it stays in,
 * loudly. Members that are well but kept out (held, drained) come back in when the pool would be down without them.
 *
 * One PoolHealth for each pool with a monitor or with orders, on each node. It remembers what damping knows, and has them handed on when documents change.
 *
 * @module
 */
import { applyVerdict, type Damped, UNSEEN } from "./damping.ts";
import { type MaxOut, maxOutOf } from "./max-out.ts";
import type { OpinionState } from "./opinion.ts";
import type { Verdict } from "./verdict.ts";
import { nextWarmUpMs, warmUpPart } from "./warm-up.ts";

export interface PoolRules {
  readonly minUp: number;
  /** 0 = none. */
  readonly warmUpMs: number;
  /** Null = no limit. */
  readonly maxOut: MaxOut | null;
  /** Whom this node believes: the quorum, or its own region where that has an opinion. */
  readonly healthView: "quorum" | "region";
  /** The monitor has no consequences. */
  readonly observe: boolean;
}

export interface MemberRules {
  readonly name: string;
  readonly enabled: boolean;
  /** Keys of its endpoints; null where it has no address of the family. */
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

/** What an operator wants of a member, whatever its health. */
export interface Order {
  readonly kind: "up" | "down" | "drain";
  /** Null = until it is taken back. */
  readonly untilMs: number | null;
}

export interface MemberEffect {
  readonly name: string;
  /** In for any of its families. */
  readonly isUp: boolean;
  /** Null where it has no address of the family. */
  readonly ipv4: boolean | null;
  readonly ipv6: boolean | null;
  /** 0 to 1. */
  readonly weightPart: number;
  /** What is to be said of it, such as "drained" or "stale"; empty when it is simply up. */
  readonly notes: readonly string[];
}

export interface PoolEffect {
  /** In the order of the rules. */
  readonly members: readonly MemberEffect[];
  /** What somebody should look at: members that are down and stay in all the same. */
  readonly alarms: readonly string[];
  /** When something changes without a new verdict; null = never. */
  readonly nextChangeMs: number | null;
}

type Way = "in" | "down" | "held" | "drained" | "ordered out";

/** One family of one member. */
interface Side {
  readonly endpoint: string;
  damped: Damped;
  verdict: Verdict | null;
  /** When machines took it out; null = they did not. */
  outSinceMs: number | null;
  /** Where it stands, before the rules of the group. */
  way: Way;
  isIn: boolean;
}

interface MemberState {
  readonly rules: MemberRules;
  readonly sides: readonly [Side | null, Side | null];
  order: Order | null;
  /** Drained, without endpoints of its own, and called back. */
  isCalledBack: boolean;
  readonly notes: Set<string>;
}

export class PoolHealth {
  readonly #rules: PoolRules;
  readonly #region: string | null;
  readonly #members: readonly MemberState[];
  readonly #sidesOf = new Map<string, Side[]>();

  /** `region` is where the node stands, for `health-view: region`. */
  constructor(rules: PoolRules, members: readonly MemberRules[], region: string | null) {
    this.#rules = rules;
    this.#region = region;
    this.#members = members.map((member) => ({
      rules: member,
      sides: [makeSide(member.ipv4), makeSide(member.ipv6)],
      order: null,
      isCalledBack: false,
      notes: new Set(),
    }));
    for (const side of this.#sides()) {
      const known = this.#sidesOf.get(side.endpoint);
      if (known === undefined) this.#sidesOf.set(side.endpoint, [side]);
      else known.push(side);
    }
  }

  /** Takes over what the same pool knew under other documents: what damping knows by endpoint, orders by member. */
  adopt(before: PoolHealth): void {
    const sides = new Map(before.#sides().map((side) => [side.endpoint, side]));
    for (const side of this.#sides()) {
      const known = sides.get(side.endpoint);
      if (known === undefined) continue;
      side.damped = known.damped;
      side.verdict = known.verdict;
      side.outSinceMs = known.outSinceMs;
    }
    const orders = new Map(before.#members.map(({ rules, order }) => [rules.name, order]));
    for (const member of this.#members) member.order = orders.get(member.rules.name) ?? null;
  }

  /** A verdict on one of the endpoints, which may be the one that is known. */
  see(endpoint: string, verdict: Verdict, nowMs: number): void {
    for (const side of this.#sidesOf.get(endpoint) ?? []) {
      const { state, sinceMs } = this.#believed(verdict);
      side.verdict = verdict;
      side.damped = applyVerdict(side.damped, state, sinceMs, nowMs);
    }
  }

  /** Null takes an order back. An unknown member is nobody's. */
  order(member: string, order: Order | null): void {
    for (const known of this.#members) if (known.rules.name === member) known.order = order;
  }

  effect(nowMs: number): PoolEffect {
    for (const member of this.#members) this.#judge(member, nowMs);
    const alarms = ([0, 1] as const).flatMap((family) => this.#limit(family));
    this.#callBack();
    return {
      members: this.#members.map((member) => this.#effectOf(member, nowMs)),
      alarms,
      nextChangeMs: this.#nextChange(nowMs),
    };
  }

  /** What this node goes by. */
  #believed(verdict: Verdict): { state: OpinionState; sinceMs: number | null } {
    if (this.#rules.healthView === "quorum") return verdict;
    const own = verdict.regions.find((view) => view.region === this.#region);
    return own === undefined || own.state === "unknown" ? verdict : own;
  }

  #judge(member: MemberState, nowMs: number): void {
    const { notes, rules } = member;
    notes.clear();
    member.isCalledBack = false;
    if (member.order !== null && member.order.untilMs !== null && member.order.untilMs <= nowMs) {
      member.order = null;
    }
    if (!rules.enabled) notes.add("disabled");
    if (member.order !== null) notes.add(ORDER_NOTES[member.order.kind]);
    for (const side of member.sides) {
      if (side === null) continue;
      // Holds end without a new verdict.
      side.damped = applyVerdict(side.damped, "unknown", null, nowMs);
      side.way = this.#wayOf(member, side);
      side.isIn = side.way === "in";
      const isTakenOut = side.way !== "in" && side.way !== "ordered out";
      side.outSinceMs = isTakenOut ? (side.outSinceMs ?? sinceOf(side, nowMs)) : null;
      if (rules.enabled) this.#noteHealth(side, notes);
    }
  }

  #wayOf({ rules, order }: MemberState, { damped, verdict }: Side): Way {
    if (!rules.enabled || order?.kind === "down") return "ordered out";
    if (order?.kind === "up") return "in";
    if (order?.kind === "drain") return damped.verdict === "down" ? "down" : "drained";
    if (this.#rules.observe) return "in";
    if (damped.verdict === "down") return "down";
    const agent = verdict?.agent;
    if (agent?.state === "maint") return "down";
    if (damped.heldUntilMs !== null) return "held";
    return agent?.state === "drain" || agent?.weightPercent === 0 ? "drained" : "in";
  }

  #noteHealth({ damped, verdict, way }: Side, notes: Set<string>): void {
    if (this.#rules.observe && damped.verdict === "down") notes.add("down, and only observed");
    if (way === "down" && damped.verdict === "down") notes.add("down");
    if (damped.verdict === "unknown") notes.add("unknown, counts as up");
    if (verdict?.coldStart) notes.add("known from before the start");
    else if (verdict?.stale) notes.add("stale");
    if (way === "held") notes.add(`held after ${damped.changesMs.length} changes in 10 minutes`);
    const agent = verdict?.agent;
    if (agent?.state === "maint" || agent?.state === "drain") notes.add(`its agent says ${agent.state}`);
    else if (agent?.weightPercent === 0) notes.add("its agent says 0%");
  }

  /** Keeps in what machines may not take out as well. Those that are well come first, then those that went last. */
  #limit(family: 0 | 1): string[] {
    const { maxOut } = this.#rules;
    if (maxOut === null) return [];
    const having = this.#members.filter(({ rules, sides }) => rules.enabled && sides[family] !== null);
    const out = having.filter(({ sides }) => sides[family]!.outSinceMs !== null);
    const limit = maxOutOf(maxOut, having.length);
    // An order to drain is an operator's word: nobody brings it back here, but it does not use up the limit either.
    const taken = out.filter(({ order }) => order?.kind !== "drain");
    if (taken.length <= limit) return [];
    taken.sort((a, b) => compareOut(a.sides[family]!, b.sides[family]!));
    const kept = taken.slice(limit);
    for (const { sides, notes } of kept) {
      sides[family]!.isIn = true;
      notes.add("kept in by max-out");
    }
    const names = kept.map(({ rules }) => rules.name).join(", ");
    return [
      `max-out: ${taken.length} of ${having.length} members would be out for IPv${family === 0 ? 4 : 6}, and at most ${limit} may be; kept in: ${names}`,
    ];
  }

  /** Who is well and kept out comes back where the pool would be down without: held ones first, then drained ones. */
  #callBack(): void {
    for (const way of ["held", "drained"] as const) {
      if (this.#members.filter(isUp).length >= this.#rules.minUp) return;
      for (const member of this.#members) {
        const { rules, order, sides, notes } = member;
        if (way === "drained" && isUnchecked(member) && rules.enabled && order?.kind === "drain") {
          member.isCalledBack = true;
          notes.add(CALLED_BACK);
        }
        for (const side of sides) {
          if (side?.way !== way || side.isIn) continue;
          side.isIn = true;
          notes.add(CALLED_BACK);
        }
      }
    }
  }

  #effectOf(member: MemberState, nowMs: number): MemberEffect {
    const [ipv4, ipv6] = member.sides;
    return {
      name: member.rules.name,
      isUp: isUp(member),
      ipv4: ipv4?.isIn ?? null,
      ipv6: ipv6?.isIn ?? null,
      weightPart: this.#partOf(member, nowMs),
      notes: [...member.notes],
    };
  }

  #partOf(member: MemberState, nowMs: number): number {
    if (member.order?.kind === "up" || this.#rules.observe) return 1;
    let part = 1;
    for (const side of member.sides) {
      if (side === null || !side.isIn) continue;
      const { recoveredMs } = side.damped;
      let ofSide = recoveredMs === null ? 1 : warmUpPart(nowMs - recoveredMs, this.#rules.warmUpMs);
      if (ofSide < 1) member.notes.add("warming up");
      const percent = side.verdict?.agent?.weightPercent ?? 100;
      // The live table knows parts up to 1. 0 % is a drain, and who is in all the same has all of its weight.
      if (percent > 0 && percent < 100) ofSide *= percent / 100;
      part = Math.min(part, ofSide);
    }
    return part;
  }

  #nextChange(nowMs: number): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const { order, sides } of this.#members) {
      if (order?.untilMs != null) next = Math.min(next, order.untilMs);
      for (const side of sides) {
        if (side === null) continue;
        const { heldUntilMs, recoveredMs } = side.damped;
        if (heldUntilMs !== null) next = Math.min(next, heldUntilMs);
        if (recoveredMs === null) continue;
        const inMs = nextWarmUpMs(nowMs - recoveredMs, this.#rules.warmUpMs);
        if (inMs !== null) next = Math.min(next, nowMs + inMs);
      }
    }
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  #sides(): Side[] {
    return this.#members.flatMap(({ sides }) => sides.filter((side) => side !== null));
  }
}

const CALLED_BACK = "in, for too few others are up";
/** How notes of a member speak of an order for it. */
export const ORDER_NOTES = { up: "forced up", down: "forced down", drain: "drained" } as const;

function makeSide(endpoint: string | null): Side | null {
  if (endpoint === null) return null;
  return { endpoint, damped: UNSEEN, verdict: null, outSinceMs: null, way: "in", isIn: true };
}

function isUp(member: MemberState): boolean {
  const { rules, order, sides } = member;
  if (!isUnchecked(member)) return sides.some((side) => side?.isIn === true);
  if (!rules.enabled || order?.kind === "down") return false;
  return order?.kind !== "drain" || member.isCalledBack;
}

/** A member without endpoints of its own: a host name, a pool, and all members of a pool without a monitor. */
function isUnchecked({ sides: [ipv4, ipv6] }: MemberState): boolean {
  return ipv4 === null && ipv6 === null;
}

/** By the verdict where that took it out, for all nodes know it; agents and orders are heard of at about the same time. */
function sinceOf({ damped, verdict, way }: Side, nowMs: number): number {
  return (way === "down" && damped.verdict === "down" ? verdict?.sinceMs : null) ?? nowMs;
}

/** Who stays out first: those that are down, then those that went first. Of equals, the order of the pool decides. */
function compareOut(a: Side, b: Side): number {
  return Number(b.way === "down") - Number(a.way === "down") || a.outSinceMs! - b.outSinceMs!;
}
