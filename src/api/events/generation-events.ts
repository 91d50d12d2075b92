/**
 * Tells of each new generation: an event for every one, in order, whoever made it and on whichever node.
 *
 * It looks at the number that this node answers from, rather than being called by what changes it: that is one comparison ten
 * times a second, and no way for a change to be forgotten.
 *
 * @module
 */
import type { DocumentKey } from "../../store/document-key.ts";
import type { Editor } from "../../sync/editor.ts";
import type { AnsweringPlane } from "../node-face.ts";
import type { EventRing } from "./event-ring.ts";

const LOOK_INTERVAL_MS = 100;
/** When more came at once, such as after a long time away, the newest are told of. */
const TOLD_MAX = 100;

export interface GenerationEvent {
  readonly generation: number;
  /** Null where the change is not known (any more). */
  readonly at: string | null;
  readonly author: string | null;
  readonly reason: string | null;
  /** `zones/example.com`, `pools/web`: what it changed. */
  readonly documents: readonly DocumentKey[];
}

export class GenerationEvents {
  readonly #ring: EventRing;
  readonly #plane: Pick<AnsweringPlane, "generation">;
  readonly #changes: Pick<Editor, "change">;
  #told: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(ring: EventRing, plane: Pick<AnsweringPlane, "generation">, changes: Pick<Editor, "change">) {
    this.#ring = ring;
    this.#plane = plane;
    this.#changes = changes;
    this.#told = plane.generation;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#plane.generation <= this.#told) return;
      this.#looking = this.#looking.then(() => this.look());
    }, LOOK_INTERVAL_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Tells of what is new. Never rejects: a change that cannot be read is told of by its number. */
  async look(): Promise<void> {
    const { generation } = this.#plane;
    const first = Math.max(this.#told + 1, generation - TOLD_MAX + 1);
    for (let next = first; next <= generation; next++) {
      const event = await this.#eventOf(next);
      this.#told = next;
      this.#ring.publish("generation", event);
    }
  }

  async #eventOf(generation: number): Promise<GenerationEvent> {
    const change = await this.#changes.change(generation).catch(() => undefined);
    if (change === undefined) return { generation, at: null, author: null, reason: null, documents: [] };
    const { at, author, reason, parts } = change;
    return { generation, at, author, reason, documents: [...new Set(parts.map(({ key }) => key))] };
  }
}
