/**
 * The trace: what was decided at each point on the way to an answer, and why. The code that
 * answers fills it; with no trace asked for, it does nothing extra. Plain data: its JSON is
 * the machine's form, explain-format.ts prints it for people.
 *
 *   Trace
 *   └── ChoiceTrace       one choice for one query, and what came out
 *       └── PoolTrace     why the pool is up or down, its members, the steps, who was kept
 *           └── KeptTrace ── PoolTrace of a member that is a pool, …
 *
 * @module
 */

/** Filled by choose(); a query whose CNAME leads to another steered name has two choices. */
export interface Trace {
  readonly choices: ChoiceTrace[];
}

export interface ChoiceTrace {
  readonly asked: "A" | "AAAA";
  readonly pool: PoolTrace;
  outcome: "answer" | "nodata";
  /** A fail-open or a last-resort pool took part. */
  degraded: boolean;
  /** How much of the client's prefix the choice looked at; 0: none of it. */
  scopePrefixLength: number;
  /** The network of that length around the client; null where nothing depended on it. */
  lookedAt: string | null;
  /** What is answered, in the order of the reply: addresses, or one target. */
  readonly answers: { readonly member: string; readonly answer: string }[];
}

export interface PoolTrace {
  readonly pool: string;
  readonly isUp: boolean;
  readonly membersUp: number;
  readonly minUp: number;
  /** `answers` of the document: how many members are kept. */
  readonly answersMax: number;
  readonly policy: readonly string[];
  /** How the pool came to its candidates, in words. */
  readonly verdict: string;
  /** What decided: the members that stand, all as if up, nobody, or another pool. */
  readonly mode: "normal" | "fail-open" | "closed" | "last-resort";
  readonly members: MemberTrace[];
  readonly steps: StepTrace[];
  /** In the order of the reply. */
  readonly kept: KeptTrace[];
  /** The pool that decided instead, when the mode is last-resort. */
  lastResort: PoolTrace | null;
}

export interface MemberTrace {
  readonly member: string;
  readonly kind: "endpoint" | "target" | "pool";
  /** Addresses, the target, or the id of the pool. */
  readonly answers: readonly string[];
  readonly enabled: boolean;
  readonly health: "up" | "down";
  readonly weight: number;
  readonly stands: boolean;
  /** Why it stands, or fell before the first step. */
  readonly why: string;
}

export interface StepTrace {
  readonly step: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Candidates before the step, in their order. */
  readonly considered: readonly string[];
  /** Candidates after it, in their order. */
  kept: readonly string[];
  readonly dropped: { readonly member: string; readonly why: string }[];
  /** What the step computed for a member, by the name of the number. */
  readonly numbers: { readonly member: string; readonly values: Readonly<Record<string, number | string>> }[];
  readonly draws: DrawTrace[];
  /** How much of the client's prefix the choice depended on after this step, where that is more than before it; else 0. */
  scopePrefixLength: number;
  /** What the step did, in sentences without a full stop. */
  readonly why: string[];
}

/** One random draw: `drawn` of `total`, and the member whose share it fell in. */
export interface DrawTrace {
  readonly drawn: number;
  readonly total: number;
  readonly member: string;
}

export interface KeptTrace {
  readonly member: string;
  /** What it added to the answer; empty where it was passed over. */
  readonly added: readonly string[];
  /** Why it was passed over; empty where it was not. */
  readonly passedOver: string;
  readonly pool: PoolTrace | null;
}
