/**
 * `random`: every member that stands is as likely as any other, whatever its weight; several
 * answers are drawn without replacement. A and AAAA of one client share their draws: see draws.ts.
 *
 * @module
 */
import { Type } from "typebox";
import { drawAt } from "../draws.ts";
import { orderByKeys } from "../keyed-order.ts";
import { Families, stepType } from "../step.ts";
import { traceDraws, traceKeys } from "../trace-draws.ts";

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
        const { count, wanted } = candidates;
        if (count === 1) {
          trace?.why.push(`only ${candidates.nameAt(0)} is left; no draw is needed`);
          return;
        }
        const seed = request.draws.seed(request, candidates);
        if (trace !== null) traceDraws(trace, request);
        if (candidates.families === Families.Differ) {
          if (trace !== null) traceKeys(trace, candidates, seed, true);
          orderByKeys(candidates, seed, true);
          return;
        }
        // Fisher and Yates, as far as the answer looks. The last one left needs no draw.
        for (let place = 0; place < wanted && place < count - 1; place++) {
          const drawn = Math.floor(drawAt(seed, place) * (count - place));
          candidates.swap(place, place + drawn);
          trace?.draws.push({ drawn, total: count - place, member: candidates.nameAt(place) });
        }
      },
    };
  },
});
