/**
 * Cuts a TCP stream into DNS messages: each has its length in two octets in front (RFC 1035
 * section 4.2.2), and the stream may be split anywhere, inside the length too.
 *
 * A message that came whole is read where it stands in the segment. Only what is left of one
 * is copied, into a buffer that grows with what has really come, never with the length that
 * a stranger announced.
 *
 * @module
 */
import { type Datagram, HEADER_OCTETS } from "./client.ts";

export type Framed =
  | "message" // one is in `query`
  | "partial" // the rest has not come yet
  | "empty" // nothing is left
  | "malformed"; // no DNS message is that short; the stream cannot be trusted any further

export class TcpFraming {
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** Whether #window is ours to write to, rather than a segment. */
  #isOwned = false;

  /** Takes the next octets of the stream. They must not change until release() or the last message. */
  push(segment: Uint8Array): void {
    const left = this.#end - this.#start;
    if (left === 0) {
      this.#window = segment;
      this.#start = 0;
      this.#end = segment.length;
      this.#isOwned = false;
      return;
    }
    const needed = left + segment.length;
    if (!this.#isOwned || this.#start + needed > this.#window.length) this.#move(needed);
    this.#window.set(segment, this.#end);
    this.#end += segment.length;
  }

  /** Puts what is left at the front of a buffer of ours that holds `needed` octets. */
  #move(needed: number): void {
    const left = this.#window.subarray(this.#start, this.#end);
    if (!this.#isOwned || needed > this.#window.length) {
      // Doubled, so that a message that comes octet by octet is copied a few times, not thousands.
      this.#window = new Uint8Array(Math.max(needed, 2 * left.length, 64));
      this.#isOwned = true;
    }
    this.#window.set(left);
    this.#end = left.length;
    this.#start = 0;
  }

  next(query: Datagram): Framed {
    const left = this.#end - this.#start;
    if (left === 0) return "empty";
    if (left === 1) return "partial";
    const length = (this.#window[this.#start]! << 8) | this.#window[this.#start + 1]!;
    if (length < HEADER_OCTETS) return "malformed";
    if (left < 2 + length) return "partial";
    query.octets = this.#window.subarray(this.#start + 2, this.#start + 2 + length);
    query.length = length;
    this.#start += 2 + length;
    return "message";
  }

  /** Lets go of the segment: copies what is left of it. To be called when nothing more can be read yet. */
  release(): void {
    if (this.#end === this.#start) {
      this.#window = new Uint8Array(0);
      this.#start = this.#end = 0;
      this.#isOwned = false;
    } else if (!this.#isOwned) {
      this.#move(this.#end - this.#start);
    }
  }
}
