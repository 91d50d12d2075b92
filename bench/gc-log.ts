/**
 * Reads what V8 prints with --trace-gc: one line for each collection of each thread.
 *
 *   [4711:0x7f…:1]    10123 ms: Scavenge 12.1 (18.3) -> 11.9 (18.3) MB, pooled: 0.0 MB, 0.61 / 0.00 ms  …
 *     process:heap                 kind   before         after                         pause
 *
 * @module
 */

const LINE =
  /^\[\d+:(?<heap>0x[0-9a-f]+)[^\]]*\]\s+\d+ ms: (?<kind>[A-Za-z-]+)[^\n]*? -> (?<after>[\d.]+) \([\d.]+\) MB,(?: pooled: [\d.]+ MB,)? (?<pause>[\d.]+) \//gm;

export interface GcCounts {
  readonly scavenges: number;
  /** Full collections. */
  readonly markSweeps: number;
  readonly pauseMs: number;
}

export class GcLog {
  /** In use after its last collection, by heap. */
  readonly #heaps = new Map<string, number>();

  /** All heaps together, as far as they have been collected once. */
  get heapsMB(): number {
    return [...this.#heaps.values()].reduce((sum, megabytes) => sum + megabytes, 0);
  }

  /** Takes in what was printed since the last time. */
  read(output: string): GcCounts {
    let scavenges = 0;
    let markSweeps = 0;
    let pauseMs = 0;
    for (const { groups } of output.matchAll(LINE)) {
      const { heap, kind, after, pause } = groups as Record<"heap" | "kind" | "after" | "pause", string>;
      this.#heaps.set(heap, Number(after));
      if (kind === "Scavenge") scavenges++;
      else markSweeps++;
      pauseMs += Number(pause);
    }
    return { scavenges, markSweeps, pauseMs };
  }
}
