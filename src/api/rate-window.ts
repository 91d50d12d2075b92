/**
 * How often something happened of late, by who it was: for limits. Fixed windows, and a bounded number of them; when there
 * are more, the one that began first is forgotten.
 *
 * @module
 */
import { isIPv6 } from "node:net";

const KEYS_MAX = 10_000;

export class RateWindow {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #windows = new Map<string, { count: number; readonly endMs: number }>();

  /** So many in a window; 0 = no limit. */
  constructor(max: number, windowMs: number) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  count(key: string, nowMs: number): void {
    const window = this.#windows.get(key);
    if (window !== undefined && window.endMs > nowMs) {
      window.count++;
      return;
    }
    this.#windows.delete(key); // so that it goes to the end
    this.#windows.set(key, { count: 1, endMs: nowMs + this.#windowMs });
    if (this.#windows.size > KEYS_MAX) this.#windows.delete(this.#windows.keys().next().value!);
  }

  /** What was counted last does not count. */
  takeBack(key: string): void {
    const window = this.#windows.get(key);
    if (window !== undefined) window.count--;
  }

  /** Milliseconds until there may be more; 0 = now. */
  waitMs(key: string, nowMs: number): number {
    const window = this.#windows.get(key);
    if (this.#max === 0 || window === undefined || window.count < this.#max) return 0;
    return Math.max(0, window.endMs - nowMs);
  }
}

/** Who an address stands for: one client has a whole IPv6 /64. */
export function clientOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array<string>(zeros).fill("0"), ...rest].slice(0, 4).join(":");
}
