/**
 * Weight 0 is a last resort, for every step that looks at weights.
 *
 * @module
 */
import type { Candidates } from "./step.ts";
import type { StepTrace } from "./trace.ts";

/**
 * Takes weight 0 out of the running while there is weight above 0, keeps the order, and leaves the sum of the weights left
 * in `weightSum`: 0 when all are last resorts.
 */
export function dropLastResorts(candidates: Candidates, trace: StepTrace | null): void {
  const { indexes, weights, count } = candidates;
  let sum = 0;
  let kept = 0;
  for (let place = 0; place < count; place++) {
    const weight = weights[indexes[place]!]!;
    sum += weight;
    kept += Number(weight > 0);
  }
  candidates.weightSum = sum;
  if (kept === count) return;
  if (kept === 0) trace?.why.push("every candidate has weight 0: a last resort, and all are equals");
  else dropWeightless(candidates, trace);
}

function dropWeightless(candidates: Candidates, trace: StepTrace | null): void {
  const { indexes, weights } = candidates;
  let kept = 0;
  for (let place = 0; place < candidates.count; place++) {
    const index = indexes[place]!;
    if (weights[index]! > 0) indexes[kept++] = index;
    else
      trace?.dropped.push({
        member: candidates.names[index]!,
        why: "weight 0: a last resort, and others stand",
      });
  }
  candidates.count = kept;
}
