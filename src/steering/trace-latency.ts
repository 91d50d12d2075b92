/**
 * What the step `latency` writes into a trace: each member's estimate and where it is from, and in words who was chosen.
 *
 * @module
 */
import { HEADER, unitS } from "../latency/latency-table.ts";
import { ageUnitsOf, confidenceOf, countOf, deviationMsOf, isAgeless } from "../latency/pair.ts";
import { beats, MARGIN_MS, MARGIN_PART } from "../latency/region-order.ts";
import { DISTANCE, type LatencyChoice, NOTHING } from "./latency-choice.ts";
import type { Candidates, SteerRequest } from "./step.ts";
import type { StepTrace } from "./trace.ts";

/** Before the step narrows or orders anything. */
export function traceLatency(
  trace: StepTrace,
  candidates: Candidates,
  request: SteerRequest,
  choice: LatencyChoice,
  isSticky: boolean,
): void {
  const indexes = [...candidates.indexes.subarray(0, candidates.count)];
  let known = 0;
  for (const index of indexes) {
    const member = candidates.names[index]!;
    trace.numbers.push({ member, values: valuesOf(index, request, choice) });
    if (choice.sources[index] !== NOTHING) known++;
  }
  if (known === 0) {
    trace.why.push(
      candidates.isLast
        ? "no round-trip time and no distance is known: all stay, in the order of the client's hash"
        : "no round-trip time and no distance is known: all stay",
    );
    return;
  }
  trace.why.push(whoIsFirst(candidates, indexes, choice, isSticky));
  traceFates(trace, candidates, indexes, choice);
}

function valuesOf(
  index: number,
  { latency }: SteerRequest,
  choice: LatencyChoice,
): Record<string, number | string> {
  const source = choice.sources[index]!;
  if (source === NOTHING) return { from: "nothing is known" };
  const rttMs = rounded(choice.times[index]!);
  if (source === DISTANCE) return { rttMs, from: `distance ${Math.round(choice.distances[index]!)} km` };
  const { estimates } = choice;
  const pair = estimates.pairs[choice.regionOf[index]!]!;
  const now = latency!.header[HEADER.now]!;
  const age = isAgeless(pair) ? {} : { ageS: Math.round(ageUnitsOf(pair, now) * unitS(latency!)) };
  return {
    rttMs,
    deviationMs: rounded(deviationMsOf(pair)),
    samples: countOf(pair) === 31 ? "31 or more" : countOf(pair),
    ...age,
    confidence: Math.round(100 * confidenceOf(pair, now)) / 100,
    from: estimates.lookup.describe(source),
  };
}

/** The decision, with its margins. */
function whoIsFirst(
  { names }: Candidates,
  indexes: readonly number[],
  choice: LatencyChoice,
  isSticky: boolean,
): string {
  const { times, holder, holderMs, lowestMs, chosenMs, estimates } = choice;
  const nameOf = (ms: number) => {
    const index = indexes.find((each) => times[each] === ms)!;
    return estimates.regions[choice.regionOf[index]!] || names[index]!;
  };
  const lowest = `${nameOf(lowestMs)} is lowest at ${rounded(lowestMs)} ms`;
  if (holder < 0 || holderMs === lowestMs) return isSticky ? lowest : `${lowest}, and sticky is off`;
  const gain = `better by ${rounded(holderMs - lowestMs)} ms and ${rounded((100 * (holderMs - lowestMs)) / holderMs)} %`;
  const needed = `${MARGIN_MS} ms and ${100 * MARGIN_PART} % are needed`;
  const held = estimates.regions[holder]!;
  if (!beats(lowestMs, holderMs))
    return `${held} stays first with ${rounded(holderMs)} ms: ${nameOf(lowestMs)} is ${gain}, ${needed}`;
  return `${nameOf(chosenMs)} takes over from ${held}: ${nameOf(lowestMs)} is ${gain}, ${needed}`;
}

function traceFates(
  trace: StepTrace,
  { names, isLast }: Candidates,
  indexes: readonly number[],
  choice: LatencyChoice,
): void {
  const { times, sources, limitMs, chosenMs } = choice;
  const isWithin = "within" in trace.options;
  if (isLast && !isWithin) return;
  if (isWithin) trace.why.push(`members up to ${rounded(limitMs)} ms are equals`);
  for (const index of indexes) {
    const time = times[index]!;
    if (isWithin ? time <= limitMs : time === chosenMs) continue;
    const why =
      sources[index] === NOTHING
        ? "nothing is known of it, and of others there is"
        : isWithin
          ? `over ${rounded(limitMs)} ms`
          : `${nameOfChosen(names, indexes, choice)} is first`;
    trace.dropped.push({ member: names[index]!, why });
  }
}

function nameOfChosen(names: readonly string[], indexes: readonly number[], choice: LatencyChoice): string {
  return names[indexes.find((index) => choice.times[index] === choice.chosenMs)!]!;
}

function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
