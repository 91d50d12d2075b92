/**
 * `round-robin`: in turn. Each answer starts one member further than the last one; with several
 * answers it is a window that moves on by one. The turn is counted in the live table, by pool
 * and family, so that all workers of a process take turns together. A and AAAA of one client take the same turn when the
 * same members stand for both: the question that comes second does not count.
 *
 * When the set of members that stand changes, the count goes on and is taken modulo the new
 * number. After 2^32 turns it wraps, and unless the number of members divides 2^32 one turn is
 * then out of order.
 *
 * @module
 */
import { Type } from "typebox";
import { rotationSlot } from "../live.ts";
import { type Candidates, stepType } from "../step.ts";

export const roundRobin = stepType({
  name: "round-robin",
  summary: "In turn: each answer starts one member further than the last",
  optionsSchema: Type.Object({}, { additionalProperties: false }),
  compile(options) {
    return {
      type: "round-robin",
      options,
      remembers: false,
      run(candidates, request, _memory, trace) {
        if (candidates.count === 1) {
          trace?.why.push(`only ${candidates.nameAt(0)} is left; there are no turns to take`);
          return;
        }
        const { draws, live } = request;
        const left = draws.takeCounted(request, candidates);
        let turn: number;
        if (left >= 0) {
          turn = live.pairs[left]! >>> 0;
          trace?.why.push("the turn of this client's other question was taken");
        } else {
          turn = Atomics.add(live.rotation, rotationSlot(candidates.poolNumber, request.family), 1);
          draws.leaveCounted(request, candidates, turn | 0);
        }
        rotate(candidates, turn % candidates.count);
        trace?.why.push(`turn ${turn} over ${candidates.count} candidates starts at ${candidates.nameAt(0)}`);
      },
    };
  },
});

/** Moves the candidate at `start` to the front, those before it to the end: three reversals. */
function rotate(candidates: Candidates, start: number): void {
  if (start === 0) return;
  if (candidates.wanted === 1) {
    candidates.swap(0, start);
    return;
  }
  reverse(candidates, 0, start - 1);
  reverse(candidates, start, candidates.count - 1);
  reverse(candidates, 0, candidates.count - 1);
}

function reverse(candidates: Candidates, first: number, last: number): void {
  for (let low = first, high = last; low < high; low++, high--) candidates.swap(low, high);
}
