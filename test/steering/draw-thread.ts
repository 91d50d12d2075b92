/** A draw-worker.ts of one's own. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Asked, DrawWork } from "./draw-worker.ts";

export class DrawThread {
  readonly #worker: Worker;

  constructor(work: DrawWork) {
    this.#worker = new Worker(new URL("./draw-worker.ts", import.meta.url), { workerData: work });
  }

  /** The member that came first, for each client and type. */
  async ask(asked: Asked): Promise<string[]> {
    this.#worker.postMessage(asked);
    return (await once(this.#worker, "message"))[0];
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
