/**
 * What steps that draw write into a trace, beside their draws.
 *
 * @module
 */
import { keyOfMember } from "./keyed-order.ts";
import type { Candidates, SteerRequest } from "./step.ts";
import type { StepTrace } from "./trace.ts";

/** Says where the number came from, when it is not a fresh one. */
export function traceDraws(trace: StepTrace, { draws }: SteerRequest): void {
  if (draws.isPaired) trace.why.push("the number of this client's other question was taken");
}

/** The keys by which orderByKeys() orders. */
export function traceKeys(trace: StepTrace, candidates: Candidates, seed: number, isEqual: boolean): void {
  for (let place = 0; place < candidates.count; place++) {
    const index = candidates.indexes[place]!;
    const key = keyOfMember(candidates, seed, index, isEqual);
    const weight = isEqual ? 1 : candidates.weights[index]!;
    trace.numbers.push({ member: candidates.names[index]!, values: { weight, key } });
  }
  trace.why.push(
    "other members stand for the other family, so each has a key by chance and weight; the smallest is first",
  );
}
