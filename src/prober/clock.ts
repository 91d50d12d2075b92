/**
 * The time that a prober waits by: monotonic, and handed in, so that a test makes an hour pass in a millisecond.
 *
 * @module
 */
export interface ProberClock {
  /** Monotonic ms. */
  nowMs(): number;
  /** Calls back at that time or later; at once, but not before this returns, when it is past. Ends with the function that is returned. */
  wakeAt(atMs: number, wake: () => void): () => void;
}

export const processClock: ProberClock = {
  nowMs: () => performance.now(),
  wakeAt(atMs, wake) {
    const inMs = atMs - performance.now();
    if (inMs <= 0) {
      // After the poll for input, so that replies are read between two batches of starts.
      const immediate = setImmediate(wake);
      return () => clearImmediate(immediate);
    }
    // Timers are in whole milliseconds, and never early.
    const timer = setTimeout(wake, Math.ceil(inMs));
    return () => clearTimeout(timer);
  },
};
