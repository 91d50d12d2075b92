/**
 * Where this process is the only node, as with files.
 *
 * @module
 */
import type { NodeReport, Nodes, Receipts, WaitOptions } from "../../store/nodes.ts";
import type { NodeFace } from "../node-face.ts";

/** Workers take news between two batches, some 0.1 ms apart; timers of Node are no finer than this. */
const LOOK_INTERVAL_MS = 1;

export class LocalNode implements Nodes {
  readonly #node: NodeFace;

  constructor(node: NodeFace) {
    this.#node = node;
  }

  get name(): string {
    return this.#node.id;
  }

  async list(): Promise<readonly NodeReport[]> {
    const { id, version, region, addresses, startedMs, plane, store } = this.#node;
    return [
      {
        id,
        version,
        region,
        addresses,
        pid: process.pid,
        generation: plane.generation,
        stateAgeSeconds: Math.max(0, Math.round((Date.now() - store.seenMs) / 1000)),
        startedAt: new Date(startedMs).toISOString(),
        seenAt: new Date().toISOString(),
        self: true,
      },
    ];
  }

  waitFor(generation: number, { timeoutMs, at }: WaitOptions): Promise<Receipts> {
    const { id, plane } = this.#node;
    const startMs = performance.now();
    return new Promise((resolve) => {
      const look = () => {
        const taken = plane.generation;
        const complete = taken >= generation;
        if (!complete && performance.now() - startMs < timeoutMs) {
          setTimeout(look, LOOK_INTERVAL_MS);
          return;
        }
        const ms = at === null ? null : Math.max(0, Date.now() - Date.parse(at));
        resolve({
          complete,
          receipts: complete ? [{ node: id, generation: taken, ms }] : [],
          missing: complete ? [] : [id],
        });
      };
      look();
    });
  }
}
