/**
 * `weighted`: in proportion to the weights of the members that stand. Weight 0 is a last
 * resort: such members drop out while one with a weight stands, and are equals when none does.
 *
 *   draw: random   each answer is drawn by itself; several without replacement
 *   draw: smooth   nginx's smooth weighted round robin: exact over a cycle of as many answers
 *                  as the weights add up to, and interleaved: 5, 1, 1 gives a a b a c a a
 *
 * The state of a smooth draw is one number for each member, kept by pool and family and shared by all
 * threads that answer. It starts anew when the set of members that stand changes.
 * Should an earlier step narrow the candidates by client, only those in the running move.
 *
 * @module
 */
import { Type } from "typebox";
import { drawAt } from "../draws.ts";
import { orderByKeys } from "../keyed-order.ts";
import { dropLastResorts } from "../last-resorts.ts";
import { leaveOrder, takeOrder } from "../shared-order.ts";
import { type Candidates, Families, type SteerRequest, type Step, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";
import { traceDraws, traceKeys } from "../trace-draws.ts";

export const weighted = stepType({
  name: "weighted",
  summary: "In proportion to weight; weight 0 is a last resort",
  optionsSchema: Type.Object(
    {
      draw: Type.Optional(
        Type.Union([Type.Literal("random"), Type.Literal("smooth")], {
          default: "random",
          description: "random: each answer by itself; smooth: exact over a cycle, and interleaved",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  compile(options): Step {
    const type = "weighted";
    return options.draw === "smooth"
      ? { type, options, remembers: true, run: runSmooth }
      : { type, options, remembers: false, run: runRandom };
  },
});

function runRandom(
  candidates: Candidates,
  request: SteerRequest,
  _memory: Float64Array,
  trace: StepTrace | null,
): void {
  dropLastResorts(candidates, trace);
  drawByWeight(candidates, request, trace);
}

/** Puts the first `wanted` in order by chance, after dropLastResorts(). */
export function drawByWeight(candidates: Candidates, request: SteerRequest, trace: StepTrace | null): void {
  if (candidates.count === 1) {
    trace?.why.push(`only ${candidates.nameAt(0)} is left; no draw is needed`);
    return;
  }
  const seed = request.draws.seed(request, candidates);
  if (trace !== null) traceDraws(trace, request);
  if (candidates.families === Families.Differ) {
    if (trace !== null) traceKeys(trace, candidates, seed, candidates.weightSum === 0);
    orderByKeys(candidates, seed, candidates.weightSum === 0);
  } else drawShares(candidates, seed, trace);
}

function drawShares(candidates: Candidates, seed: number, trace: StepTrace | null): void {
  const { indexes, weights, weightSum, count, wanted } = candidates;
  const isEqual = weightSum === 0;
  let total = isEqual ? count : weightSum;
  for (let place = 0; place < wanted && place < count - 1; place++) {
    const drawn = drawAt(seed, place) * total;
    const found = place + (isEqual ? Math.floor(drawn) : passed(candidates, place, drawn));
    candidates.swap(place, found);
    trace?.draws.push({ drawn, total, member: candidates.nameAt(place) });
    total -= isEqual ? 1 : weights[indexes[place]!]!;
  }
}

/**
 * How many shares, one after the other from `place` on, end at or before the drawn number. Counts
 * through all of them: the place to stop at is random, so a branch there is mispredicted half
 * the time, which costs more than some additions. The last share has no end, whatever rounding does.
 */
function passed({ indexes, weights, count }: Candidates, place: number, drawn: number): number {
  let end = 0;
  let shares = 0;
  for (let at = place; at < count - 1; at++) {
    end += weights[indexes[at]!]!;
    shares += Number(drawn >= end);
  }
  return shares;
}

function runSmooth(
  candidates: Candidates,
  request: SteerRequest,
  memory: Float64Array,
  trace: StepTrace | null,
): void {
  dropLastResorts(candidates, trace);
  if (takeOrder(candidates, request)) {
    trace?.why.push(`${candidates.nameAt(0)} is what this client's other question was given`);
    return;
  }
  orderByDue(candidates, memory, trace);
  leaveOrder(candidates, request);
}

function orderByDue(candidates: Candidates, memory: Float64Array, trace: StepTrace | null): void {
  const { indexes, weights, weightSum, count, wanted } = candidates;
  const total = weightSum === 0 ? count : weightSum;
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    memory[index]! += weightSum === 0 ? 1 : weights[index]!;
    trace?.numbers.push({ member: candidates.names[index]!, values: { due: memory[index]! } });
  }
  // The one most overdue answers; those in the places after it are the next most overdue.
  for (let place = 0; place < wanted && place < count - 1; place++) {
    let most = place;
    for (let other = place + 1; other < count; other++) {
      const ahead = memory[indexes[other]!]! - memory[indexes[most]!]!;
      if (ahead > 0 || (ahead === 0 && indexes[other]! < indexes[most]!)) most = other;
    }
    candidates.swap(place, most);
  }
  memory[indexes[0]!]! -= total;
  trace?.why.push(`${candidates.nameAt(0)} is the most overdue; it pays back ${total}`);
}
