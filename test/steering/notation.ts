/**
 * Pools in a line of text, for tests and for the tables of docs/steering/.
 *
 *   web policy=failover: [eu] [us]=2; eu answers=2 min-up=2: a=3 b/4 -c; us: d >cdn
 *
 * `a` is an endpoint of weight 1 with both families, `a=3` has weight 3, `b/4` and `b/6` one
 * family only, `-c` is disabled, `>cdn` a target, `[eu]` a pool. `a{FR,AS64500}` serves these places, `a@DUB` stands in
 * Dublin, and `a@DUB~-20` has a bias of -20 there. The first pool is the one
 * asked. One name has one address wherever it stands. Words before the colon are the pool's
 * options; `policy` takes steps with `+` between them, `weighted.smooth` is a smooth draw, and
 * `latency(within=10ms)` a step with any options. `a:eu` is in the region eu.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ClientPlace } from "../../src/geo/client-place.ts";
import type { Coordinates } from "../../src/geo/coordinates.ts";
import { unitVector } from "../../src/geo/distance.ts";
import { countryOfSubdivision } from "../../src/geo/place-codes.ts";
import { countryPoints, type PlaceData, type PlaceDatum, POINT_LENGTH } from "../../src/geo/place-data.ts";
import { type PlaceTable, RangeList } from "../../src/geo/place-table.ts";
import { findPlace } from "../../src/geo/places.ts";
import { parseServedPlace, type ServedPlace } from "../../src/geo/served-place.ts";
import { emptyLatencyTable, ingestGrowing } from "../../src/latency/grow.ts";
import { parseAddress, parsePrefix } from "../../src/lib/address.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import { choose, Picks, type SteerRequest } from "../../src/steering/choose.ts";
import { Draws } from "../../src/steering/draws.ts";
import { type LiveTable, makeLiveTable, setLoad, setRtt, setUp, setWeight } from "../../src/steering/live.ts";
import { rememberedBy } from "../../src/steering/memory.ts";
import { compilePools, type Pool } from "../../src/steering/pool.ts";
import type { MemberSpec, PoolSpec, StepSpec } from "../../src/steering/spec.ts";
import type { Trace } from "../../src/steering/trace.ts";
import { parseName } from "../../src/wire/name.ts";
import { UNSAID } from "../support/answers.ts";

const WEEK_S = 604_800;

export interface BenchOptions {
  /** For pools that name none. */
  policy?: string;
  answers?: number;
  /** `a` is down in every pool, `eu/a` in that pool only. */
  down?: readonly string[];
  seed?: number;
}

/** Pools with all that a choice needs around them. */
export class Bench {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly top: Pool;
  readonly live: LiveTable;
  readonly picks = new Picks();
  readonly request: SteerRequest;
  readonly #slots: ReadonlyMap<string, number>;

  constructor(specs: readonly PoolSpec[], options: BenchOptions = {}) {
    const slots = new Map<string, number>();
    this.pools = compilePools(specs, (pool, member) => {
      const slot = slots.size;
      slots.set(`${pool}/${member}`, slot);
      return slot;
    });
    this.top = this.pools.get(specs[0]!.id)!;
    this.live = makeLiveTable({
      slots: slots.size,
      pools: this.pools.size,
      remembered: rememberedBy(specs),
    });
    this.#slots = slots;
    this.request = {
      family: 4,
      random: new SeededRandom(options.seed ?? 1),
      draws: new Draws(),
      live: this.live,
      client: new ClientPlace(),
      latency: null,
    };
    for (const name of options.down ?? []) this.set(name, false);
  }

