/**
 * What the API knows of the node that it runs in, besides the documents. Read at each request, never kept.
 *
 * @module
 */
import type { Counters } from "../server/counters.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/** The half that answers; DataPlane is one. */
export interface AnsweringPlane {
  readonly snapshot: Snapshot;
  /** The lowest generation that any thread answers from. */
  readonly generation: number;
  /** All blocks that any thread ever counted in. */
  readonly counters: readonly Counters[];
}

export interface StoreState {
  readonly kind: "files" | "redis";
  /** Could it be asked the last time that somebody did? */
  readonly isUp: boolean;
  /** When it was last asked with success, in ms since 1970: the documents are as they were then. */
  readonly seenMs: number;
}

export interface NodeFace {
  /** As `--id` says, or the name of the machine; with a number behind it where another node has that name. */
  readonly id: string;
  readonly version: string;
  /** As `--region` says. */
  readonly region: string | null;
  /** Where it answers DNS: `192.0.2.53:53`. */
  readonly addresses: readonly string[];
  /** In ms since 1970. */
  readonly startedMs: number;
  /** True from when all sockets are open until it begins to stop. */
  readonly isAnswering: boolean;
  readonly plane: AnsweringPlane;
  readonly store: StoreState;
}
