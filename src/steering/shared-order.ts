/**
 * The order that a counting step came to, from one question of a client to its other one: the members in the first
 * places, as the digits of one number of 32 bits. Places for which there is no room keep the order that they have.
 *
 * @module
 */
import type { Candidates, SteerRequest } from "./step.ts";

/** Leaves the order for the client's other question. */
export function leaveOrder(candidates: Candidates, request: SteerRequest): void {
  const { indexes, names } = candidates;
  let order = 0;
  for (let place = sharedPlaces(candidates) - 1; place >= 0; place--)
    order = order * names.length + indexes[place]!;
  request.draws.leaveCounted(request, candidates, order | 0);
}

/** Puts the candidates in the order that the other question left. False when it left none. */
export function takeOrder(candidates: Candidates, request: SteerRequest): boolean {
  const { indexes, names, count } = candidates;
  const at = request.draws.takeCounted(request, candidates);
  if (at < 0) return false;
  let order = request.live.pairs[at]! >>> 0;
  const places = sharedPlaces(candidates);
  for (let place = 0; place < places; place++) {
    const index = order % names.length;
    order = Math.floor(order / names.length);
    let found = place;
    while (found < count && indexes[found] !== index) found++;
    // It was left by somebody else, or before the members that stand changed.
    if (found === count) return false;
    candidates.swap(place, found);
  }
  return true;
}

function sharedPlaces({ wanted, count, names }: Candidates): number {
  let places = 0;
  for (let room = 0x1_0000_0000; places < wanted && places < count && room >= names.length; places++)
    room /= names.length;
  return places;
}
