/**
 * What happened lately, in order, for those who watch (GET /v1/events) and for those who come back.
 *
 *   publish ─► ring of the last EVENTS_KEPT ─► each watcher
 *                      ▲ since("m3k9-41"): 42, 43, … or null where that is not known (any more)
 *
 * An id is the run of the process and a number. So who comes back after a restart is not given events of
 * another run as if nothing were missing.
 *
 * @module
 */

/** Minutes of a busy day; who was away for longer reads anew. Some 200 octets each. */
const EVENTS_KEPT = 1000;

/** What a client is told when it cannot be given all that it missed: read anew what you show. */
export const RESET = "reset";

export interface ServerEvent {
  readonly id: string;
  /** `generation`, `health` or `incident`. */
  readonly type: string;
  /** As JSON has it. */
  readonly data: unknown;
}

export type Watcher = (event: ServerEvent) => void;

export class EventRing {
  readonly #run: string;
  readonly #kept: number;
  readonly #events: ServerEvent[] = [];
  readonly #watchers = new Set<Watcher>();
  #count = 0;

  /** `run` is another one for each run of the process, without a dash. */
  constructor(run: string, kept = EVENTS_KEPT) {
    this.#run = run;
    this.#kept = kept;
  }

  /** The id of the latest event; number 0 before the first. */
  get lastId(): string {
    return `${this.#run}-${this.#count}`;
  }

  publish(type: string, data: unknown): void {
    this.#count++;
    const event = { id: this.lastId, type, data };
    this.#events.push(event);
    if (this.#events.length > this.#kept) this.#events.shift();
    for (const watcher of this.#watchers) watcher(event);
  }

  /** All that came after an event; null where some of that is not known (any more), or the id is none of this run. */
  since(id: string): readonly ServerEvent[] | null {
    const [run, text = ""] = id.split("-");
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    const missed = this.#count - number;
    if (run !== this.#run || !(missed >= 0) || missed > this.#events.length) return null;
    return missed === 0 ? [] : this.#events.slice(-missed);
  }

  /** Calls back with each event from now on, until what it returns is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
