/**
 * `load`: traffic leaves members that fill up. Below its `low` mark a member takes its whole share, at `high` nothing, and
 * between the marks in proportion: that part of its share is its *room*.
 *
 *   weights follow (weighted, hash)   they count times the room
 *   nothing follows                   a draw in proportion to weight times room
 *   other steps follow                each member stays with a chance as large as its room
 *
 * So a load that grows moves traffic little by little, in whatever chain. A member without room drops out. When none has
 * any, the least overloaded stay: those of the smallest load as a part of their high mark.
 *
 * Load is reported in any unit, that of `capacity`. See member-loads.ts for pools.
 *
 * @module
 */
import { Type } from "typebox";
import { mixBits } from "../../lib/hash.ts";
import { dropLastResorts } from "../last-resorts.ts";
import type { MemberLoads } from "../member-loads.ts";
import { type Candidates, type SteerRequest, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";
import { traceDraws } from "../trace-draws.ts";
import { drawByWeight } from "./weighted.ts";

/** Steps that go by weights, which `load` therefore leaves the choice to. */
const WEIGHING: ReadonlySet<string> = new Set(["weighted", "hash", "load"]);

export const load = stepType({
  name: "load",
  summary: "By room: traffic starts to leave a member at its low mark, and is gone at its high mark",
  optionsSchema: Type.Object({}, { additionalProperties: false }),
  compile(options, _members, following) {
    const isWeighed = following.some((name) => WEIGHING.has(name));
    return {
      type: "load",
      options,
      remembers: false,
      run(candidates, request, _memory, trace) {
        const { loads } = candidates;
        if (trace !== null) traceLoads(trace, candidates);
        if (!dropFull(candidates, trace)) {
          keepLeastOverloaded(candidates, trace);
          if (!candidates.isLast) return;
        } else if (isWeighed || candidates.isLast) candidates.weights = loads.weights;
        else thin(candidates, request, trace);
        if (!candidates.isLast) return;
        dropLastResorts(candidates, trace);
        drawByWeight(candidates, request, trace);
      },
    };
  },
});

/** Takes out who has no room. False, and nothing done, when nobody has any. */
function dropFull(candidates: Candidates, trace: StepTrace | null): boolean {
  const { indexes, count, loads, names } = candidates;
  const { room } = loads;
  let left = 0;
  for (let place = 0; place < count; place++) left += Number(room[indexes[place]!]! > 0);
  if (left === 0) return false;
  if (left === count) return true;
  left = 0;
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    if (room[index]! > 0) indexes[left++] = index;
    else
      trace?.dropped.push({
        member: names[index]!,
        why: `${percent(loads.used(index))} used, and traffic is gone at ${percent(loads.high[index]!)}`,
      });
  }
  candidates.count = left;
  return true;
}

/** Everybody is full: those stay whose load is the smallest part of their high mark. */
function keepLeastOverloaded(candidates: Candidates, trace: StepTrace | null): void {
  const { indexes, count, loads, names } = candidates;
  let least = Number.POSITIVE_INFINITY;
  for (let place = 0; place < count; place++) least = Math.min(least, overloadOf(loads, indexes[place]!));
  let kept = 0;
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    if (overloadOf(loads, index) <= least) indexes[kept++] = index;
    else
      trace?.dropped.push({
        member: names[index]!,
        why: "no candidate has room, and others are less overloaded",
      });
  }
  candidates.count = kept;
  trace?.why.push(
    `OVERLOAD: no candidate has room; ${candidates.nameAt(0)} is at ${percent(least)} of its high mark, the least of all`,
  );
}

function overloadOf(loads: MemberLoads, index: number): number {
  return loads.used(index) / loads.high[index]!;
}

/**
 * Keeps each candidate with a chance as large as its room. Where chance would leave none, the one that missed by least
 * stays. Each has a draw of its own, so that A and AAAA agree even where other members stand for them.
 */
function thin(candidates: Candidates, request: SteerRequest, trace: StepTrace | null): void {
  const { indexes, count, loads, memberHashes, names } = candidates;
  const { room } = loads;
  let isCertain = true;
  for (let place = 0; place < count; place++) isCertain = isCertain && room[indexes[place]!]! === 1;
  if (isCertain || count === 1) return;
  const seed = request.draws.seed(request, candidates);
  if (trace !== null) traceDraws(trace, request);
  let kept = 0;
  let nearest = -1;
  let nearestBy = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    const drawn = mixBits(seed ^ memberHashes[index]!) / 0x1_0000_0000;
    const by = room[index]! - drawn;
    if (by > nearestBy) {
      nearest = index;
      nearestBy = by;
    }
    if (by > 0) {
      indexes[kept++] = index;
      trace?.draws.push({ drawn, total: 1, member: names[index]! });
    } else if (trace !== null) {
      const why = `drew ${drawn.toFixed(3)}, and has room for ${room[index]!.toFixed(3)} of its share`;
      trace.dropped.push({ member: names[index]!, why });
    }
  }
  if (kept === 0) {
    indexes[kept++] = nearest;
    if (trace !== null) {
      const dropped = trace.dropped.findLastIndex(({ member }) => member === names[nearest]);
      trace.dropped.splice(dropped, 1);
      trace.why.push(`chance would leave none; ${names[nearest]} missed by least and stays`);
    }
  }
  candidates.count = kept;
}

function traceLoads(trace: StepTrace, { indexes, count, names, loads, fullWeights }: Candidates): void {
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    const member = names[index]!;
    if (loads.capacity[index] === 0)
      trace.numbers.push({ member, values: { capacity: "not said, so there is room" } });
    else {
      const { load, capacity, low, high, room } = loads;
      trace.numbers.push({
        member,
        values: {
          load: load[index]!,
          capacity: capacity[index]!,
          used: percent(loads.used(index)),
          low: percent(low[index]!),
          high: percent(high[index]!),
          room: room[index]!,
          weight: fullWeights[index]!,
        },
      });
    }
  }
}

/** At most one decimal. */
function percent(part: number): string {
  return `${Math.round(1000 * part) / 10} %`;
}
