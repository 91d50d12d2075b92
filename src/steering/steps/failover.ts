/**
 * `failover`: the members that stand, in the order written. The first one answers until it is
 * down, then the second, and so on.
 *
 * @module
 */
import { Type } from "typebox";
import { type Candidates, stepType } from "../step.ts";

export const failover = stepType({
  name: "failover",
  summary: "In the order written: the first member that stands answers",
  optionsSchema: Type.Object({}, { additionalProperties: false }),
  compile(options) {
    return {
      type: "failover",
      options,
      remembers: false,
      run(candidates, _request, _memory, trace) {
        sortByIndex(candidates);
        trace?.why.push(`in the order written ${candidates.nameAt(0)} is first of those that stand`);
      },
    };
  },
});

/** Insertion sort: candidates come sorted unless an earlier step of the chain moved them. */
function sortByIndex(candidates: Candidates): void {
  const { indexes, count } = candidates;
  for (let i = 1; i < count; i++) {
    const index = indexes[i]!;
    let place = i;
    for (; place > 0 && indexes[place - 1]! > index; place--) indexes[place] = indexes[place - 1]!;
    indexes[place] = index;
  }
}
