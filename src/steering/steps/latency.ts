/**
 * `latency`: lowest round-trip time between the client's network and the member's region.
 *
 *   estimate   the client's own network ─► wider prefix ─► AS ─► country, each as seen from that region ─► distance
 *   sticky     the region that the network has settled on keeps it until another one is better by 5 ms and by 10 %
 *   within     members as good as the best, or nearly, are equals: all of them stay, in the order before
 *
 * Without `within` the best stays, and what ties with it, where steps follow; as the last step it puts all in order.
 * Members of one region share its estimate. Members of which nothing is known come last.
 *
 * What a network has settled on is kept in its row of the latency table, which only samples change; so this is a
 * function of the row, and the same on every node that has the same samples. See latency/region-order.ts.
 *
 * @module
 */
import { Type } from "typebox";
import { distanceOfChord, unitVector } from "../../geo/distance.ts";
import { RegionEstimates } from "../../latency/estimates.ts";
import { beats } from "../../latency/region-order.ts";
import { orderByKeys } from "../keyed-order.ts";
import { DISTANCE, type LatencyChoice, NOTHING } from "../latency-choice.ts";
import type { MemberSpec } from "../spec.ts";
import { type Candidates, type SteerRequest, type Step, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";
import { traceLatency } from "../trace-latency.ts";

/**
 * Distance as a time: 5 ms for the last mile and the servers, and 15 ms for 1,000 km. Light in fibre needs 10 there and back, and
 * cables are half as long again as the great circle: Paris to Frankfurt 12 ms, London to New York 89, to Singapore 168.
 */
export function msOfDistance(km: number): number {
  return 5 + 0.015 * km;
}

const WITHIN_PATTERN = "^[0-9]{1,4}(?:\\.[0-9]{1,3})?(?:ms|%)$";

/** Of the client's network that settles who comes first where nothing is known. */
const HASH_LENGTH = { ipv4: 24, ipv6: 48 } as const;

export const latency = stepType({
  name: "latency",
  summary: "Lowest round-trip time between the client's network and the member's region",
  optionsSchema: Type.Object(
    {
      within: Type.Optional(
        Type.String({
          pattern: WITHIN_PATTERN,
          errorMessage: "a time or a part of the best, as in 10ms or 20%",
          description: "members so near to the best are equals: 10ms, or 20%; without it, the best alone",
        }),
      ),
      sticky: Type.Optional(
        Type.Boolean({
          default: true,
          description:
            "true: a region is left for one that is better by 5 ms and by 10 %; false: for any that is better",
        }),
      ),
      samples: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 31,
          default: 1,
          description: "estimates of fewer samples do not count; a wider network's may",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  compile(options, members): Step {
    const chooser = new LatencyChooser(members, parseWithin(options.within), options.samples ?? 1);
    const isSticky = options.sticky ?? true;
    return {
      type: "latency",
      options,
      remembers: false,
      run: (candidates, request, _memory, trace) => chooser.run(candidates, request, isSticky, trace),
    };
  },
});

/** A part of the best time, and milliseconds over it. */
interface Within {
  readonly part: number;
  readonly ms: number;
}

function parseWithin(text: string | undefined): Within | null {
  if (text === undefined) return null;
  const value = Number.parseFloat(text);
  return text.endsWith("%") ? { part: value / 100, ms: 0 } : { part: 0, ms: value };
}

class LatencyChooser implements LatencyChoice {
  readonly estimates: RegionEstimates;
  readonly regionOf: Int16Array;
  readonly times: Float64Array;
  readonly sources: Int8Array;
  readonly distances: Float64Array;
  // Doubles from the start, so that no number is boxed later.
  lowestMs = Number.NaN;
  chosenMs = Number.NaN;
  holder = -1;
  holderMs = Number.NaN;
  limitMs = Number.NaN;
  /** The first member of the lowest time, the lowest time above it, and the least of the sources. */
  #lowest = -1;
  #nextMs = Number.NaN;
  #nearest = NOTHING;
  /** x, y, z of each member; NaN = nobody knows. */
  readonly #vectors: Float64Array;
  readonly #within: Within | null;
  readonly #samplesMin: number;

  constructor(members: readonly MemberSpec[], within: Within | null, samplesMin: number) {
    const regions = [...new Set(members.flatMap(({ region }) => region ?? []))];
    // Members without a region share one more, of which no table knows anything.
    const none = regions.length;
    this.estimates = new RegionEstimates([...regions, ""]);
    this.regionOf = Int16Array.from(members, ({ region }) =>
      region === null ? none : regions.indexOf(region),
    );
    this.times = new Float64Array(members.length);
    this.sources = new Int8Array(members.length);
    this.distances = new Float64Array(members.length);
    this.#vectors = Float64Array.from(
      members.flatMap(({ location }) => (location === null ? [NaN, NaN, NaN] : unitVector(location))),
    );
    this.#within = within;
    this.#samplesMin = samplesMin;
  }

  run(candidates: Candidates, request: SteerRequest, isSticky: boolean, trace: StepTrace | null): void {
    const isAnyKnown = this.#estimate(candidates, request);
    if (isAnyKnown) this.#choose(candidates, isSticky, trace !== null);
    if (trace !== null) traceLatency(trace, candidates, request, this, isSticky);
    if (isAnyKnown) {
      if (candidates.isLast && this.#within === null) this.#order(candidates);
      else this.#narrow(candidates);
    } else if (candidates.isLast) {
      const seed = request.client.network.hash(HASH_LENGTH.ipv4, HASH_LENGTH.ipv6);
      orderByKeys(candidates, seed, true);
    }
  }

  /** Works out the time of each, who has the lowest, and the next to it. Is there an estimate of any? */
  #estimate({ indexes, count }: Candidates, request: SteerRequest): boolean {
    const { estimates, regionOf, times, sources } = this;
    const { client, latency } = request;
    const isAll = count === times.length;
    estimates.begin(isAll);
    if (latency !== null) {
      if (!isAll) for (let place = 0; place < count; place++) estimates.ask(regionOf[indexes[place]!]!);
      estimates.find(latency, client, this.#samplesMin);
    }
    const { levels, ms } = estimates;
    let lowest = -1;
    let lowestMs = Number.POSITIVE_INFINITY;
    let nextMs = Number.POSITIVE_INFINITY;
    let nearest = NOTHING;
    for (let place = 0; place < count; place++) {
      const index = indexes[place]!;
      const region = regionOf[index]!;
      let source = levels[region]!;
      if (source >= 0) times[index] = ms[region]!;
      else source = this.#measureDistance(index, request);
      sources[index] = source;
      const time = times[index]!;
      if (time < lowestMs) {
        nextMs = lowestMs;
        lowestMs = time;
        lowest = index;
      } else if (time > lowestMs && time < nextMs) nextMs = time;
      if (source < nearest) nearest = source;
    }
    this.#lowest = lowest;
    this.#nextMs = nextMs;
    this.#nearest = nearest;
    this.lowestMs = lowestMs;
    return lowest >= 0;
  }

  /** DISTANCE or NOTHING. */
  #measureDistance(index: number, { client }: SteerRequest): number {
    const vectors = this.#vectors;
    const x = vectors[3 * index]!;
    if (Number.isNaN(x) || !client.locate()) {
      this.times[index] = Number.POSITIVE_INFINITY;
      return NOTHING;
    }
    const y = vectors[3 * index + 1]!;
    const z = vectors[3 * index + 2]!;
    const chord =
      (client.x - x) * (client.x - x) + (client.y - y) * (client.y - y) + (client.z - z) * (client.z - z);
    const km = distanceOfChord(chord);
    this.distances[index] = km;
    this.times[index] = msOfDistance(km);
    return DISTANCE;
  }

  /** Works out who is first, and up to which time members are equals. */
  #choose({ isLast }: Candidates, isSticky: boolean, isTraced: boolean): void {
    const { estimates } = this;
    const nearest = this.#nearest;
    this.chosenMs = this.lowestMs;
    // Who is better than all others by both margins needs no asking whether it holds. That spares a cache line.
    const isClear = beats(this.lowestMs, this.#nextMs) && !isTraced;
    this.holder = isSticky && nearest < DISTANCE && !isClear ? estimates.holder(nearest) : -1;
    if (this.holder >= 0) {
      this.holderMs = estimates.ms[this.holder]!;
      this.chosenMs = beats(this.lowestMs, this.holderMs)
        ? this.#successor(this.#lowest, nearest)
        : this.holderMs;
    }
    const within = this.#within;
    if (within === null) this.limitMs = isLast ? Number.POSITIVE_INFINITY : this.chosenMs;
    else {
      const limit = this.lowestMs * (1 + within.part) + within.ms;
      this.limitMs = Math.max(limit, this.chosenMs);
    }
  }

  /** Who takes over from the holder: the lowest, or who holds the row that the lowest is from. */
  #successor(lowest: number, nearest: number): number {
    const { estimates, lowestMs } = this;
    const level = this.sources[lowest]!;
    if (level === nearest || level === DISTANCE) return lowestMs;
    const other = estimates.holder(level);
    return other >= 0 && !beats(lowestMs, estimates.ms[other]!) ? estimates.ms[other]! : lowestMs;
  }

  /** The first `wanted` places: who was chosen, the others by time; equals in the order before. */
  #order({ indexes, count, wanted }: Candidates): void {
    const { times, chosenMs } = this;
    for (let place = 0; place < wanted && place < count - 1; place++) {
      let best = place;
      for (let other = place; other < count; other++) {
        const time = times[indexes[other]!]!;
        if (time === chosenMs) {
          best = other;
          break;
        }
        if (time < times[indexes[best]!]!) best = other;
      }
      const index = indexes[best]!;
      // A loop rather than copyWithin(): for a few numbers the call would cost more.
      for (let other = best; other > place; other--) indexes[other] = indexes[other - 1]!;
      indexes[place] = index;
    }
  }

  /** Out with those over the limit, and without `within` with those that are not as good as the chosen. */
  #narrow(candidates: Candidates): void {
    const { indexes, count } = candidates;
    const { times, limitMs, chosenMs } = this;
    const isExact = this.#within === null;
    let kept = 0;
    for (let place = 0; place < count; place++) {
      const index = indexes[place]!;
      if (isExact ? times[index] === chosenMs : times[index]! <= limitMs) indexes[kept++] = index;
    }
    candidates.count = kept;
  }
}
