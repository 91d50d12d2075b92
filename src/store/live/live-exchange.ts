/**
 * What probers and nodes tell each other while they run. All of it is expendable: who misses something is told again, and who
 * comes back is told what there is. Nobody waits for it, and nothing is lost but time when it is away.
 *
 *   probers ── opinions ──────────► nodes          operators ── orders, loads ──► nodes
 *   probers ── samples of RTT ────► nodes          nodes ────── demand ─────────► probers
 *   nodes ──── verdicts applied ──► nodes          nodes ────── last verdicts ──► nodes that start
 *
 * Two of a kind: local-exchange.ts within one process, redis/redis-exchange.ts among many. Handlers are called on the main thread,
 * never before follow() returned its promise, and may not throw. What is said in a process is told to those in it who follow, too, at once and
 * once. Who follows hears only of what it has a handler for, and pays only for that. Samples and verdicts applied are kept
 * for who comes late, the newest of them.
 *
 * @module
 */
import type { Order } from "../../health/effective.ts";
import type { Opinion } from "../../health/opinion.ts";

export interface LiveExchange {
  /** ms since 1970 of the clock that all share: Redis's, or this machine's where there is none, or none was reached yet. */
  nowMs(): number;
  /** Since when the others cannot be reached; null = they can, or there are none. */
  readonly awaySinceMs: number | null;
  speakAs(prober: ProberHead): ProberVoice;
  /** Tells what there is, then what changes. Ends with the function that it resolves to. */
  follow(handlers: LiveHandlers): Promise<() => Promise<void>>;
  /** Null takes an order back. Rejects with WindroseError "store-unavailable". */
  order(member: MemberKey, order: GivenOrder | null): Promise<void>;
  /** In the unit of the member's capacity; null = nothing is reported any more. Rejects with WindroseError "store-unavailable". */
  reportLoad(member: MemberKey, load: number | null): Promise<void>;
  /** What this node holds of endpoints, by endpoint, for nodes that start without probers. Kept until it is replaced. */
  saveVerdicts(verdicts: ReadonlyMap<string, SavedVerdict>): void;
  loadVerdicts(): Promise<ReadonlyMap<string, SavedVerdict>>;
  /** This node answers by the verdict of an incident since `atMs`. */
  sayApplied(applied: AppliedVerdict): void;
  shareSamples(samples: readonly RttSample[]): void;
  /** What asks this node most, most first; replaces what it said before. */
  sayDemand(node: string, demand: readonly Demand[]): void;
  close(): Promise<void>;
}

export interface ProberHead {
  readonly name: string;
  readonly region: string;
  /** When its process started, by nowMs(). */
  readonly epoch: number;
  readonly version: string;
}

/**
 * How a prober is heard. Nothing throws or waits. While the others are away the latest opinion on each endpoint is kept, and told when they are back.
 */
export interface ProberVoice {
  /** Within milliseconds. */
  urgent(opinion: Opinion): void;
  /** With the next batch, within two intervals of the endpoint's monitor. */
  routine(opinion: Opinion): void;
  /** The endpoint is checked no more. */
  withdraw(endpoint: string): void;
  close(): Promise<void>;
}

export interface LiveHandlers {
  readonly opinions?: (opinions: readonly Opinion[]) => void;
  /** This prober has nothing to say on these endpoints any more; null = on any: it has gone. */
  readonly withdrawn?: (prober: string, endpoints: readonly string[] | null) => void;
  /** All that are heard of, whenever that changes. */
  readonly probers?: (probers: readonly ProberPresence[]) => void;
  readonly orders?: (orders: readonly MemberOrder[]) => void;
  readonly loads?: (loads: readonly MemberLoad[]) => void;
  readonly applied?: (applied: readonly AppliedVerdict[]) => void;
  readonly samples?: (samples: readonly RttSample[]) => void;
  readonly demand?: (node: string, demand: readonly Demand[]) => void;
}

export interface ProberPresence extends ProberHead {
  readonly heardMs: number;
}

export interface MemberKey {
  readonly pool: string;
  readonly member: string;
}

/** An order as somebody gave it. */
export interface GivenOrder extends Order {
  /** The name of a token. */
  readonly by: string;
  /** One line of at most 500 characters; "" where none was told. */
  readonly reason: string;
  readonly atMs: number;
}

/** `order` is null where one was taken back; the same of `load`. */
export interface MemberOrder extends MemberKey {
  readonly order: GivenOrder | null;
}

export interface MemberLoad extends MemberKey {
  readonly load: number | null;
}

export interface SavedVerdict {
  readonly state: "up" | "down";
  readonly sinceMs: number;
  readonly savedMs: number;
}

export interface AppliedVerdict {
  /** As health/incident.ts gives it: the same on all nodes. */
  readonly incident: string;
  readonly node: string;
  readonly atMs: number;
}

/** One or more measurements of one network from one region. */
export interface RttSample {
  /** CIDR: a /24 or /48, or a narrower network that counts as its own. */
  readonly network: string;
  readonly region: string;
  readonly rttMs: number;
  readonly count: number;
  readonly atMs: number;
  readonly source?: SampleSource;
}

/** Where samples come from: a prober, the handshakes of TCP clients at a node, whoever posted them. */
export const SAMPLE_SOURCES = ["probe", "tcp", "posted"] as const;
export type SampleSource = (typeof SAMPLE_SOURCES)[number];

export interface Demand {
  /** A /24 or /48. */
  readonly network: string;
  /** Queries a second, lately. */
  readonly rate: number;
  /** A resolver in it that asked, as text, which may be measured. */
  readonly resolver: string;
}
