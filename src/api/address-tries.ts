/**
 * How often something happened to an address of late: for limits on guessing. Fixed windows, and a bounded number of
 * addresses; when there are more, the one that began first is forgotten.
 *
 * @module
 */
import { isIPv6 } from "node:net";

const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;

export class AddressTries {
  readonly #max: number;
  readonly #windows = new Map<string, { count: number; readonly endMs: number }>();

  /** So many in a minute. */
  constructor(max: number) {
    this.#max = max;
  }

  count(address: string, nowMs: number): void {
    const key = keyOf(address);
    const window = this.#windows.get(key);
    if (window !== undefined && window.endMs > nowMs) {
      window.count++;
      return;
    }
    this.#windows.delete(key); // so that it goes to the end
    this.#windows.set(key, { count: 1, endMs: nowMs + WINDOW_MS });
    if (this.#windows.size > ADDRESSES_MAX) this.#windows.delete(this.#windows.keys().next().value!);
  }

  /** Milliseconds until there may be more; 0 = now. */
  waitMs(address: string, nowMs: number): number {
    const window = this.#windows.get(keyOf(address));
    return window === undefined || window.count < this.#max ? 0 : Math.max(0, window.endMs - nowMs);
  }
}

/** One client has a whole IPv6 /64. */
function keyOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array<string>(zeros).fill("0"), ...rest].slice(0, 4).join(":");
}
