/**
 * poll() over a thread's sockets: which of them have something to read.
 *
 * @module
 */
import type { Address, Libc } from "./libc.ts";

const POLLFD_OCTETS = 8;
const POLLIN = 1;

export class PollSet {
  readonly #libc: Libc;
  readonly #count: number;
  /** struct pollfd: int fd, short events, short revents. */
  readonly #fds: Int16Array;
  readonly #address: Address;

  constructor(libc: Libc, fds: readonly number[]) {
    this.#libc = libc;
    this.#count = fds.length;
    const octets = new Uint8Array(new SharedArrayBuffer(Math.max(1, fds.length) * POLLFD_OCTETS));
    const view = new DataView(octets.buffer);
    fds.forEach((fd, i) => {
      view.setInt32(i * POLLFD_OCTETS, fd, true);
      view.setInt16(i * POLLFD_OCTETS + 4, POLLIN, true);
    });
    this.#fds = new Int16Array(octets.buffer);
    this.#address = libc.addressOf(octets);
  }

  /** Waits for any of them; false when none had anything in time. */
  wait(timeoutMs: number): boolean {
    return this.#libc.poll(this.#address, this.#count, timeoutMs) > 0;
  }

  /** Has the i-th one something to read, or an error to tell? */
  isReady(i: number): boolean {
    return this.#fds[i * 4 + 3] !== 0;
  }
}
