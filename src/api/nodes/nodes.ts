/**
 * The nodes that answer from this store, and which of them answer by a generation already.
 *
 * @module
 */
import type { Receipt, Wait } from "../context.ts";
import type { NodeFace } from "../node-face.ts";

export interface NodeReport {
  readonly id: string;
  readonly version: string;
  /** What all its threads answer from. */
  readonly generation: number;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** When it was last heard of, RFC 3339; it is the one that answers here when `self`. */
  readonly seenAt: string;
  readonly self: boolean;
}

export interface Nodes {
  list(): Promise<readonly NodeReport[]>;
  /** Resolves when so many answer by `generation` or a later one, or when the time is over. Never rejects. */
  waitFor(generation: number, who: Wait, timeoutMs: number): Promise<Receipt>;
}

/** Workers take news between two batches, some 0.1 ms apart; timers of Node are no finer than this. */
const LOOK_INTERVAL_MS = 1;

/** Where this process is the only node. */
export class LocalNode implements Nodes {
  readonly #node: NodeFace;

  constructor(node: NodeFace) {
    this.#node = node;
  }

  async list(): Promise<readonly NodeReport[]> {
    const { id, version, startedMs, plane } = this.#node;
    return [
      {
        id,
        version,
        generation: plane.generation,
        startedAt: new Date(startedMs).toISOString(),
        seenAt: new Date().toISOString(),
        self: true,
      },
    ];
  }

  waitFor(generation: number, _who: Wait, timeoutMs: number): Promise<Receipt> {
    const { id, plane } = this.#node;
    const startMs = performance.now();
    return new Promise((resolve) => {
      const look = () => {
        const passedMs = performance.now() - startMs;
        const isThere = plane.generation >= generation;
        if (!isThere && passedMs < timeoutMs) {
          setTimeout(look, LOOK_INTERVAL_MS);
          return;
        }
        const ms = isThere ? Math.round(passedMs * 10) / 10 : null;
        resolve({ complete: isThere, nodes: [{ node: id, ms }] });
      };
      look();
    });
  }
}
