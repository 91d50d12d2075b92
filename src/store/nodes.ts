/**
 * What is known of the nodes that answer from one store, and who waits for them. With files there is one node; on one
 * Redis there may be many.
 *
 * @module
 */

export interface NodeReport {
  /** As `--id` says, or the name of the machine; with a number behind it where another node has that name. */
  readonly id: string;
  readonly version: string;
  /** As `--region` says. */
  readonly region: string | null;
  /** Where it answers DNS: `192.0.2.53:53`. */
  readonly addresses: readonly string[];
  readonly pid: number;
  /** What all its threads answer from. */
  readonly generation: number;
  /** How long it was, when it was last heard of, since its store could be asked. */
  readonly stateAgeSeconds: number;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** When it was last heard of, RFC 3339, by the clock of the store. */
  readonly seenAt: string;
  /** It is the one that says this. */
  readonly self: boolean;
}

/** That a node answers by a generation, with all its threads. */
export interface Receipt {
  readonly node: string;
  /** The one that was asked for, or a later one that it went on to at once. */
  readonly generation: number;
  /** From when the change was accepted, by the clock of the store; null where nothing changed. */
  readonly ms: number | null;
}

export interface Receipts {
  /** All, or more than half, of the nodes that live answer by it. */
  readonly complete: boolean;
  /** In the order in which they came. */
  readonly receipts: readonly Receipt[];
  /** Who was waited for and did not answer (yet). */
  readonly missing: readonly string[];
}

/** Whom an edit waits for before it is answered. */
export type Wait = "all" | "quorum";

export interface WaitOptions {
  readonly who: Wait;
  readonly timeoutMs: number;
  /** When the change was accepted, RFC 3339 by the clock of the store; null where nothing changed. */
  readonly at: string | null;
}

export interface Nodes {
  /** What this node is called among them. */
  readonly name: string;
  /** By name. Never rejects: while the store is away, those that were last heard of. */
  list(): Promise<readonly NodeReport[]>;
  /** Resolves when so many answer by `generation` or a later one, or when the time is over. Never rejects. */
  waitFor(generation: number, options: WaitOptions): Promise<Receipts>;
}
