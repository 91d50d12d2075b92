/**
 * Serials of made SOAs: the time of the last change, in seconds, as long as that grows.
 *
 * @module
 */

/**
 * The serial to publish after `previous`: `candidate` if it is greater by RFC 1982 section 3.2, else the
 * next after `previous`. So it grows though a clock or a file's time went back.
 */
export function nextSerial(previous: number, candidate: number): number {
  const ahead = (candidate - previous) >>> 0;
  return ahead > 0 && ahead < 0x8000_0000 ? candidate >>> 0 : (previous + 1) >>> 0;
}

/** A serial from a point in time. Its 32 bits wrap in 2106, which RFC 1982 is for. */
export function serialAt(ms: number): number {
  return Math.max(1, Math.floor(ms / 1000)) >>> 0;
}
