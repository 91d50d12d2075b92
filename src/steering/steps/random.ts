/**
 * `random`: every member that stands is as likely as any other, whatever its weight; several
 * answers are drawn without replacement.
 *
 * @module
 */
import { Type } from "typebox";
import { randomBelow } from "../../lib/random.ts";
import { stepType } from "../step.ts";

export const random = stepType({
  name: "random",
  summary: "Uniformly at random; weights do not count",
  optionsSchema: Type.Object({}, { additionalProperties: false }),
  compile(options) {
    return {
      type: "random",
      options,
      remembers: false,
      run(candidates, request, _memory, trace) {
        // Fisher and Yates, as far as the answer looks. The last one left needs no draw.
        const { count, wanted } = candidates;
        for (let place = 0; place < wanted && place < count - 1; place++) {
          const drawn = randomBelow(request.random, count - place);
          candidates.swap(place, place + drawn);
          trace?.draws.push({ drawn, total: count - place, member: candidates.nameAt(place) });
        }
        if (count === 1) trace?.why.push(`only ${candidates.nameAt(0)} is left; no draw is needed`);
      },
    };
  },
});
