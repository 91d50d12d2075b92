/**
 * `response-time`: lowest response time of the members' checks; of a member that is a pool, the lowest of its members
 * that stand. It says how quick a member is, whoever asks: `latency` says how near it is to the client.
 *
 *   within   members as quick as the best, or nearly, are equals: all of them stay, in the order before
 *
 * Without `within` the quickest stays, and what ties with it, where steps follow; as the last step it puts all in order.
 * Members that were never measured come last, and where none was, all stay as they are.
 *
 * @module
 */
import { Type } from "typebox";
import { type Candidates, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";
import { parseWithin, WITHIN_PATTERN } from "../within.ts";

export const responseTime = stepType({
  name: "response-time",
  summary: "Lowest response time of the members' checks",
  optionsSchema: Type.Object(
    {
      within: Type.Optional(
        Type.String({
          pattern: WITHIN_PATTERN,
          description: "members so near to the best are equals: 10ms, or 20%; without it, the best alone",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  compile(options) {
    const within = options.within === undefined ? null : parseWithin(options.within);
    return {
      type: "response-time",
      options,
      remembers: false,
      run(candidates, _request, _memory, trace) {
        const { rttsMs, indexes, count } = candidates;
        let lowest = Number.POSITIVE_INFINITY;
        for (let place = 0; place < count; place++) {
          const rttMs = rttsMs[indexes[place]!]!;
          if (rttMs < lowest) lowest = rttMs;
        }
        if (trace !== null) traceTimes(trace, candidates, lowest);
        if (lowest === Number.POSITIVE_INFINITY) return;
        if (within === null && candidates.isLast) order(candidates);
        else narrow(candidates, within === null ? lowest : lowest * (1 + within.part) + within.ms, trace);
      },
    };
  },
});

/** Puts the quickest into the first `wanted` places; equals keep their order, and so do the others. */
function order(candidates: Candidates): void {
  const { rttsMs, indexes, count, wanted } = candidates;
  for (let place = 0; place < wanted && place < count - 1; place++) {
    let found = -1;
    for (let at = place; at < count; at++) {
      const rttMs = rttsMs[indexes[at]!]!;
      if (!Number.isNaN(rttMs) && (found < 0 || rttMs < rttsMs[indexes[found]!]!)) found = at;
    }
    if (found < 0) return;
    const index = indexes[found]!;
    for (let at = found; at > place; at--) indexes[at] = indexes[at - 1]!;
    indexes[place] = index;
  }
}

function narrow(candidates: Candidates, limitMs: number, trace: StepTrace | null): void {
  const { rttsMs, indexes, names } = candidates;
  let kept = 0;
  for (let place = 0; place < candidates.count; place++) {
    const index = indexes[place]!;
    const rttMs = rttsMs[index]!;
    if (rttMs <= limitMs) indexes[kept++] = index;
    else if (trace !== null) {
      const why = Number.isNaN(rttMs)
        ? "never measured, and others were"
        : `${format(rttMs)} ms is above ${format(limitMs)} ms`;
      trace.dropped.push({ member: names[index]!, why });
    }
  }
  candidates.count = kept;
}

function traceTimes(trace: StepTrace, candidates: Candidates, lowest: number): void {
  for (let place = 0; place < candidates.count; place++) {
    const index = candidates.indexes[place]!;
    const rttMs = candidates.rttsMs[index]!;
    const time = Number.isNaN(rttMs) ? "never measured" : `${format(rttMs)} ms`;
    trace.numbers.push({ member: candidates.names[index]!, values: { "response time": time } });
  }
  trace.why.push(
    lowest === Number.POSITIVE_INFINITY
      ? "no candidate was ever measured, so all stay as they are"
      : `the quickest takes ${format(lowest)} ms`,
  );
}

/** At most one decimal. */
function format(ms: number): string {
  return String(Math.round(10 * ms) / 10);
}
