/**
 * Suspects: a prober that sees nearly everything down, while the other regions see most of that up, has lost its own way to
 * the world. It does not count until it sees better.
 *
 * Judged by family as well as over all, for the common case is a prober without IPv6. The counts are kept up to date with each
 * opinion, so judging costs nothing. They are about the opinions of now: those that have not expired.
 *
 * @module
 */

/**
 * Fewer endpoints tell nothing: where a prober sees two, both down may well be the truth about the way from there. Three are
 * what a small fleet has.
 */
const SEEN_MIN = 3;
/** Nearly everything. Not all: a prober may stand beside an endpoint, and still reach that one. */
const DOWN_SHARE_MIN = 0.9;
/** Of what it sees down, so much must be up for the other regions. With less it is a large outage that others see too. */
const ALONE_SHARE_MIN = 0.5;

/** What one prober sees now, of one family. */
export interface Sight {
  /** Endpoints on which it has an opinion. */
  seen: number;
  down: number;
  /** Endpoints that it sees down, and more of the other regions see up than down. */
  alone: number;
}

/** By family: 0 for IPv4, 1 for IPv6. */
export type Sights = readonly [Sight, Sight];

export function makeSights(): Sights {
  return [
    { seen: 0, down: 0, alone: 0 },
    { seen: 0, down: 0, alone: 0 },
  ];
}

/** What a prober is not believed: bit 0 IPv4, bit 1 IPv6. */
export function judge([ipv4, ipv6]: Sights): number {
  const isLost = isBlind(ipv4.seen + ipv6.seen, ipv4.down + ipv6.down, ipv4.alone + ipv6.alone);
  if (isLost) return 3;
  return (
    Number(isBlind(ipv4.seen, ipv4.down, ipv4.alone)) + 2 * Number(isBlind(ipv6.seen, ipv6.down, ipv6.alone))
  );
}

function isBlind(seen: number, down: number, alone: number): boolean {
  return seen >= SEEN_MIN && down >= DOWN_SHARE_MIN * seen && alone >= ALONE_SHARE_MIN * down;
}
