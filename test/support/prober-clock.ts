/**
 * Time for probers in tests: it stands until it is advanced, and checks take as much of it as a test says.
 *
 * @module
 */
import { setMaxListeners } from "node:events";
import type { MonitorDocument, PoolDocument } from "../../src/documents/configuration.ts";
import type { Opinion } from "../../src/health/opinion.ts";
import type { Check, CheckResult, CheckTarget } from "../../src/prober/checks/check.ts";
import type { ProberClock } from "../../src/prober/clock.ts";
import type { ProbedDocuments } from "../../src/prober/targets.ts";
import type {
  LiveExchange,
  LiveHandlers,
  ProberHead,
  ProberPresence,
  ProberVoice,
} from "../../src/store/live/live-exchange.ts";
import { poolOf } from "./answers.ts";

export class SimulatedClock implements ProberClock {
  #nowMs = 1000;
  #count = 0;
  readonly #wakes = new Map<number, { atMs: number; wake: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  wakeAt(atMs: number, wake: () => void): () => void {
    const id = this.#count++;
    this.#wakes.set(id, { atMs, wake });
    return () => this.#wakes.delete(id);
  }

  /** All that is due until then happens, in its order. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      await settled();
      let first: number | undefined;
      for (const [id, { atMs }] of this.#wakes) {
        if (atMs <= untilMs && (first === undefined || atMs < this.#wakes.get(first)!.atMs)) first = id;
      }
      if (first === undefined) break;
      const { atMs, wake } = this.#wakes.get(first)!;
      this.#wakes.delete(first);
      this.#nowMs = Math.max(this.#nowMs, atMs);
      wake();
    }
    this.#nowMs = untilMs;
  }
}

/** What promises lead to has happened. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** What a prober says, and what it is told. */
export class HeardExchange implements LiveExchange {
  readonly awaySinceMs = null;
  /** Of the shared clock, before the prober's own. */
  offsetMs = 1_700_000_000_000;
  readonly heads: ProberHead[] = [];
  /** In the order in which they were said: `urgent web 192.0.2.1 up`. */
  readonly said: string[] = [];
  readonly opinions: Opinion[] = [];
  readonly #clock: SimulatedClock;
  readonly #handlers = new Set<LiveHandlers>();

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.offsetMs;
  }

  speakAs(head: ProberHead): ProberVoice {
    this.heads.push(head);
    const take = (how: string) => (opinion: Opinion) => {
      this.opinions.push(opinion);
      this.said.push(`${how} ${opinion.endpoint} ${opinion.state}`);
    };
    return {
      urgent: take("urgent"),
      routine: take("routine"),
      withdraw: (endpoint) => this.said.push(`withdraw ${endpoint}`),
      close: async () => {
        this.said.push("goodbye");
      },
    };
  }

  async follow(handlers: LiveHandlers): Promise<() => Promise<void>> {
    this.#handlers.add(handlers);
    return async () => {
      this.#handlers.delete(handlers);
    };
  }

  tellProbers(probers: readonly ProberPresence[]): void {
    for (const { probers: hear } of this.#handlers) hear?.(probers);
  }

  order(): Promise<void> {
    throw new Error("a prober gives no orders");
  }
  reportLoad(): Promise<void> {
    throw new Error("a prober reports no load");
  }
  saveVerdicts(): void {
    throw new Error("a prober saves no verdicts");
  }
  loadVerdicts(): Promise<never> {
    throw new Error("a prober loads no verdicts");
  }
  sayApplied(): void {
    throw new Error("a prober applies nothing");
  }
  shareSamples(): void {
    throw new Error("this prober measures no round trips");
  }
  sayDemand(): void {
    throw new Error("a prober is asked for nothing");
  }
  async close(): Promise<void> {}
}

function resultOf(reason: string, more: Partial<CheckResult> = {}): CheckResult {
  const timings = { resolveMs: null, connectMs: 1, tlsMs: null, firstByteMs: 1, totalMs: 2 };
  const ok = reason === "";
  return { ok, reason, timings, agent: null, daysToExpiry: null, warnings: [], detail: null, ...more };
}

/** Endpoints that are as a test says; knows when each was checked. */
export class SimulatedEndpoints {
  /** By address: why the check fails. */
  readonly faults = new Map<string, string>();
  /** By address: how long a check takes; 2 ms otherwise. */
  readonly delaysMs = new Map<string, number>();
  /** By address: when checks began. */
  readonly checkedMs = new Map<string, number[]>();
  readonly warnings: string[] = [];
  running = 0;
  runningMax = 0;
  readonly #clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  readonly makeCheck = (_monitor: MonitorDocument): Check => ({
    run: ({ address }: CheckTarget, { signal }) => {
      const times = this.checkedMs.get(address) ?? [];
      times.push(this.#clock.nowMs());
      this.checkedMs.set(address, times);
      this.running++;
      setMaxListeners(0, signal);
      this.runningMax = Math.max(this.runningMax, this.running);
      return new Promise((resolve) => {
        const end = (reason: string) => {
          this.running--;
          resolve(resultOf(reason, { warnings: this.warnings }));
        };
        const cancel = this.#clock.wakeAt(this.#clock.nowMs() + (this.delaysMs.get(address) ?? 2), () =>
          end(this.faults.get(address) ?? ""),
        );
        signal.addEventListener("abort", () => {
          cancel();
          end("the check was cancelled");
        });
      });
    },
  });
}

export function monitorOf(id: string, more: Partial<MonitorDocument> = {}): MonitorDocument {
  return {
    id,
    type: "tcp",
    intervalMs: 10_000,
    timeoutMs: 5000,
    downAfter: 3,
    upAfter: 2,
    recheckMs: 1000,
    quorum: "majority",
    observe: false,
    check: { type: "tcp", port: 80 },
    ...more,
  };
}

/** One pool, `web`, with these members and that monitor. */
export function documentsOf(monitor: MonitorDocument, ...addresses: string[]): ProbedDocuments {
  const members = addresses.map((address) => `${address} ${address}`);
  const pool: PoolDocument = { ...poolOf("web", members), monitor: monitor.id };
  return { pools: new Map([["web", pool]]), monitors: new Map([[monitor.id, monitor]]) };
}
