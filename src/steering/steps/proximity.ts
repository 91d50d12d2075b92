/**
 * `proximity`: the nearest members, by great-circle distance and what their `bias` makes of it.
 *
 *   biased distance   d · (1 − bias/100)   where the bias is 0 or more: the member draws clients from further away
 *                     d / (1 + bias/100)   where it is below 0
 *
 * With `within`, all that are so much further than the nearest are equals, and the others go. Without it the nearest stays
 * and what ties with it where steps follow; as the last step it puts all in order, the nearest first.
 *
 * Where no step follows, the client's hash decides among equals: those within a metre, those that `within` keeps,
 * members of which nobody knows where they are (they come last), and all of them when nobody knows where the client is.
 * The order written would send all such clients to one member.
 *
 * Distances are angles here, and compared by their squares: that of the chord between two unit vectors where no member
 * has a bias, of the biased arc where one has. An arc costs an arc sine, so a lower bound keeps most members from it.
 *
 * @module
 */
import { Type } from "typebox";
import type { ClientPlace } from "../../geo/client-place.ts";
import { distanceOfChord, EARTH_RADIUS_KM, unitVector } from "../../geo/distance.ts";
import { mixBits } from "../../lib/hash.ts";
import type { MemberSpec } from "../spec.ts";
import { type Candidates, type SteerRequest, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";

const WITHIN_PATTERN = "^[0-9]{1,5}(?:\\.[0-9]{1,3})?(?:km|%)$";

/** Nearer than this to each other, distances are the same; coordinates are not known to a metre. */
const TIE_KM = 0.001;

/** Of the client's network that settles ties. As long as sites are, which one resolver serves. */
const HASH_LENGTH = { ipv4: 24, ipv6: 56 } as const;

export const proximity = stepType({
  name: "proximity",
  summary: "The nearest by great-circle distance; bias as Route 53 has it",
  optionsSchema: Type.Object(
    {
      within: Type.Optional(
        Type.String({
          pattern: WITHIN_PATTERN,
          description: "members so much further than the nearest are equals: 300km, or 20%",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  compile(options, members) {
    const ranking = new Ranking(members, parseWithin(options.within));
    return {
      type: "proximity",
      options,
      remembers: false,
      run: (candidates, request, _memory, trace) => ranking.run(candidates, request, trace),
    };
  },
});

/** How much further than the nearest is as good: a part of its distance, and an angle over it. */
interface Within {
  readonly part: number;
  readonly angle: number;
}

function parseWithin(text: string | undefined): Within | null {
  if (text === undefined) return null;
  const value = Number.parseFloat(text);
  return text.endsWith("%") ? { part: value / 100, angle: 0 } : { part: 0, angle: value / EARTH_RADIUS_KM };
}

const TIE: Within = { part: 0, angle: TIE_KM / EARTH_RADIUS_KM };

/** What a bias makes of a distance. */
function factorOf(bias: number): number {
  return bias >= 0 ? 1 - bias / 100 : 1 / (1 + bias / 100);
}

class Ranking {
  /** By member; NaN = nobody knows. */
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #z: Float64Array;
  readonly #factors: Float64Array;
  readonly #isBiased: boolean;
  readonly #within: Within | null;
  /** By member: the square of the chord to the client; infinite = nobody knows. */
  readonly #chords: Float64Array;
  /** By member: what it is compared by, or less; see #keyOf(). The chords themselves where no member has a bias. */
  readonly #bounds: Float64Array;
  #isPlaced = false;

  constructor(members: readonly MemberSpec[], within: Within | null) {
    const vectors = members.map(({ location }) =>
      location === null ? [NaN, NaN, NaN] : unitVector(location),
    );
    this.#x = Float64Array.from(vectors, (vector) => vector[0]!);
    this.#y = Float64Array.from(vectors, (vector) => vector[1]!);
    this.#z = Float64Array.from(vectors, (vector) => vector[2]!);
    this.#factors = Float64Array.from(members, ({ bias }) => factorOf(bias));
    this.#isBiased = members.some(({ bias }) => bias !== 0);
    this.#within = within;
    this.#chords = new Float64Array(members.length);
    this.#bounds = this.#isBiased ? new Float64Array(members.length) : this.#chords;
  }

  run(candidates: Candidates, request: SteerRequest, trace: StepTrace | null): void {
    if (candidates.count === 1) {
      trace?.why.push(`only ${candidates.nameAt(0)} is left; nothing is asked about the client`);
      return;
    }
    this.#measure(candidates, request.client);
    const limit = this.#limitOf(this.#nearest(candidates, 0), this.#within ?? TIE);
    if (trace !== null) this.#trace(trace, candidates, request, limit);
    const equals = this.#gather(candidates, 0, limit);
    if (!candidates.isLast || this.#within !== null) candidates.count = equals;
    if (candidates.isLast) this.#order(candidates, request, equals);
  }

  /** How far each candidate is from the client. Asks about the client only where a candidate's place is known. */
  #measure({ indexes, count }: Candidates, client: ClientPlace): void {
    const xs = this.#x;
    const ys = this.#y;
    const zs = this.#z;
    const chords = this.#chords;
    let unknown = 0;
    while (unknown < count && Number.isNaN(xs[indexes[unknown]!]!)) unknown++;
    this.#isPlaced = unknown < count && client.locate();
    if (!this.#isPlaced) {
      for (let place = 0; place < count; place++) {
        const index = indexes[place]!;
        chords[index] = Number.POSITIVE_INFINITY;
        this.#bounds[index] = Number.POSITIVE_INFINITY;
      }
      return;
    }
    const { x, y, z } = client;
    for (let place = 0; place < count; place++) {
      const index = indexes[place]!;
      const dx = xs[index]! - x;
      const dy = ys[index]! - y;
      const dz = zs[index]! - z;
      const chord = dx * dx + dy * dy + dz * dz;
      chords[index] = Number.isNaN(chord) ? Number.POSITIVE_INFINITY : chord;
    }
    if (!this.#isBiased) return;
    const bounds = this.#bounds;
    const factors = this.#factors;
    for (let place = 0; place < count; place++) {
      const index = indexes[place]!;
      bounds[index] = boundOf(chords[index]!, factors[index]!);
    }
  }

  /** What a member is compared by: the square of its chord, or where there are biases that of its biased arc. */
  #keyOf(index: number): number {
    const chord = this.#chords[index]!;
    if (!this.#isBiased || chord === Number.POSITIVE_INFINITY) return chord;
    const arc = this.#factors[index]! * arcOf(chord);
    return arc * arc;
  }

  /** The least key from a place on; infinite when nobody knows where any of them is. */
  #nearest({ indexes, count }: Candidates, from: number): number {
    const bounds = this.#bounds;
    const isBiased = this.#isBiased;
    let least = Number.POSITIVE_INFINITY;
    for (let place = from; place < count; place++) {
      const index = indexes[place]!;
      const bound = bounds[index]!;
      if (bound >= least) continue;
      least = isBiased ? Math.min(least, this.#keyOf(index)) : bound;
    }
    return least;
  }

  /** The greatest key that counts as equal to the least; never below it, whatever rounding does. */
  #limitOf(least: number, { part, angle }: Within): number {
    if (least === Number.POSITIVE_INFINITY) return least;
    let limit = 5;
    if (this.#isBiased) limit = (Math.sqrt(least) * (1 + part) + angle) ** 2;
    else {
      // arcOf(), written out: called from here it is not inlined, and what a call gives back is an object.
      const nearest = 2 * Math.asin(Math.min(1, Math.sqrt(least) / 2));
      const arc = nearest * (1 + part) + angle;
      if (arc < Math.PI) limit = (2 * Math.sin(arc / 2)) ** 2;
    }
    return Math.max(least, limit) * (1 + 1e-12);
  }

  /** Moves the candidates up to a limit to the front, from a place on, in their order. Where they end. */
  #gather({ indexes, count }: Candidates, from: number, limit: number): number {
    const bounds = this.#bounds;
    const isBiased = this.#isBiased;
    let end = from;
    for (let place = from; place < count; place++) {
      const index = indexes[place]!;
      if (bounds[index]! > limit || (isBiased && !this.#isWithin(index, limit))) continue;
      indexes[place] = indexes[end]!;
      indexes[end++] = index;
    }
    return end;
  }

  #isWithin(index: number, limit: number): boolean {
    // Up to a quarter of the globe, the bound falls short of the key by 0.6 % at most.
    if (this.#chords[index]! <= 2 && this.#bounds[index]! * 1.006 <= limit) return true;
    return this.#keyOf(index) <= limit;
  }

  /** The first `wanted` places: group after group of equals, each by the client's hash. The first group ends at `end`. */
  #order(candidates: Candidates, request: SteerRequest, end: number): void {
    let place = 0;
    for (let next = end; ; ) {
      if (next - place > 1) orderByHash(candidates, request, place, next);
      place = next;
      if (place >= candidates.wanted || place >= candidates.count) return;
      next = this.#gather(candidates, place, this.#limitOf(this.#nearest(candidates, place), TIE));
    }
  }

  #trace(trace: StepTrace, candidates: Candidates, { client }: SteerRequest, limit: number): void {
    const { indexes, names, count, isLast } = candidates;
    let nearest = indexes[0]!;
    let within = 0;
    for (let place = 0; place < count; place++) {
      const index = indexes[place]!;
      trace.numbers.push({ member: names[index]!, values: this.#numbersOf(index) });
      if (this.#keyOf(index) < this.#keyOf(nearest)) nearest = index;
      if (this.#isWithin(index, limit)) within++;
      else if (!isLast || this.#within !== null) {
        const over = this.#kmOf(index) - this.#kmOf(nearest);
        const why =
          over === Number.POSITIVE_INFINITY
            ? "nobody knows where it is"
            : `${formatKm(this.#kmOf(index))} away`;
        trace.dropped.push({ member: names[index]!, why });
      }
    }
    if (!this.#isPlaced) {
      const located = this.#x.some((value) => !Number.isNaN(value));
      const who = located ? "nobody knows where the client is" : "no candidate says where it is";
      trace.why.push(isLast ? `${who}, so its hash puts them in order` : `${who}, so all candidates stay`);
      return;
    }
    const by = client.locatedBy === "country" ? ", the client being placed by its country" : "";
    const biased = this.#factors[nearest] === 1 ? "" : " by biased distance";
    trace.why.push(`${names[nearest]!} is the nearest${biased}, ${formatKm(this.#kmOf(nearest))} away${by}`);
    if (within < 2) return;
    const range =
      this.#within === null ? "are as near" : `are within ${String(trace.options.within)} of the nearest`;
    trace.why.push(`${within} candidates ${range}${isLast ? ": the client's hash decides" : ""}`);
  }

  #numbersOf(index: number): Record<string, number | string> {
    if (this.#chords[index] !== Number.POSITIVE_INFINITY) {
      const km = distanceOfChord(this.#chords[index]!);
      const factor = this.#factors[index]!;
      return { km: roundKm(km), ...(factor === 1 ? {} : { "biased km": roundKm(km * factor) }) };
    }
    return { km: "unknown" };
  }

  #kmOf(index: number): number {
    const chord = this.#chords[index]!;
    return chord === Number.POSITIVE_INFINITY ? chord : this.#factors[index]! * distanceOfChord(chord);
  }
}

/** The angle of a chord, by its square. */
function arcOf(chord: number): number {
  return 2 * Math.asin(Math.min(1, Math.sqrt(chord) / 2));
}

/** At most the square of the biased arc: the first terms of the arc sine, all of which are above 0. */
function boundOf(chord: number, factor: number): number {
  const part = factor * (1 + chord * (1 / 24 + chord * (3 / 640 + chord * (5 / 7168))));
  return chord * part * part;
}

/** Rendezvous: the order of some does not change when others come or go. */
function orderByHash(candidates: Candidates, request: SteerRequest, start: number, end: number): void {
  const { indexes, memberHashes, wanted } = candidates;
  const seed = request.client.network.hash(HASH_LENGTH.ipv4, HASH_LENGTH.ipv6);
  for (let place = start; place < end - 1 && place < wanted; place++) {
    let first = place;
    let least = mixBits(seed ^ memberHashes[indexes[place]!]!);
    for (let other = place + 1; other < end; other++) {
      const index = indexes[other]!;
      const hash = mixBits(seed ^ memberHashes[index]!);
      if (hash > least || (hash === least && index > indexes[first]!)) continue;
      first = other;
      least = hash;
    }
    candidates.swap(place, first);
  }
}

function roundKm(km: number): number {
  return km < 100 ? Math.round(km * 10) / 10 : Math.round(km);
}

function formatKm(km: number): string {
  return `${roundKm(km)} km`;
}