  set(name: string, isUp: boolean, family?: 4 | 6): void {
    for (const slot of this.#slotsOf(name)) setUp(this.live, slot, isUp, family);
  }

  /** Round-trip times: `198.51.100.0/24 eu 20 us 80; 198.51.101.0/24 ap 190`, one sample each, without a time. */
  measure(text: string): this {
    const client = new ClientPlace();
    let table = this.request.latency ?? emptyLatencyTable([], WEEK_S);
    for (const part of text.split(";").filter((each) => each.trim() !== "")) {
      const [network, ...pairs] = part.trim().split(/\s+/);
      const prefix = parsePrefix(network!);
      assert(prefix !== undefined, `no network in "${part}"`);
      client.network.set(prefix.address.length === 4 ? 4 : 6, prefix.address, 0, prefix.length, "ecs");
      client.begin(null);
      for (let i = 0; i < pairs.length; i += 2) {
        const sample = { client, region: pairs[i]!, rttMs: Number(pairs[i + 1]), count: 1, atS: null };
        ({ table } = ingestGrowing(table, sample, 0));
      }
    }
    this.request.latency = table;
    return this;
  }

  /**
   * From now on this client asks: an address, or a network as ECS names it, and after it where that is: `8.8.8.8 US-CA @SFO`.
   * Of a client without an address only the place is said.
   */
  from(client: string): this {
    const words = client.split(" ");
    const isAddressed = /[.:]/.test(words[0]!) && !words[0]!.startsWith("@");
    const [address, length] = (isAddressed ? words.shift()! : "8.8.8.8").split("/");
    const octets = parseAddress(address!);
    assert(octets !== undefined, `no address "${client}"`);
    const family = octets.length === 4 ? 4 : 6;
    const { network } = this.request.client;
    network.set(
      family,
      octets,
      0,
      Number(length ?? 8 * octets.length),
      length === undefined ? "resolver" : "ecs",
    );
    this.request.client.begin(words.length === 0 ? null : placesOf(words));
    return this;
  }

  /** From now on a member has this part of its weight. */
  weigh(name: string, part: number): void {
    for (const slot of this.#slotsOf(name)) setWeight(this.live, slot, part);
  }

  /** From now on a member carries so much, in the unit of its capacity. */
  carry(name: string, load: number): void {
    for (const slot of this.#slotsOf(name)) setLoad(this.live, slot, load);
  }

  /** Response times of checks: `a 12, b 30.5` in ms. */
  time(text: string): this {
    for (const part of text.split(",").filter((each) => each.trim() !== "")) {
      const [name, ms] = part.trim().split(" ");
      for (const slot of this.#slotsOf(name!)) setRtt(this.live, slot, Number(ms));
    }
    return this;
  }

  #slotsOf(name: string): number[] {
    const found = [...this.#slots].filter(([key]) => key === name || key.endsWith(`/${name}`));
    assert(found.length > 0, `no member "${name}"`);
    return found.map(([, slot]) => slot);
  }

  /** The names of the members answered, with `+` between them; NODATA when there are none. */
  ask(type: "A" | "AAAA" = "A", trace: Trace | null = null): string {
    this.request.family = type === "A" ? 4 : 6;
    choose(this.top, this.request, this.picks, trace);
    const names = this.picks.members.slice(0, this.picks.count).map((member) => member!.name);
    return names.join("+") || "NODATA";
  }

  /** So many answers, one after the other. */
  row(count: number, type: "A" | "AAAA" = "A"): string {
    return Array.from({ length: count }, () => this.ask(type)).join(" ");
  }

  /** How many of `draws` answers each member is in. */
  count(draws: number, type: "A" | "AAAA" = "A"): Map<string, number> {
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      for (const name of this.ask(type).split("+")) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }
}

export function benchOf(text: string, options: BenchOptions = {}): Bench {
  return new Bench(parsePools(text, options), options);
}

export function parsePools(text: string, options: BenchOptions = {}): PoolSpec[] {
  return text.split(";").map((part) => {
    const colon = part.indexOf(":");
    assert(colon >= 0, `no colon in "${part}"`);
    const [head, members] = [part.slice(0, colon), part.slice(colon + 1)];
    const [id, ...words] = head.trim().split(/\s+/);
    const given = new Map(words.map((word) => /^([^=]+)=(.*)$/.exec(word)!.slice(1) as [string, string]));
    const whenDown = given.get("when-down") ?? "open";
    return {
      id: id!,
      members: members.trim().split(/\s+/).filter(Boolean).map(parseMember),
      policy: parsePolicy(given.get("policy") ?? options.policy ?? "failover"),
      answers: Number(given.get("answers") ?? options.answers ?? 1),
      minUp: Number(given.get("min-up") ?? 1),
      whenDown: whenDown === "open" || whenDown === "closed" ? whenDown : { pool: whenDown },
    };
  });
}

function parsePolicy(text: string): StepSpec[] {
  return text.split("+").map((step) => {
    const match = /^([\w-]+)(?:\.(\w+)|\((.+)\))?$/.exec(step);
    assert(match !== null, `cannot read step "${step}"`);
    const [, type, draw, options] = match;
    if (draw !== undefined) return { type: type!, options: { draw } };
    const given = (options ?? "").split(",").filter(Boolean);
    return { type: type!, options: Object.fromEntries(given.map(parseOption)) };
  });
}

/** `within=10ms`, `samples=3`, `sticky=false`. */
function parseOption(text: string): [string, string | number | boolean] {
  const [key, value] = text.split("=") as [string, string];
  if (value === "true" || value === "false") return [key, value === "true"];
  return [key, /^\d+$/.test(value) ? Number(value) : value];
}

function parseMember(text: string): MemberSpec {
  const match =
    /^(-?)(>?)(\[?)(\w+)\]?(?:\/([46]))?(?:=([\d.]+))?(?:%([\d.]+)(?:\/([\d.]+))?)?(?::([\w-]+))?(?:\{(.*)\})?(?:@([^~]+)(?:~(-?\d+))?)?$/.exec(
      text,
    );
  assert(match !== null, `cannot read member "${text}"`);
  const [, off, target, pool, name, family, weight, load, capacity, region, serves, location, bias] = match;
  const common = {
    ...UNSAID,
    name: name!,
    weight: Number(weight ?? 1),
    enabled: off === "",
    capacity:
      load === undefined
        ? null
        : { load: Number(load), capacity: Number(capacity ?? 100), low: 0.8, high: 1 },
    region: region ?? null,
    serves: serves === undefined ? [] : serves.split(",").map(servedPlace),
    location: location === undefined ? null : coordinates(location),
    bias: Number(bias ?? 0),
  };
  if (pool !== "") return { ...common, kind: "pool", pool: name! };
  if (target !== "") return { ...common, kind: "target", target: parseName(`${name}.example.net.`) };
  return {
    ...common,
    kind: "endpoint",
    ipv4: family === "6" ? null : Uint8Array.from([192, 0, ...hash(name!)]),
    ipv6:
      family === "4" ? null : Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Array(10).fill(0), ...hash(name!)]),
  };
}

function servedPlace(text: string): ServedPlace {
  const place = parseServedPlace(text);
  assert("kind" in place, JSON.stringify(place));
  return place;
}

/** `DUB`, or degrees: `53.4,-6.3`. */
function coordinates(text: string): Coordinates {
  const degrees = /^(-?[\d.]+),(-?[\d.]+)$/.exec(text);
  if (degrees !== null) return { latitude: Number(degrees[1]), longitude: Number(degrees[2]) };
  const place = findPlace(text);
  assert("latitude" in place, JSON.stringify(place));
  return place;
}

const COUNTRY_POINTS = countryPoints();

/**
 * Place data in which every client is in one place: `US-CA`, `FR`, `AS64500`, `@DUB`, several with spaces between them. A
 * subdivision is in its country.
 */
function placesOf(words: readonly string[]): PlaceData {
  const values: Record<PlaceDatum, number> = { country: 0, subdivision: 0, asNumber: 0, coordinates: 0 };
  let points: number[] = [];
  for (const word of words) {
    if (word.startsWith("@")) {
      const { latitude, longitude } = coordinates(word.slice(1));
      points = [latitude, longitude, ...unitVector({ latitude, longitude })];
      values.coordinates = 1;
      continue;
    }
    const place = servedPlace(word);
    if (place.kind === "as") values.asNumber = place.number;
    else if (place.kind === "country") values.country = place.code;
    else {
      assert(place.kind === "subdivision", `a client is in no "${word}"`);
      values.subdivision = place.code;
      values.country = countryOfSubdivision(place.code);
    }
  }
  return {
    sources: [],
    country: everywhere(values.country),
    subdivision: everywhere(values.subdivision),
    asNumber: everywhere(values.asNumber),
    coordinates: everywhere(values.coordinates),
    points: Float64Array.from([...new Array(POINT_LENGTH).fill(Number.NaN), ...points]),
    countryPoints: COUNTRY_POINTS,
  };
}

/** Tables in which the datum is the same for all; made once, for each has an index of its own. */
const tables = new Map<number, PlaceTable>();

function everywhere(value: number): PlaceTable {
  let table = tables.get(value);
  if (table === undefined) {
    const ranges = new RangeList();
    ranges.push(0, 0, value);
    table = { ipv4: ranges.finish(4), ipv6: ranges.finish(6) };
    tables.set(value, table);
  }
  return table;
}

/** Two octets from a name, different for the short names of tests: `z` and `m99` too. */
function hash(name: string): [number, number] {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) & 0xffff;
  return [sum >> 8, sum & 0xff];
}
