/**
 * What a step is. A policy is a chain of steps over one pool's candidates; each step narrows
 * the candidates, orders them, or both, in place:
 *
 *   members that stand ─► geo ─► latency within 10ms ─► weighted ─► the first `answers`
 *     (document order)  narrows       narrows            orders
 *
 * A step is a pure function of what run() is handed: candidates, request, memory. What depends
 * on documents alone it works out in compile() and keeps by the member's index.
 *
 * @module
 */
import type { Static, TObject } from "typebox";
import type { ClientPlace } from "../geo/client-place.ts";
import type { LatencyTable } from "../latency/latency-table.ts";
import { hashText } from "../lib/hash.ts";
import type { Random } from "../lib/random.ts";
import type { Draws } from "./draws.ts";
import type { LiveTable } from "./live.ts";
import { MemberLoads } from "./member-loads.ts";
import type { MemberSpec, PoolSpec } from "./spec.ts";
import type { StepTrace } from "./trace.ts";

/** What a choice may depend on beside the pool. Reused from query to query by its owner. */
export interface SteerRequest {
  /** 4: addresses for A; 6: for AAAA. */
  family: 4 | 6;
  /** Where fresh numbers come from; steps draw from `draws`. */
  random: Random;
  readonly draws: Draws;
  live: LiveTable;
  /**
   * Who asks. What a step looks up here counts towards the scope of the answer by itself; a step that uses
   * `client.network` directly says so with its lookAt().
   */
  readonly client: ClientPlace;
  /** Measured round-trip times; null = none. */
  latency: LatencyTable | null;
}

/** Which members stand for one family of addresses, and which for the other. */
export const Families = {
  /** One family alone has anything to answer. */
  One: 0,
  /** The same members stand for both. */
  Same: 1,
  Differ: 2,
} as const;

/**
 * The members still in the running, best first once a step has ordered them. One for each pool,
 * reused: a pool never stands above itself, so no two uses overlap.
 */
export class Candidates {
  /** Indexes into the pool's members; only the first `count` are valid. */
  readonly indexes: Int32Array;
  count = 0;
  /** By member index, 0 or more: the document's weight, times what part of it counts now. */
  readonly fullWeights: Float64Array;
  /** The weights that count for this query: the full ones, or those that `load` left of them. */
  weights: Float64Array;
  /** By member index: response time of its checks, or the best of those that a pool is judged by; NaN = never measured. */
  readonly rttsMs: Float64Array;
  readonly loads: MemberLoads;
  /** By member index: 1 = what stands above this pool judges it by that member; see markCounted(). */
  readonly isCounted: Uint8Array;
  /** Of the candidates; 0 when all are last resorts. Left by dropLastResorts(), and kept here so that no number is boxed. */
  weightSum = 0;
  /** By member index: stands for the member on every node, after every restart; of its name and that of the pool. */
  readonly memberHashes: Int32Array;
  /** By member index; for traces. */
  readonly names: readonly string[];
  /** A value of Families, about the pool as a whole. */
  families: number = Families.One;
  /** The first places that the step must put in order; those after them do not matter to the answer. */
  wanted = 0;
  /** How many members the pool keeps. */
  readonly answers: number;
  /** No step comes after this one: one that orders keeps all that it can put in order. */
  isLast = true;
  /** Of the step that runs, in its chain. */
  step = 0;
  readonly poolNumber: number;
  /** Scratch of keyed-order.ts, by place. */
  readonly keys: Float64Array;

  constructor({ id, members, answers }: PoolSpec, poolNumber: number) {
    this.answers = answers;
    this.indexes = new Int32Array(members.length);
    this.fullWeights = Float64Array.from(members, (member) => member.weight);
    this.weights = this.fullWeights;
    this.rttsMs = new Float64Array(members.length).fill(Number.NaN);
    this.loads = new MemberLoads(members.length);
    this.isCounted = new Uint8Array(members.length);
    this.memberHashes = Int32Array.from(members, ({ name }) => hashText(`${id}/${name}`) | 0);
    this.names = members.map((member) => member.name);
    this.poolNumber = poolNumber;
    this.keys = new Float64Array(members.length);
  }

  swap(place: number, other: number): void {
    const index = this.indexes[place]!;
    this.indexes[place] = this.indexes[other]!;
    this.indexes[other] = index;
  }

  /** The name of the member at a place; for traces. */
  nameAt(place: number): string {
    return this.names[this.indexes[place]!]!;
  }
}

export interface Step {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Keeps numbers from one query to the next; see `memory` of run(). */
  readonly remembers: boolean;
  /**
   * Narrows and orders the candidates; leaves at least one where there was one. May not
   * allocate when `trace` is null.
   *
   * `memory` is a number for each member, kept between queries of one family and shared by the
   * threads of this process, of which one at a time is here; it is cleared when the set of members
   * that stand changes. Empty unless `remembers`.
   * The caller fills what the step considered and kept; the step adds its reasons.
   */
  readonly run: (
    candidates: Candidates,
    request: SteerRequest,
    memory: Float64Array,
    trace: StepTrace | null,
  ) => void;
}

/** A row of the step table. */
export interface StepType {
  /** As documents write it. */
  readonly name: string;
  /** One line, for the reference and for editors. */
  readonly summary: string;
  readonly optionsSchema: TObject;
  /** `following`: the names of the steps that come after it in the chain. */
  compile(
    options: Readonly<Record<string, unknown>>,
    members: readonly MemberSpec[],
    following: readonly string[],
  ): Step;
}

/** Ties the options that compile() takes to their schema; documents check them against it. */
export function stepType<Options extends TObject>(type: {
  name: string;
  summary: string;
  optionsSchema: Options;
  compile(
    options: Static<Options> & Readonly<Record<string, unknown>>,
    members: readonly MemberSpec[],
    following: readonly string[],
  ): Step;
}): StepType {
  return type as StepType;
}
